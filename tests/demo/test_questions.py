from __future__ import annotations

import re
from collections import Counter

import pytest

from core.documents import page_at
from evaluation.scoring.answers import judge
from tests.demo.corpus import document, of_kind, questions
from tests.demo.words import content_stems

AT_LEAST = {
    "one_fact": 30,
    "table_cell": 18,
    "number_with_unit": 14,
    "date": 12,
    "yes_no": 12,
    "list": 10,
    "two_documents": 10,
    "versions": 8,
    "paraphrase": 10,
    "unanswerable": 28,
}


def places_of(text: str, name: str) -> list[int]:
    pattern = r"\s+".join(re.escape(word) for word in text.split())
    return [match.start() for match in re.finditer(pattern, document(name).text)]


def test_there_are_enough_questions_of_every_kind():
    counts = Counter((item.model_extra or {})["kind"] for item in questions())
    assert sum(counts.values()) >= 140
    assert {kind: n for kind, n in AT_LEAST.items() if counts[kind] < n} == {}
    assert set(counts) == set(AT_LEAST)


def test_no_question_is_asked_twice():
    assert len({item.id for item in questions()}) == len(questions())
    assert len({item.question.lower() for item in questions()}) == len(questions())


@pytest.mark.parametrize("item", [item for item in questions() if not item.unanswerable], ids=lambda item: item.id)
def test_the_evidence_stands_in_its_document_on_its_page(item):
    assert item.answers
    assert list(item.documents) == list(dict.fromkeys(each.document for each in item.evidence))
    for evidence in item.evidence:
        places = places_of(evidence.text, evidence.document)
        assert places, f"{evidence.document} does not hold {evidence.text!r}"
        pages = {page_at(document(evidence.document).pages, place) for place in places}
        assert evidence.page in pages


@pytest.mark.parametrize("item", of_kind("two_documents"), ids=lambda item: item.id)
def test_a_question_on_two_documents_needs_both(item):
    assert len(item.documents) == 2


@pytest.mark.parametrize("item", of_kind("paraphrase"), ids=lambda item: item.id)
def test_a_paraphrase_shares_no_content_word_with_its_evidence(item):
    shared = content_stems(item.question) & set().union(*(content_stems(each.text) for each in item.evidence))
    assert shared == set()


@pytest.mark.parametrize("item", of_kind("unanswerable"), ids=lambda item: item.id)
def test_an_unanswerable_question_names_real_documents_and_no_answer(item):
    assert item.unanswerable
    assert not item.answers
    assert not item.evidence
    asked_about = (item.model_extra or {})["asked_about"]
    assert asked_about
    assert all(document(name).text for name in asked_about)


@pytest.mark.parametrize("item", of_kind("versions"), ids=lambda item: item.id)
def test_the_superseded_version_is_another_document_than_the_valid_one(item):
    superseded = (item.model_extra or {}).get("superseded", [])
    assert not set(superseded) & set(item.documents)
    assert all(document(name).text for name in superseded)


@pytest.mark.parametrize("kind", sorted(set(AT_LEAST) - {"two_documents", "unanswerable"}))
def test_quoting_the_evidence_is_a_right_answer(kind):
    judged = {item.id: judge("\n".join(each.text or "" for each in item.evidence), item) for item in of_kind(kind)}
    assert [name for name, judgement in judged.items() if judgement is None or not judgement.correct] == []
