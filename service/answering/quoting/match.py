"""How well each unit of the passages answers the question."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import zip_longest

import numpy as np

from core.answers import Passage
from core.text import ENGLISH
from indexes.embedders.protocol import Embedder, Vectors
from service.answering.pack import ADJACENT_CHARACTERS
from service.answering.quoting.differences import comparable, sides
from service.answering.quoting.evidence import BESIDE, PLACE, find, said_by_other_rows, weigh, weigh_up
from service.answering.quoting.question import Asking, Term
from service.answering.quoting.units import Unit, cut
from service.answering.quoting.versions import Version, versions
from service.answering.quoting.weights import BY_SCORE, BY_WORDS, CHOOSING, JUDGING, MAX_LEAD, USUAL, Evidence, score
from service.answering.quoting.words import related, tokens, vocabulary

MAX_WEIGHED = 400
"""Units that are weighed up: those with most of the question in and around them. Ordinary prompts have fewer."""
EMBEDDED = 8
"""Units that are compared with the question by meaning: the best by words. An encoder needs 2-3 ms for each."""
HARDLY = 0.5
"""A word that is said less surely than this in other words counts as missing."""
_POINTER = re.compile(
    r"^(?:for (?:more|further|additional|detailed|general|information|details|instructions|a list|an? \w+ of)\b|"
    r"see\b|to learn (?:more|how|about)\b|refer to\b|more information|learn more|also see|"
    r"(?:in )?this (?:topic|section|chapter|page|document|guide|tutorial|article|example)\b|"
    r"the following (?:topics?|sections?|examples?|videos?|procedures?)\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A unit with its evidence. `found`: worth in [0, 1] by stem of the question's terms.

    `shares`: weight of each term, summing to 1. `units`: all units of its passage, in order, and those of the next
    where the document goes on with it. `score` says which unit answers best, `sure`, log-odds, whether it does at all.
    """

    unit: Unit
    units: Sequence[Unit]
    shares: dict[str, float]
    found: dict[str, float]
    evidence: Evidence
    score: float
    sure: float = 0.0
    other: Unit | None = None
    """The row of the figure that the unit's is compared with."""


def rank(asking: Asking, passages: Sequence[Passage], embedder: Embedder) -> list[Candidate]:
    """The candidates, best first; at most `EMBEDDED`, or as many for each of two figures that are compared.

    Empty when there is nothing to quote.
    """
    compared = _compared(asking, passages, embedder)
    asked = sides(asking)
    if asked:
        one, other = (_compared(side, passages, embedder) for side in asked)
        compared += [
            _pair(first, second)
            for first in one
            for second in other
            if min(first.evidence.names, second.evidence.names) >= PLACE and comparable(asked, first.unit, second.unit)
        ]
    return _judged(_sorted(compared))


def _pair(one: Candidate, other: Candidate) -> Candidate:
    """Two rows that answer together: their evidence is the mean of both."""
    first, second = asdict(one.evidence), asdict(other.evidence)
    mean = Evidence(**{name: (value + second[name]) / 2 for name, value in first.items()})
    return replace(one, other=other.unit, evidence=mean, score=(one.score + other.score) / 2)


