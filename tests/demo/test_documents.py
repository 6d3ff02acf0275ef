from __future__ import annotations

from collections import Counter
from pathlib import Path, PurePosixPath

import pytest

from demo import DOCUMENTS
from demo.build import build
from ingest.parsers.choose import parse
from tests.demo.corpus import document, documents, folded, questions

FORMATS = {".pdf", ".docx", ".pptx", ".xlsx", ".html", ".md", ".csv", ".txt", ".eml"}


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory) -> Path:
    out: Path = tmp_path_factory.mktemp("rebuilt")
    build(out)
    return out


def test_forty_documents_in_nine_formats_stay_under_five_megabytes():
    formats = Counter(PurePosixPath(name).suffix for name in documents())
    assert len(documents()) >= 40
    assert set(formats) == FORMATS
    assert sum((DOCUMENTS / name).stat().st_size for name in documents()) < 5_000_000


def test_the_committed_documents_are_those_that_the_script_builds(rebuilt):
    built = sorted(path.relative_to(rebuilt).as_posix() for path in rebuilt.rglob("*") if path.is_file())
    assert built == documents()


@pytest.mark.parametrize("name", documents())
def test_a_rebuilt_document_says_the_same(name, rebuilt):
    content = (rebuilt / name).read_bytes()
    if content != (DOCUMENTS / name).read_bytes():
        assert parse(content, name=name).text == document(name).text


@pytest.mark.parametrize("name", documents())
def test_every_document_is_text_worth_reading(name):
    parsed = document(name)
    assert len(folded(parsed.text)) > 800
    assert parsed.title


def test_building_twice_gives_the_same_bytes(rebuilt, tmp_path):
    build(tmp_path)
    assert all((tmp_path / name).read_bytes() == (rebuilt / name).read_bytes() for name in documents())


def test_the_manual_has_twenty_pages_or_more():
    assert (document("manuals/skarn-pump-manual.pdf").page_count or 0) >= 20


def test_two_mails_carry_a_workbook_and_a_report():
    attached = {each.name for name in documents() if name.endswith(".eml") for each in document(name).attachments}
    assert {PurePosixPath(name).suffix for name in attached} == {".xlsx", ".pdf"}


def test_every_folder_has_documents_that_questions_are_about():
    asked = {name.split("/")[0] for item in questions() for name in item.documents}
    assert asked == {name.split("/")[0] for name in documents()}
