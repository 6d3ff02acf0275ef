"""The two pages for newcomers: where a thing is (docs/architecture.md) and what our words mean (docs/glossary.md)."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("core", "indexes", "ingest", "service", "evaluation", "app", "cli")
MAX_WORDS = 40


def rows(page: str, columns: int) -> list[list[str]]:
    lines = (ROOT / "docs" / page).read_text().splitlines()
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return [row for row in table if len(row) == columns][1:]


FINDINGS = rows("architecture.md", 3)
WORDS = [word for word, _ in rows("glossary.md", 2)]


@pytest.mark.parametrize(("task", "file", "said"), FINDINGS, ids=[task for task, _, _ in FINDINGS])
def test_the_first_line_of_the_file_to_open_says_so(task: str, file: str, said: str) -> None:
    told = ast.get_docstring(ast.parse((ROOT / file.strip("`")).read_text())) or ""
    assert said in told.splitlines()[0]


def test_there_are_enough_tasks_and_few_words() -> None:
    assert len(FINDINGS) >= 20
    assert sorted(WORDS) == sorted(set(WORDS))
    assert len(WORDS) <= MAX_WORDS


@pytest.fixture(scope="module")
def code() -> str:
    files = [path for name in PACKAGES for path in (ROOT / name).rglob("*") if path.suffix in (".py", ".html")]
    return "\n".join(path.read_text() for path in files).lower().replace("_", " ")


@pytest.mark.parametrize("word", WORDS)
def test_a_word_of_the_glossary_is_in_the_code(word: str, code: str) -> None:
    assert re.search(rf"\b{word}s?\b", code), f"nothing is called {word!r} any more"
