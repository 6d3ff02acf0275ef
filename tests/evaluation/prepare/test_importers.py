from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from core.errors import DatasetError, UsageError
from evaluation.dataset import Item, load_dataset
from evaluation.gold import find
from evaluation.prepare.importers.choose import IMPORTERS, read
from evaluation.prepare.importers.rows import Options
from evaluation.prepare.importers.write import write_documents, write_questions

ARTICLE = {
    "title": "Harbour",
    "paragraphs": [
        {"context": "The harbour was dug in 1890. It is 12.5 m deep.", "qas": []},
        {
            "context": "The crane came later. Ida Holm built it in 1904!  It stands.",
            "qas": [
                {
                    "id": "s1",
                    "question": "Who built the crane?",
                    "answers": [{"text": "Ida Holm", "answer_start": 22}, {"text": "Holm", "answer_start": 26}],
                    "note": "kept",
                },
                {
                    "id": "s2",
                    "question": "Who sold the crane?",
                    "is_impossible": True,
                    "answers": [],
                    "plausible_answers": [{"text": "Ida Holm", "answer_start": 22}],
                },
            ],
        },
    ],
}


USER = {"role": "user", "content": "How deep?"}
NO_PARAGRAPHS = {"data": [{"title": "t", "paragraphs": [{"qas": []}]}]}


