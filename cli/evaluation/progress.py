"""How far a run is, on the screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING

from cli.output import amount, err, remark

if TYPE_CHECKING:
    from evaluation.run import Progress

LINE_EVERY = 50
"""Answers between two lines of progress where there is no terminal."""


@contextmanager
def progress_on_screen() -> Iterator[Callable[[Progress], None]]:
    """A bar on a terminal, a line now and then elsewhere; both on standard error."""
    if not err().is_terminal:
        yield _say_now_and_then
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("asking"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("${task.fields[spent]:.4f} spent"),
        TimeRemainingColumn(compact=True),
    )
    with Bar(*columns, console=err(), transient=True) as bar:
        task = bar.add_task("asking", total=None, spent=Decimal(0))
        yield lambda seen: bar.update(task, completed=seen.done, total=seen.total, spent=seen.spent_usd)


def _say_now_and_then(seen: Progress) -> None:
    if seen.done % LINE_EVERY == 0 or seen.done == seen.total:
        remark(f"{seen.done:,} of {amount(seen.total, 'answer')}, ${seen.spent_usd:.4f} spent")