def _compared(asking: Asking, passages: Sequence[Passage], embedder: Embedder) -> list[Candidate]:
    """The best candidates by words, scored by meaning."""
    shown = [(passage, cut(passage)) for passage in passages]
    shares = weigh(asking.terms, [unit for _, units in shown for unit in units])
    document: defaultdict[str, set[str]] = defaultdict(set)
    for passage, _ in shown:
        document[passage.hit.document] |= vocabulary(passage.hit.text)
    known = versions(asking.terms, passages)
    located = []
    for (passage, units), going_on in zip(shown, _going_on(shown), strict=True):
        version = known.get(passage.hit.document, Version())
        own = list(find(asking.terms, passage, units, document[passage.hit.document], version))
        for (unit, found), others in zip(own, said_by_other_rows(own), strict=True):
            if _quotable(asking, unit):
                worth = sum(shares[root] * level for root, level in found.items())
                located.append((worth, passage, version, going_on, unit, found, others))
    candidates = []
    for _, passage, version, going_on, unit, found, others in sorted(located, key=lambda one: -one[0])[:MAX_WEIGHED]:
        evidence = weigh_up(asking, unit, found, shares, passage, version)
        if evidence.fresh > 0 and evidence.fits > 0:
            evidence = replace(evidence, other_row=sum(shares[root] for root in others))
            by_words = score(evidence, BY_WORDS)
            candidates.append(
                Candidate(unit=unit, units=going_on, shares=shares, found=found, evidence=evidence, score=by_words)
            )
    return _by_meaning(asking, _sorted(candidates)[:EMBEDDED], passages, embedder)


def _going_on(shown: Sequence[tuple[Passage, list[Unit]]]) -> Iterator[list[Unit]]:
    """The units of each passage, and behind them those of the next where the document goes on with it."""
    for (passage, units), after in zip_longest(shown, shown[1:]):
        goes_on = after and passage.hit.document == after[0].hit.document
        near = goes_on and 0 <= after[0].hit.start - passage.hit.end <= ADJACENT_CHARACTERS
        yield [*units, *after[1]] if near else units


def _sorted(candidates: Sequence[Candidate]) -> list[Candidate]:
    return sorted(candidates, key=lambda candidate: (-candidate.score, candidate.unit.passage, candidate.unit.order))


def _quotable(asking: Asking, unit: Unit) -> bool:
    """False for questions, pointers, headers of tables, and headings, unless the list below is asked for."""
    if unit.kind == "heading":
        return unit.lists and asking.asked == "list"
    if unit.plain.endswith("?") or not unit.plain or (unit.kind == "label" and unit.cells):
        return False
    return not (_POINTER.match(unit.plain) and unit.kind in ("sentence", "item"))


def _by_meaning(
    asking: Asking, candidates: Sequence[Candidate], passages: Sequence[Passage], embedder: Embedder
) -> list[Candidate]:
    if not candidates:
        return []
    named = {passage.number: passage for passage in passages}
    around = [_around(named[candidate.unit.passage], candidate.unit) for candidate in candidates]
    stretches = [
        (_in_context(named[candidate.unit.passage], candidate.unit), candidate.unit.plain, near)
        for candidate, near in zip(candidates, around, strict=True)
    ]
    everywhere = set().union(*(vocabulary(f"{passage.hit.text} {_place(passage)}") for passage in passages))
    scored = []
    for candidate, close in zip(candidates, compare(asking, stretches, embedder), strict=True):
        evidence = _with_meaning(asking, candidate, close, everywhere)
        scored.append(replace(candidate, evidence=evidence, score=score(evidence, CHOOSING)))
    return scored


def _with_meaning(asking: Asking, candidate: Candidate, close: Close, everywhere: set[str]) -> Evidence:
    """The evidence, with what of the question the unit says in other words, and what it does not say at all."""
    alike = around = names = words = absent = 0.0
    for term in asking.terms:
        share, worth = candidate.shares[term.stem], candidate.found[term.stem]
        own, near = close.alike.get(term.stem, 0.0), close.around.get(term.stem, 0.0)
        if worth < PLACE:
            worth = 0.0
            alike += own * share
            around += max(near - own, 0.0) * share
        beside = BESIDE if candidate.found[term.stem] == BESIDE else 0.0
        lost = share * (1 - max(worth, own, PLACE * near, beside))
        names += lost if term.exact else 0.0
        words += 0.0 if term.exact or term.generic else lost
        if max(worth, own, near) < HARDLY and _is_absent(term, everywhere):
            absent += share
    return replace(
        candidate.evidence,
        cosine=close.cosine,
        alone=close.alone,
        alike=alike,
        alike_around=around,
        lost_names=names,
        lost_words=words,
        lost_in_row=words if candidate.unit.kind == "row" else 0.0,
        absent=absent,
    )


