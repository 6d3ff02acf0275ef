"""The wire form of the index's versions, and of what is done with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from core.settings.sections import EmbedderSettings
from service.api.wire.message import Flag, Reply, Request, printable

if TYPE_CHECKING:
    from indexes.cutover.carry_over import RolledBack
    from indexes.cutover.overview import Changed, RebuildProgress, VersionRow


class VersionOut(Reply):
    """A version of the index."""

    name: str = Field(description="its folder below the data folder's `versions`; empty: the data folder itself")
    state: Literal["live", "previous", "building"]
    embedder: str | None = Field(description="the model that made its vectors; null: nothing was written yet")
    chunk_word_pieces: int | None = Field(description="longest chunk; null: not known")
    documents: int
    chunks: int
    bytes: int = Field(description="on the disk")

    @classmethod
    def of(cls, row: VersionRow) -> VersionOut:
        """What was found, as it goes over the wire."""
        return cls(
            name=row.name,
            state=row.state,
            embedder=row.embedder,
            chunk_word_pieces=row.recipe.chunk_word_pieces if row.recipe else None,
            documents=row.documents,
            chunks=row.chunks,
            bytes=row.size,
        )


class IndexOut(Reply):
    """The index: the version that answers, and all that there are, in the order they were made."""

    index_version: str
    versions: tuple[VersionOut, ...]

    @classmethod
    def of(cls, index_version: str, rows: Sequence[VersionRow]) -> IndexOut:
        """What was found, as it goes over the wire."""
        return cls(index_version=index_version, versions=tuple(map(VersionOut.of, rows)))


class RebuildIn(Request):
    """How the next version is to be made; what is left out is as the service's settings have it."""

    embedder: EmbedderSettings | None = Field(None, description="as in the settings; cache and threads do not count")
    chunk_word_pieces: int | None = Field(None, ge=32, description="longest chunk, in word pieces of the embedder")
    force: Flag = Field(False, description="make a new version, and embed everything, even where nothing would change")


class RebuildError(Reply):
    """Why a rebuild ended before its end."""

    code: str
    detail: str


class RebuildOut(Reply):
    """How far a rebuild is, or what became of it."""

    state: Literal["RUNNING", "COMPLETED", "FAILED", "INTERRUPTED"]
    done: int = Field(0, description="documents in the new version")
    total: int = Field(0, description="documents in the live one")
    chunks: int = Field(0, description="embedded so far by this process; in the end: in the new version")
    seconds: float = 0.0
    seconds_left: float | None = Field(None, description="if it goes on like this; null: not known")
    version: str | None = Field(None, description="the new version; null at the end: nothing would have changed")
    vectors: int = Field(0, description="filled into the derived indexes anew, where nothing would have changed")
    recall: float | None = Field(None, description="of the vector index against exact comparison, where it is lowest")
    old_parse: int = Field(0, description="documents read by older parsers whose file is gone or has changed")
    old_chunks: int = Field(0, description="documents of an earlier release whose file is gone: cut as they were")
    error: RebuildError | None = None

    @classmethod
    def at(cls, progress: RebuildProgress, seconds: float) -> RebuildOut:
        """One that is at work."""
        left = progress.seconds_left
        return cls(
            state="RUNNING",
            done=progress.done,
            total=progress.total,
            chunks=progress.chunks,
            seconds=round(seconds, 3),
            seconds_left=None if left is None else round(left, 1),
        )

    @classmethod
    def of(cls, changed: Changed, seconds: float) -> RebuildOut:
        """One that got to its end."""
        done, made = round(seconds, 3), changed.rebuilt
        if made is None:
            return cls(state="COMPLETED", seconds=done, vectors=changed.vectors)
        return cls(
            state="COMPLETED",
            done=made.documents,
            total=made.documents,
            chunks=made.chunks,
            seconds=done,
            version=changed.version,
            recall=round(made.recall, 4),
            old_parse=made.old_parse,
            old_chunks=made.old_chunks,
        )


class RollbackOut(Reply):
    """The version that is served again, and what differs in it."""

    version: str = Field(description="its name; empty: the data folder itself")
    changed: tuple[str, ...] = Field(description="`collection/document` of what came or changed since: read again next")
    removed: int = Field(description="documents that were removed since, and were now removed from it too")

    @classmethod
    def of(cls, version: str, back: RolledBack) -> RollbackOut:
        """What was done, as it goes over the wire."""
        changed = tuple(printable(name) for name in back.changed)
        return cls(version=version, changed=changed, removed=back.removed)


class PruneOut(Reply):
    """The versions that were removed, by name."""

    removed: tuple[str, ...]
