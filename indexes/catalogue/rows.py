"""What goes into the catalogue and what comes out of it, as values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from core import ids
from core.access import OWNER, Access, Scope
from core.documents import Chunk, Parsed
from core.sources import Patterns
from indexes.embedders.protocol import Vectors

Attached = tuple[tuple[str, str], ...]
"""(name, SHA-256) of each file directly inside a document, whether it could be read or not."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is indexed of a chunk; `document_id` is that of its document."""

    id: str
    document_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Who asked for a job, under which idempotency key and with what, and the groups that its documents get.

    `caller_groups`: the groups of a caller who is no admin; None: an admin, or the owner.
    """

    key: str | None = None
    digest: str | None = None
    """Tells requests with one key apart."""
    begun_by: str = ""
    groups: Sequence[str] | None = None
    caller_groups: Sequence[str] | None = None
    upload: str = ""
    """The id under which uploaded files wait for the job, which gets it; empty: it has none."""


UNASKED = Order()
"""Of the command line, and of the schedule."""
JobState = Literal["QUEUED", "RUNNING", "COMPLETED", "COMPLETED_WITH_ERRORS", "CANCELLED", "FAILED", "INTERRUPTED"]
Runner = Literal["command", "service"]
"""Who runs a job: a command while it lasts, or a service, which goes on with it when it starts again."""
GroupsFrom = Literal["", "ingestion", "caller", "hand"]
"""Who said which groups a document has: its metadata file, the rules or nobody; an option of an admin's ingestion; the
ingestion of a caller who is no admin; an admin by hand."""
DocumentStatus = Literal["indexed", "unchanged", "removed", "skipped", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What is said of a document beside its file: who may read it (no group: everybody), tags, from when it holds."""

    groups: frozenset[str] = frozenset()
    tags: tuple[str, ...] = ()
    valid_from: str | None = None
    """An ISO 8601 date."""
    groups_from: GroupsFrom = ""
    brought_by: str = ""
    """The caller whose ingestion brought the document in; empty: an admin or the owner."""


UNDESCRIBED = Description()


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRow:
    """A stored document; `indexed_at` is UTC in ISO 8601, `characters` the length of its extracted text."""

    id: str
    collection: str
    document: str
    version: str
    sha256: str
    size: int
    mtime_ns: int
    media_type: str
    title: str
    page_count: int | None
    chunks: int
    groups: frozenset[str]
    indexed_at: str
    characters: int
    source: str = ""
    author: str = ""
    created: str | None = None
    modified: str | None = None
    tags: tuple[str, ...] = ()
    valid_from: str | None = None
    language: str = ""
    """As the file declares it, BCP 47."""
    notes: tuple[str, ...] = ()
    """Sentences on what was seen in the file but not turned into text."""


