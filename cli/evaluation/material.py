"""`touchstone evaluate init`, `synth` and `export`: question files to begin with, and for other tools."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Collection, Data, Json, settings_of
from cli.output import amount, print_json, remark, say
from core.errors import DataFolderOwned, UnknownCollection, UsageError

if TYPE_CHECKING:
    from core.settings.load import Settings
    from evaluation.gold import Corpus


def init(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where to write; here when missing.")] = Path(),
    collection: Collection = "default",
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Write a question file and settings to begin with; what is there stays as it is."""
    from evaluation.prepare.starter import write_starter

    settings = settings_of(context, data)
    documents: list[str] = []
    if settings.data.is_dir():
        with suppress(UnknownCollection, DataFolderOwned), corpus_of(settings, collection) as corpus:
            documents = sorted(corpus.indexes.catalogue.known(collection))
    questions, toml = write_starter(folder, documents)
    if as_json:
        print_json({"questions": str(questions), "settings": str(toml)})
        return
    say(f"{questions}: two questions to replace by your own, at least 20 for a verdict.")
    say(f"{toml}: what an answer is worth, and the model that is measured.")
    say(f"Next: touchstone evaluate check {questions} --collection {collection}")
    say(f"Then: touchstone evaluate run {questions}")


def synth(  # noqa: PLR0913 -- a parameter is an option that can be typed
    context: typer.Context,
    collection: Collection = "default",
    model: Annotated[str | None, typer.Option("--model", "-m", metavar="M", help="A model that writes.")] = None,
    count: Annotated[int, typer.Option("--count", "-n", min=1, metavar="N", help="How many questions.")] = 50,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The question file to write.")] = Path(
        "synthetic.jsonl"
    ),
    budget_usd: Annotated[float, typer.Option("--budget-usd", min=0, metavar="X", help="Spend cap.")] = 1.0,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Have a model draft questions from the documents: marked unverified, never held out, to be read before use."""
    from evaluation.prepare.importers.write import write_questions
    from evaluation.prepare.synth import synthesise
    from service.answering.models.choose import open_model

    settings = settings_of(context, data)
    if out.exists():
        raise UsageError(f"{out} is there already: name another file, or move it away.")
    with corpus_of(settings, collection) as corpus:
        chosen = open_model(settings, model, corpus.indexes.embedder)
        cap, seed = Decimal(str(budget_usd)), settings.evaluation.seed
        drafted = synthesise(corpus, chosen, count=count, budget_usd=cap, seed=seed)
    if drafted.items:
        write_questions(out, drafted.items)
    if as_json:
        print_json(
            {
                "out": str(out) if drafted.items else None,
                "questions": len(drafted.items),
                "dropped": drafted.dropped,
                "spent_usd": float(drafted.spent_usd),
                "stopped": drafted.stopped,
            }
        )
        return
    say(f"{out if drafted.items else 'Nothing written'}: {amount(len(drafted.items), 'question')}, none verified.")
    if drafted.dropped:
        remark(
            "Thrown away: " + ", ".join(f"{reason} ({number:,})" for reason, number in drafted.dropped.items()) + "."
        )
    if drafted.stopped:
        remark(drafted.stopped)


def export(  # noqa: PLR0913 -- a parameter is an option that can be typed
    context: typer.Context,
    source: Annotated[Path, typer.Argument(metavar="RUN|DATASET", help="The folder of a run, or a question file.")],
    form: Annotated[str, typer.Argument(metavar="FORM", help="chat, pairs or trec.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="PATH", help="File to write; a folder for trec.")],
    collection: Collection = "default",
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Write questions or a run for other tools; held-out questions are left out of what is for training."""
    from evaluation.dataset import load_dataset
    from evaluation.prepare.export import Material
    from evaluation.prepare.export import export as write
    from evaluation.run.ledger import RECORDS
    from evaluation.run.records import read_records
    from evaluation.run.run import QUESTIONS

    settings = settings_of(context, data)
    is_run = source.is_dir()
    dataset = load_dataset(source / QUESTIONS if is_run else source)
    records = read_records(source / RECORDS) if is_run else None
    if form == "trec":
        written = write(form, Material(dataset=dataset, records=records), out)
    else:
        with corpus_of(settings, collection) as corpus:
            written = write(form, Material(dataset=dataset, corpus=corpus, records=records), out)
    if as_json:
        print_json({"out": str(out), "files": written.files, "left_out": written.left_out})
        return
    for name, lines in written.files.items():
        say(f"{name}: {amount(lines, 'line')}.")
    for reason, number in written.left_out.items():
        remark(f"{amount(number, 'question')} left out: {reason}.")


@contextmanager
def corpus_of(settings: Settings, collection: str) -> Iterator[Corpus]:
    """The collection, open to be read; a service may own the folder.

    Raises:
        UsageError: there is no data folder.
        UnknownCollection: nothing was ingested under that name.
    """
    from core.access import OWNER
    from evaluation.gold import Corpus
    from indexes.read_only import open_to_read

    if not settings.data.is_dir():
        raise UsageError(f"There is no data folder at {settings.data}. Run 'touchstone ingest FOLDER' first.")
    with open_to_read(settings) as indexes:
        indexes.catalogue.require_collection(collection, access=OWNER)
        yield Corpus(indexes, collection)
