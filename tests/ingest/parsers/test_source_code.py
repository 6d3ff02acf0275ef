"""Source code is kept as it is; every offset is one into the file."""

from __future__ import annotations

import pytest

from core.errors import ParseError
from ingest.parsers.choose import media_type, parse
from ingest.parsers.text import LANGUAGES
from tests.ingest.parsers.elements import elements

CODE = '"""Pumps."""\r\n\r\n# RATES\n\nclass Pump:\n    bar = 6\n\n    def run(self):\n        return 1\n'


def test_the_text_is_the_file_and_its_stretches_keep_their_indentation() -> None:
    parsed = parse(CODE.encode(), name="lib/pump.py")
    assert parsed.text == CODE
    assert [text for _, _, text in elements(parsed)] == [
        '"""Pumps."""',
        "# RATES",
        "class Pump:\n    bar = 6",
        "    def run(self):\n        return 1",
    ]
    assert {kind for kind, _, _ in elements(parsed)} == {"paragraph"}
    assert parsed.title == "pump.py"


@pytest.mark.parametrize(("extension", "language"), sorted(LANGUAGES.items()))
def test_the_extension_names_the_language(extension: str, language: str) -> None:
    assert media_type(b"x = 1", f"a{extension.upper()}") == f"text/x-{language}"


def test_a_program_that_is_no_text_is_refused() -> None:
    with pytest.raises(ParseError) as error:
        parse(bytes(range(256)) * 4, name="a.py")
    assert error.value.reason == "unsupported"
