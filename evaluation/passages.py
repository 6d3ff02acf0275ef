"""passages.jsonl: the texts that models were shown in a run, each once; the records name them by their chunk's id."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from core.answers import Passage
from core.errors import UsageError
from evaluation.records import whole_lines

PASSAGES = "passages.jsonl"


class PassageTexts:
    """Writes each text when it is shown for the first time. Not to be used from several threads at once."""

    def __init__(self, folder: Path, out: BinaryIO) -> None:
        self._known, self._out = set(read_passages(folder)), out

    def keep(self, passages: Sequence[Passage]) -> None:
        """Write those that are new; they outlive the process when this returns."""
        for hit in (passage.hit for passage in passages if passage.hit.chunk_id not in self._known):
            row = {"chunk_id": hit.chunk_id, "document": hit.document, "page": hit.page_start, "text": hit.text}
            self._out.write((json.dumps(row, ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass"))
            self._known.add(hit.chunk_id)
        self._out.flush()


def read_passages(folder: Path) -> dict[str, str]:
    """Texts by chunk id; empty for a run that kept none. A last line that was cut off is passed over.

    Raises:
        UsageError: a line is not a passage.
    """
    found: dict[str, str] = {}
    for number, line in whole_lines(folder / PASSAGES):
        try:
            row = json.loads(line)
            found[str(row["chunk_id"])] = str(row["text"])
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{folder / PASSAGES} line {number} is not a passage: move the file away.") from error
    return found
