from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.answers import Hit
from core.errors import BudgetReached, UsageError
from core.settings.load import Settings
from core.settings.sections import EmbedderSettings, IngestSettings, ModelSettings, Price
from evaluation.dataset import Dataset, load_dataset
from evaluation.gold import Corpus, find
from evaluation.prepare.export import Exported, Material, export
from evaluation.prepare.starter import write_starter
from evaluation.prepare.synth import Drafted, read_draft, synthesise
from indexes.open import open_indexes
from ingest.pipeline import ingest
from service.answering.models.choose import open_model
from tests.evaluation import made_up

FEES = (
    "The annual fee of the Harbour Club is 40 francs, which members pay by the end of March; guests pay five francs a "
    "day and children under twelve pay nothing at all."
)
CRANE = (
    "The old crane was built by Ida Holm in 1904 and lifts up to three tonnes; it stands on the eastern quay and is "
    "opened to visitors on the first Sunday of each month."
)
DRAFT = {
    "question": "What does a member of the Harbour Club pay each year?",
    "answer": "40 francs",
    "quote": "annual fee of the  Harbour Club is 40 francs",
}
HIT = Hit(chunk_id="fees#0", document="fees.md", score=0.0, text=FEES, start=100, end=100 + len(FEES))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corpus]:
    tmp_path = tmp_path_factory.mktemp("corpus")
    source = tmp_path / "source"
    source.mkdir()
    (source / "fees.md").write_text(f"# Fees\n\n{FEES}\n")
    (source / "crane.md").write_text(f"# Crane\n\n{CRANE}\n")
    with open_indexes(Settings(data=tmp_path / "data", embedder=EmbedderSettings(kind="hashing"))) as indexes:
        ingest(indexes, source, collection="default", settings=IngestSettings())
        yield Corpus(indexes, "default")


def draft(corpus: Corpus, *replies: str, budget: str = "1", kind: Any = "scripted") -> Drafted:
    price = Price(input=Decimal(1), output=Decimal(1))
    settings = Settings(models={"writer": ModelSettings(kind=kind, replies=replies, price=price)})
    model = open_model(settings, "writer", corpus.indexes.embedder)
    return synthesise(corpus, model, count=5, budget_usd=Decimal(budget), seed=7)


def test_a_draft_is_marked_and_anchored_to_the_passage_it_was_drawn_from(corpus: Corpus) -> None:
    drafted = draft(corpus, json.dumps(DRAFT))
    (item,) = drafted.items
    assert (item.source, item.split, item.answers, item.documents) == (
        "synthetic",
        "development",
        ("40 francs",),
        ("fees.md",),
    )
    assert (item.model_extra or {}) == {"verified": False, "model": "writer"}
    text = corpus.text("fees.md")
    (place,) = item.evidence
    assert find(place, text) == (place.start, place.end)
    assert text[place.start : place.end] == "annual fee of the Harbour Club is 40 francs"
    assert drafted.dropped == {"quote not in the passage": 1}
    assert draft(corpus, json.dumps(DRAFT)).items == drafted.items


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"quote": "the fee is 50 francs"}, "quote not in the passage"),
        ({"answer": "50 francs"}, "answer not in the quote"),
        ({"question": "What fee does the passage name?"}, "speaks of the passage"),
        ({"question": ""}, "no question"),
        ({"quote": None}, "no question"),
    ],
)
def test_a_draft_that_does_not_hold_is_thrown_away(change: dict[str, Any], reason: str) -> None:
    assert read_draft(json.dumps(DRAFT | change), HIT, known=[]) == reason


def test_null_prose_and_a_question_asked_already_are_no_drafts() -> None:
    assert read_draft("null", HIT, known=[]) == "no question"
    assert read_draft("Here is a question: what?", HIT, known=[]) == "no question"
    assert read_draft(json.dumps(DRAFT), HIT, known=[DRAFT["question"]]) == "asked already"


