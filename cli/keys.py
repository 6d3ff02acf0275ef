"""`touchstone keys`: who may call the service."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Data, Json, settings_of
from cli.output import print_json, remark, say, table
from core.keys import expiry

if TYPE_CHECKING:
    from service.api.wire.keys import KeyOut

app = typer.Typer(help="Make, list and revoke keys to the service.", no_args_is_help=True)


@app.command("create")
def create(  # noqa: PLR0913 -- a parameter is an option that can be typed
    context: typer.Context,
    name: Annotated[str, typer.Option("--name", metavar="N", help="What it is for; keys of one name are one caller.")],
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", metavar="S", help="query (default), ingest, evaluate or admin; may be repeated."),
    ] = None,
    group: Annotated[
        list[str] | None, typer.Option("--group", metavar="G", help="A group it is in; may be repeated.")
    ] = None,
    expires: Annotated[
        str | None, typer.Option("--expires", metavar="WHEN", help="90d, 12h, 4w or a day (default: never).")
    ] = None,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Make a key and show it, once: from the first one on, the service asks everybody for a key."""
    from app.engine import request
    from cli.engine import open_engine
    from service.api.wire.keys import KeyIn

    settings = settings_of(context, data)
    until = expiry(expires, datetime.now(UTC)) if expires is not None else None
    asked = request(KeyIn, name=name, scopes=tuple(scope or ("query",)), groups=tuple(group or ()), expires=until)
    with open_engine(settings, create=True) as engine:
        made = engine.make_key(asked)
    if as_json:
        print_json(made)
        return
    remark(f"{made.about.name}: {_sentence(made.about)}. Keep it: it is not shown again.")
    say(made.key)


@app.command("list")
def list_keys(context: typer.Context, as_json: Json = False, data: Data = None) -> None:
    """List the keys, with what they may do and when they were last used."""
    from cli.engine import open_engine
    from indexes.catalogue.keys import is_marked
    from service.api.wire.keys import KeysOut

    settings = settings_of(context, data)
    with open_engine(settings, reading=True) as engine:
        keys = tuple(engine.keys())
    if as_json:
        print_json(KeysOut(keys=keys))
    elif keys:
        rows = [
            [
                key.id,
                key.name,
                ", ".join(key.scopes),
                ", ".join(key.groups),
                _state(key),
                key.last_used or "never",
            ]
            for key in keys
        ]
        table(["id", "name", "scopes", "groups", "state", "last used"], rows)
    elif is_marked(settings.data):
        say("There is no key, and the service asks for one: touchstone keys create --name NAME --scope admin")
    else:
        say("No key was made yet: the service answers this machine alone, and asks nobody for a key.")


@app.command("revoke")
def revoke(
    context: typer.Context,
    key: Annotated[str, typer.Argument(metavar="KEY", help="Its id, or its name: then all of that name.")],
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Revoke a key for good; a running service refuses it from the next request on."""
    from cli.engine import open_engine
    from service.api.wire.keys import KeysOut

    with open_engine(settings_of(context, data)) as engine:
        keys = tuple(engine.revoke_key(key))
    if as_json:
        print_json(KeysOut(keys=keys))
        return
    for row in keys:
        say(f"Revoked {row.id} ({row.name}).")


def _sentence(key: KeyOut) -> str:
    groups = f", in {', '.join(key.groups)}" if key.groups else ""
    return f"may {', '.join(key.scopes)}{groups}, {f'until {key.expires}' if key.expires else 'until it is revoked'}"


def _state(key: KeyOut) -> str:
    if key.revoked:
        return f"revoked {key.revoked[:10]}"
    if key.expires and datetime.fromisoformat(key.expires) <= datetime.now(UTC):
        return f"expired {key.expires[:10]}"
    return f"until {key.expires[:10]}" if key.expires else "good"
