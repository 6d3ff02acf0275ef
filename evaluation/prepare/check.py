"""What is wrong with a question file, before any money is spent on it. Calls no model."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from core.errors import UnknownDocument
from evaluation.dataset import HELD_OUT, Evidence, Item, split_name
from evaluation.gold import Corpus, find
from evaluation.scoring.answers import answer_type, judge
from evaluation.scoring.score import Score
from evaluation.scoring.text import words

SHOWN = 20
"""Ids that a finding names."""
ALIKE = 0.8
"""Share of the words of two questions from which on they count as the same question (Jaccard)."""
LARGE = 0.2
"""Share of the questions from which on a cluster is large: so few groups say little about other documents."""
FEW_QUESTIONS = 20
KNOWN = 0.5
"""Share that plain prompting answers from which on a set says little about retrieval."""

SENTENCES = {
    "unreadable": "lines that cannot be read",
    "duplicate_id": "ids on more than one line, where every question needs one of its own",
    "no_reference": "no accepted answer and not marked unanswerable, so that nothing can be scored",
    "no_gold": "answerable and without a gold document, so that oracle and retrieval measures leave them out",
    "gold_not_in_collection": "gold in a document that the collection does not hold",
    "gold_text_not_found": "evidence whose text is not found in the extracted text",
    "answer_not_in_gold": "accepted answers that the evidence does not hold",
    "duplicate_question": "asked more than once in the same split",
    "leak_between_splits": "held out, and asked, or nearly, in another split too",
    "shared_documents": "held out, and on documents of another split",
    "synthetic_held_out": "synthetic and yet held out",
    "large_cluster": "one cluster has a fifth of all questions or more, so that its documents decide the result",
    "few_questions": "no verdict is given on fewer than 20 questions",
    "known_closed_book": "plain prompting answers half of the answerable questions or more: little is left to gain",
}
"""What each finding says."""
ERRORS = ("unreadable", "duplicate_id", "gold_not_in_collection", "leak_between_splits", "synthetic_held_out")
"""Findings that make the figures wrong; the others are warnings."""
OF_THE_SET = ("large_cluster", "few_questions", "known_closed_book")
"""Findings about the questions as a whole, which are not counted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: how often, and where. `where` holds ids, or sentences that name lines."""

    kind: str
    severity: Literal["error", "warning"]
    count: int
    sentence: str
    where: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a question file holds, and what is wrong. `closed_book`: what a run answered without help."""

    counts: dict[str, int]
    splits: dict[str, int]
    answer_types: dict[str, int]
    clusters: dict[str, Any]
    closed_book: dict[str, float] | None = None
    findings: tuple[Finding, ...] = field(default=())

    @property
    def errors(self) -> int:
        """Findings that make the figures wrong."""
        return sum(finding.severity == "error" for finding in self.findings)


def check(
    items: Sequence[Item],
    *,
    unreadable: Sequence[str] = (),
    duplicates: Sequence[str] = (),
    corpus: Corpus | None = None,
    scores: Sequence[Score] = (),
) -> Checked:
    """Look at every question; at its gold too where the collection is given, at what is known where scores are.

    `unreadable` and `duplicates`: what reading the file found, in sentences.
    """
    found: dict[str, list[str]] = {"unreadable": list(unreadable), "duplicate_id": list(duplicates)}
    found |= {kind: list(ids) for kind, ids in _by_item(items).items()}
    found |= _between_splits(items)
    if corpus is not None:
        found |= _in_corpus(items, corpus)
    clusters = Counter(item.cluster_name for item in items)
    name, size = clusters.most_common(1)[0] if clusters else ("", 0)
    if len(items) >= FEW_QUESTIONS and size > LARGE * len(items):
        found["large_cluster"] = [f"{name} ({size:,} of {len(items):,})"]
    if 0 < len(items) < FEW_QUESTIONS:
        found["few_questions"] = [item.id for item in items]
    known = _closed_book(scores)
    if known and known["share"] >= KNOWN:
        found["known_closed_book"] = [f"{known['correct']:.0f} of {known['answerable']:.0f}"]
    return Checked(
        counts={
            "questions": len(items),
            "unanswerable": sum(item.unanswerable for item in items),
            "with_evidence": sum(bool(item.evidence) for item in items),
            "documents": len({document for item in items for document in item.documents}),
            "synthetic": sum(item.source == "synthetic" for item in items),
        },
        splits=dict(sorted(Counter(split_name(item.split) or "none" for item in items).items())),
        answer_types=dict(Counter(answer_type(item) for item in items if item.answers).most_common()),
        clusters={"count": len(clusters), "largest": name, "largest_size": size},
        closed_book=known,
        findings=tuple(_finding(kind, where) for kind, where in found.items() if where),
    )


