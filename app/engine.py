"""What the commands work through: the data folder itself, or the service that owns it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, TypeVar

from pydantic import ValidationError

from core.errors import UsageError
from service.api.wire.documents import CollectionOut, DocumentOut, DocumentTextOut, ReadIn
from service.api.wire.jobs import JobDetail, JobLine, JobOut, PlanOut
from service.api.wire.keys import KeyIn, KeyOut, NewKeyOut
from service.api.wire.message import Request, in_words
from service.api.wire.questions import AnswerOut, IngestionIn, QueryIn
from service.api.wire.searches import SearchIn, SearchOut
from service.api.wire.upkeep import PurgedOut, RepairedOut, VerifiedOut, VerifyIn
from service.api.wire.versions import IndexOut, PruneOut, RebuildIn, RebuildOut, RollbackOut

if TYPE_CHECKING:
    from core.deadline import Deadline
    from ingest.work import Progress

    Watch = Callable[[Progress], None]
    WatchRebuild = Callable[[RebuildOut], None]

R = TypeVar("R", bound=Request)


class Engine(Protocol):
    """Everything a command can ask for, in the types that `--json` prints.

    Raises the errors of core.errors, the same ones whether the work is done here or by a service.
    """

    def ask(self, body: QueryIn, until: Deadline | None = None) -> AnswerOut:
        """Answer a question, or end when that is called off."""

    def search(self, body: SearchIn) -> SearchOut:
        """Find passages."""

    def ingest(self, body: IngestionIn, watch: Watch) -> JobOut:
        """Ingest a source, to the end."""

    def plan(self, body: IngestionIn) -> PlanOut:
        """What `ingest` would do."""

    def documents(self, collection: str) -> Sequence[DocumentOut]:
        """The collection's documents, by name."""

    def document(self, document_id: str) -> DocumentOut:
        """One document by its id. Raises UnknownDocument."""

    def text(self, document: DocumentOut) -> str:
        """A document's extracted text."""

    def read(self, body: ReadIn) -> DocumentTextOut:
        """A stretch of a document."""

    def remove(self, document: DocumentOut) -> None:
        """Take a document out of the index, and remove its file if it was uploaded."""

    def set_groups(self, document: DocumentOut, groups: Sequence[str]) -> DocumentOut:
        """Say who may read a document; none: everybody."""

    def jobs(self, limit: int) -> Sequence[JobLine]:
        """The latest jobs, newest first."""

    def job(self, job_id: str) -> JobDetail:
        """One job."""

    def cancel(self, job_id: str) -> JobDetail:
        """End a job: at once when it waits, before its next document when it runs."""

    def retry(self, job_id: str, watch: Watch) -> JobOut:
        """Take a job up again, for what failed or was left, to the end."""

    def collections(self) -> Sequence[CollectionOut]:
        """The collections."""

    def index_version(self) -> str:
        """The version of the index that answers."""

    def index(self) -> IndexOut:
        """The versions of the index."""

    def rebuild(self, asked: RebuildIn, watch: WatchRebuild) -> RebuildOut:
        """Make the next version of the index and serve it, to the end."""

    def roll_back(self) -> RollbackOut:
        """Serve the version before again."""

    def prune(self) -> PruneOut:
        """Remove every version but the live one."""

    def troubles(self) -> Sequence[str]:
        """What is out of order and answered around."""

    def verify(self, body: VerifyIn) -> VerifiedOut:
        """Compare everything that is stored."""

    def repair(self) -> RepairedOut:
        """Make again what is broken."""

    def purge(self) -> PurgedOut:
        """Let nothing of what was deleted stay in any file or cache."""

    def make_key(self, asked: KeyIn) -> NewKeyOut:
        """Make a key to the service."""

    def keys(self) -> Sequence[KeyOut]:
        """The keys, the oldest first."""

    def revoke_key(self, name: str) -> Sequence[KeyOut]:
        """Revoke the key of this id, or those of this name."""


def request(kind: type[R], **fields: object) -> R:
    """The request body that these words make.

    Raises:
        UsageError: the sentence says which field is wrong and how.
    """
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        raise UsageError(in_words(error.errors()[0])) from error


def named(engine: Engine, collection: str, name: str) -> DocumentOut:
    """The document of that name or id.

    Raises:
        UnknownDocument: there is none.
    """
    from difflib import get_close_matches

    from core import ids
    from core.errors import UnknownDocument

    for document_id in (ids.document_id(collection, name), name):
        with suppress(UnknownDocument):
            found = engine.document(document_id)
            if found.collection == collection:
                return found
    documents = engine.documents(collection)
    close = get_close_matches(name, [document.document for document in documents], n=1)
    hint = f"Did you mean {close[0]!r}?" if close else "'touchstone documents list' shows them all."
    raise UnknownDocument(f"No document of {collection!r} is called {name!r}. {hint}")
