"""records.jsonl -> scores.jsonl: judge every answer. Calls no model; the same records give the same bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal

from core.errors import UsageError
from evaluation.dataset import Dataset, Item, load_dataset
from evaluation.manifest import read_manifest
from evaluation.records import Record, read_records, to_line, whole_lines
from evaluation.run import QUESTIONS, RECORDS
from evaluation.scorers.abstention import says_it_does_not_know
from evaluation.scorers.answers import judge
from evaluation.scorers.citations import citation_precision, citation_recall
from evaluation.scorers.retrieval import retrieval_measures
from evaluation.scorers.text import exact_match, token_f1

SCORES = "scores.jsonl"
OutcomeName = Literal["correct", "wrong", "abstained", "unscored"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How one record came out. `how` says by which rule; `abstained` holds for right refusals too.

    `outcome`: an unanswerable question is answered correctly by refusing it. "unscored": the call failed, or the
    dataset has no reference to judge by. Measures are None where they do not apply.
    """

    question_id: str
    rung: str
    replicate: int
    outcome: OutcomeName
    abstained: bool
    how: str
    unanswerable: bool
    cluster: str
    error: bool = False
    exact_match: bool | None = None
    token_f1: float | None = None
    answer_words: int | None = None
    citation_precision: float | None = None
    citation_recall: float | None = None
    retrieval: dict[str, float] | None = None
    gold_not_found: int = 0
    cost_usd: Decimal | None = None
    latency_ms: float | None = None


def score_folder(folder: Path) -> list[Score]:
    """Judge the records of a run and write scores.jsonl beside them, in the order of the dataset and its rungs.

    Raises:
        UsageError: the folder holds no run, or its questions are not those that were asked.
    """
    manifest = read_manifest(folder)
    dataset = load_dataset(folder / QUESTIONS)
    if dataset.sha256 != manifest["dataset"]["sha256"]:
        raise UsageError(f"{folder / QUESTIONS} is not the file that was asked: its hash differs from the manifest.")
    scores = score(dataset, read_records(folder / RECORDS).values(), rungs=manifest["rungs"])
    partial = folder / (SCORES + ".partial")
    partial.write_text("".join(map(to_line, scores)), encoding="utf-8", errors="surrogatepass")
    partial.replace(folder / SCORES)
    return scores


def score(dataset: Dataset, records: Iterable[Record], *, rungs: list[str]) -> list[Score]:
    """One score a record, in the order of the dataset and of `rungs`; records of other rungs are left out."""
    order = {item.id: position for position, item in enumerate(dataset.items)}
    items = {item.id: item for item in dataset.items}
    asked = [record for record in records if record.question_id in items and record.rung in rungs]
    asked.sort(key=lambda record: (order[record.question_id], rungs.index(record.rung), record.replicate))
    retrieval = {rung: _retrieval(rung, asked, items) for rung in rungs}
    return [
        _score(record, items[record.question_id], retrieval[record.rung].get(record.question_id)) for record in asked
    ]


def read_scores(folder: Path) -> list[Score]:
    """The scores of a run.

    Raises:
        UsageError: it was not scored yet, or the file is damaged.
    """
    path = folder / SCORES
    try:
        rows = [json.loads(line) for _, line in whole_lines(path)]
        scores = [Score(**{**row, "cost_usd": _decimal(row["cost_usd"])}) for row in rows]
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} cannot be read: score the run again.") from error
    if not scores:
        raise UsageError(f"{folder} holds no scores: score the run first.")
    return scores


def _score(record: Record, item: Item, retrieval: dict[str, float] | None) -> Score:
    outcome, abstained, how = _outcome(record, item)
    answered = record.status == "answered" and not abstained
    cited = [citation["document"] for citation in record.citations] if answered else []
    judged = answered and bool(item.answers)
    return Score(
        question_id=item.id,
        rung=record.rung,
        replicate=record.replicate,
        outcome=outcome,
        abstained=abstained,
        how=how,
        unanswerable=item.unanswerable,
        cluster=item.cluster_name,
        error=record.status == "error",
        exact_match=exact_match(record.answer, item.answers) if judged else None,
        token_f1=round(token_f1(record.answer, item.answers), 6) if judged else None,
        answer_words=len(record.answer.split()) if answered else None,
        citation_precision=citation_precision(cited, item.documents),
        citation_recall=citation_recall(cited, item.documents) if cited else None,
        retrieval=retrieval,
        gold_not_found=record.gold.get("not_found", 0),
        cost_usd=record.cost_usd,
        latency_ms=record.latency_ms,
    )


def _outcome(record: Record, item: Item) -> tuple[OutcomeName, bool, str]:
    """(outcome, abstained, how)."""
    if record.status == "error":
        return "unscored", False, record.error
    refused = record.status == "refused"
    if refused or says_it_does_not_know(record.answer):
        how = record.reason if refused else "says that it does not know"
        return ("correct" if item.unanswerable else "abstained"), True, how
    if item.unanswerable:
        return "wrong", False, "answers a question that the documents do not answer"
    judgement = judge(record.answer, item)
    if judgement is None:
        return "unscored", False, "the dataset holds no accepted answer"
    return ("correct" if judgement.correct else "wrong"), False, judgement.how


def _retrieval(rung: str, records: list[Record], items: dict[str, Item]) -> dict[str, dict[str, float]]:
    """Measures by question, of a rung that searches; unanswerable questions and those without gold never enter."""
    ranked = {record.question_id: record.retrieved for record in records if record.rung == rung}
    searched = {question: documents for question, documents in ranked.items() if documents is not None}
    gold = {question: items[question].documents for question in searched if not items[question].unanswerable}
    measured = retrieval_measures(searched, gold)
    return {
        question: {name: round(value, 6) for name, value in values.items()} for question, values in measured.items()
    }


def _decimal(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)
