from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import DatasetError, UsageError
from core.settings.load import Settings
from core.settings.sections import EmbedderSettings, IngestSettings
from evaluation.dataset import Item, load_dataset, read_leniently
from evaluation.gold import Corpus
from evaluation.prepare.check import check
from evaluation.run.splits import open_split
from indexes.open import open_indexes
from ingest.pipeline import ingest
from tests.evaluation import made_up


def item(name: str, **fields: Any) -> Item:
    return Item.model_validate(
        {"id": name, "question": f"What is {name}?", "answers": ["40"], "documents": ["a.md"]} | fields
    )


def kinds(*items: Item, **more: Any) -> dict[str, tuple[str, ...]]:
    return {finding.kind: finding.where for finding in check(items, **more).findings if finding.kind != "few_questions"}


@pytest.fixture
def corpus(tmp_path: Path) -> Iterator[Corpus]:
    source = tmp_path / "source"
    source.mkdir()
    (source / "a.md").write_text("# Fees\n\nThe annual fee is 40 francs.\n")
    with open_indexes(Settings(data=tmp_path / "data", embedder=EmbedderSettings(kind="hashing"))) as indexes:
        ingest(indexes, source, collection="default", settings=IngestSettings())
        yield Corpus(indexes, "default")


def test_a_sound_set_has_nothing_wrong_with_it() -> None:
    rows = [item(f"q{number}", documents=[f"{number % 9}.md"]) for number in range(30)]
    found = check(rows)
    assert (found.findings, found.errors) == ((), 0)
    assert found.clusters["count"] == 9


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"answers": []}, "no_reference"),
        ({"documents": []}, "no_gold"),
        ({"evidence": [{"document": "a.md", "text": "The fee is 50 francs."}]}, "answer_not_in_gold"),
        ({"source": "synthetic", "split": "test"}, "synthetic_held_out"),
    ],
)
def test_what_a_question_lacks_is_said(fields: dict[str, Any], kind: str) -> None:
    assert kinds(item("q", **fields)) == {kind: ("q",)}


def test_what_need_not_stand_in_the_evidence_is_not_missed() -> None:
    place = [{"document": "a.md", "text": "The fee is 40 francs and was 30."}]
    assert kinds(item("a", evidence=place)) == {}
    assert kinds(item("b", evidence=place, answers=["Yes"])) == {}
    assert kinds(item("c", evidence=place, answers=["10"], derivation="40 - 30")) == {}


def test_gold_is_looked_for_in_the_collection(corpus: Corpus) -> None:
    there = item("a", evidence=[{"document": "a.md", "text": "annual  fee is\n40"}])
    lost = item("b", evidence=[{"document": "a.md", "text": "The monthly fee is 40"}])
    absent = item("c", documents=["b.md"])
    found = kinds(there, lost, absent, corpus=corpus)
    assert found == {"gold_not_in_collection": ("c (b.md)",), "gold_text_not_found": ("b",)}


def test_questions_of_the_held_out_split_must_not_be_asked_elsewhere() -> None:
    found = kinds(
        item("a", question="How high is the annual fee of the sports club in town?", split="development"),
        item(
            "b",
            question="How high is the annual fee of the sports club in town, please?",
            split="test",
            documents=["b.md"],
        ),
        item("c", question="Who is the chair of the sports club?", split="held-out"),
        item("d", question="How high was the fee of the club in 2019?", split="dev", documents=["d.md"]),
        item("e", question="How high was the fee of the club in 2020?", split="test", documents=["e.md"]),
    )
    assert found == {"shared_documents": ("c",)}
    asked = item("b", question="How high is the annual fee of the sports club in town, please?", split="test")
    again = item("a", question="How high is the annual fee of the sports club in town?", split="development")
    assert kinds(again, asked)["leak_between_splits"] == ("b",)


def test_the_same_question_twice_is_found_and_other_years_are_not_the_same() -> None:
    assert kinds(item("a", question="How high is it?"), item("b", question="How  high is it?")) == {
        "duplicate_question": ("b",)
    }
    assert kinds(item("a", question="How high in 2019?"), item("b", question="How high in 2020?")) == {}


def test_a_large_cluster_few_questions_and_what_is_known_anyway_are_warned_of() -> None:
    rows = [item(f"q{number}", documents=["a.md" if number < 10 else f"{number}.md"]) for number in range(30)]
    scores = made_up.scores("closed_book", ["correct"] * 20 + ["wrong"] * 10)
    found = check(rows, scores=scores)
    assert [finding.kind for finding in found.findings] == ["large_cluster", "known_closed_book"]
    assert found.closed_book == {"correct": 20, "answerable": 30, "share": 0.666667}
    assert [finding.kind for finding in check(rows[10:15]).findings] == ["few_questions"]


def test_reading_leniently_names_every_bad_line(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_bytes(b'{"id": "a", "question": "x"}\n{no\n{"id": "a", "question": "y"}\n{"id": "b"}\n\xff\n')
    items, unreadable, repeated = read_leniently(path)
    assert [each.id for each in items] == ["a"]
    assert [line.split(" ")[1] for line in unreadable] == ["2", "4", "5"]
    assert repeated == ["a (lines 1, 3)"]


def split_set(folder: Path) -> Path:
    rows = [row | {"split": ("test", "dev", "held-out")[number % 3]} for number, row in enumerate(made_up.questions(9))]
    made_up.dataset(folder, rows)
    return folder / "questions.jsonl"


def test_a_split_is_a_dataset_of_its_own(tmp_path: Path) -> None:
    whole = load_dataset(split_set(tmp_path))
    part = whole.select("development")
    assert [each.id for each in part.items] == ["q1", "q4", "q7"]
    (tmp_path / "part.jsonl").write_bytes(part.content)
    assert load_dataset(tmp_path / "part.jsonl").items == part.items
    assert load_dataset(tmp_path / "part.jsonl").sha256 == part.sha256 != whole.sha256
    assert len(whole.select("test").items) == 6
    assert whole.select(None) is whole
    with pytest.raises(DatasetError, match=r"The splits are: development \(3\), test \(6\)"):
        whole.select("train")


def test_opening_the_held_out_split_is_counted_once_a_run(tmp_path: Path) -> None:
    path = split_set(tmp_path)
    whole = load_dataset(path)
    dev, held_out = whole.select("dev"), whole.select("test")
    assert open_split(path, dev, "dev", tmp_path / "r0") == {"name": "development", "openings": None}
    assert open_split(path, held_out, "test", tmp_path / "r1") == {"name": "test", "openings": 1}
    assert open_split(path, held_out, "test", tmp_path / "r1")["openings"] == 1
    assert open_split(path, whole, None, tmp_path / "r2") == {"name": None, "openings": 2}
    assert len((tmp_path / "questions.jsonl.openings.jsonl").read_text().splitlines()) == 2


def test_an_opening_that_cannot_be_counted_is_refused(tmp_path: Path) -> None:
    path = split_set(tmp_path)
    (tmp_path / "questions.jsonl.openings.jsonl").mkdir()
    with pytest.raises(UsageError, match="Openings of held-out questions are counted there"):
        open_split(path, load_dataset(path), None, tmp_path / "r1")
