"""What a run writes: one line of records.jsonl for each question, rung and replicate."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, Literal

from core.errors import UsageError

Key = tuple[str, str, int]
"""Question id, rung, replicate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One answer as it came, before anything is judged.

    `retrieved`: documents found by search, best first, each once; None where the rung does not search.
    `passages`: what the model was shown. `cost_usd` is None without a price and after an error.
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
    gold: dict[str, Any] = field(default_factory=dict)
    usage: dict[str, int] = field(default_factory=dict)
    cost_usd: Decimal | None = None
    latency_ms: float | None = None
    timings_ms: dict[str, float] = field(default_factory=dict)
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
    found: dict[Key, Record] = {}
    for number, line in whole_lines(path):
        try:
            row = json.loads(line)
            record = Record(
                **row
                | {
                    "citations": tuple(row["citations"]),
                    "passages": tuple(row["passages"]),
                    "retrieved": None if row["retrieved"] is None else tuple(row["retrieved"]),
                    "cost_usd": None if row["cost_usd"] is None else Decimal(row["cost_usd"]),
                }
            )
        except (ValueError, KeyError, TypeError, ArithmeticError) as error:
            raise UsageError(f"{path} line {number} is not a record of a run: move the file away.") from error
        found[record.key] = record
    return found


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
