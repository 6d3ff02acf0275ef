"""Which version of a document holds: of "Travel Policy 2024" and "Travel Policy 2026", the first did in 2025."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.answers import Passage
from service.answering.quoting.question import Term
from service.answering.quoting.words import is_month_or_day

_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_NAME = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Version:
    """Of a document: the years and months of the question in which it held, though its title may tell an earlier one,
    and whether a later version is shown while the question tells no year of this one."""

    held_in: frozenset[str] = frozenset()
    superseded: bool = False


def versions(terms: Sequence[Term], passages: Sequence[Passage]) -> Mapping[str, Version]:
    """By document, for those of which several versions are shown: titles that are equal but for their years."""
    series: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for passage in passages:
        years = _YEAR.findall(f"{passage.hit.title} {passage.hit.document.rsplit('/', 1)[-1]}")
        name = " ".join(_NAME.findall(passage.hit.title.casefold()))
        if years and name:
            series[name][passage.hit.document] = int(max(years))
    asked = [int(term.stem) for term in terms if _YEAR.fullmatch(term.stem)]
    months = {term.stem for term in terms if is_month_or_day(term.stem)}
    found: dict[str, Version] = {}
    for documents in series.values():
        for document, year in documents.items():
            later = min((other for other in documents.values() if other > year), default=None)
            held = {str(one) for one in asked if one == year or (later is not None and year < one < later)}
            several = len(set(documents.values())) > 1
            found[document] = Version(
                held_in=frozenset(held | months if held and several else ()),
                superseded=later is not None and not held,
            )
    return found