def as_json(checked: Checked) -> dict[str, Any]:
    """What was found, as one JSON object."""
    return {**dataclasses.asdict(checked), "errors": checked.errors}


def _finding(kind: str, where: Sequence[str]) -> Finding:
    return Finding(kind, "error" if kind in ERRORS else "warning", len(where), SENTENCES[kind], tuple(where))


def _by_item(items: Iterable[Item]) -> dict[str, Iterator[str]]:
    listed = list(items)
    return {
        "no_reference": (
            item.id for item in listed if not item.answers and not item.unanswerable and not _graded(item)
        ),
        "no_gold": (item.id for item in listed if not item.unanswerable and not item.documents and not item.evidence),
        "answer_not_in_gold": (item.id for item in listed if _answer_missing(item)),
        "synthetic_held_out": (
            item.id for item in listed if item.source == "synthetic" and split_name(item.split) == HELD_OUT
        ),
    }


def _graded(item: Item) -> bool:
    """A question of a retrieval set, which has judged documents and needs no answer."""
    return bool((item.model_extra or {}).get("grades"))


def _answer_missing(item: Item) -> bool:
    """Whether short answers stand in none of the evidence. Yes and no, and what is worked out, need not."""
    texts = [place.text for place in item.evidence if place.text]
    if (
        not texts
        or not item.answers
        or answer_type(item) in ("boolean", "long")
        or (item.model_extra or {}).get("derivation")
    ):
        return False
    judgement = judge("\n".join(texts), item.model_copy(update={"question": ""}))
    held = {word for text in texts for word in words(text)}
    return not (judgement and judgement.correct) and not any(set(words(answer)) <= held for answer in item.answers)


def _between_splits(items: Sequence[Item]) -> dict[str, list[str]]:
    """Questions that are asked twice, and what held-out questions share with others."""
    bags = [frozenset(words(item.question)) for item in items]
    rare = Counter(word for bag in bags for word in bag)
    by_word: dict[str, list[int]] = {}
    twice, leaks = dict[int, None](), dict[int, None]()
    for index, bag in enumerate(bags):
        few = sorted(bag, key=lambda word: (rare[word], word))[: max(1, len(bag) - int(ALIKE * len(bag)) + 1)]
        for other in sorted({other for word in few for other in by_word.get(word, ())}):
            if len(bag & bags[other]) >= ALIKE * len(bag | bags[other]) and _same_subject(items[index], items[other]):
                one, two = split_name(items[index].split), split_name(items[other].split)
                if one == two and items[index].question.split() == items[other].question.split():
                    twice[index] = None
                elif one != two and HELD_OUT in (one, two):
                    leaks[index if one == HELD_OUT else other] = None
        for word in few:
            by_word.setdefault(word, []).append(index)
    others = {
        document for item in items if split_name(item.split) not in (HELD_OUT, None) for document in item.documents
    }
    shared = [item.id for item in items if split_name(item.split) == HELD_OUT and others & set(item.documents)]
    return (
        {
            "duplicate_question": [items[index].id for index in twice],
            "leak_between_splits": [items[index].id for index in leaks],
            "shared_documents": [] if _graded(items[0]) else shared,
        }
        if items
        else {}
    )


def _same_subject(one: Item, other: Item) -> bool:
    """Two questions that differ in a number or are asked of different documents are not the same."""
    figures = [sorted(word for word in words(item.question) if word[0].isdigit()) for item in (one, other)]
    return figures[0] == figures[1] and (
        not one.documents or not other.documents or bool({*one.documents} & {*other.documents})
    )


def _in_corpus(items: Iterable[Item], corpus: Corpus) -> dict[str, list[str]]:
    absent, lost = dict[str, None](), dict[str, None]()
    for item in items:
        if item.unanswerable:
            continue
        for place in (*item.evidence, *(Evidence(document=document) for document in item.documents)):
            try:
                text = corpus.text(place.document)
            except UnknownDocument:
                absent[f"{item.id} ({place.document})"] = None
                continue
            if place.text and find(place, text) is None:
                lost[item.id] = None
    return {"gold_not_in_collection": list(absent), "gold_text_not_found": list(lost)}


def _closed_book(scores: Iterable[Score]) -> dict[str, float] | None:
    of = [
        each for each in scores if each.rung == "closed_book" and not each.unanswerable and each.outcome != "unscored"
    ]
    correct = sum(each.outcome == "correct" for each in of)
    return {"correct": correct, "answerable": len(of), "share": round(correct / len(of), 6)} if of else None


def where_in_words(where: Sequence[str]) -> str:
    """The first few places, and how many more there are."""
    more = f" and {len(where) - SHOWN:,} more" if len(where) > SHOWN else ""
    return ", ".join(where[:SHOWN]) + more
