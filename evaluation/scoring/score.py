"""records.jsonl -> scores.jsonl: judge every answer. Calls no model; the same records give the same bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Literal

from core.errors import UsageError
from core.files import write_whole
from evaluation.dataset import Dataset, Item, load_dataset
from evaluation.run.ledger import RECORDS
from evaluation.run.manifest import read_manifest
from evaluation.run.records import Record, read_records, to_line, whole_lines
from evaluation.run.run import QUESTIONS
from evaluation.scoring.abstention import refusal
from evaluation.scoring.answers import answer_type, judge
from evaluation.scoring.judging.judgements import Verdicts
from evaluation.scoring.lists import overlap
from evaluation.scoring.retrieval import citation_precision, citation_recall, retrieval_measures
from evaluation.scoring.text import exact_match, token_f1
from evaluation.scoring.yes_no import affirmation

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
    rule_in_doubt: bool = False
    """The rule may err on this answer: what it found is denied, hedged, paraphrased, or close to a variant."""
    judge: OutcomeName | None = None
    """What the model judge says, where one was asked."""
    list_precision: float | None = None
    list_recall: float | None = None
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
    judge = manifest.get("judge")
    verdicts = Verdicts(folder, judge["model"]) if judge else None
    scores = score(dataset, read_records(folder / RECORDS).values(), rungs=manifest["rungs"], verdicts=verdicts)
    write_whole(folder / SCORES, "".join(map(to_line, scores)), errors="surrogatepass")
    return scores


def score(
    dataset: Dataset, records: Iterable[Record], *, rungs: list[str], verdicts: Verdicts | None = None
) -> list[Score]:
    """One score a record, in the order of the dataset and of `rungs`; records of other rungs are left out.

    `verdicts`: what a model judge has said, which stands beside what the rules say.
    """
    order = {item.id: position for position, item in enumerate(dataset.items)}
    items = {item.id: item for item in dataset.items}
    asked = [record for record in records if record.question_id in items and record.rung in rungs]
    asked.sort(key=lambda record: (order[record.question_id], rungs.index(record.rung), record.replicate))
    retrieval = {rung: _retrieval(rung, asked, items) for rung in rungs}
    scores = [
        _score(record, items[record.question_id], retrieval[record.rung].get(record.question_id)) for record in asked
    ]
    if verdicts is None:
        return scores
    said = [verdicts.of(record, items[record.question_id]) for record in asked]
    return [replace(scored, judge=verdict) for scored, verdict in zip(scores, said, strict=True)]


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
    outcome, abstained, how, in_doubt = _outcome(record, item)
    answered = record.status == "answered" and not abstained
    cited = [citation["document"] for citation in record.citations] if answered else []
    judged = answered and bool(item.answers)
    listed = overlap(record.answer, item) if judged and answer_type(item) == "list" else None
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
        rule_in_doubt=in_doubt,
        list_precision=round(listed.precision, 6) if listed else None,
        list_recall=round(listed.recall, 6) if listed else None,
        answer_words=len(record.answer.split()) if answered else None,
        citation_precision=citation_precision(cited, item.documents),
        citation_recall=citation_recall(cited, item.documents) if cited else None,
        retrieval=retrieval,
        gold_not_found=record.gold.get("not_found", 0),
        cost_usd=record.at_most_usd if record.cost_usd is None else record.cost_usd,
        latency_ms=record.latency_ms,
    )


def _outcome(record: Record, item: Item) -> tuple[OutcomeName, bool, str, bool]:
    """(outcome, abstained, how, whether the rule may err)."""
    if record.status == "error":
        return "unscored", False, record.error, False
    if record.status == "refused":
        return ("correct" if item.unanswerable else "abstained"), True, record.reason, False
    judgement = judge(record.answer, item)
    said = refusal(record.answer)
    if said and not _is_the_answer(record.answer, item, said):
        weak = said == "weak"
        return ("correct" if item.unanswerable else "abstained"), True, "says that it does not know", weak
    if item.unanswerable:
        return "wrong", False, "answers a question that the documents do not answer", False
    if judgement is None:
        return "unscored", False, "the dataset holds no accepted answer", False
    return ("correct" if judgement.correct else "wrong"), False, judgement.how, judgement.in_doubt


def _is_the_answer(answer: str, item: Item, said: str) -> bool:
    """Whether words that sound like a refusal are what was asked for: "none", or that a text does not say something."""
    if exact_match(answer, item.answers) and item.answers:
        return True
    yes_or_no = answer_type(item) == "boolean" if item.answers else False
    if said == "strong":
        return yes_or_no and affirmation(answer) is not None
    judgement = judge(answer, item)
    return judgement is not None and (judgement.correct or yes_or_no)


def _retrieval(rung: str, records: list[Record], items: dict[str, Item]) -> dict[str, dict[str, float]]:
    """Measures by question, of a rung that searches; unanswerable questions and those without gold never enter."""
    ranked = {record.question_id: record.retrieved for record in records if record.rung == rung}
    searched = {question: documents for question, documents in ranked.items() if documents is not None}
    gold = {question: _gold(items[question]) for question in searched if not items[question].unanswerable}
    measured = retrieval_measures(searched, gold)
    return {
        question: {name: round(value, 6) for name, value in values.items()} for question, values in measured.items()
    }


def _gold(item: Item) -> Sequence[str] | dict[str, int]:
    """The gold documents, by their grade where the dataset has `grades`."""
    grades = (item.model_extra or {}).get("grades")
    return dict(grades) if isinstance(grades, dict) and grades else item.documents


def _decimal(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)
