"""Evaluations of the service on the disk: each a run folder in the data folder, with a file that says whose it is."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from core.access import Access, Principal
from core.errors import DatasetError, TouchstoneError, UnknownJob
from core.files import write_whole
from service.api.wire.evaluations import EvaluationError, EvaluationIn, EvaluationOut, VerdictOut

RUNS, DATASETS = "evaluations", "questions"
"""Folders of the data folder: of runs, and of the question files that can be named."""
STORED, INLINE = "run.json", "items.jsonl"
PLAIN_NAME = re.compile(r"\w[\w.-]*")


class Stored(BaseModel):
    """run.json: what was asked, by whom, and how far it is.

    `everything` and `groups`: what its caller may read. `inline`: whether the questions came with the request.
    """

    model_config = ConfigDict(frozen=True)

    begun_by: str
    everything: bool
    groups: tuple[str, ...]
    inline: bool
    asked: EvaluationIn
    out: EvaluationOut

    @property
    def access(self) -> Access:
        """What the run may read."""
        return Access(groups=frozenset(self.groups), everything=self.everything)

    def seen_by(self, principal: Principal) -> bool:
        """Whether it is the principal's own, and holds nothing that another of its keys could not have read."""
        own = self.begun_by == principal.name and not self.everything and set(self.groups) <= principal.groups
        return principal.is_admin or own


class Store:
    """The folder of runs."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._read: dict[Path, tuple[tuple[int, int, int], Stored]] = {}
        """What files said when they were read last: lists are asked for again and again."""

    def folder(self, stored: Stored) -> Path:
        """Where a run lies."""
        return self._data / RUNS / stored.out.evaluation_id

    def file(self, stored: Stored) -> Path:
        """Its questions: those that came with the request, or the file that it named. Raises DatasetError."""
        return self.folder(stored) / INLINE if stored.inline else self._named(str(stored.asked.dataset))

    @contextmanager
    def new(self) -> Iterator[Path]:
        """An empty folder, named by chance; it is gone again if what is refused inside."""
        folder = self._data / RUNS / secrets.token_hex(8)
        folder.mkdir(mode=0o700, parents=True)
        try:
            yield folder
        except (TouchstoneError, OSError):
            shutil.rmtree(folder)
            raise

    def all(self) -> list[Stored]:
        """Every run; one whose file cannot be read is BROKEN, and for admins alone."""
        paths = sorted((self._data / RUNS).glob(f"*/{STORED}"))
        found = {path: self._remembered(path) for path in paths if PLAIN_NAME.fullmatch(path.parent.name)}
        for gone in self._read.keys() - found.keys():
            self._read.pop(gone, None)
        return list(found.values())

    def one(self, evaluation_id: str, principal: Principal) -> Stored:
        """A run that the principal may see. Raises UnknownJob."""
        path = self._data / RUNS / evaluation_id / STORED
        if PLAIN_NAME.fullmatch(evaluation_id) and os.path.lexists(path):
            stored = self._remembered(path)
            if stored.seen_by(principal):
                return stored
        raise UnknownJob(f"There is no evaluation {evaluation_id!r} that you may see.")

    def remove(self, stored: Stored) -> None:
        """Delete a run and all that it holds."""
        folder = self.folder(stored)
        if folder.is_symlink():
            folder.unlink()
        else:
            shutil.rmtree(folder)

    def interrupted(self, stored: Stored) -> Stored:
        """A run that says of itself that it is at work, and is not: the process that it ran in ended."""
        path = self.folder(stored) / STORED
        again = self._remembered(path)  # it may have ended since it was read
        if again.out.state != "RUNNING":
            return again
        changes = {"state": "INTERRUPTED", "finished": _changed(path)}
        return again.model_copy(update={"out": again.out.model_copy(update=changes)})

    def _remembered(self, path: Path) -> Stored:
        try:
            about = path.stat()
            seen = about.st_mtime_ns, about.st_size, about.st_ino
            if (known := self._read.get(path)) is not None and known[0] == seen:
                return known[1]
            stored = Stored.model_validate_json(path.read_bytes())
            out = stored.out.model_copy(update={"evaluation_id": path.parent.name})
            self._read[path] = seen, stored.model_copy(update={"out": out})
            return self._read[path][1]
        except OSError as error:
            return _broken(path.parent, error.strerror or type(error).__name__)
        except ValueError:
            return _broken(path.parent, "it is empty, cut off or of another release")

    def keep(self, stored: Stored, **changes: object) -> Stored:
        """Write a run down with these changes."""
        from evaluation.run.manifest import write_json

        kept = stored.model_copy(update={"out": stored.out.model_copy(update=changes)})
        write_json(self.folder(kept) / STORED, kept.model_dump(mode="json"))
        return kept

    def write(self, items: Sequence[Mapping[str, Any]], folder: Path) -> None:
        """Keep questions that came with a request in the run's folder."""
        write_whole(folder / INLINE, "".join(json.dumps(item) + "\n" for item in items))

    def _named(self, name: str) -> Path:
        found = [self._data / DATASETS / f"{name}{ending}" for ending in ("", ".jsonl", ".jsonl.gz")]
        there = [path for path in found if PLAIN_NAME.fullmatch(name) and path.is_file()]
        if not there:
            raise DatasetError(f"There is no question file {name!r} in the folder {DATASETS} of the data folder.")
        return there[0]


def _broken(folder: Path, why: str) -> Stored:
    """A run of which nothing is known but that it is there, so that an admin can remove it."""
    asked = EvaluationIn(dataset=STORED)
    detail = f"Its record {STORED} cannot be read: {why}. It can only be removed."
    error = EvaluationError(code="unreadable", detail=detail)
    out = begun(folder.name, asked, budget=0.0).model_copy(
        update={"state": "BROKEN", "created": _changed(folder), "error": error}
    )
    return Stored(begun_by="", everything=True, groups=(), inline=False, asked=asked, out=out)


def _changed(path: Path) -> str:
    """When a file or folder was changed last, in ISO 8601."""
    try:
        return datetime.fromtimestamp(path.lstat().st_mtime, UTC).isoformat(timespec="milliseconds")
    except OSError:  # it went away meanwhile
        return now()


def begun(evaluation_id: str, asked: EvaluationIn, *, budget: float) -> EvaluationOut:
    """A run of which nothing is known yet but what was asked."""
    return EvaluationOut(
        evaluation_id=evaluation_id,
        state="RUNNING",
        dataset="",
        collection=asked.collection,
        model=asked.model or "",
        rungs=asked.rungs,
        questions=0,
        done=0,
        total=0,
        spent_usd=0.0,
        budget_usd=budget,
        created=now(),
        finished=None,
        report=False,
    )


def ended(folder: Path) -> dict[str, Any]:
    """What its folder holds: so many answers, a report and a verdict."""
    from evaluation.run.ledger import RECORDS
    from evaluation.run.records import read_records

    records = read_records(folder / RECORDS).values()
    found: dict[str, Any] = {"done": sum(record.status != "error" for record in records)}
    try:
        verdict = json.loads((folder / "results.json").read_text(encoding="utf-8"))["verdict"]
    except (FileNotFoundError, ValueError):
        return found
    shown = VerdictOut(decision=verdict["decision"], rung=verdict["rung"], sentence=verdict["sentence"])
    return found | {"report": (folder / "report.html").is_file(), "verdict": shown}


def now() -> str:
    """UTC in ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
