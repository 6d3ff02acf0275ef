"""The state of a derived index, kept in a small file beside its folder, so that the next process knows what it finds.

                opened              its process died                its process died, too
    CLOSED ──────────────► OPEN ─────────────────────► REOPENED ─────────────────────────┐
      ▲                    │  ▲      opened again       │      │                         ▼
      └──── closed ────────┘  └── looked through ───────┤      └── it fails ────────► BROKEN
                              ▲                         ▼ closed                         │
                              └── opened ── DOUBTFUL ◄──┘                                │
                              └── a new one, filled aside, takes its place ◄─────────────┘

An OPEN or DOUBTFUL one that fails is BROKEN as well. A kill alone never costs a rebuild, two in a row do: what was
written by a process that died may be there and yet not be found, or end the process that opens it.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from core.files import write_whole
from indexes.catalogue.catalogue import Catalogue

logger = logging.getLogger(__name__)

BEFORE = ("doubt", "sound until", "vector index opened")
"""What the catalogue itself remembered of these states before there was a file."""


class State(StrEnum):
    """What a derived index is, as the file says it."""

    CLOSED = "closed"
    """Closed in order: what was indexed until `found_until` is found by searching for it."""
    OPEN = "open"
    """In use; met by the next process, it tells that this one died."""
    REOPENED = "reopened"
    """In use after a process died with it open, and not looked through yet."""
    DOUBTFUL = "doubtful"
    """Closed in order after a process died with it open, and not looked through yet."""
    BROKEN = "broken"
    """It failed, its files changed while it was closed, or two processes in a row died with it open."""


@dataclass(frozen=True, slots=True)
class Record:
    """A state, and until when what was indexed is known to be found: ISO time, empty where nothing is known."""

    state: State
    found_until: str = ""


class StateFile:
    """The file of one derived index. `folder`: the index's own."""

    def __init__(self, folder: Path, catalogue: Catalogue) -> None:
        self._path = folder.with_name(f"{folder.name}.state")
        self._mark, self._catalogue = folder.with_name(f"{folder.name}.broken"), catalogue

    def read(self) -> Record:
        """What the file says; where there is none, what was noted before there were such files, else CLOSED."""
        try:
            said = json.loads(self._path.read_text(encoding="utf-8"))
            return Record(State(said["state"]), str(said["found_until"]))
        except FileNotFoundError:
            return self._noted_before()
        except (OSError, ValueError, KeyError, TypeError):
            return Record(State.OPEN)

    def write(self, record: Record) -> None:
        """Keep a record in one step. On a full disk the old one stays, and a line is logged: searches go on."""
        try:
            write_whole(self._path, json.dumps({"state": record.state, "found_until": record.found_until}))
            self._mark.unlink(missing_ok=True)
        except OSError as error:
            logger.warning(
                "the state of an index could not be kept", extra={"file": str(self._path), "why": str(error)}
            )

    def _noted_before(self) -> Record:
        if self._mark.exists():
            return Record(State.BROKEN)
        doubt, until, opened = (self._catalogue.recall(key) for key in BEFORE)
        if opened:
            return Record(State.REOPENED if opened == "again" else State.OPEN, until or "")
        return Record(State.DOUBTFUL if doubt else State.CLOSED, until or "")
