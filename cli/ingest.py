"""`touchstone ingest`: files become passages that can be found."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from cli.exits import EXIT_DOCUMENTS_FAILED
from cli.options import Collection, Data, Json, settings_of
from cli.output import amount, err, print_json, remark, say, size
from core.errors import JobConflict, SourceError, Unavailable, UsageError
from core.sources import named
from core.terminal import visible

if TYPE_CHECKING:
    from core.settings.load import Settings
    from ingest.work import Progress
    from service.api.wire.jobs import JobOut, PlanOut
    from service.api.wire.questions import IngestionIn

Watch = Callable[["Progress"], None]
LINE_EVERY_SECONDS = 5.0
UNFINISHED = frozenset({"FAILED", "INTERRUPTED", "CANCELLED"})


def ingest(  # noqa: PLR0913 -- a parameter is an option that can be typed
    context: typer.Context,
    sources: Annotated[
        list[str],
        typer.Argument(metavar="SOURCE", help="Folders, files, s3:// gs:// az:// https:// URLs, lists of URLs."),
    ],
    collection: Collection = "default",
    include: Annotated[
        list[str] | None, typer.Option("--include", metavar="GLOB", help="Look only at such files; may be repeated.")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option("--exclude", metavar="GLOB", help="Do not look at such files; may be repeated.")
    ] = None,
    group: Annotated[
        list[str] | None,
        typer.Option("--group", metavar="G", help="Who may read what nothing else says it of; may be repeated."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Follow the folders until Ctrl-C.")] = False,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Bring folders and files into the index; what has not changed is left alone."""
    from app.engine import request
    from cli.engine import open_engine
    from service.api.wire.questions import IngestionIn

    settings = settings_of(context, data)
    said = {"include": tuple(include or ()), "exclude": tuple(exclude or ()), "groups": tuple(group) if group else None}
    asked = [request(IngestionIn, source=named(source), collection=collection, **said) for source in sources]
    if watch:
        if dry_run or as_json:
            raise UsageError("--watch goes on until Ctrl-C: it does not go with --dry-run or --json.")
        follow(settings, asked)
        return
    if dry_run:
        with open_engine(settings, create=True, reading=True) as engine:
            plans = [engine.plan(body) for body in asked]
        show_plans(plans, as_json=as_json)
        return
    total = ingest_all(settings, asked)
    if as_json:
        print_json(total)
    else:
        show(total)
    raise_for(total)


def ingest_all(settings: Settings, sources: Sequence[IngestionIn]) -> JobOut:
    """Ingest every source, one after the other, with progress on the screen."""
    from cli.engine import open_engine
    from service.api.wire.jobs import JobOut

    jobs: list[JobOut] = []
    with open_engine(settings, create=True) as engine:
        for body in sources:
            with progress_on_screen(body.source.rsplit("/", 1)[-1] or body.source) as watch:
                jobs.append(engine.ingest(body, watch))
    return JobOut.of_all(jobs)


def follow(settings: Settings, sources: Sequence[IngestionIn]) -> None:
    """Ingest now and whenever something changes, until Ctrl-C; in between, other commands can have the data folder.

    Raises:
        SourceError: at the start, a source holds nothing to ingest. Later that is said and waited out.
    """
    from cli.watch import changes

    begun = False
    with contextlib.suppress(KeyboardInterrupt):
        for _ in changes([body.source for body in sources], besides=settings.data):
            try:
                job = ingest_all(settings, sources)
            except (SourceError, Unavailable, JobConflict) as error:
                if not begun:
                    raise
                remark(f"touchstone: {error}")
                continue
            if not begun or job.indexed or job.removed:
                show(job)
            if not begun:
                begun = True
                remark("Watching for changes (Ctrl-C ends it).")


def raise_for(job: JobOut) -> None:
    """Exit with 3 when a document failed, or the job did not get to its end."""
    if job.failed or job.state in UNFINISHED:
        raise typer.Exit(EXIT_DOCUMENTS_FAILED)


