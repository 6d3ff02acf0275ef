"""Do the citations point where the dataset says the answer is?"""

from __future__ import annotations

from collections.abc import Collection, Sequence


def citation_precision(cited: Sequence[str], gold: Collection[str]) -> float | None:
    """Share of the citations whose document is a gold document; None when nothing is cited or no gold is known."""
    if not cited or not gold:
        return None
    return sum(document in gold for document in cited) / len(cited)


def citation_recall(cited: Collection[str], gold: Collection[str]) -> float | None:
    """Share of the gold documents that are cited; None when no gold is known."""
    return sum(document in cited for document in set(gold)) / len(set(gold)) if gold else None
