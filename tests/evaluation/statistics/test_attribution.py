from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from evaluation.dataset import Item
from evaluation.run.records import Record
from evaluation.scoring.score import Score
from evaluation.statistics.attribution import CAUSES, attribution, cause_of
from evaluation.statistics.headroom import headroom
from tests.evaluation.made_up import record, scores

ITEM = Item(id="q0", question="What is the fee?", answers=("40 francs",), documents=("fees.md",))
GOLD = {"chunk_ids": ["gold-1", "gold-2"], "evidence": 1, "not_found": 0, "not_indexed": [], "level": "passage"}


def passages(*chunks: str) -> tuple[dict[str, Any], ...]:
    return tuple({"chunk_id": chunk, "document": "fees.md", "page": 1} for chunk in chunks)


def asked(**fields: Any) -> Record:
    given = {"gold": GOLD, "retrieved": ("fees.md",), "retrieved_chunks": ("a", "gold-2"), "passages": passages("a")}
    return record("q0", "rag", "wrong", **(given | fields))


SCORE = scores("rag", ["wrong"])[0]


@pytest.mark.parametrize(
    ("fields", "cause"),
    [
        ({"gold": GOLD | {"not_indexed": ["fees.md"], "chunk_ids": [], "not_found": 1}}, "not_in_corpus"),
        ({"gold": GOLD | {"not_found": 1}}, "not_indexed"),
        ({"gold": GOLD | {"chunk_ids": []}}, "not_indexed"),
        ({"retrieved_chunks": ("a", "b")}, "not_retrieved"),
        ({}, "not_packed"),
        ({"passages": passages("a", "gold-1")}, "not_used"),
        # records of earlier versions: documents alone say what was found
        ({"retrieved_chunks": None, "retrieved": ("other.md",)}, "not_retrieved"),
        ({"retrieved_chunks": None}, "not_packed"),
        ({"gold": {}, "retrieved_chunks": None, "retrieved": ("fees.md",), "passages": ()}, "not_packed"),
        ({"gold": {}, "retrieved_chunks": None, "passages": passages("a")}, "not_used"),
    ],
)
def test_a_wrong_answer_is_put_down_to_the_first_step_that_lost_the_evidence(
    fields: dict[str, Any], cause: str
) -> None:
    assert cause_of(ITEM, SCORE, asked(**fields)) == cause


def test_a_rule_that_doubts_itself_or_that_the_judge_overrules_is_the_cause_before_any_other() -> None:
    for score in (dataclasses.replace(SCORE, rule_in_doubt=True), dataclasses.replace(SCORE, judge="correct")):
        assert cause_of(ITEM, score, asked(retrieved_chunks=())) == "grader_in_doubt"
    assert cause_of(ITEM, dataclasses.replace(SCORE, judge="wrong"), asked()) == "not_packed"


def test_what_cannot_be_answered_or_has_no_evidence_is_not_put_down_to_search() -> None:
    unanswerable = ITEM.model_copy(update={"unanswerable": True, "documents": ()})
    assert cause_of(unanswerable, SCORE, asked()) == "not_answerable"
    assert cause_of(ITEM.model_copy(update={"documents": ()}), SCORE, asked(gold={})) == "unknown"


def test_every_answer_that_is_not_right_is_counted_once() -> None:
    outcomes = ["correct", "wrong", "abstained", "unscored", "wrong"]
    items = {f"q{number}": ITEM.model_copy(update={"id": f"q{number}"}) for number in range(5)}
    records = {(f"q{number}", "rag", 0): dataclasses.replace(asked(), question_id=f"q{number}") for number in range(5)}
    found = attribution(items, {"rag": scores("rag", outcomes), "oracle": scores("oracle", outcomes)}, records)
    assert list(found) == ["rag"]
    assert found["rag"]["wrong"] == 3 == sum(found["rag"]["causes"].values())
    assert set(found["rag"]["causes"]) == set(CAUSES)
    assert found["rag"]["questions"] == {"not_packed": ["q1", "q2", "q4"]}


def of_worlds(closed: list[str], rag: list[str], oracle: list[str], missed: int) -> Any:
    """Headroom of three rungs; the gold of the last `missed` questions does not reach the prompt of RAG."""
    by_rung: dict[str, list[Score]] = {
        name: scores(name, outcomes) for name, outcomes in (("closed_book", closed), ("rag", rag), ("oracle", oracle))
    }
    records = {
        (f"q{number}", "rag", 0): asked(passages=passages("a" if number >= len(rag) - missed else "gold-1"))
        for number in range(len(rag))
    }
    shares = {
        name: {"accuracy": round(sum(score.outcome == "correct" for score in of) / len(of), 6)}
        for name, of in by_rung.items()
    }
    return headroom(by_rung, records, shares)


def test_what_lies_between_rag_and_perfect_retrieval_is_lost_in_finding_or_in_reading() -> None:
    closed = ["correct"] * 20 + ["wrong"] * 80
    rag = ["wrong"] * 4 + ["correct"] * 56 + ["wrong"] * 40
    oracle = ["correct"] * 90 + ["wrong"] * 10
    found = of_worlds(closed, rag, oracle, missed=25)
    of = found["rungs"]["rag"]
    assert (found["closed_book"], found["rag"], found["oracle"], found["gap"]) == (0.2, 0.56, 0.9, 0.7)
    assert of["recovered"] == found["recovered"] == pytest.approx(0.36 / 0.7, abs=1e-6)
    assert of["recovered_low"] < of["recovered"] < of["recovered_high"]
    assert of["retrieval_loss"] == 0.15
    assert of["retrieval_loss"] + of["reading_loss"] == pytest.approx(0.9 - 0.56)
    assert of["rescue_rate"] == 40 / 80
    assert of["harm_rate"] == 4 / 20


def test_a_share_of_no_way_at_all_is_not_stated() -> None:
    knows = ["correct"] * 30 + ["wrong"] * 2
    found = of_worlds(knows, knows, ["correct"] * 31 + ["wrong"], missed=0)
    assert found["rungs"]["rag"]["recovered"] == 0.0
    assert found["rungs"]["rag"]["recovered_low"] is None
    assert of_worlds(knows, knows, knows, missed=0)["recovered"] is None
