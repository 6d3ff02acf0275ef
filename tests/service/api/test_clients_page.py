"""The programs of docs/clients.md, as they stand there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.api.state import Service
from tests.service.api.serving import serving

PAGE = (Path(__file__).parents[3] / "docs/clients.md").read_text()
FOUND = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
PROGRAMS = dict(zip(("openai", "langchain_openai", "llama_index"), FOUND, strict=True))


@pytest.fixture(scope="module")
def url(service: Service) -> Iterator[str]:
    with serving(service, service.settings) as address:
        yield address


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("library", PROGRAMS)
def test_a_program_prints_the_answer(library: str, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip(library)
    program = PROGRAMS[library].replace("http://127.0.0.1:8000", url)
    assert program != PROGRAMS[library]
    exec(compile(program, f"docs/clients.md: {library}", "exec"), {})
    assert "16 weeks" in capsys.readouterr().out
