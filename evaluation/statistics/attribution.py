"""Why a rung that searches was wrong, or refused what it could have answered: the first step that lost the evidence.

Read off records and scores alone, in the order of the line: the document must be there, be indexed, be found, be put
into the prompt, and be made use of. Where the rule that judges is itself in doubt, that comes first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evaluation.dataset import Item
from evaluation.run.records import Key, Record
from evaluation.run.rungs import RUNGS
from evaluation.scoring.score import Score

CAUSES = {
    "not_in_corpus": "not in the documents",
    "not_indexed": "document not indexed",
    "not_retrieved": "passage not found",
    "not_packed": "found, but not put into the prompt",
    "not_used": "in the prompt, but not used",
    "grader_in_doubt": "grader in doubt",
    "not_answerable": "answered, though it cannot be",
    "unknown": "no evidence is known",
}
"""Every cause with its words. The last two are not of the chain: they say why there is nothing to follow."""


def attribution(
    items: Mapping[str, Item], scores: Mapping[str, Sequence[Score]], records: Mapping[Key, Record]
) -> dict[str, Any]:
    """For each rung that searches: how many answers were not right, how many by each cause, and which questions.

    Counts replicates; a question is named once for each cause.
    """
    return {
        rung: _of_rung(items, of, records)
        for rung, of in scores.items()
        if RUNGS[rung].retrieves and RUNGS[rung].role == "rung"
    }


def _of_rung(items: Mapping[str, Item], scores: Sequence[Score], records: Mapping[Key, Record]) -> dict[str, Any]:
    counts = dict.fromkeys(CAUSES, 0)
    questions: dict[str, list[str]] = {}
    for score in scores:
        record = records.get((score.question_id, score.rung, score.replicate))
        if score.outcome not in ("wrong", "abstained") or record is None:
            continue
        cause = cause_of(items[score.question_id], score, record)
        counts[cause] += 1
        named = questions.setdefault(cause, [])
        if score.question_id not in named:
            named.append(score.question_id)
    return {"wrong": sum(counts.values()), "causes": counts, "questions": questions}


def cause_of(item: Item, score: Score, record: Record) -> str:
    """The first step that lost the evidence of an answer that is not right; a key of `CAUSES`."""
    if score.rule_in_doubt or score.judge == "correct":
        return "grader_in_doubt"
    if item.unanswerable:
        return "not_answerable"
    documents = {*item.documents, *(place.document for place in item.evidence)}
    if not documents:
        return "unknown"
    gold = _Gold(documents, record)
    if documents <= set(record.gold.get("not_indexed", ())):
        return "not_in_corpus"
    if gold.chunks == set() or _no_evidence_found(record):
        return "not_indexed"
    if gold.reached_prompt():
        return "not_used"
    return "not_packed" if gold.retrieved() else "not_retrieved"


def _no_evidence_found(record: Record) -> bool:
    """Whether the documents are there and none of the words that hold the answer are in their indexed text."""
    evidence = int(record.gold.get("evidence", 0))
    return evidence > 0 and int(record.gold.get("not_found", 0)) == evidence


class _Gold:
    """The evidence of a question as a record knows it: by passage, or by document in records that name no passage."""

    def __init__(self, documents: set[str], record: Record) -> None:
        known = record.gold.get("chunk_ids")
        self.documents, self.record = documents, record
        self.chunks: set[str] | None = None if known is None else set(known)

    def reached_prompt(self) -> bool:
        """Whether any of it was shown to the model."""
        if self.chunks is None:
            return bool(self.documents & {passage["document"] for passage in self.record.passages})
        return bool(self.chunks & {passage["chunk_id"] for passage in self.record.passages})

    def retrieved(self) -> bool:
        """Whether search ranked any of it."""
        ranked = self.record.retrieved_chunks
        if self.chunks is None or ranked is None:
            return bool(self.documents & set(self.record.retrieved or ()))
        return bool(self.chunks & set(ranked))
