"""Logging: one line an event, to stderr, ids and sizes only; never a question, a passage or a key."""

from __future__ import annotations

import json
import logging
import sys
from contextvars import ContextVar
from pathlib import Path

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request or job that is being worked on; part of every log line."""


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, event, request id and the fields passed as `extra`."""

    _standard = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON."""
        line = {
            "time": self.formatTime(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **({"request_id": request_id.get()} if request_id.get() else {}),
            **{name: value for name, value in vars(record).items() if name not in self._standard},
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


def speak(name: str) -> None:
    """Show the warnings of one logger as plain sentences on stderr too: for what a person waits for."""
    if logging.lastResort is not None:
        logging.getLogger(name).addHandler(logging.lastResort)


def configure(level: str, file: Path | None = None) -> None:
    """Send log lines of `level` and above as JSON to stderr, or to the end of `file`. Called once, by the command line.

    The file is opened by the first line, in a folder that exists by then.
    """
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    if file is not None:
        handler = logging.FileHandler(file, encoding="utf-8", delay=True, errors="backslashreplace")
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for noisy in ("chromadb", "dbos", "httpx", "httpcore", "openai", "unstructured", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
