"""`touchstone evaluate import`: a question set in another form becomes a question file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.options import Data, Json, settings_of
from cli.output import amount, print_json, remark, say
from core.errors import UsageError


def import_questions(  # noqa: PLR0913 -- a parameter is an option that can be typed
    context: typer.Context,
    kind: Annotated[str, typer.Argument(metavar="KIND", help="autorag beir csv financebench mlflow ragas squad trec.")],
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The file, or the folder where the form has several.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The question file to write.")] = Path(
        "questions.jsonl"
    ),
    documents: Annotated[
        Path | None,
        typer.Option("--documents", metavar="DIR", help="Write the documents that the form brings along here."),
    ] = None,
    columns: Annotated[
        str, typer.Option("--columns", metavar="FIELD=COLUMN,...", help="Which column holds which field.")
    ] = "",
    split: Annotated[
        str | None, typer.Option("--split", metavar="S", help="The split of all questions; with beir the one to take.")
    ] = None,
    qrels: Annotated[Path | None, typer.Option("--qrels", metavar="FILE", help="The judgements (trec, beir).")] = None,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Turn a question set in another form into a question file; columns without a meaning here are kept."""
    from evaluation.prepare.importers.choose import read
    from evaluation.prepare.importers.rows import Options
    from evaluation.prepare.importers.write import write_documents, write_questions

    settings_of(context, data)
    items, texts = read(path, kind, Options(columns=_columns(columns), split=split, qrels=qrels))
    if documents and texts:
        write_documents(documents, texts)
    write_questions(out, items)
    if as_json:
        print_json({"out": str(out), "questions": len(items), "documents": len(texts) if documents else 0})
        return
    say(f"{out}: {amount(len(items), 'question')} of the {kind} form.")
    if documents and texts:
        say(f"{documents}: {amount(len(texts), 'document')}. Next: touchstone ingest {documents}")
    elif texts:
        remark(
            f"The form brings {amount(len(texts), 'document')} along: --documents DIR writes them as files to ingest."
        )
    elif documents:
        remark(f"The {kind} form brings no documents along: ingest those that the questions are on.")


def _columns(given: str) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in given.split(",") if pair.strip()]
    wrong = next((pair for pair in pairs if not pair[0].strip() or not pair[2].strip()), None)
    if wrong:
        raise UsageError(f"--columns takes FIELD=COLUMN, with commas between: {''.join(wrong)!r} is not of that form.")
    return {field.strip(): column.strip() for field, _, column in pairs}
