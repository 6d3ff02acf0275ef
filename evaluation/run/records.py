"""What a run writes: one line of records.jsonl for each question, rung and replicate."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, Literal

from core.answers import Passage
from core.errors import UsageError

Key = tuple[str, str, int]
"""Question id, rung, replicate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One answer as it came, before anything is judged.

    `retrieved`: documents found by search, best first, each once; `retrieved_chunks`: the chunks; None where the rung
    does not search. `passages`: what the model was shown; `gold_in_context`: whether any of it is gold, None without
    gold or where nothing is read; `truncated_share`: the share of the collection that did not fit, where all was meant
    to. `cost_usd` is None without a price, after an error and where the server does not report usage; `at_most_usd` is
    then what the call may have cost. `attempts`: calls that were made for it. `model`: as the server calls the one that
    answered, else its name in the settings.
    """

    question_id: str
    rung: str
    replicate: int
    status: Literal["answered", "refused", "error"]
    answer: str = ""
    reason: str = ""
    error: str = ""
    citations: tuple[dict[str, Any], ...] = ()
    passages: tuple[dict[str, Any], ...] = ()
    retrieved: tuple[str, ...] | None = None
    retrieved_chunks: tuple[str, ...] | None = None
    gold: dict[str, Any] = field(default_factory=dict)
    gold_in_context: bool | None = None
    truncated_share: float | None = None
    usage: dict[str, int] = field(default_factory=dict)
    cost_usd: Decimal | None = None
    at_most_usd: Decimal | None = None
    latency_ms: float | None = None
    timings_ms: dict[str, float] = field(default_factory=dict)
    attempts: int = 1
    model: str = ""
    index_version: str = ""

    @property
    def key(self) -> Key:
        """What the record is of."""
        return self.question_id, self.rung, self.replicate


def to_line(row: Any) -> str:  # noqa: ANN401 -- any frozen dataclass of this package
    """A dataclass as one line of JSON; money as text, so that no digit is lost."""
    return json.dumps(dataclasses.asdict(row), ensure_ascii=False, default=str) + "\n"


def append(records: BinaryIO, record: Record) -> None:
    """Write a record; it is on disk when this returns."""
    records.write(to_line(record).encode("utf-8", "surrogatepass"))
    records.flush()
    os.fsync(records.fileno())


def read_records(path: Path) -> dict[Key, Record]:
    """Every record by its key; of two for one key the later counts. A last line that was cut off is passed over.

    Raises:
        UsageError: a line is not a record.
    """
    return {record.key: record for record in read_all_records(path)}


def read_all_records(path: Path) -> Iterator[Record]:
    """Every record as it was written, the failed tries before an answer too. Raises UsageError like `read_records`."""
    for number, line in whole_lines(path):
        try:
            row = json.loads(line)
            yield Record(
                **row
                | {
                    "citations": tuple(row["citations"]),
                    "passages": tuple(row["passages"]),
                    "retrieved": _tuple(row["retrieved"]),
                    "retrieved_chunks": _tuple(row.get("retrieved_chunks")),
                    "cost_usd": _decimal(row["cost_usd"]),
                    "at_most_usd": _decimal(row.get("at_most_usd")),
                }
            )
        except (ValueError, KeyError, TypeError, ArithmeticError) as error:
            raise UsageError(f"{path} line {number} is not a record of a run: move the file away.") from error


def spent_on(record: Record) -> Decimal:
    """What its call has cost in USD, or else may have: 0 where no cost is stated anywhere."""
    return record.at_most_usd or Decimal(0) if record.cost_usd is None else record.cost_usd


def _tuple(value: list[str] | None) -> tuple[str, ...] | None:
    return None if value is None else tuple(value)


def _decimal(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def drop_torn_line(path: Path) -> None:
    """Cut off what follows the last line break: a line that was being written when the process was stopped."""
    if not path.exists():
        return
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(path, whole)


def whole_lines(path: Path) -> Iterator[tuple[int, str]]:
    """(number, line) of each line that ends with a line break; nothing when there is no such file."""
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="surrogatepass", newline="\n") as lines:
        for number, line in enumerate(lines, start=1):
            if line.endswith("\n"):
                yield number, line


# passages.jsonl: the texts that models were shown in a run, each once; the records name them by their chunk's id.


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
