"""How well each unit of the passages fits the question."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from core.answers import Passage
from indexes.embedders.protocol import Embedder
from service.answering.extractive.fits import fits, shows
from service.answering.extractive.question import Asking, Term
from service.answering.extractive.units import Unit, cut
from service.answering.extractive.weights import BY_ALL, BY_WORDS, Evidence, score
from service.answering.extractive.words import STOP_WORDS, is_month_or_day, related, stem, stems, tokens

OWN, CONTEXT, PLACE, BESIDE, PASSAGE, DOCUMENT = 1.0, 0.9, 0.75, 0.5, 0.25, 0.2
"""Where a word of the question is found, nearest first, and how sure it is that the unit is about it: in the unit, in
what introduces it, in headings and title, in the unit before or after, in the passage, in its document."""
EMBEDDED = 6
"""Units that are compared with the question by meaning: the best by words. An encoder needs 2-3 ms for each."""
_POINTER = re.compile(
    r"^(?:for (?:more|further|additional|detailed|general|information|details|instructions|a list|an? \w+ of)\b|"
    r"see\b|to learn (?:more|how|about)\b|refer to\b|more information|learn more|also see)",
    re.IGNORECASE,
)
_ENDS = (".", "!", "?", ":", ";", ")", '"', "”", "…")
"""What a sentence ends with, and a headline does not."""
_YEAR = re.compile(r"(?:19|20)\d\d")
_QUARTER = re.compile(r"[qh][1-4]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A unit with its evidence. `found`: worth in [0, 1] by stem of the question's terms.

    `shares`: weight of each term, summing to 1. `units`: all units of its passage, in order.
    """

    unit: Unit
    units: Sequence[Unit]
    shares: dict[str, float]
    found: dict[str, float]
    evidence: Evidence
    score: float


def rank(asking: Asking, passages: Sequence[Passage], embedder: Embedder) -> list[Candidate]:
    """The candidates, best first; at most `EMBEDDED`. Empty when there is nothing to quote."""
    shown = [(passage, cut(passage)) for passage in passages]
    weight = weigh(asking.terms, [unit for _, units in shown for unit in units])
    document: defaultdict[str, set[str]] = defaultdict(set)
    for passage, _ in shown:
        document[passage.hit.document] |= set(stems(passage.hit.text))
    ranked: list[tuple[Passage, Candidate]] = []
    for place, (passage, units) in enumerate(shown):
        for unit, found in _found(asking.terms, passage, units, document[passage.hit.document]):
            evidence = _evidence(asking, unit, found, weight, 1 / (1 + place))
            if evidence.fresh > 0 and evidence.fits > 0 and _quotable(unit):
                by_words = score(evidence, BY_WORDS)
                candidate = Candidate(
                    unit=unit, units=units, shares=weight, found=found, evidence=evidence, score=by_words
                )
                ranked.append((passage, candidate))
    ranked.sort(key=lambda entry: (-entry[1].score, entry[1].unit.passage, entry[1].unit.order))
    return _with_cosine(asking, ranked[:EMBEDDED], embedder)


def weigh(terms: Sequence[Term], units: Sequence[Unit]) -> dict[str, float]:
    """What each term counts: its own weight, less when every unit holds it. Sums to 1."""
    holding = Counter(root for unit in units for root in set(stems(unit.plain)))
    scale = math.log(len(units) + 2)
    raw = {
        term.stem: term.weight * (1 + math.log((len(units) + 1) / (holding[term.stem] + 1)) / scale) for term in terms
    }
    total = sum(raw.values()) or 1.0
    return {root: value / total for root, value in raw.items()}


def _quotable(unit: Unit) -> bool:
    """False for headings, questions and pointers to other places: none of them answers."""
    if unit.kind in ("heading",) or unit.plain.endswith("?") or not unit.plain:
        return False
    return not (_POINTER.match(unit.plain) and unit.kind in ("sentence", "item"))


def _evidence(asking: Asking, unit: Unit, found: dict[str, float], weight: dict[str, float], first: float) -> Evidence:
    words = [stem(token) for token in tokens(unit.plain) if token.lower() not in STOP_WORDS]
    at: defaultdict[float, float] = defaultdict(float)
    for root, share in weight.items():
        at[found[root]] += share
    return Evidence(
        own=at[OWN],
        context=at[CONTEXT],
        place=at[PLACE],
        beside=at[BESIDE],
        passage=at[PASSAGE] + at[DOCUMENT],
        names=min((found[term.stem] for term in asking.terms if term.exact), default=1.0),
        asked=_asked(asking, found),
        pairs=_pairs(asking, words),
        fits=fits(asking, unit),
        contradicted=float(_contradicted(asking, unit)),
        label=_label_share(asking, unit),
        fresh=1.0
        if asking.asked == "boolean" or unit.plain.endswith(":")
        else min(len(set(words) - asking.stems), 3) / 3,
        length=min(len(words), 60) / 60,
        first=first,
        code=float(unit.kind == "code"),
        bare=float(unit.kind == "label" or (unit.kind == "sentence" and not unit.plain.endswith(_ENDS))),
    )