def _is_absent(term: Term, everywhere: set[str]) -> bool:
    return (term.exact or not term.generic) and not related(term.stem, everywhere)


def _says(candidate: Candidate) -> tuple[str, str]:
    return candidate.unit.plain, candidate.other.plain if candidate.other else ""


def _judged(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates with how sure it is that they answer; a lead over a unit that says the same does not count."""
    judged = []
    for candidate in candidates:
        rivals = [rival.score for rival in candidates if _says(rival) != _says(candidate)]
        lead = min(candidate.score - max(rivals), MAX_LEAD) if rivals else MAX_LEAD
        evidence = replace(candidate.evidence, lead=lead)
        sure = USUAL + BY_SCORE * candidate.score + score(evidence, JUDGING)
        judged.append(replace(candidate, evidence=evidence, sure=sure))
    return judged


def _place(passage: Passage) -> str:
    return " ".join([*passage.hit.headings, passage.hit.title])


def _around(passage: Passage, unit: Unit) -> str:
    return f"{unit.context} {_place(passage)} {passage.hit.header}"


def _in_context(passage: Passage, unit: Unit) -> str:
    """The unit with the last heading above it and the header of its table, as one line."""
    heading = passage.hit.headings[-1] if passage.hit.headings else passage.hit.title
    return " ".join(f"{heading} {unit.context} {unit.plain}".split())


# What stretches of text mean, compared with a question: as wholes, and word by word.


UNLIKE, ALIKE = 0.5, 0.75
"""Cosines of two words up to which they mean different things, and from which on the same: "wages" and "salary" have
0.73, "contest" and "competition" 0.73, "bill" and "fine" 0.31."""


@dataclass(frozen=True, slots=True)
class Close:
    """How close a stretch is to a question: cosines in [-1, 1] with what is around it and alone.

    `alike`, `around`: for each term how surely the stretch, or what is around it, says it in other words, in [0, 1].
    """

    cosine: float
    alone: float
    alike: dict[str, float]
    around: dict[str, float]


def compare(asking: Asking, stretches: Sequence[tuple[str, str, str]], embedder: Embedder) -> list[Close]:
    """One `Close` for each (stretch in its context, stretch alone, what is around it)."""
    wanted = {term.stem: term.word.lower() for term in asking.terms if not term.exact}
    inside = [_words(alone) for _, alone, _ in stretches]
    around = [_words(near) for _, _, near in stretches]
    texts = [text for whole, alone, _ in stretches for text in (whole, alone)]
    words = sorted({*wanted.values()}.union(*inside, *around)) if wanted else []
    vectors = np.asarray(embedder.embed_passages([*texts, *words]))
    cosines = vectors[: len(texts)] @ np.asarray(embedder.embed_query(asking.text))
    place = {word: len(texts) + number for number, word in enumerate(words)}
    return [
        Close(
            cosine=float(cosines[2 * number]),
            alone=float(cosines[2 * number + 1]),
            alike=_alike(wanted, inside[number], vectors, place),
            around=_alike(wanted, around[number], vectors, place),
        )
        for number in range(len(stretches))
    ]


def _words(text: str) -> set[str]:
    """The words of a text that carry content, in lower case, without figures."""
    lower = {token.lower() for token in tokens(text)}
    return {word for word in lower - ENGLISH.question_stop_words if len(word) > 2 and not any(map(str.isdigit, word))}


def _alike(wanted: dict[str, str], words: Iterable[str], vectors: Vectors, place: dict[str, int]) -> dict[str, float]:
    rows = [place[word] for word in words if word in place]
    if not rows or not wanted:
        return {}
    closest = (vectors[[place[word] for word in wanted.values()]] @ vectors[rows].T).max(axis=1)
    return dict(zip(wanted, np.clip((closest - UNLIKE) / (ALIKE - UNLIKE), 0, 1).tolist(), strict=True))
