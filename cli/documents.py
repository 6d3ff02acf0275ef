"""`touchstone documents`: what is in the index."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cli.options import Collection, Data, Json, settings_of
from cli.output import amount, print_json, say, size, table

app = typer.Typer(help="List, show and remove documents.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="DOCUMENT", help="Its name or id, as 'documents list' shows them.")]


@app.command("list")
def list_documents(
    context: typer.Context, collection: Collection = "default", as_json: Json = False, data: Data = None
) -> None:
    """List the documents of a collection."""
    from cli.engine import open_engine
    from service.api.records import DocumentsOut

    with open_engine(settings_of(context, data)) as engine:
        documents = tuple(engine.documents(collection))
    if as_json:
        print_json(DocumentsOut(documents=documents, total=len(documents)))
        return
    rows = [[row.document, str(row.page_count or ""), f"{row.chunks:,}", size(row.size), row.id] for row in documents]
    table(["document", "pages", "chunks", "size", "id"], rows, numbers=(1, 2, 3))
    say((amount(len(documents), "document"), "dim"))


@app.command("show")
def show(
    context: typer.Context,
    document: Name,
    text: Annotated[bool, typer.Option("--text", help="Print the extracted text that offsets point into.")] = False,
    collection: Collection = "default",
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Show what is known of a document, or its text."""
    from cli.engine import named, open_engine
    from service.api.records import DocumentTextOut
    from service.api.wire import printable

    with open_engine(settings_of(context, data)) as engine:
        found = named(engine, collection, document)
        content = engine.text(found) if text else ""
    if text and as_json:
        print_json(
            DocumentTextOut(id=found.id, document=found.document, version=found.version, text=printable(content))
        )
    elif text:
        sys.stdout.write(content if content.endswith("\n") else content + "\n")
    elif as_json:
        print_json(found)
    else:
        for name, value in found.model_dump().items():
            say((f"{name:<18}", "dim"), "" if value is None else str(value))


@app.command("remove")
def remove(context: typer.Context, document: Name, collection: Collection = "default", data: Data = None) -> None:
    """Take a document out of the index; the file stays."""
    from cli.engine import named, open_engine

    with open_engine(settings_of(context, data)) as engine:
        found = named(engine, collection, document)
        engine.remove(found)
    say(f"Removed {found.document}. Ingesting its folder again brings it back.")
