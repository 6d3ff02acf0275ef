"""Options that many commands share, and the settings they lead to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from core.settings import Settings

Data = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="The data folder (default ./touchstone-data).")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Collection = Annotated[str, typer.Option("--collection", "-c", metavar="C", help="The collection.")]


def settings_of(context: typer.Context, data: Path | None, **sections: object) -> Settings:
    """The settings, with `--data` from the command or from before it; logging is set up with them.

    Raises:
        SettingsError: a name is unknown or a value is wrong.
    """
    from core.logs import configure
    from core.settings import load

    chosen = data or context.find_root().params.get("data")
    settings = load(**({"data": chosen} if chosen else {}), **sections)
    configure(settings.log_level)
    return settings
