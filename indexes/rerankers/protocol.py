"""What every reranker promises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Reranker(Protocol):
    """Says how well each of a few passages answers a question, reading both together.

    All or nothing: it scores every passage in the time it has, or none, so that no order mixes two measures. Reading
    the model in, once a process, is not counted. The order of the input is kept; the same question and passage get the
    same score (within float rounding) whatever else is scored with them. Safe to call from several threads.
    Constructing one is cheap: the model is loaded by the first call.

    Raises IndexBroken when the model cannot be loaded.
    """

    @property
    def candidates(self) -> int:
        """The most passages it is worth giving it; 0: none."""

    def scores(self, question: str, passages: Sequence[str]) -> list[float] | None:
        """A number in [0, 1] for each passage, higher for a better one; None when time did not allow all of them."""