def write(path: Path, rows: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(rows, str):
        path.write_text(rows, encoding="utf-8")
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        path.write_text(json.dumps(rows))
    return path


def beir(folder: Path) -> Path:
    write(
        folder / "queries.jsonl",
        [{"_id": "1", "text": "old cranes", "metadata": {"by": "x"}}, {"_id": "2", "text": "q"}],
    )
    write(folder / "corpus.jsonl", [{"_id": "d1", "title": "Cranes", "text": "Old."}, {"_id": "d2", "text": "New."}])
    write(folder / "qrels" / "test.tsv", "query-id\tcorpus-id\tscore\n1\td2\t1\n1\td1\t2\n1\td9\t0\n")
    write(folder / "qrels" / "dev.tsv", "query-id\tcorpus-id\tscore\n2\td2\t1\n")
    return folder


def test_squad_gives_the_sentence_of_the_answer_as_a_place_in_the_article(tmp_path: Path) -> None:
    (answerable, impossible), documents = read(write(tmp_path / "s.json", {"data": [ARTICLE]}), "squad")
    assert answerable.answers == ("Ida Holm", "Holm")
    assert answerable.model_extra == {"note": "kept", "asked_about": "Harbour.txt"}
    (place,) = answerable.evidence
    assert place.text == "Ida Holm built it in 1904!"
    assert documents["Harbour.txt"][place.start : place.end] == place.text
    assert find(place, documents["Harbour.txt"]) == (place.start, place.end)
    assert (impossible.unanswerable, impossible.answers, impossible.evidence) == (True, (), ())
    assert (impossible.model_extra or {})["plausible_answers"]


def test_beir_gives_graded_documents_and_the_split_of_their_file(tmp_path: Path) -> None:
    items, documents = read(beir(tmp_path), "beir")
    assert [(item.id, item.split) for item in items] == [("2", "development"), ("1", "test")]
    assert items[1].documents == ("d1.txt", "d2.txt")
    assert (items[1].model_extra or {})["grades"] == {"d2.txt": 1, "d1.txt": 2, "d9.txt": 0}
    assert documents == {"d1.txt": "Cranes\n\nOld.", "d2.txt": "New."}
    (only,), _ = read(tmp_path, "beir", Options(split="test"))
    assert only.id == "1"


@pytest.mark.parametrize(
    "topics",
    [
        "<top>\n<num> Number: 7\n<title> Topic: old\ncranes\n<desc> Description:\nFind &amp; rank.\n</top>\n",
        '<topics><topic number="7"><query>old cranes</query><description>x</description></topic></topics>',
        "7\told cranes\n8\tnever judged\n",
    ],
)
def test_trec_topics_of_each_kind_meet_their_qrels(tmp_path: Path, topics: str) -> None:
    write(tmp_path / "topics.txt", topics)
    write(tmp_path / "qrels.txt", "7 0 FT-1 1\n7 0 FT-2 0\n9 0 FT-3 1\n")
    (item,), documents = read(tmp_path, "trec")
    assert (item.id, item.question, item.documents, documents) == ("7", "old cranes", ("FT-1",), {})


@pytest.mark.parametrize(
    "row",
    [
        {
            "user_input": "How deep?",
            "reference": "12.5 m",
            "reference_contexts": ["It is 12.5 m deep."],
            "response": "9",
        },
        {"question": "How deep?", "ground_truth": "12.5 m", "contexts": ["found"], "answer": "9"},
        {"question": "How deep?", "ground_truths": ["12.5 m"], "contexts": ["found"]},
    ],
)
def test_ragas_old_and_new(tmp_path: Path, row: dict[str, Any]) -> None:
    (item,), documents = read(write(tmp_path / "r.jsonl", [row]), "ragas")
    assert (item.id, item.question, item.answers) == ("r-1", "How deep?", ("12.5 m",))
    assert list(documents.values()) == row.get("reference_contexts", [])
    assert item.documents == tuple(documents)
    kept = set(item.model_extra or {})
    assert kept == set(row) & {"response", "contexts", "answer"}


def test_ragas_as_pandas_writes_columns(tmp_path: Path) -> None:
    columns = {"user_input": {"0": "a?", "1": "b?"}, "reference": {"0": "x", "1": "y"}}
    items, _ = read(write(tmp_path / "r.json", columns), "ragas")
    assert [item.question for item in items] == ["a?", "b?"]


def test_financebench_counts_pages_from_one_and_takes_the_filing_for_the_cluster(tmp_path: Path) -> None:
    row = {
        "financebench_id": "fb_1",
        "doc_name": "ACME_2022_10K",
        "question": "Revenue?",
        "answer": "$5.00",
        "question_type": "metrics",
        "evidence": [{"evidence_text": "Revenue 5", "evidence_page_num": 41}],
    }
    (item,), _ = read(write(tmp_path / "f.jsonl", [row]), "financebench")
    assert (item.evidence[0].document, item.evidence[0].page, item.cluster) == (
        "ACME_2022_10K.pdf",
        42,
        "ACME_2022_10K.pdf",
    )
    assert (item.model_extra or {})["question_type"] == "metrics"


@pytest.mark.parametrize(
    ("row", "answers"),
    [
        ({"inputs": {"question": "How deep?"}, "expectations": {"expected_response": "12.5 m"}}, ("12.5 m",)),
        ({"inputs": {"messages": [USER]}, "expectations": {"expected_facts": ["a", "b"]}}, ("a b",)),
        ({"request": "How deep?", "expected_response": "12.5 m"}, ("12.5 m",)),
        ({"inputs": '{"query": "How deep?"}', "expectations": '{"expected_response": "12.5 m"}'}, ("12.5 m",)),
    ],
)  # fmt: skip
def test_mlflow_of_both_versions(tmp_path: Path, row: dict[str, Any], answers: tuple[str, ...]) -> None:
    (item,), _ = read(write(tmp_path / "m.jsonl", [row]), "mlflow")
    assert (item.question, item.answers) == ("How deep?", answers)


def test_autorag_gold_is_a_place_in_the_file_or_a_document_of_its_own(tmp_path: Path) -> None:
    write(
        tmp_path / "corpus.jsonl",
        [
            {
                "doc_id": "a",
                "contents": "It is deep.",
                "metadata": {"path": "/x/harbour.pdf", "start_end_idx": [5, 15]},
            },
            {"doc_id": "b", "contents": "Alone.", "metadata": {}},
        ],
    )
    row = {"qid": "q1", "query": "How deep?", "retrieval_gt": [["a"], ["b"]], "generation_gt": ["12.5 m", "12.5"]}
    write(tmp_path / "qa.jsonl", [row])
    (item,), documents = read(tmp_path, "autorag")
    assert item.documents == ("harbour.pdf", "b.txt")
    assert (item.evidence[0].start, item.evidence[0].end) == (5, 16)
    assert documents == {"b.txt": "Alone."}
    assert (item.model_extra or {})["retrieval_gt"] == [["a"], ["b"]]
    write(tmp_path / "qa.jsonl", [row | {"retrieval_gt": [["c"]]}])
    with pytest.raises(DatasetError, match=r"gold passage 'c', which corpus\.jsonl lacks"):
        read(tmp_path, "autorag")


def test_csv_takes_a_column_map_and_lists_in_cells(tmp_path: Path) -> None:
    path = write(
        tmp_path / "t.csv",
        'prompt,gold,file,topic\nHow deep?,12.5 m|12.5 metres,h.md,sea\n"Who, when?","[""Ida"", ""1904""]",h.md,\n',
    )
    options = Options(columns={"question": "prompt", "answers": "gold", "documents": "file"}, split="test")
    items, _ = read(path, "csv", options)
    assert [item.answers for item in items] == [("12.5 m", "12.5 metres"), ("Ida", "1904")]
    assert (items[0].id, items[0].split, items[0].model_extra) == ("t-1", "test", {"topic": "sea"})


@pytest.mark.parametrize(
    ("kind", "name", "content", "sentence"),
    [
        ("guess", "x.csv", "a\n1\n", "The forms are: autorag, beir, csv, financebench, mlflow, ragas, squad, trec."),
        ("csv", "x.csv", "prompt\nhm\n", "x.csv row 1 has no 'question', which the CSV form needs. Its columns"),
        ("csv", "x.csv", "question,evidence\nhm,text\n", "row 1 has evidence and no 'documents'"),
        ("csv", "x.csv", "question,unanswerable\nhm,perhaps\n", "expected true or false, found 'perhaps'"),
        ("csv", "x.txt", "hm", "x.txt has a form that is not known"),
        ("csv", "x.csv", "question\n", "x.csv holds no rows"),
        ("ragas", "x.jsonl", [{"reference": "x"}], "x.jsonl line 1 has no 'user_input' or 'question'"),
        ("ragas", "x.jsonl", [{"user_input": ["x"]}], "has a wrong 'user_input': expected text, found a list"),
        ("financebench", "x.jsonl", [{"question": "x"}], "line 1 has no 'doc_name'"),
        ("financebench", "x.jsonl", [{"doc_name": "d", "evidence": "t"}], "wrong 'evidence': expected a list"),
        ("mlflow", "x.jsonl", [{"inputs": {"a": 1}}], "line 1 has no question: expected 'request', or 'inputs'"),
        ("squad", "x.json", {"rows": []}, "has no list 'data'"),
        ("squad", "x.json", NO_PARAGRAPHS, "article 1 is not of the SQuAD form"),
        ("trec", "topics", "1\tq\n", "name the judgements of topics with --qrels FILE"),
        ("beir", "x.json", {}, "is no folder"),
        ("csv", "x.csv", "id,question\na,q\na,q\n", "x.csv row 2 repeats the id 'a' of x.csv row 1"),
        ("squad", "x.json", "{", "x.json is not JSON"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named_with_what_was_expected(
    tmp_path: Path, kind: str, name: str, content: Any, sentence: str
) -> None:
    with pytest.raises(DatasetError) as caught:
        read(write(tmp_path / name, content), kind)
    assert sentence in str(caught.value)


def test_a_column_map_that_names_no_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"has no column 'gold', which --columns names. It has: question\."):
        read(write(tmp_path / "x.csv", "question\nq\n"), "csv", Options(columns={"answers": "gold"}))


def test_parquet_without_pyarrow_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)  # as if it were not installed
    (tmp_path / "qa.parquet").write_bytes(b"PAR1")
    with pytest.raises(DatasetError, match=r"pip install 'touchstone\[parquet\]'"):
        read(tmp_path, "autorag")


def test_parquet_tables_are_read(tmp_path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    qa = pyarrow.table({"qid": ["1"], "query": ["q?"], "retrieval_gt": [[["a"]]], "generation_gt": [["x"]]})
    corpus = pyarrow.table({"doc_id": ["a"], "contents": ["text"]})
    parquet.write_table(qa, tmp_path / "qa.parquet")
    parquet.write_table(corpus, tmp_path / "corpus.parquet")
    (item,), documents = read(tmp_path, "autorag")
    assert (item.answers, documents) == (("x",), {"a.txt": "text"})


def test_what_is_written_is_read_back_the_same(tmp_path: Path) -> None:
    items, _ = read(beir(tmp_path / "in"), "beir")
    write_questions(tmp_path / "q.jsonl", items)
    assert load_dataset(tmp_path / "q.jsonl").items == items
    with pytest.raises(UsageError, match="is there already"):
        write_questions(tmp_path / "q.jsonl", items)


@pytest.mark.parametrize("name", ["../x.txt", "/x.txt", "a/../../x.txt"])
def test_a_document_never_leaves_its_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(DatasetError, match="leads out"):
        write_documents(tmp_path / "docs", {name: "x"})


def test_a_gzipped_file_is_imported_too(tmp_path: Path) -> None:
    path = tmp_path / "s.json.gz"
    path.write_bytes(gzip.compress(json.dumps({"data": [ARTICLE]}).encode()))
    items, _ = read(path, "squad")
    assert len(items) == 2


def test_every_form_has_an_importer() -> None:
    assert set(IMPORTERS) == {"autorag", "beir", "csv", "financebench", "mlflow", "ragas", "squad", "trec"}
    assert Item(id="x", question="q").split is None