@dataclass(frozen=True, slots=True)
class Outline:
    """A document's path, how many chunks it has, and its date in ISO 8601, if it has one."""

    document: str
    chunks: int
    day: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is stored of a document, as far as planning the next run needs it."""

    version: str
    sha256: str
    size: int
    mtime_ns: int
    source: str = ""
    """The folder or file it was ingested from: only that source may find it gone."""
    description: Description = UNDESCRIBED
    attached: Attached = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDocument:
    """A document ready to be written. `groups` empty: everybody may read it."""

    collection: str
    document: str
    version: str
    sha256: str
    size: int
    mtime_ns: int
    media_type: str
    parsed: Parsed
    groups: frozenset[str] = frozenset()
    source: str = ""
    """The folder or file it was ingested from."""
    tags: tuple[str, ...] = ()
    valid_from: str | None = None
    attached: Attached = ()
    sketch: bytes = b""
    """Its words in short (`indexes.likeness`); empty for a text of a few words."""
    pipeline: str = ""
    """How it was read, cut and embedded; empty: not known, and then how it was read is not kept."""
    titled: bool = False
    """Whether its title was given beside the file."""
    groups_from: GroupsFrom = ""
    brought_by: str = ""

    @property
    def description(self) -> Description:
        """What can change without the file being read again."""
        return Description(
            groups=self.groups,
            tags=self.tags,
            valid_from=self.valid_from,
            groups_from=self.groups_from,
            brought_by=self.brought_by,
        )


@dataclass(frozen=True, slots=True)
class Version:
    """A document as it is to be stored. vectors: float32 (len(chunks), dimension), unit length."""

    document: NewDocument
    chunks: Sequence[Chunk]
    vectors: Vectors

    @property
    def id(self) -> str:
        """The document's id."""
        return ids.document_id(self.document.collection, self.document.document)

    @property
    def chunk_ids(self) -> list[str]:
        """The id of every chunk, in order."""
        return [ids.chunk_id(self.id, self.document.version, chunk.ordinal) for chunk in self.chunks]

    @property
    def intent(self) -> Intent:
        """The promise that its vectors go unless the catalogue gets it."""
        return Intent(
            collection=self.document.collection,
            document_id=self.id,
            version=self.document.version,
            chunks=len(self.chunks),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """A key to the service, without the key. Times are UTC in ISO 8601; `last_used` is a day."""

    id: str
    name: str
    digest: str = field(repr=False)
    scopes: Sequence[Scope]
    groups: Sequence[str]
    created: str
    expires: str | None = None
    revoked: str | None = None
    last_used: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionRow:
    """A collection and how much is in it."""

    name: str
    documents: int
    chunks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """An ingestion job; times are UTC in ISO 8601.

    `attempt` grows when a job is taken up again; `heartbeat` is the last sign of life of its runner; `cancelling` says
    that a running job was asked to end; `only_failed` that this attempt is at what failed before; `unchanged` counts
    the files that needed no reading; `report` is {"seconds"} of a job that ended, with {"error": {"code", "detail"}}
    when it did so early.
    """

    id: str
    collection: str
    source: str
    state: JobState
    created: str
    finished: str | None = None
    report: dict[str, Any] | None = None
    runner: Runner = "command"
    attempt: int = 1
    started: str | None = None
    heartbeat: str | None = None
    cancelling: bool = False
    only_failed: bool = False
    unchanged: int = 0
    request_key: str | None = None
    request_digest: str | None = None
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    begun_by: str = ""
    """The name of the principal that asked for it; empty: the owner."""
    groups: Sequence[str] | None = None
    """Groups for documents of which nothing else says who may read them; None: they keep those they have."""
    caller_groups: Sequence[str] | None = None
    """The groups of a caller who is no admin, when it asked; None: an admin or the owner asked."""

    @property
    def caller(self) -> str:
        """The caller on whose behalf it works; empty: an admin or the owner, who may do everything."""
        return "" if self.caller_groups is None else self.begun_by

    @property
    def access(self) -> Access:
        """What the one on whose behalf it works may read."""
        return OWNER if self.caller_groups is None else Access(frozenset(self.caller_groups))

    @property
    def patterns(self) -> Patterns:
        """Which files of the source the job looks at; it leaves all others as they are."""
        return Patterns(tuple(self.include), tuple(self.exclude))


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDocument:
    """What became of a document in a job; `status` None: nothing yet. Unchanged ones are counted, not listed.

    The `reason` of an indexed one says what in the file was not turned into text; None: nothing.
    """

    document: str
    status: DocumentStatus | None
    code: str | None = None
    reason: str | None = None
    chunks: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """A job in numbers: `found = indexed + unchanged + skipped + failed + pending`."""

    found: int
    indexed: int
    unchanged: int
    removed: int
    skipped: int
    failed: int
    pending: int
    chunks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A promise to remove from the vector index what the catalogue does not hold of one document version.

    The version's vectors have the ordinals 0 to `chunks` - 1.
    """

    collection: str
    document_id: str
    version: str
    chunks: int
