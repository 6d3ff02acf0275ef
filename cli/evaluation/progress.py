"""How far a run is, on the screen."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING

from cli.output import amount, err, remark

if TYPE_CHECKING:
    from evaluation.run.run import Progress

LINE_EVERY = 10.0
"""Seconds between two lines of progress where there is no terminal."""


@contextmanager
def progress_on_screen() -> Iterator[Callable[[Progress], None]]:
    """A bar on a terminal, a line now and then elsewhere; both on standard error, with money, rate and time left."""
    if not err().is_terminal:
        yield _Watch().line
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("asking"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("${task.fields[spent]:.4f} spent"),
        TextColumn("{task.fields[rate]:.1f} a second"),
        TimeRemainingColumn(compact=True),
    )
    with Bar(*columns, console=err(), transient=True) as bar:
        task, watch = bar.add_task("asking", total=None, spent=Decimal(0), rate=0.0), _Watch()

        def show(seen: Progress) -> None:
            rate = watch.rate(seen)
            bar.update(task, completed=seen.done, total=seen.total, spent=seen.spent_usd, rate=rate)

        yield show


class _Watch:
    """What is told about a run besides what `Progress` holds."""

    def __init__(self) -> None:
        self._began = self._last = time.monotonic()
        self._first: int | None = None
        self._warned = False

    def rate(self, seen: Progress) -> float:
        """Answers a second in this sitting; says once, by the way, that the budget is nearly spent."""
        if self._first is None:
            self._first = seen.done - 1
        if seen.nearly_spent and not self._warned:
            self._warned = True
            remark(f"Four fifths of the budget are spent: USD {seen.spent_usd:.4f}.")
        return (seen.done - self._first) / max(time.monotonic() - self._began, 0.001)

    def line(self, seen: Progress) -> None:
        """A line every few seconds, and one at the end."""
        rate, moment = self.rate(seen), time.monotonic()
        if moment - self._last < LINE_EVERY and seen.done != seen.total:
            return
        self._last = moment
        left = f", {duration((seen.total - seen.done) / rate)} left" if seen.done < seen.total else ""
        answers = f"{seen.done:,} of {amount(seen.total, 'answer')}"
        remark(f"{answers}, ${seen.spent_usd:.4f} spent, {rate:.1f} a second{left}")


def duration(seconds: float) -> str:
    """A time for a reader: seconds, from two minutes on minutes."""
    return amount(round(seconds), "second") if seconds < 120 else amount(round(seconds / 60), "minute")
