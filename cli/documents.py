"""`touchstone documents`: what is in the index."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.options import Collection, Data, Json, settings_of
from cli.output import amount, print_json, print_text, say, size, table
from core.errors import UsageError

app = typer.Typer(help="List, show and remove documents, and say who may read them.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="DOCUMENT", help="Its name or id, as 'documents list' shows them.")]


@app.command("list")
def list_documents(
    context: typer.Context,
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="Only those with notes on how they were read, and the notes.")
    ] = False,
    collection: Collection = "default",
    as_json: Json = False,
    data: Data = None,
) -> None:
    """List the documents of a collection."""
    from cli.engine import open_engine
    from service.api.wire.documents import DocumentsOut

    with open_engine(settings_of(context, data), reading=True) as engine:
        documents = tuple(row for row in engine.documents(collection) if row.notes or not incomplete)
    if as_json:
        print_json(DocumentsOut(documents=documents, total=len(documents)))
        return
    if incomplete:
        table(["document", "note"], [[row.document, note] for row in documents for note in row.notes])
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
    from app.engine import named
    from cli.engine import open_engine
    from service.api.wire.documents import DocumentTextOut
    from service.api.wire.message import printable

    with open_engine(settings_of(context, data), reading=True) as engine:
        found = named(engine, collection, document)
        content = engine.text(found) if text else ""
    if text and as_json:
        print_json(
            DocumentTextOut(id=found.id, document=found.document, version=found.version, text=printable(content))
        )
    elif text:
        print_text(content)
    elif as_json:
        print_json(found)
    else:
        for name, value in found.model_dump().items():
            say((f"{name:<18}", "dim"), "" if value is None else str(value))


@app.command("remove")
def remove(context: typer.Context, document: Name, collection: Collection = "default", data: Data = None) -> None:
    """Take a document out of the index. An uploaded file goes with it; one in a folder of yours stays."""
    from app.engine import named
    from cli.engine import open_engine

    with open_engine(settings_of(context, data)) as engine:
        found = named(engine, collection, document)
        engine.remove(found)
    say(
        f"Removed {found.document}. What was uploaded is gone for good; a file in a folder of yours comes back with "
        "the folder's next ingestion, unless you remove or exclude it there."
    )


@app.command("groups")
def groups(  # noqa: PLR0913 -- a parameter is an option that can be typed
    context: typer.Context,
    document: Name,
    to: Annotated[list[str] | None, typer.Option("--set", metavar="G", help="These and no others; repeat.")] = None,
    add: Annotated[list[str] | None, typer.Option("--add", metavar="G", help="This one too; repeat.")] = None,
    remove: Annotated[list[str] | None, typer.Option("--remove", metavar="G", help="Not this one; repeat.")] = None,
    everybody: Annotated[bool, typer.Option("--everybody", help="No group: everybody may read it.")] = False,
    collection: Collection = "default",
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Show or change who may read a document: it holds for the next query, and stays when it is ingested again."""
    from app.engine import named, request
    from cli.engine import open_engine
    from service.api.wire.documents import DocumentIn

    with open_engine(settings_of(context, data)) as engine:
        found = named(engine, collection, document)
        wanted = {*(to or ()), *(add or ())} if to or everybody else {*found.groups, *(add or ())}
        wanted -= set(remove or ())
        if ((to or everybody) and not wanted and not everybody) or (remove and not wanted):
            raise UsageError("That would let everybody read it. Say --everybody if it is meant.")
        if to or add or remove or everybody:
            found = engine.set_groups(found, request(DocumentIn, groups=tuple(sorted(wanted))).groups)
    if as_json:
        print_json(found)
    else:
        say(found.document, ("  ", ""), ", ".join(found.groups) or "everybody")
