"""Logging: one line an event, to stderr, ids and sizes only; never a question, a passage, a document's name or a key.

What libraries say is not ours to vouch for: of their lines only the place in their code is written, and of an
exception its kind and where it came through, since a message may quote what was being worked on.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import traceback
from contextvars import ContextVar
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from core.terminal import visible, visible_json

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request or job that is being worked on; part of every log line."""

OURS = frozenset({"core", "indexes", "ingest", "service", "evaluation", "app", "cli", "touchstone", "demo"})
PLAIN = frozenset({"uvicorn.error"})
"""Loggers of libraries that speak of themselves alone: of starting, stopping and connections."""
NOISY = ("chromadb", "dbos", "httpx", "httpcore", "openai", "unstructured", "urllib3", "pdfminer", "asyncio")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}

Fields = dict[str, Any]
Format = Literal["auto", "text", "json"]


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, event, request id and the fields passed as `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON."""
        start = {"time": self.formatTime(record), "level": record.levelname.lower(), "logger": record.name}
        return visible_json(json.dumps({**start, **told(record)}, default=str, ensure_ascii=False))


class PlainLines(logging.Formatter):
    """The same for people: the event, and the fields as name=value."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line, an exception's frames below it."""
        fields = told(record)
        event, trace = fields.pop("event"), fields.pop("traceback", "")
        words = " ".join(f"{name}={value}" for name, value in fields.items())
        line = f"{self.formatTime(record)} {record.levelname.lower()} {event} {words}".rstrip()
        return visible("\n".join([line.replace("\n", " "), *trace.splitlines()]))


class LogFile(logging.FileHandler):
    """A log file. When it cannot be opened or written, that is said once, and whoever logs goes on."""

    _said = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record."""
        try:
            super().emit(record)
        except OSError as error:  # it cannot be opened
            self._lost(error)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 -- logging's name
        """What could not be written is lost."""
        error = sys.exc_info()[1]
        if isinstance(error, OSError):
            self._lost(error)
        else:
            super().handleError(record)

    def _lost(self, error: OSError) -> None:
        if not self._said:
            self._said = True
            sys.stderr.write(f"Nothing is logged to {self.baseFilename}: {error.strerror}.\n")


def told(record: logging.LogRecord) -> Fields:
    """What may be written of a record, the event first."""
    ours = record.name.partition(".")[0] in OURS
    known = ours or record.name in PLAIN
    fields: Fields = {"event": record.getMessage() if known else f"{record.module}.{record.funcName}:{record.lineno}"}
    if request_id.get():
        fields["request_id"] = request_id.get()
    if ours:
        fields |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
    if record.exc_info and record.exc_info[1] is not None:
        fields["traceback"] = frames(record.exc_info[1])
    return fields


def frames(error: BaseException) -> str:
    """The kind of an exception and of those that led to it, each with the places it came through; no message."""
    parts: list[str] = []
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        places = (f"  {Path(at.filename).name}:{at.lineno} {at.name}" for at in _places(link.__traceback__))
        parts = [f"{type(link).__module__}.{type(link).__qualname__}", *places, *parts]
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return "\n".join(parts)


def _places(trace: TracebackType | None) -> traceback.StackSummary:
    return traceback.StackSummary.extract(traceback.walk_tb(trace), lookup_lines=False)


def report_thread(ended: threading.ExceptHookArgs) -> None:
    """A thread that an exception ended, as a log line: for `threading.excepthook`."""
    name = ended.thread.name if ended.thread else ""
    logging.getLogger(__name__).error(
        "a thread ended with an exception", extra={"name_of_thread": name}, exc_info=ended.exc_value
    )


def speak(name: str) -> None:
    """Show the warnings of one logger as plain sentences on stderr too: for what a person waits for."""
    if logging.lastResort is not None:
        logging.getLogger(name).addHandler(logging.lastResort)


def configure(level: str, file: Path | None = None, form: Format = "auto") -> None:
    """Send log lines of `level` and above to stderr, or to the end of `file`. Called once, by the command line.

    By itself, `form` is text on a terminal and JSON elsewhere. The file is opened by the first line, in a folder that
    exists by then.
    """
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    if file is not None:
        handler = LogFile(file, encoding="utf-8", delay=True, errors="backslashreplace")
    for_people = form == "text" or (form == "auto" and file is None and sys.stderr.isatty())
    handler.setFormatter(PlainLines() if for_people else JsonLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for noisy in NOISY:
        logging.getLogger(noisy).setLevel(logging.ERROR)