def test_drafting_stops_at_the_cap_and_a_quoting_model_is_refused(corpus: Corpus) -> None:
    with pytest.raises(BudgetReached):
        draft(corpus, json.dumps(DRAFT), budget="0.0001")
    with pytest.raises(UsageError, match="only quotes and cannot write questions"):
        draft(corpus, kind="extractive")


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    place = {"document": "fees.md", "text": "annual fee of the Harbour Club is 40 francs"}
    answered = {"answers": ["40 francs"], "documents": ["fees.md"], "evidence": [place]}
    held_out = {"answers": ["Ida Holm"], "documents": ["crane.md"], "split": "held-out"}
    rows: list[dict[str, Any]] = [
        {"id": "fee", "question": "What does membership cost?"} | answered,
        {"id": "moon", "question": "Who owns the moon?", "unanswerable": True},
        {"id": "kept", "question": "Who built the crane?"} | held_out,
    ]
    return made_up.dataset(tmp_path, rows)


def exported(form: str, out: Path, **material: Any) -> tuple[Exported, list[Any]]:
    done = export(form, Material(**material), out)
    return done, [json.loads(line) for line in out.read_text().splitlines()] if out.is_file() else []


def test_chat_examples_are_what_is_asked_and_hold_no_held_out_question(
    corpus: Corpus, dataset: Dataset, tmp_path: Path
) -> None:
    done, rows = exported("chat", tmp_path / "chat.jsonl", dataset=dataset, corpus=corpus)
    assert done == Exported({"chat.jsonl": 2}, {"held out": 1})
    assert [message["role"] for message in rows[0]["messages"]] == ["user", "assistant"]
    reply = json.loads(rows[0]["messages"][1]["content"])
    assert reply == {
        "quotes": [{"passage": 1, "text": "annual fee of the Harbour Club is 40 francs"}],
        "answer": "40 francs",
    }
    assert json.loads(rows[1]["messages"][1]["content"]) == {"quotes": [], "answer": None}
    assert "crane" not in json.dumps(rows).lower()


def test_training_pairs_have_a_gold_passage_and_another(corpus: Corpus, dataset: Dataset, tmp_path: Path) -> None:
    done, rows = exported("pairs", tmp_path / "pairs.jsonl", dataset=dataset, corpus=corpus)
    assert done == Exported({"pairs.jsonl": 1}, {"held out": 1, "no gold passage": 1})
    assert (rows[0]["anchor"], "40 francs" in rows[0]["positive"]) == ("What does membership cost?", True)
    assert "40 francs" not in rows[0]["negative"]


def test_a_run_becomes_trec_files_that_ir_measures_reads(dataset: Dataset, tmp_path: Path) -> None:
    import ir_measures

    record = made_up.record("fee", "rag", "correct", retrieved=("crane.md", "fees.md"))
    done, _ = exported("trec", tmp_path / "trec", dataset=dataset, records={record.key: record})
    assert done.files == {"rag.run": 2, "qrels.txt": 2}
    run = list(ir_measures.read_trec_run(str(tmp_path / "trec" / "rag.run")))
    qrels = list(ir_measures.read_trec_qrels(str(tmp_path / "trec" / "qrels.txt")))
    values = {each.query_id: each.value for each in ir_measures.iter_calc([ir_measures.RR], qrels, run)}
    assert values["fee"] == 0.5


@pytest.mark.parametrize(
    ("form", "sentence"),
    [("raft", "The forms are: chat, pairs, trec"), ("chat", "--collection"), ("trec", "is of a run")],
)
def test_an_export_that_cannot_be_made_says_why(dataset: Dataset, tmp_path: Path, form: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        export(form, Material(dataset=dataset), tmp_path / "out")


def test_starter_files_can_be_used_as_they_are_and_are_not_written_over(tmp_path: Path) -> None:
    questions, settings = write_starter(tmp_path / "new", ["policies/leave.md"])
    assert load_dataset(questions).items[0].documents == ("policies/leave.md",)
    settings.write_text("mine")
    questions.unlink()
    write_starter(tmp_path / "new", [])
    assert settings.read_text() == "mine"
    with pytest.raises(UsageError, match="already"):
        write_starter(tmp_path / "new", [])
