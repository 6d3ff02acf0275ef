"""The reference in docs/ is what the program says of itself today."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from cli import reference
from core.errors import PARSE_CODES
from ingest.outcomes import SKIP_CODES

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["settings.md", "cli.md", "api.md"])
def test_every_setting_command_and_route_is_in_the_reference(name: str) -> None:
    assert (ROOT / "docs" / name).read_text() == reference.pages()[name], "run 'make docs'"


def test_every_setting_says_what_it_means() -> None:
    assert "| None |" not in reference.settings_page()
    assert " |  |" not in reference.cli_page()


def test_the_changelog_names_the_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert re.search(rf"^## {re.escape(version)}\b", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize("code", sorted({*PARSE_CODES, *SKIP_CODES}))
def test_every_code_of_a_file_that_was_not_indexed_is_explained(code: str) -> None:
    assert f"`{code}`" in (ROOT / "docs/ingestion.md").read_text()


def test_links_between_pages_lead_somewhere() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
