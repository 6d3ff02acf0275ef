"""Evaluations of the service on the disk: each a run folder in the data folder, with a file that says whose it is."""

from __future__ import annotations

import json
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
from service.api.evaluations import EvaluationIn, EvaluationOut, VerdictOut

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
        except TouchstoneError:
            shutil.rmtree(folder)
            raise

    def all(self) -> list[Stored]:
        """Every run."""
        paths = sorted((self._data / RUNS).glob(f"*/{STORED}"))
        return [Stored.model_validate_json(path.read_bytes()) for path in paths]

    def one(self, evaluation_id: str, principal: Principal) -> Stored:
        """A run that the principal may see. Raises UnknownJob."""
        for stored in self.all():
            if stored.out.evaluation_id == evaluation_id and stored.seen_by(principal):
                return stored
        raise UnknownJob(f"There is no evaluation {evaluation_id!r} that you may see.")

    def keep(self, stored: Stored, **changes: object) -> Stored:
        """Write a run down with these changes."""
        from evaluation.manifest import write_json

        kept = stored.model_copy(update={"out": stored.out.model_copy(update=changes)})
        write_json(self.folder(kept) / STORED, kept.model_dump(mode="json"))
        return kept

    def write(self, items: Sequence[Mapping[str, Any]], folder: Path) -> None:
        """Keep questions that came with a request in the run's folder."""
        (folder / INLINE).write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")

    def _named(self, name: str) -> Path:
        found = [self._data / DATASETS / f"{name}{ending}" for ending in ("", ".jsonl", ".jsonl.gz")]
        there = [path for path in found if PLAIN_NAME.fullmatch(name) and path.is_file()]
        if not there:
            raise DatasetError(f"There is no question file {name!r} in the folder {DATASETS} of the data folder.")
        return there[0]


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
    from evaluation.records import read_records
    from evaluation.run import RECORDS

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
