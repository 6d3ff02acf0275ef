"""`touchstone demo`: the whole of it in a minute, on the company that comes along."""

from __future__ import annotations

import typer

from cli.options import Data, settings_of


def demo(context: typer.Context, data: Data = None) -> None:
    """Ingest, ask and evaluate on the documents that come along, in under a minute."""
    from cli.demo import FOLDER
    from cli.demo import demo as run_demo

    settings = settings_of(context, data)
    if "data" not in settings.model_fields_set:
        settings = settings_of(context, FOLDER)
    run_demo(settings)
