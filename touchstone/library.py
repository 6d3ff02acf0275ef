"""An index as programs use it: a data folder, or a running service, by the same calls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from core.settings.load import Settings, load

if TYPE_CHECKING:
    from app.engine import Engine
    from ingest.work import Progress
    from service.api.wire.documents import CollectionOut, DocumentOut
    from service.api.wire.jobs import JobDetail, JobLine, JobOut
    from service.api.wire.keys import KeyOut, NewKeyOut
    from service.api.wire.questions import AnswerOut
    from service.api.wire.searches import SearchOut


class Index:
    """Questions, searches and ingestions. Replies are those of the REST API (docs/api.md), as pydantic models.

    `fields` are further ones of the request's body, by their names there. Every call raises the errors of
    `touchstone.errors`, the same ones whether the work is done here or by a service.
    """

    def __init__(self, engine: Engine) -> None:
        """Made by `open` and `Client`."""
        self._engine = engine

    def ask(self, question: str, *, collection: str = "default", **fields: Any) -> AnswerOut:  # noqa: ANN401 -- checked
        """A cited answer, or the reason why there is none."""
        from app.engine import request
        from service.api.wire.questions import QueryIn

        return self._engine.ask(request(QueryIn, question=question, collection=collection, **fields))

    def search(self, text: str, *, collection: str = "default", **fields: Any) -> SearchOut:  # noqa: ANN401 -- checked
        """Passages, best first."""
        from app.engine import request
        from service.api.wire.searches import SearchIn

        return self._engine.search(request(SearchIn, text=text, collection=collection, **fields))

    def ingest(self, source: str | Path, *, collection: str = "default", **fields: Any) -> JobOut:  # noqa: ANN401 -- checked
        """Bring a collection up to date with a source, to the end: a path that is seen there, or a URL."""
        from app.engine import request
        from core.sources import named
        from service.api.wire.questions import IngestionIn

        body = request(IngestionIn, source=named(source), collection=collection, **fields)
        return self._engine.ingest(body, _silent)

    def documents(self, collection: str = "default") -> Sequence[DocumentOut]:
        """The collection's documents, by name."""
        return self._engine.documents(collection)

    def text(self, document: DocumentOut) -> str:
        """A document's extracted text, into which offsets point."""
        return self._engine.text(document)

    def remove(self, document: DocumentOut) -> None:
        """Take a document out of the index, and remove its file if it was uploaded."""
        self._engine.remove(document)

    def set_groups(self, document: DocumentOut, groups: Sequence[str]) -> DocumentOut:
        """Say who may read a document; none: everybody."""
        return self._engine.set_groups(document, groups)

    def collections(self) -> Sequence[CollectionOut]:
        """The collections that may be read."""
        return self._engine.collections()

    def jobs(self, limit: int = 20) -> Sequence[JobLine]:
        """The latest ingestion jobs, newest first."""
        return self._engine.jobs(limit)

    def job(self, job_id: str) -> JobDetail:
        """One ingestion job."""
        return self._engine.job(job_id)

    def make_key(self, name: str, **fields: Any) -> NewKeyOut:  # noqa: ANN401 -- checked
        """Make a key to the service; the key itself is in this reply and nowhere else."""
        from app.engine import request
        from service.api.wire.keys import KeyIn

        return self._engine.make_key(request(KeyIn, name=name, **fields))

    def keys(self) -> Sequence[KeyOut]:
        """The keys, the oldest first."""
        return self._engine.keys()

    def revoke_key(self, name: str) -> Sequence[KeyOut]:
        """Revoke the key of this id, or those of this name."""
        return self._engine.revoke_key(name)


class Client(Index):
    """An `Index` over HTTP, used as a context manager: a running service, called with a key."""

    def __init__(self, url: str = "http://127.0.0.1:8000", key: str = "") -> None:
        from app.remote import RemoteEngine

        self._remote = RemoteEngine(url, key)
        super().__init__(self._remote)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._remote.__exit__(kind, error, trace)


@contextmanager
def open(data: str | Path | Settings | None = None) -> Iterator[Index]:
    """The index of a data folder, made when missing; through the service that owns it, if one does.

    `data`: the folder, or settings; None: as touchstone.toml and the environment say. Whoever opens a folder may read
    all of it.

    Raises:
        DataFolderOwned: a process that is no service owns the folder.
        IndexBroken: the catalogue is damaged, or the index was made with an embedder that is not at hand.
    """
    from app.local import LocalEngine
    from indexes.open import open_indexes
    from indexes.upkeep.lock import owner_of

    settings = data if isinstance(data, Settings) else load(**({} if data is None else {"data": Path(data)}))
    owner = owner_of(settings.data) if settings.data.is_dir() else None
    if owner is not None and owner.url:
        with Client(owner.url, owner.secret) as service:
            yield service
        return
    with open_indexes(settings) as indexes:
        yield Index(LocalEngine(settings, indexes))


def _silent(progress: Progress) -> None:
    """Reports nothing."""