def _asked(asking: Asking, found: dict[str, float]) -> float:
    worth = [found[term.stem] if found[term.stem] >= PLACE else 0.0 for term in asking.terms if term.focus]
    return sum(worth) / len(worth) if worth else 1.0


def _pairs(asking: Asking, words: Sequence[str]) -> float:
    roots = [term.stem for term in asking.terms]
    wanted = set(pairwise(roots))
    near = {*pairwise(words), *zip(words, words[2:], strict=False)}
    return len(wanted & near) / len(wanted) if wanted else 0.0


def _label_share(asking: Asking, unit: Unit) -> float:
    """How much of the words that name a row, line or item the question has too; 0.5 for running text."""
    if unit.kind == "row":
        labels = unit.cells[:3]
    elif ": " in unit.plain and unit.kind in ("item", "line"):
        labels = (unit.plain.split(": ", 1)[0],)
    else:
        return 0.5
    return max(_share(label, asking) for label in labels)


def _share(label: str, asking: Asking) -> float:
    words = {stem(token) for token in tokens(label) if token.lower() not in STOP_WORDS}
    return len(words & asking.stems) / len(words) if words else 0.0


def _found(
    terms: Sequence[Term], passage: Passage, units: Sequence[Unit], document: set[str]
) -> Iterator[tuple[Unit, dict[str, float]]]:
    """Every unit with what finding each term in and around it is worth."""
    hit = passage.hit
    place = set(stems(" ".join([*hit.headings, hit.title, hit.document, hit.header])))
    own = [set(stems(unit.plain)) for unit in units]
    context = [set(stems(unit.context)) for unit in units]
    whole = set().union(*own)
    forms = {term.stem: related(term.stem, whole.union(place, document, *context)) for term in terms}
    for position, unit in enumerate(units):
        beside = set().union(*own[max(position - 1, 0) : position + 2])
        near = (own[position], context[position], place, beside, whole, document)
        levels = tuple(zip(near, (OWN, CONTEXT, PLACE, BESIDE, PASSAGE, DOCUMENT), strict=True))
        yield unit, {term.stem: _worth(term, forms[term.stem], levels, unit) for term in terms}


def _worth(term: Term, forms: set[str], levels: Sequence[tuple[set[str], float]], unit: Unit) -> float:
    worth = next((level for words, level in levels if not forms.isdisjoint(words)), 0.0)
    return CONTEXT if worth < CONTEXT and shows(term.stem, unit.plain) else worth


def _contradicted(asking: Asking, unit: Unit) -> bool:
    """True when the unit speaks of another year, month, quarter or model than the question."""
    words = stems(f"{unit.plain} ; {unit.context}")
    near, pairs = set(words), set(pairwise(words))
    return any(_another_time(term.stem, near) or (term.after and _another_model(term, pairs)) for term in asking.terms)


def _another_time(root: str, near: set[str]) -> bool:
    """True when a year, quarter or month is asked for and only others are named."""
    kinds = (_YEAR.fullmatch, _QUARTER.fullmatch, is_month_or_day)
    return root not in near and any(same(root) and any(map(same, near)) for same in kinds)


def _another_model(term: Term, pairs: set[tuple[str, str]]) -> bool:
    """True when a numbered name is asked for, as in "Skarn 40", and only other numbers of that name are given."""
    numbered = {number for name, number in pairs if name == term.after and number.isdigit()}
    return bool(numbered) and term.stem not in numbered


def _with_cosine(asking: Asking, ranked: Sequence[tuple[Passage, Candidate]], embedder: Embedder) -> list[Candidate]:
    if not ranked:
        return []
    texts = [_in_context(passage, candidate.unit) for passage, candidate in ranked]
    texts += [candidate.unit.plain for _, candidate in ranked]
    cosines = np.asarray(embedder.embed_passages(texts)) @ np.asarray(embedder.embed_query(asking.text))
    scored = []
    for (_, candidate), cosine, alone in zip(ranked, cosines[: len(ranked)], cosines[len(ranked) :], strict=True):
        evidence = replace(candidate.evidence, cosine=float(cosine), alone=float(alone))
        scored.append(replace(candidate, evidence=evidence, score=score(evidence, BY_ALL)))
    return sorted(scored, key=lambda candidate: (-candidate.score, candidate.unit.passage, candidate.unit.order))


def _in_context(passage: Passage, unit: Unit) -> str:
    """The unit with the last heading above it and the header of its table, as one line."""
    heading = passage.hit.headings[-1] if passage.hit.headings else passage.hit.title
    return " ".join(f"{heading} {unit.context} {unit.plain}".split())
