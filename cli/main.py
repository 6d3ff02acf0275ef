"""The command line: `touchstone`. One file a verb; this one puts them together and decides the exit code."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Annotated

import typer
import typer.main

from cli import ask, demo_command, documents, index, ingest, jobs, keys, mcp, models, search, serve, settings
from cli.evaluation import commands
from cli.exits import EXIT_BUDGET, EXIT_INTERRUPTED, EXIT_USAGE
from cli.options import LOG_FILE, Data
from cli.output import complain
from core.errors import BudgetReached, Cancelled, SettingsError, TouchstoneError
from core.files import write_fault

app = typer.Typer(
    name="touchstone",
    help="Answers from your own documents, and the proof, in money, that they were worth it.",
    no_args_is_help=True,
    add_completion=True,
)
app.command("demo")(demo_command.demo)
app.command("ingest")(ingest.ingest)
app.command("search")(search.search)
app.command("ask")(ask.ask)
app.command("serve")(serve.serve)
app.command("mcp")(mcp.mcp)
app.add_typer(documents.app, name="documents")
app.add_typer(jobs.app, name="jobs")
app.add_typer(keys.app, name="keys")
app.add_typer(models.app, name="models")
app.add_typer(index.app, name="index")
app.add_typer(settings.app, name="settings")
app.add_typer(commands.app, name="evaluate")


def _show_version(wanted: bool) -> None:  # noqa: FBT001 -- typer's callback
    if wanted:
        from importlib.metadata import version

        typer.echo(f"touchstone {version('touchstone')}")
        raise typer.Exit


@app.callback()
def root(
    data: Data = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    """Answers from your own documents, and the proof, in money, that they were worth it."""
    del data, version  # `data` is read by cli.options.settings_of


def main(words: Sequence[str] | None = None) -> None:
    """The program: what `run` does, however often Ctrl-C is pressed."""
    try:
        run(words)
    except KeyboardInterrupt:  # once more, while the first was being dealt with
        sys.exit(EXIT_INTERRUPTED)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # from here on it ends the process at once, without a traceback


def run(words: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 a bug, 2 usage or settings, 3 documents failed, 4 budget, 130 Ctrl-C.

    `words` are what follows the program's name; None for those the process was started with.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.excepthook = _confess
    try:
        typer.main.get_command(app)(args=words, prog_name="touchstone")
    except BudgetReached as error:
        _fail(error, EXIT_BUDGET)
    except Cancelled as error:
        _fail(error, EXIT_INTERRUPTED)
    except TouchstoneError as error:
        _fail(error, EXIT_USAGE)
    except (OSError, sqlite3.Error) as error:
        if (fault := write_fault(error)) is None:
            raise
        _drop_what_cannot_be_written()
        _fail(fault, EXIT_USAGE)


def _drop_what_cannot_be_written() -> None:
    """Where the output has no room, Python would try once more as it exits, complain, and exit with 120."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(error: TouchstoneError, code: int) -> None:
    complain(f"touchstone: {error}")
    sys.exit(code)


def _confess(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A bug: one sentence, and the traceback in a file. Python exits 1 after this."""
    import traceback

    text = "".join(traceback.format_exception(kind, error, trace))
    folder, debug = _where_and_whether()
    kept = ""
    try:
        with (folder / LOG_FILE).open("a", encoding="utf-8", errors="backslashreplace") as log:
            log.write(text)
        kept = f" The traceback is in {folder / LOG_FILE}."
    except OSError:
        debug = True
    if debug:
        complain(text)
    complain(f"touchstone: a bug in Touchstone: {kind.__name__}: {error}.{kept}")


def _where_and_whether() -> tuple[Path, bool]:
    """The folder for the log, and whether tracebacks are wanted on the screen."""
    from core.settings.load import load

    named = _named_data(sys.argv)
    try:
        settings = load(**({"data": named} if named else {}))
    except SettingsError:
        return Path(), True
    return (settings.data if settings.data.is_dir() else Path(), settings.log_level == "debug")


def _named_data(words: list[str]) -> str | None:
    """What `--data` says, read off the words themselves: parsing them may be what went wrong."""
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word == "--data" or word.startswith("--data="):
            return word.partition("=")[2] or following
    return None
