"""`touchstone index`: the versions of the index, and the way from one to another; backups."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import care
from cli.options import Data, Json, settings_of
from cli.output import amount, err, print_json, remark, say, size, table

if TYPE_CHECKING:
    from app.engine import Engine, WatchRebuild
    from core.settings.load import Settings
    from service.api.wire.versions import RebuildOut, VersionOut

LINE_EVERY_SECONDS = 5.0
app = typer.Typer(help="Look at the index, change it over, back it up.", no_args_is_help=True)


app.command("verify")(care.verify)
app.command("repair")(care.repair)
app.command("purge")(care.purge)


@app.command("status")
def status(context: typer.Context, as_json: Json = False, data: Data = None) -> None:
    """Show the collections, the versions of the index, what the settings would have otherwise, and who owns it all."""
    from cli.engine import open_engine
    from indexes.upkeep.lock import owner_of

    settings = settings_of(context, data)
    owner = owner_of(settings.data) if settings.data.is_dir() else None
    with open_engine(settings) as engine:
        collections, index, troubles = engine.collections(), engine.index(), engine.troubles()
    differs = _differences(settings, next(row for row in index.versions if row.state == "live"))
    if as_json:
        print_json(
            {
                "degraded": list(troubles),
                "data": str(settings.data.absolute()),
                "index_version": index.index_version,
                "service": owner.url if owner else None,
                "collections": [collection.model_dump() for collection in collections],
                "versions": [version.model_dump() for version in index.versions],
                "differs": differs,
            }
        )
        return
    say(("data     ", "dim"), str(settings.data.absolute()))
    say(("version  ", "dim"), index.index_version)
    say(("service  ", "dim"), owner.url if owner and owner.url else "none running")
    if collections:
        say("")
        rows = [[row.name, f"{row.documents:,}", f"{row.chunks:,}"] for row in collections]
        table(["collection", "documents", "chunks"], rows, numbers=(1, 2))
    say("")
    table(
        ["version", "state", "embedder", "chunks of", "documents", "chunks", "size"],
        [_row(version) for version in index.versions],
        numbers=(3, 4, 5, 6),
    )
    for sentence in differs:
        say((f"\n{sentence}", "yellow"))


@app.command("rebuild")
def rebuild(
    context: typer.Context,
    roll_back: Annotated[bool, typer.Option("--rollback", help="Serve the version before again.")] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Remove every version but the live one.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Embed everything again, even where nothing would change.")
    ] = False,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Make the next version of the index as the settings have it, beside the live one, and serve it when it is sound.

    Nothing is uploaded again. Stopped at any point, it goes on when it is run again. Where nothing would change, the
    derived indexes are filled anew from the catalogue.
    """
    from app.engine import request
    from cli.engine import open_engine
    from core.errors import UsageError
    from service.api.wire.versions import RebuildIn

    if roll_back + prune + force > 1:
        raise UsageError("--rollback, --prune and --force are three different things: name one of them.")
    settings = settings_of(context, data)
    with open_engine(settings) as engine:
        if roll_back:
            _roll_back(engine, as_json=as_json)
            return
        if prune:
            _prune(engine, as_json=as_json)
            return
        asked = request(
            RebuildIn,
            embedder=settings.embedder,
            chunk_word_pieces=settings.ingest.chunk_word_pieces,
            force=force,
        )
        with _progress_on_screen() as watch:
            done = engine.rebuild(asked, watch)
    if as_json:
        print_json(done)
    else:
        _show(done)


@app.command("backup")
def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it; an older file is replaced.")],
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Write everything that cannot be made again to one file, while a service goes on with its work."""
    from indexes.backup import take

    settings = settings_of(context, data)
    manifest = take(settings.data, file)
    octets = file.stat().st_size
    if as_json:
        print_json({"file": str(file.absolute()), "bytes": octets, **_in_json(manifest)})
    else:
        what = f"{amount(manifest.documents, 'document')}, {amount(manifest.chunks, 'chunk')}, {size(octets)}"
        say(f"Backed up to {file}: {what}. It holds every text: keep it as safe as the data folder.")


@app.command("restore")
def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that 'index backup' wrote.")],
    force: Annotated[bool, typer.Option("--force", help="In place of the index that is there.")] = False,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Put a backup into a data folder, on this machine or another, and check it; nothing is embedded."""
    from indexes.backup import restore as put_back
    from indexes.catalogue.keys import is_keyless

    settings = settings_of(context, data)
    manifest = put_back(settings, file, force=force)
    keyless = is_keyless(settings.data)
    if as_json:
        print_json({"data": str(settings.data.absolute()), **_in_json(manifest), "needs_key": keyless})
    else:
        what = f"{amount(manifest.documents, 'document')}, {amount(manifest.chunks, 'chunk')}"
        say(f"Restored to {settings.data}: {what}, as of {manifest.taken}. Every one of them can be found.")
    if keyless:
        remark(
            "The service goes on asking for a key, as before, and the backup has none that is good. Make a new one: "
            "touchstone keys create --name NAME --scope admin"
        )


