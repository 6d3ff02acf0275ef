"""Every rung of the ladder, on a small collection and a model that knows part of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from core.access import OWNER
from core.errors import UsageError
from core.settings.sections import ModelSettings, Price
from evaluation.dataset import Item, load_dataset
from evaluation.evaluate import evaluate
from evaluation.gold import gold_of
from evaluation.run.contexts import RANKED_CHUNKS, Asked, Context
from evaluation.run.records import Record, read_records
from evaluation.run.run import run
from evaluation.run.rungs import ALL, RUNGS, Subject, choose_rungs, runnable
from evaluation.run.subject import library_of
from indexes.rerankers.keep_order import KeepOrder
from service.answering.answer import Question, answer, answer_from
from tests.evaluation.small_world import build, opened, with_model, with_values

COUNT, KNOWN, WRONG = 24, 18, 0


class Backwards(KeepOrder):
    """A reranker that turns the order round."""

    candidates = 10

    def scores(self, question, passages):
        return [float(place) for place, _ in enumerate(passages)]


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    settings = build(tmp_path_factory.mktemp("ladder"), COUNT, known=KNOWN, wrong=WRONG)
    best = ModelSettings(kind="scripted", replies=('{"quotes": [], "answer": "150 francs"}',), price=FREE)
    settings = settings.model_copy(update={"models": settings.models | {"best": best}})
    with opened(with_values(with_model(settings, price=FREE), best_model="best")) as found:
        indexes = replace(found.indexes, reranker=Backwards())
        yield replace(found, indexes=indexes)


FREE = Price(input=Decimal(0), output=Decimal(0))


def items(subject: Subject) -> tuple[Item, ...]:
    return load_dataset(subject.settings.data.parent / "questions.jsonl").items


def asked(subject: Subject, number: int = 0) -> Asked:
    library, item = library_of(subject), items(subject)[number]
    return Asked(item, gold_of(item, library.corpus, limit=8), library)


def context(subject: Subject, rung: str, number: int = 0) -> Context:
    return RUNGS[rung].context(asked(subject, number))


@pytest.fixture(scope="module")
def ladder(subject: Subject, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Record]:
    """What every rung recorded."""
    folder = tmp_path_factory.mktemp("run")
    dataset = load_dataset(subject.settings.data.parent / "questions.jsonl")
    rungs, skipped = runnable([ALL], subject)
    assert skipped == {}
    run(dataset, rungs=rungs, subject=subject, folder=folder, budget_usd=Decimal(1))
    return {key[:2]: record for key, record in read_records(folder / "records.jsonl").items()}


def answered(ladder: dict[tuple[str, str], Record], rung: str) -> int:
    return sum(record.status == "answered" for (_, name), record in ladder.items() if name == rung)


def test_every_rung_leaves_a_record_of_every_question(ladder: dict[tuple[str, str], Record]) -> None:
    assert {rung for _, rung in ladder} == set(RUNGS)
    assert len(ladder) == COUNT * len(RUNGS)
    assert "error" not in {record.status for record in ladder.values()}


def test_plain_prompting_answers_what_the_model_knows_by_heart(ladder: dict[tuple[str, str], Record]) -> None:
    assert answered(ladder, "closed_book") == KNOWN + WRONG
    assert ladder["q0", "closed_book"].answer == "140 francs"
    assert ladder["q0", "closed_book_best"].answer == "150 francs"
    assert answered(ladder, "oracle") == answered(ladder, "long_context") == COUNT


def test_a_record_says_what_was_searched_and_whether_the_model_saw_gold(
    ladder: dict[tuple[str, str], Record],
) -> None:
    rag, oracle, plain = ladder["q3", "rag"], ladder["q3", "oracle"], ladder["q3", "closed_book"]
    assert rag.retrieved_chunks is not None
    assert rag.gold["chunk_ids"][0] in rag.retrieved_chunks
    assert (oracle.gold_in_context, oracle.retrieved_chunks, plain.gold_in_context) == (True, None, None)
    assert rag.gold["not_indexed"] == []
    assert (ladder["q3", "random_context"].gold_in_context, ladder["q3", "oracle_absent"].gold_in_context) == (
        False,
        False,
    )
    assert ladder["q3", "long_context"].truncated_share == 0
    assert rag.timings_ms["total"] == rag.latency_ms


def test_the_controls_withhold_the_answer(ladder: dict[tuple[str, str], Record]) -> None:
    assert answered(ladder, "oracle_absent") == answered(ladder, "random_context") == 0
    shown = [len(ladder["q5", rung].passages) for rung in ("rag", "random_context")]
    assert shown[0] == shown[1]


def test_rag_answers_as_the_service_does(subject: Subject) -> None:
    served = replace(subject.indexes, reranker=KeepOrder())
    for number in range(5):
        question = Question(text=items(subject)[number].question)
        settings = subject.settings.answering
        expected = answer(question, access=OWNER, indexes=served, model=subject.model, settings=settings)
        found = context(subject, "rag", number)
        got = answer_from(question, found.hits, model=subject.model, index_version=served.version, settings=settings)
        assert replace(got, timings_ms={}) == replace(expected, timings_ms={})


def test_a_leg_of_search_ranks_alone(subject: Subject) -> None:
    words, meaning = context(subject, "rag_bm25"), context(subject, "rag_dense")
    assert words.ranked is not None
    assert meaning.ranked is not None
    assert all(hit.keyword for hit in words.ranked)
    scores = [hit.keyword or 0 for hit in words.ranked]
    assert scores == sorted(scores, reverse=True)
    cosines = [hit.dense or 0 for hit in meaning.ranked]
    assert cosines == sorted(cosines, reverse=True)
    assert len(meaning.ranked) <= RANKED_CHUNKS


def test_only_the_reranked_rung_has_a_second_look(subject: Subject) -> None:
    plain, second = context(subject, "rag"), context(subject, "rag_rerank")
    assert [hit.chunk_id for hit in second.hits] == [hit.chunk_id for hit in reversed(plain.hits)]


def test_a_collection_too_long_for_the_window_is_read_most_likely_document_first(subject: Subject) -> None:
    whole = asked(subject, 7)
    sizes = whole.library.documents
    narrow = replace(whole, library=replace(whole.library, room=3 * max(sizes.values())))
    found = RUNGS["long_context"].context(narrow)
    assert {hit.document for hit in found.hits} >= {"tariff-7.md"}
    assert sum(sizes[document] for document in {hit.document for hit in found.hits}) <= narrow.library.room
    assert found.truncated_share == pytest.approx(1 - len(found.hits) / COUNT, abs=0.02)
    assert [hit.document for hit in found.hits] == sorted(hit.document for hit in found.hits)
    assert RUNGS["long_context"].context(narrow).hits == found.hits


def test_random_passages_are_drawn_by_the_seed_and_never_gold(subject: Subject) -> None:
    first = [hit.chunk_id for hit in context(subject, "random_context", 2).hits]
    assert first == [hit.chunk_id for hit in context(subject, "random_context", 2).hits]
    other = asked(subject, 2)
    reseeded = replace(other, library=replace(other.library, seed=99))
    assert first != [hit.chunk_id for hit in RUNGS["random_context"].context(reseeded).hits]
    assert not {hit.chunk_id for hit in other.gold.passages} & set(first)


def test_a_rung_that_cannot_be_run_is_left_out_unless_it_is_named(subject: Subject) -> None:
    bare = replace(subject, best=None, indexes=replace(subject.indexes, reranker=KeepOrder()))
    rungs, skipped = runnable([ALL], bare)
    assert set(skipped) == {"closed_book_best", "rag_rerank"}
    assert len(rungs) == len(RUNGS) - 2
    with pytest.raises(UsageError, match="rag_rerank cannot be run: no reranker is set"):
        runnable(["rag_rerank"], bare)
    assert [rung.name for rung in choose_rungs()] == [
        "closed_book",
        "closed_book_best",
        "manual",
        "rag",
        "rag_rerank",
        "oracle",
    ]


@pytest.mark.parametrize(("usd_per_million", "decision"), [("1", "climb"), ("3000", "stay"), ("20000", "stop")])
def test_the_verdict_changes_with_the_prices(
    subject: Subject, tmp_path: Path, usd_per_million: str, decision: str
) -> None:
    model = replace(subject.model, price=Price(input=Decimal(usd_per_million), output=Decimal(0)))
    questions = subject.settings.data.parent / "questions.jsonl"
    priced, names, cap = replace(subject, model=model), ("closed_book", "rag"), Decimal(10**6)
    evaluate(questions, rungs=names, subject=priced, folder=tmp_path, budget_usd=cap)
    results = json.loads((tmp_path / "results.json").read_text())
    assert results["rungs"]["closed_book"]["correct"] == KNOWN
    assert results["verdict"]["decision"] == decision, results["verdict"]["sentence"]
