"""The quality benchmark itself: where evidence counts as seen, and a collection in BEIR's form."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from benchmarks import quality
from core.answers import Hit
from core.settings.load import Settings
from core.settings.sections import EmbedderSettings


def hit(text: str) -> Hit:
    return Hit(chunk_id="c", document="d", score=1.0, text=text, start=0, end=len(text))


def test_evidence_is_seen_where_most_of_its_trigrams_stand_in_the_window() -> None:
    ten = "one two three four five six seven eight nine ten"
    assert (
        quality.evidence_seen([ten], [hit("Before. One, two three"), hit("four five six seven eight nine; ten!")])
        == 1.0
    )
    assert quality.evidence_seen([ten], [hit("one two three four five x six seven eight nine ten")]) == 0.0
    assert quality.evidence_seen([ten, "yes"], [hit("yes")]) == 0.5


def test_evidence_behind_the_window_is_not_seen() -> None:
    filler = hit("word " * (quality.WINDOW - 2))
    assert quality.evidence_seen(["red green"], [filler, hit("red green")]) == 1.0
    assert quality.evidence_seen(["red green"], [filler, hit("then red green")]) == 0.0


def test_a_collection_in_the_form_of_beir_is_written_searched_and_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "tiny"
    (folder / "qrels").mkdir(parents=True)
    texts = {"p1": "red apples", "p2": "green pears", "p3": ""}
    corpus = "".join(json.dumps({"_id": name, "title": "", "text": text}) + "\n" for name, text in texts.items())
    (folder / "corpus.jsonl.gz").write_bytes(gzip.compress(corpus.encode()))
    (folder / "queries.jsonl").write_text(json.dumps({"_id": "q1", "text": "green pears"}))
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tp2\t2\n")
    from indexes.open import open_indexes

    settings = Settings(data=tmp_path / "data", embedder=EmbedderSettings(kind="hashing"))
    with open_indexes(settings) as indexes:
        questions = quality._beir(indexes, folder, settings)
        assert quality._beir(indexes, folder, settings) == questions
        quality.report(indexes, "tiny", questions, settings)
    rows = capsys.readouterr().out.splitlines()
    assert [row.split(" | ")[1] for row in rows] == ["dense", "keyword", "fused"]
    assert rows[2].startswith("| tiny (1) | fused | 1.000 (1.000-1.000) | 1.000")
