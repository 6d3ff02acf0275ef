"""What goes over the wire about the state of what is stored, and what `--json` prints of it."""

from __future__ import annotations

from typing import Self

from pydantic import Field

from indexes.upkeep.check import Verified
from service.api.wire.message import Flag, Reply, Request


class VerifyIn(Request):
    """How closely to look."""

    full: Flag = Field(False, description="search for every vector by itself, not for a sample")


class FaultOut(Reply):
    """One thing that is wrong."""

    part: str
    sentence: str = Field(description="what is wrong, and what to do")


class VerifiedOut(Reply):
    """What was compared, and what is wrong with it: nothing, when there is no fault."""

    documents: int
    chunks: int
    searched: int = Field(description="vectors that were searched for by themselves")
    faults: tuple[FaultOut, ...]

    @classmethod
    def of(cls, verified: Verified) -> Self:
        """The outcome as it goes over the wire."""
        faults = tuple(FaultOut(part=fault.part, sentence=fault.sentence) for fault in verified.faults)
        return cls(documents=verified.documents, chunks=verified.chunks, searched=verified.searched, faults=faults)


class RepairedOut(Reply):
    """What was broken and has been made again."""

    repaired: tuple[str, ...]


class PurgedOut(Reply):
    """What held some of what was deleted, and does no longer: indexes, or the uploads."""

    purged: tuple[str, ...]
