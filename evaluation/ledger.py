"""What a run keeps on disk as it goes: the answers, and beside them which calls were begun and what each may cost."""

from __future__ import annotations

import contextlib
import fcntl
import json
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO

from core.errors import UsageError
from evaluation.records import Key, Record, append, drop_torn_line, read_all_records, spent_on, whole_lines

RECORDS = "records.jsonl"
CALLS = "calls.jsonl"
"""A line for each call that may cost something, written before it is made: so that one that was under way when the
process was killed counts as spent."""


class Ledger:
    """The records of a run, and the calls that were begun. Safe to write to from several threads."""

    def __init__(self, folder: Path, records: BinaryIO, calls: BinaryIO) -> None:
        self.known = list(read_all_records(folder / RECORDS))
        """What earlier sittings left, the failed tries before an answer too."""
        self.spent = sum(map(spent_on, self.known), _lost(folder / CALLS, self.known))
        """What earlier sittings have cost, or may have, in USD."""
        self._records, self._calls, self._writing = records, calls, threading.Lock()

    def begin(self, key: Key, at_most: Decimal) -> None:
        """Note that a call is about to be made."""
        if not at_most:
            return
        line = json.dumps({"key": key, "at_most_usd": str(at_most)}) + "\n"
        with self._writing:
            self._calls.write(line.encode("utf-8", "surrogatepass"))
            self._calls.flush()

    def keep(self, record: Record) -> Record:
        """Write a record, which is on disk when this returns; the same record."""
        with self._writing:
            append(self._records, record)
        return record


@contextlib.contextmanager
def open_ledger(folder: Path) -> Iterator[Ledger]:
    """The ledger of the run in a folder, ours alone, without what was torn when a process ended.

    Raises:
        UsageError: another evaluation writes it, or a line of it is no record.
    """
    with (folder / RECORDS).open("ab") as records, (folder / CALLS).open("ab") as calls:
        try:
            fcntl.flock(records, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError(f"{folder} is being written by another evaluation: wait for it to end.") from error
        drop_torn_line(folder / RECORDS)
        drop_torn_line(folder / CALLS)
        yield Ledger(folder, records, calls)


def _lost(path: Path, known: list[Record]) -> Decimal:
    """The most that calls without a record can have cost: each record stands for the oldest call of its kind."""
    begun: dict[Key, list[Decimal]] = {}
    for _, line in whole_lines(path):
        row = json.loads(line)
        question, rung, replicate = row["key"]
        begun.setdefault((question, rung, replicate), []).append(Decimal(row["at_most_usd"]))
    for record in known:
        if begun.get(record.key):
            begun[record.key].pop(0)
    return sum((amount for amounts in begun.values() for amount in amounts), Decimal(0))
