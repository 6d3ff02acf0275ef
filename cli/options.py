"""Options that many commands share, and the settings they lead to."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from core.settings.load import Settings

Data = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="The data folder (default ./touchstone-data).")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Within = Annotated[
    list[str] | None,
    typer.Option("--document", "-d", metavar="D", help="Stay within this document; repeat for more."),
]
Paths = Annotated[
    list[str] | None, typer.Option("--path", metavar="PATTERN", help="Stay within names like hr/** or *.pdf; repeat.")
]
Tags = Annotated[
    list[str] | None, typer.Option("--tag", metavar="T", help="Stay within documents with this tag; repeat: any.")
]
Groups = Annotated[
    list[str] | None, typer.Option("--group", metavar="G", help="Stay within what is open to this group; repeat: any.")
]
Since = Annotated[
    datetime | None,
    typer.Option("--since", formats=["%Y-%m-%d"], metavar="DAY", help="Stay within what holds from this day on."),
]
Until = Annotated[
    datetime | None,
    typer.Option("--until", formats=["%Y-%m-%d"], metavar="DAY", help="Stay within what holds up to this day."),
]
Collection = Annotated[str, typer.Option("--collection", "-c", metavar="C", help="The collection.")]


LOG_FILE = "touchstone.log"


def settings_of(context: typer.Context, data: Path | None, *, log_to_stderr: bool = False) -> Settings:
    """The settings, with `--data` from the command or from before it; logging is set up with them.

    Log lines go to a file in the data folder, so that people read sentences; at level debug they see them too.

    Raises:
        SettingsError: a name is unknown or a value is wrong.
    """
    from core.logs import configure, speak
    from core.settings.load import load

    chosen = data or context.find_root().params.get("data")
    settings = load(**({"data": chosen} if chosen else {}))
    shown = log_to_stderr or settings.log_level == "debug"
    configure(settings.log_level, None if shown else settings.data / LOG_FILE, settings.log_format)
    if not shown:
        speak("indexes.embedders.minilm")
    return settings
