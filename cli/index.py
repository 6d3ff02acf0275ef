"""`touchstone index`: the state of what is stored."""

from __future__ import annotations

import typer

from cli import care
from cli.options import Data, Json, settings_of
from cli.output import amount, print_json, say, table

app = typer.Typer(help="Look at the index, or rebuild it.", no_args_is_help=True)


app.command("verify")(care.verify)
app.command("repair")(care.repair)
app.command("purge")(care.purge)


@app.command("status")
def status(context: typer.Context, as_json: Json = False, data: Data = None) -> None:
    """Show the collections, the index version and who owns the data folder."""
    from cli.engine import open_engine
    from indexes.lock import owner_of

    settings = settings_of(context, data)
    owner = owner_of(settings.data) if settings.data.is_dir() else None
    with open_engine(settings) as engine:
        collections, version = engine.collections(), engine.index_version()
        troubles = engine.troubles()
    if as_json:
        print_json(
            {
                "degraded": list(troubles),
                "data": str(settings.data.absolute()),
                "index_version": version,
                "service": owner.url if owner else None,
                "collections": [collection.model_dump() for collection in collections],
            }
        )
        return
    say(("data     ", "dim"), str(settings.data.absolute()))
    say(("version  ", "dim"), version)
    say(("service  ", "dim"), owner.url if owner and owner.url else "none running")
    if collections:
        say("")
        rows = [[row.name, f"{row.documents:,}", f"{row.chunks:,}"] for row in collections]
        table(["collection", "documents", "chunks"], rows, numbers=(1, 2))


@app.command("rebuild")
def rebuild(context: typer.Context, as_json: Json = False, data: Data = None) -> None:
    """Fill the vector index anew from the catalogue; nothing is embedded again."""
    from cli.engine import open_engine

    with open_engine(settings_of(context, data)) as engine:
        vectors = engine.rebuild()
    if as_json:
        print_json({"vectors": vectors})
    else:
        say(f"Rebuilt: {amount(vectors, 'vector')}.")
