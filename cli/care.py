"""`touchstone index verify`, `repair` and `purge`: whether what is stored is in order, and putting it in order."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.options import Data, Json, settings_of
from cli.output import amount, print_json, say

EXIT_FAULTS = 3


def verify(
    context: typer.Context,
    full: Annotated[bool, typer.Option("--full", help="Search for every vector by itself, not for a sample.")] = False,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Compare the catalogue with itself and with both indexes; exits with 3 when something is wrong."""
    from cli.engine import open_engine
    from core.errors import IndexBroken
    from service.api.wire.upkeep import FaultOut, VerifiedOut, VerifyIn

    try:
        with open_engine(settings_of(context, data)) as engine:
            found = engine.verify(VerifyIn(full=full))
    except IndexBroken as error:
        found = VerifiedOut(
            documents=0, chunks=0, searched=0, faults=(FaultOut(part="catalogue", sentence=str(error)),)
        )
    if as_json:
        print_json(found)
    elif found.faults:
        say(" ".join(fault.sentence for fault in found.faults))
    else:
        say(f"In order: {amount(found.documents, 'document')}, {amount(found.chunks, 'chunk')} in both indexes.")
    if found.faults:
        raise typer.Exit(EXIT_FAULTS)


def repair(context: typer.Context, as_json: Json = False, data: Data = None) -> None:
    """Make broken indexes again from the catalogue; nothing is embedded again."""
    from cli.engine import open_engine

    with open_engine(settings_of(context, data)) as engine:
        done = engine.repair()
    if as_json:
        print_json(done)
    else:
        say(f"Made again: {', '.join(done.repaired)}." if done.repaired else "Nothing was broken.")


def purge(context: typer.Context, as_json: Json = False, data: Data = None) -> None:
    """Let nothing of deleted documents stay in any file. A running service does it by itself."""
    from cli.engine import open_engine

    with open_engine(settings_of(context, data)) as engine:
        done = engine.purge()
    if as_json:
        print_json(done)
    else:
        say(f"Purged: {', '.join(done.purged)}." if done.purged else "Nothing deleted was left.")
