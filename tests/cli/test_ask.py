"""Questions at the command line, and looking at what is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Touchstone, runner

QUESTION = "How many weeks of paid parental leave do parents have?"


def test_an_answer_comes_with_its_quote_and_place(filled: Touchstone) -> None:
    done = filled("ask", QUESTION)
    assert done.code == 0
    assert "“Parents have 16 weeks of paid parental leave.”" in done.out
    assert "policies/leave.md" in done.out
    assert done.out.splitlines()[-1].startswith("extractive · $0 · ")


def test_every_quote_stands_where_it_is_cited(filled: Touchstone) -> None:
    reply = filled("ask", QUESTION, "--json").json
    assert reply["answered"]
    for citation in reply["citations"]:
        text = filled("documents", "show", citation["document"], "--text", "--json").json["text"]
        assert text[citation["start"] : citation["end"]].split() == citation["quote"].split()


def test_a_refusal_is_a_sentence_and_no_failure(filled: Touchstone) -> None:
    done = filled("ask", "zzyzx qwxyz?")
    assert done.code == 0
    assert done.out.startswith("No answer. ")


def test_a_question_can_stay_within_a_document(filled: Touchstone) -> None:
    reply = filled("ask", QUESTION, "--mode", "documents", "--document", "policies/leave.md", "--json").json
    assert {citation["document"] for citation in reply["citations"]} == {"policies/leave.md"}
    assert filled("ask", QUESTION, "--mode", "documents", "-d", "nowhere.md").code == 2
    assert filled("ask", QUESTION, "--mode", "documents").code == 2


def test_search_explains_its_hits_and_says_where_a_document_ended_up(filled: Touchstone) -> None:
    done = filled(
        "search", "parental leave", "--limit", "1", "--explain", "--trace", "policies/leave.md", "--path", "*.md"
    )
    assert "meaning 0." in done.out
    assert "policies/leave.md: number 1 of the hits." in done.out


def test_search_prints_where_each_hit_stands(filled: Touchstone) -> None:
    done = filled("search", "parental leave", "--limit", "1")
    assert "policies/leave.md" in done.out
    assert "Leave › Parental leave" in done.out


def test_documents_are_listed_and_shown(filled: Touchstone) -> None:
    listed = filled("documents", "list", "--json").json
    assert [row["document"] for row in listed["documents"]] == ["policies/leave.md", "shop.txt"]
    assert filled("documents", "show", "shop.txt", "--text").out == "The shop opens at nine in the morning.\n"
    assert "leave.md" in filled("documents", "list").out


def test_documents_that_were_not_read_whole_can_be_listed_with_the_reason(tmp_path: Path) -> None:
    source, touchstone = tmp_path / "mails", runner(tmp_path)
    source.mkdir()
    (source / "whole.txt").write_text("The shop opens at nine.")
    (source / "bare.eml").write_text("From: a@example.com\nTo: b@example.com\nSubject: The lift is out of order\n\n")
    assert touchstone("ingest", source).code == 0
    done = touchstone("documents", "list", "--incomplete")
    assert ("bare.eml" in done.out, "whole.txt" in done.out) == (True, False)
    (row,) = touchstone("documents", "list", "--incomplete", "--json").json["documents"]
    assert row["notes"][0] in done.out


def test_a_name_that_is_nearly_right_is_corrected(filled: Touchstone) -> None:
    done = filled("documents", "show", "shop.tx")
    assert (done.code, "Did you mean 'shop.txt'?" in done.err) == (2, True)


def test_jobs_tell_what_was_ingested(filled: Touchstone) -> None:
    (listed,) = filled("jobs", "list", "--json").json["jobs"]
    assert listed["state"] == "COMPLETED"
    assert filled("jobs", "show", listed["job_id"], "--json").json["indexed"] == 2
    assert filled("jobs", "show", "nothing").code == 2


def test_an_unknown_model_is_said_with_those_there_are(filled: Touchstone) -> None:
    done = filled("ask", QUESTION, "--model", "nobody")
    assert done.code == 2
    assert "'nobody'" in done.err
    assert "extractive" in done.err


@pytest.mark.parametrize("words", [["search", "x"], ["ask", "x"], ["documents", "list"]])
def test_an_unknown_collection_is_said_with_those_there_are(filled: Touchstone, words: list[str]) -> None:
    done = filled(*words, "--collection", "nowhere")
    assert done.code == 2
    assert "default" in done.err


def test_models_are_listed_from_the_settings(filled: Touchstone) -> None:
    variables = {"TOUCHSTONE_MODELS__SMALL__KIND": "scripted", "TOUCHSTONE_MODELS__SMALL__DEFAULT": "true"}
    models = filled("models", "list", "--json", **variables).json["data"]
    assert {model["id"]: (model["kind"], model["default"], model["priced"]) for model in models} == {
        "extractive": ("extractive", False, True),
        "small": ("scripted", True, False),
    }