def _in_json(manifest: object) -> dict[str, object]:
    from dataclasses import asdict

    fields = asdict(manifest)  # type: ignore[call-overload]  # a Manifest, imported late
    return {name: fields[name] for name in ("form", "embedder", "documents", "chunks", "taken")}


def _differences(settings: Settings, live: VersionOut) -> list[str]:
    """What the settings would have otherwise than the live version is, in sentences."""
    from core.errors import TouchstoneError
    from indexes.recipe import embedder_for

    if live.embedder is None:
        return []
    found = []
    try:
        wanted = embedder_for(settings.embedder, settings.data).name
    except TouchstoneError as error:
        wanted = f"one that cannot be used ({error})"
    if wanted != live.embedder:
        found.append(f"The settings ask for the embedder {wanted}: `touchstone index rebuild` changes over.")
    asked = settings.ingest.chunk_word_pieces
    if live.chunk_word_pieces not in (None, asked):
        found.append(f"The settings ask for chunks of {asked} word pieces: `touchstone index rebuild` changes over.")
    return found


def _row(version: VersionOut) -> list[str]:
    pieces = "" if version.chunk_word_pieces is None else f"{version.chunk_word_pieces}"
    counts = (f"{version.documents:,}", f"{version.chunks:,}", size(version.bytes))
    return [version.name or "first", version.state, version.embedder or "", pieces, *counts]


def _roll_back(engine: Engine, *, as_json: bool) -> None:
    back = engine.roll_back()
    if as_json:
        print_json(back)
        return
    for name in back.changed:
        say(("changed  ", "yellow"), name)
    said = "nothing has changed since"
    if back.changed:
        said = f"{amount(len(back.changed), 'document')} changed since and will be read again by the next ingestion"
    say(f"Version {back.version or 'first'} is live again: {said}.")


def _prune(engine: Engine, *, as_json: bool) -> None:
    gone = engine.prune()
    if as_json:
        print_json(gone)
    else:
        say(f"Removed: {amount(len(gone.removed), 'version')}.")


def _show(done: RebuildOut) -> None:
    if done.version is None:
        said = f"The derived indexes were filled anew: {amount(done.vectors, 'vector')}."
        say(f"Nothing would change, since the index is as the settings have it. {said} --force makes a new version.")
        return
    say(
        (f"Version {done.version} is live: ", "bold"),
        f"{amount(done.total, 'document')}, {amount(done.chunks, 'chunk')} in {done.seconds:.1f} s; "
        f"the vector index finds {done.recall:.1%} of what exact comparison does.",
    )
    for number, why in (
        (done.old_parse, "as older parsers read them, since the file is gone or has changed"),
        (done.old_chunks, "cut as they were, since an earlier release wrote them and the file is gone"),
    ):
        if number:
            say((f"{amount(number, 'document')} stayed {why}.", "yellow"))
    say("The version before is kept: `touchstone index rebuild --rollback` goes back, `--prune` removes it.")


@contextmanager
def _progress_on_screen() -> Iterator[WatchRebuild]:
    """A bar with the time left on a terminal, a line now and then elsewhere; both on standard error."""
    if not err().is_terminal:
        yield _lines()
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    columns = (SpinnerColumn(), TextColumn("rebuilding"), BarColumn(bar_width=30), MofNCompleteColumn())
    with Progress(*columns, TextColumn("{task.fields[left]}"), console=err(), transient=True) as bar:
        task = bar.add_task("rebuilding", total=None, left="")
        yield lambda seen: bar.update(task, completed=seen.done, total=seen.total or None, left=_left(seen))


def _lines() -> WatchRebuild:
    last = time.monotonic()

    def say_now_and_then(seen: RebuildOut) -> None:
        nonlocal last
        if time.monotonic() - last >= LINE_EVERY_SECONDS:
            last = time.monotonic()
            remark(f"{seen.done:,} of {amount(seen.total, 'document')}, {amount(seen.chunks, 'chunk')}{_left(seen)}")

    return say_now_and_then


def _left(seen: RebuildOut) -> str:
    if seen.seconds_left is None:
        return ""
    minutes, seconds = divmod(int(seen.seconds_left), 60)
    return f", {minutes}:{seconds:02} left"
