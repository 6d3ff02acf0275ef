"""`touchstone settings`: what holds and where it comes from, and a file to begin with."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import Data, Json, settings_of
from cli.output import print_json, say, table
from core.errors import UsageError

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

app = typer.Typer(help="What holds, where it comes from, and a file to begin with.", no_args_is_help=True)
TABLES = ("models", "schedule")
"""Tables whose names are the user's own."""
HEAD = """\
# The settings of Touchstone, each with its default. Take the # away before one to change it.
# A variable TOUCHSTONE_SECTION__NAME goes before this file, an option of the command line before both.
"""


@app.command("show")
def show(context: typer.Context, data: Data = None, as_json: Json = False) -> None:
    """Print every setting, its value, and where that comes from. What opens a URL is not shown."""
    from core.settings.load import origin_of

    settings = settings_of(context, data)
    chosen = data or context.find_root().params.get("data")
    overrides = {"data": chosen} if chosen else {}
    rows = [(name, value, origin_of(name, overrides)) for name, value in _values(settings)]
    if as_json:
        print_json({"settings": [{"name": name, "value": value, "origin": origin} for name, value, origin in rows]})
        return
    table(("setting", "value", "from"), [(name, _toml(value) or "none", origin) for name, value, origin in rows])


@app.command("init")
def init(file: Annotated[Path, typer.Argument(help="Where to.")] = Path("touchstone.toml")) -> None:
    """Write a file of every setting, commented out, with its default and what it means."""
    from core.files import write_whole

    if file.exists():
        raise UsageError(f"{file} is there already. Name another file, or move it away.")
    write_whole(file, "\n".join(_lines()).encode())
    say(f"Wrote {file}.")


def _values(part: BaseModel, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each setting below a part, by its path, with its value as JSON has it."""
    from pydantic import BaseModel

    plain = part.model_dump(mode="json")
    for name in type(part).model_fields:
        value = getattr(part, name)
        if isinstance(value, BaseModel):
            yield from _values(value, f"{path}{name}.")
        elif isinstance(value, Mapping) and name in TABLES:
            for each, inner in value.items():
                yield from _values(inner, f"{path}{name}.{each}.")
        else:
            yield f"{path}{name}", _without_secrets(plain[name])


def _without_secrets(value: Any) -> Any:  # noqa: ANN401 -- JSON
    """A value, wherever a URL stands in it, without who may open it.

    All before the last `@` goes (a password may hold `@`, `/` and `?`) but a user's name before a colon, and every
    value of a query. Rather too much than too little: a path with an `@` in it is cut as well.
    """
    if isinstance(value, Mapping):
        return {name: _without_secrets(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_without_secrets(each) for each in value]
    if not isinstance(value, str) or "://" not in value:
        return value
    bare = re.sub(r"://(?:([^/@:?#]*:)|)[^\n]*@", r"://\1***@", value)
    return re.sub(r"([?&;][^=&#]*=)[^&#]*", r"\1***", bare)


def _lines() -> Iterator[str]:
    from pydantic import BaseModel

    from core.settings.load import Settings
    from core.settings.sections import ModelSettings, ScheduledSource

    yield HEAD
    sections = []
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            sections.append((name, field.annotation))
        elif name not in TABLES:
            yield from _commented(name, field)
    for name, section in sections:
        yield f"[{name}]\n"
        for each, field in section.model_fields.items():
            yield from _commented(each, field)
    for name, named in (("models.NAME", ModelSettings), ("schedule.NAME", ScheduledSource)):
        yield f"# [{name}]\n"
        for each, field in named.model_fields.items():
            yield from _commented(each, field)


def _commented(name: str, field: FieldInfo) -> Iterator[str]:
    """A setting as a comment: what it means, and its default, or that it has none."""
    from core.settings.load import plain_default

    value = _toml(plain_default(field))
    yield f"# {field.description or 'see docs/settings.md'}"
    yield (f"# {name} = {value}" if value else f"# {name} =     (none by itself)") + "\n"


def _toml(value: Any) -> str:  # noqa: ANN401 -- JSON
    """A value as TOML has it; empty where it has none."""
    if value is None or value == {}:
        return ""
    if isinstance(value, Mapping):
        return (
            "{ " + ", ".join(f"{_key(key)} = {_toml(each)}" for key, each in value.items() if each is not None) + " }"
        )
    if isinstance(value, list):
        return "[" + ", ".join(_toml(each) for each in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[\w-]+", name, re.ASCII) else json.dumps(name)
