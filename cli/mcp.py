"""`touchstone mcp`: the tools of an assistant, on standard input and output."""

from __future__ import annotations

import typer

from cli.options import Data, settings_of


def mcp(context: typer.Context, data: Data = None) -> None:
    """Serve the Model Context Protocol on standard input and output, for an assistant that starts this command.

    Through the service that owns the data folder, if there is one.
    """
    from cli.engine import open_engine
    from service.api.tools import serve_stdio

    with open_engine(settings_of(context, data)) as engine:
        serve_stdio(engine)