def show(job: JobOut) -> None:
    """What was indexed without a part of it, the reason for every file that is not indexed, then a line of totals."""
    for document in job.notes:
        say(("indexed  ", "yellow"), f"{document.document}  ", (document.reason or "", "dim"))
    for document in job.documents:
        if document.status == "removed":
            say(("removed  ", "dim"), document.document)
        else:
            style = "red" if document.status == "failed" else "yellow"
            say((f"{document.status:<9}", style), f"{document.document}  ", (document.reason or "", "dim"))
    counts = [f"{job.indexed:,} indexed", f"{job.unchanged:,} unchanged"]
    counts += [f"{number:,} {word}" for word, number in _others(job) if number]
    say(
        (f"{amount(job.found, 'file')} found: ", "bold"),
        f"{', '.join(counts)}. {amount(job.chunks, 'new chunk')} in {job.seconds:.1f} s.",
    )
    if job.state in UNFINISHED:
        say((job.error.detail if job.error else f"The job ended as {job.state}; ingest again to finish it.", "red"))


def _others(job: JobOut) -> Sequence[tuple[str, int]]:
    numbers = (("removed", job.removed), ("skipped", job.skipped), ("failed", job.failed))
    return (*numbers, ("still to do", job.pending))


@contextmanager
def progress_on_screen(name: str) -> Iterator[Watch]:
    """A bar with rate and time left on a terminal, a line now and then elsewhere; both on standard error."""
    if not err().is_terminal:
        yield _lines()
        return
    from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(compact=True),
    )
    with Bar(*columns, console=err(), transient=True) as bar:
        task = bar.add_task(visible(name), total=None, rate="")
        started = time.monotonic()

        def show_progress(seen: Progress) -> None:
            rate = seen.done / max(time.monotonic() - started, 0.001)
            bar.update(task, completed=seen.done, total=seen.found, rate=f"{rate:.1f} files/s  {seen.chunks:,} chunks")

        yield show_progress


def _lines() -> Watch:
    last = time.monotonic()

    def say_now_and_then(seen: Progress) -> None:
        nonlocal last
        if time.monotonic() - last >= LINE_EVERY_SECONDS:
            last = time.monotonic()
            remark(f"{seen.done:,} of {amount(seen.found, 'file')}, {amount(seen.chunks, 'chunk')}")

    return say_now_and_then


# What `touchstone ingest --dry-run` prints.


LISTED = 20
"""Files of a kind that are named one by one; the rest is a number."""


def show_plans(plans: Sequence[PlanOut], *, as_json: bool) -> None:
    """What each source would lead to."""
    if as_json:
        print_json({"plans": [plan.model_dump(mode="json") for plan in plans]})
        return
    for plan in plans:
        _show(plan)


def _show(plan: PlanOut) -> None:
    moved = [f"{file.old} -> {file.new}" for file in plan.moved]
    kinds: Sequence[tuple[str, str, Sequence[str]]] = (
        ("add", "green", plan.added),
        ("change", "green", plan.changed),
        ("move", "green", moved),
        ("describe", "green", plan.described),
        ("remove", "yellow", plan.removed),
    )
    for word, colour, documents in kinds:
        for document in documents[:LISTED]:
            say(
                (f"{word:<9}", colour),
                document,
                (f"  {size(plan.sizes[document])}" if document in plan.sizes else "", "dim"),
            )
        if len(documents) > LISTED:
            say((f"{word:<9}", colour), f"and {amount(len(documents) - LISTED, 'other')}")
    for outcome in plan.skipped:
        say(("skip     ", "yellow"), f"{outcome.document}  ", (outcome.reason or "", "dim"))
    counts = f"{len(plan.added):,} to add, {len(plan.changed):,} changed, {len(moved):,} moved, "
    counts += f"{len(plan.described):,} to describe, {len(plan.unchanged):,} unchanged, {len(plan.removed):,} to remove"
    say(
        (f"{plan.source}: ", "bold"),
        f"{amount(plan.found, 'file')} found, {counts}, {len(plan.skipped):,} skipped. Nothing was done.",
    )
