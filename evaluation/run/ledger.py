"""What a run keeps on disk as it goes: the answers, and beside them which calls were begun and what each may cost."""

from __future__ import annotations

import contextlib
import fcntl
import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO

from core.answers import Passage
from core.errors import UsageError
from evaluation.run.records import (
    PASSAGES,
    Key,
    PassageTexts,
    Record,
    append,
    drop_torn_line,
    read_all_records,
    spent_on,
    whole_lines,
)

RECORDS = "records.jsonl"
CALLS = "calls.jsonl"
"""A line for each call that may cost something, written before it is made: so that one that was under way when the
process was killed counts as spent."""


class Begun:
    """Notes calls before they are made. Safe to use from several threads."""

    def __init__(self, calls: BinaryIO) -> None:
        self._calls, self._writing = calls, threading.Lock()

    def note(self, key: Key | str, at_most: Decimal) -> None:
        """Note that a call is about to be made, where it may cost something."""
        if at_most:
            line = json.dumps({"key": key, "at_most_usd": str(at_most)}) + "\n"
            with self._writing:
                self._calls.write(line.encode("utf-8", "surrogatepass"))
                self._calls.flush()


class Ledger:
    """The records of a run, and the calls that were begun. Safe to write to from several threads."""

    def __init__(self, folder: Path, records: BinaryIO, calls: BinaryIO, passages: BinaryIO) -> None:
        self.known = list(read_all_records(folder / RECORDS))
        """What earlier sittings left, the failed tries before an answer too."""
        self.spent = spent_in(folder)
        """What earlier sittings have cost, or may have, in USD."""
        self._begun, self._passages = Begun(calls), PassageTexts(folder, passages)
        self._records, self._writing = records, threading.Lock()

    def begin(self, key: Key, at_most: Decimal) -> None:
        """Note that a call is about to be made."""
        self._begun.note(key, at_most)

    def keep(self, record: Record, passages: Sequence[Passage] = ()) -> Record:
        """Write a record, which is on disk when this returns, and before it the texts it names; the same record."""
        with self._writing:
            self._passages.keep(passages)
            append(self._records, record)
        return record


@contextlib.contextmanager
def open_ledger(folder: Path) -> Iterator[Ledger]:
    """The ledger of the run in a folder, ours alone, without what was torn when a process ended.

    Raises:
        UsageError: another evaluation writes it, or a line of it is no record.
    """
    with contextlib.ExitStack() as opened:
        records, calls, passages = (
            opened.enter_context((folder / name).open("ab")) for name in (RECORDS, CALLS, PASSAGES)
        )
        try:
            fcntl.flock(records, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError(f"{folder} is being written by another evaluation: wait for it to end.") from error
        for name in (RECORDS, CALLS, PASSAGES):
            drop_torn_line(folder / name)
        yield Ledger(folder, records, calls, passages)


def spent_in(folder: Path) -> Decimal:
    """What a run has cost, or may have, in USD: every answer and failed try, and what was under way when it was killed.

    Raises:
        UsageError: a line of its files is not what belongs there.
    """
    known = list(read_all_records(folder / RECORDS))
    return sum(map(spent_on, known), lost(folder / CALLS, [record.key for record in known]))


def lost(path: Path, ended: Iterable[Key | str]) -> Decimal:
    """The most that calls of unknown end can have cost: what has ended stands for the oldest call of its key.

    Raises:
        UsageError: a line is not a call.
    """
    begun: dict[Key | str, list[Decimal]] = {}
    for number, line in whole_lines(path):
        try:
            row = json.loads(line)
            key = row["key"] if isinstance(row["key"], str) else tuple(row["key"])
            begun.setdefault(key, []).append(Decimal(row["at_most_usd"]))
        except (ValueError, KeyError, TypeError, ArithmeticError) as error:
            raise UsageError(f"{path} line {number} is not a call of a run: move the file away.") from error
    for key in ended:
        if begun.get(key):
            begun[key].pop(0)
    return sum((amount for amounts in begun.values() for amount in amounts), Decimal(0))
