"""Evaluations in the service's process, one at a time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.evaluation_store import INLINE, Store, Stored, begun, ended, now
from core.access import Principal, require
from core.errors import BudgetReached, Cancelled, JobConflict, TouchstoneError, UnknownJob, UsageError
from core.files import write_fault
from core.settings.load import Settings
from service.api.live import Live
from service.api.wire.evaluations import EvaluationError, EvaluationIn, EvaluationOut

if TYPE_CHECKING:
    from evaluation.run.run import Progress
    from evaluation.run.rungs import Subject
    from service.api.state import Service

_log = logging.getLogger(__name__)

NOTED_SECONDS = 1.0
"""How often the progress of a run is written down, for a service that is killed."""


class EvaluationRuns:
    """`service.api.state.Evaluations`."""

    def __init__(self, settings: Settings, live: Live) -> None:
        self._settings, self._live = settings, live
        self._store = Store(settings.data)
        self._beginning = threading.Lock()
        self._cancelled, self._stopping = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._now: Stored | None = None
        self._unwritten: dict[str, Stored] = {}
        """Runs that ended while the disk was full: their records say RUNNING until they can be written."""

    def close(self) -> None:
        """End the one at work after the calls under way; it can be resumed."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    # service.api.state.Evaluations

    def start(self, asked: EvaluationIn, principal: Principal) -> EvaluationOut:
        """Check what is asked for, and begin."""
        budget = self._budget(asked, principal)
        if asked.dataset is not None:
            require(principal, "admin")
        with self._alone(), self._store.new() as folder:
            if asked.items is not None:
                self._store.write(asked.items, folder)
            stored = Stored(
                begun_by=principal.name,
                everything=principal.access.everything,
                groups=tuple(sorted(principal.groups)),
                inline=asked.items is not None,
                asked=asked.model_copy(update={"items": None, "dataset": asked.dataset or INLINE}),
                out=begun(folder.name, asked, budget=float(budget)),
            )
            return self._begin(self._checked(stored))

    def latest(self, principal: Principal, limit: int) -> Sequence[EvaluationOut]:
        """Those that the principal may see, newest first."""
        seen = [self._latest(stored).out for stored in self._store.all() if stored.seen_by(principal)]
        return sorted(seen, key=lambda out: (out.created, out.evaluation_id), reverse=True)[:limit]

    def find(self, evaluation_id: str, principal: Principal) -> EvaluationOut:
        """One of them."""
        return self._one(evaluation_id, principal).out

    def report(self, evaluation_id: str, principal: Principal) -> str:
        """Its page."""
        stored = self._one(evaluation_id, principal)
        page = self._store.folder(stored) / "report.html"
        if not page.is_file():
            raise UnknownJob(f"The evaluation {evaluation_id} has no report: it is {stored.out.state}.")
        return page.read_text(encoding="utf-8")

    def cancel(self, evaluation_id: str, principal: Principal) -> EvaluationOut:
        """Let it end."""
        out = self._one(evaluation_id, principal).out
        if out.state != "RUNNING":
            raise JobConflict(f"The evaluation {evaluation_id} is {out.state} and cannot be cancelled.")
        self._cancelled.set()
        return out

    def resume(self, evaluation_id: str, principal: Principal) -> EvaluationOut:
        """Go on with it."""
        stored = self._one(evaluation_id, principal)
        if stored.out.state in ("RUNNING", "COMPLETED", "BROKEN"):
            raise JobConflict(f"The evaluation {evaluation_id} is {stored.out.state}: there is nothing to go on with.")
        with self._alone():
            return self._begin(self._checked(stored))

    def remove(self, evaluation_id: str, principal: Principal) -> None:
        """Remove it from the disk."""
        stored = self._one(evaluation_id, principal)
        if stored.out.state == "RUNNING":
            raise JobConflict(f"The evaluation {evaluation_id} is at work: cancel it first.")
        self._unwritten.pop(evaluation_id, None)
        self._store.remove(stored)

    # What is asked for

    def _budget(self, asked: EvaluationIn, principal: Principal) -> Decimal:
        most = self._settings.evaluation.budget_usd
        if asked.budget_usd is None:
            return most
        if asked.budget_usd > most and not principal.is_admin:
            raise UsageError(
                f"The budget may be USD {most} at most (evaluation.budget_usd); an admin may go beyond it."
            )
        return asked.budget_usd

    def _checked(self, stored: Stored) -> Stored:
        """The run with its numbers, once everything that it names is known to be there and as it was."""
        from evaluation.dataset import load_dataset
        from evaluation.run.budget import require_prices
        from evaluation.run.manifest import fingerprint, refuse_other
        from evaluation.run.rungs import runnable

        folder = self._store.folder(stored)
        with self._live.reading() as service:
            service.indexes.catalogue.require_collection(stored.asked.collection, access=stored.access)
            subject = self._subject(service, stored)
            dataset = load_dataset(self._store.file(stored)).select(stored.asked.split)
            rungs, _ = runnable(stored.asked.rungs, subject)
            require_prices(rungs, subject)
            refuse_other(folder, fingerprint(dataset, subject), called=Path(folder.name))
        numbers = {
            "dataset": dataset.name,
            "model": subject.model.name,
            "rungs": tuple(rung.name for rung in rungs),
            "questions": len(dataset.items),
            "total": len(dataset.items) * len(rungs) * self._settings.evaluation.replicates,
        }
        fresh = {"state": "RUNNING", "finished": None, "error": None}
        return stored.model_copy(update={"out": stored.out.model_copy(update=numbers | fresh)})

    # The run

    def _work(self, stored: Stored) -> None:
        """To the end, or to whatever ends it; what it ended in is on disk before another can begin."""
        from evaluation.evaluate import evaluate

        folder = self._store.folder(stored)
        ending = _failed(TouchstoneError("A fault in Touchstone ended it; see the log."), folder)
        try:
            with self._live.reading() as service:
                evaluate(
                    self._store.file(stored),
                    rungs=stored.out.rungs,
                    subject=self._subject(service, stored),
                    folder=folder,
                    budget_usd=Decimal(str(stored.out.budget_usd)),
                    progress=self._watch(),
                )
            ending = {"state": "COMPLETED"}
        except BudgetReached as reached:
            ending = _failed(reached, folder) | {"state": "STOPPED"}
        except Cancelled as ended_early:
            ending = _failed(ended_early, folder)
            ending["state"] = "CANCELLED" if self._cancelled.is_set() else "INTERRUPTED"
        except TouchstoneError as error:
            ending = _failed(error, folder)
        except OSError as error:
            if (fault := write_fault(error)) is None:
                raise
            ending = _failed(fault, folder)
        finally:
            self._end(self._now or stored, ending)

    def _end(self, stored: Stored, ending: dict[str, Any]) -> None:
        """Write down how a run ended; when that fails, it is tried again whenever somebody looks at it."""
        try:
            ending |= ended(self._store.folder(stored))
        except (TouchstoneError, OSError):
            _log.exception("what an evaluation left cannot be read")
        changes = ending | {"finished": now()}
        last = stored.model_copy(update={"out": stored.out.model_copy(update=changes)})
        try:
            self._store.keep(last)
        except OSError:
            _log.exception("the end of an evaluation could not be written down yet")
            self._unwritten[last.out.evaluation_id] = last
        finally:
            self._now = None

    def _subject(self, service: Service, stored: Stored) -> Subject:
        """What is measured, for whoever asked. It takes no slot from searches: it is one, and would be refused."""
        from evaluation.run.subject import subject_of

        own = service.settings.evaluation.model_copy(
            update={"report_text": stored.asked.text, "split": stored.asked.split or ""}
        )
        settings = service.settings.model_copy(update={"evaluation": own})
        indexes, asked = replace(service.indexes, slot=nullcontext), stored.asked
        subject = subject_of(indexes, settings, collection=asked.collection, model=asked.model)
        return replace(subject, access=stored.access)

    def _watch(self) -> Callable[[Progress], None]:
        noted = 0.0

        def seen(progress: Progress) -> None:
            nonlocal noted
            assert self._now is not None
            spent = float(progress.spent_usd)
            numbers = {"done": progress.done, "total": progress.total, "spent_usd": spent}
            self._now = self._now.model_copy(update={"out": self._now.out.model_copy(update=numbers)})
            if time.monotonic() - noted > NOTED_SECONDS:
                noted = time.monotonic()
                self._store.keep(self._now)
            if self._cancelled.is_set() or self._stopping.is_set():
                raise Cancelled("The evaluation was ended.")

        return seen

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Inside, no other can begin."""
        with self._beginning:
            if self._stopping.is_set() or self._now is not None:
                raise JobConflict("Another evaluation is at work. Begin this one when it has ended.")
            yield

    def _begin(self, stored: Stored) -> EvaluationOut:
        self._cancelled.clear()
        self._now = stored  # first, so that whoever reads its record knows that it is at work
        try:
            self._store.keep(stored)
        except OSError:
            self._now = None
            raise
        self._unwritten.pop(stored.out.evaluation_id, None)
        self._thread = threading.Thread(target=self._work, args=(stored,), name="touchstone-evaluation")
        self._thread.start()
        return stored.out

    def _one(self, evaluation_id: str, principal: Principal) -> Stored:
        return self._latest(self._store.one(evaluation_id, principal))

    def _latest(self, stored: Stored) -> Stored:
        """The run as it is now, where it is at work."""
        now = self._now
        if now is not None and now.out.evaluation_id == stored.out.evaluation_id:
            return now
        last = self._unwritten.get(stored.out.evaluation_id)
        if last is not None:
            with suppress(OSError):
                self._store.keep(last)
                self._unwritten.pop(stored.out.evaluation_id, None)
            return last
        return self._store.interrupted(stored) if stored.out.state == "RUNNING" else stored


def _failed(error: TouchstoneError, folder: Path) -> dict[str, Any]:
    """Why a run ended, without a word of where it lies."""
    return {"state": "FAILED", "error": EvaluationError(code=error.code, detail=str(error).replace(f"{folder}/", ""))}
