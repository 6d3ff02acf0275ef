"""The chosen stretches, worded as an answer."""

from __future__ import annotations

import re
from collections.abc import Sequence

from service.answering.extractive.match import Candidate
from service.answering.extractive.question import Asking
from service.answering.extractive.units import Unit
from service.answering.extractive.words import stems

_NEGATION = re.compile(
    r"\b(?:not|no|never|neither|nor|none|cannot|without|except|excluded|excludes|prohibited|forbidden|unsupported|"
    r"unavailable|ineligible|refused|\w+n['’]t)\b",
    re.IGNORECASE,
)


def word(asking: Asking, candidates: Sequence[Candidate]) -> str:
    """The answer's text: the sentences as they stand, a table row as its cell with its labels, yes or no before it."""
    texts = [
        _row(asking, candidate.unit) if candidate.unit.kind == "row" else _plain(candidate.unit)
        for candidate in candidates
    ]
    text = " ".join(texts)
    if asking.asked != "boolean":
        return text
    return f"{'No' if _denies(asking.text) != _denies(candidates[0].unit.text) else 'Yes'}. {text}"


def _denies(text: str) -> bool:
    return _NEGATION.search(text) is not None


def _plain(unit: Unit) -> str:
    text = unit.plain
    return re.sub(r"^(?:[-*•+–▪●○]|\(?\d{1,2}[.)])\s+", "", text) if unit.kind == "item" else text


def _row(asking: Asking, unit: Unit) -> str:
    """The asked cell with its labels, or every filled cell with its column when none is asked for by name."""
    cells = unit.cells
    header = (*unit.header, *[""] * (len(cells) - len(unit.header)))
    filled = [(name, cell) for name, cell in zip(header, cells, strict=False) if cell]
    if len(filled) < 3:
        return ": ".join(cell for _, cell in filled)
    terms = {term.stem for term in asking.terms}
    label = next((cell for _, cell in filled if terms & set(stems(cell))), filled[0][1])
    shares = [len(terms & set(stems(name))) / (len(stems(name)) + 1) if cell != label else 0 for name, cell in filled]
    best = max(shares)
    if best > 0 and shares.count(best) == 1:
        name, cell = filled[shares.index(best)]
        return f"{label}: {cell} ({name})"
    return "; ".join(f"{name}: {cell}" if name else cell for name, cell in filled)
