"""Works through the service that owns the data folder."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self
from urllib.parse import quote

import httpx

from core import errors, ids
from core.deadline import retry_after
from service.api.wire.documents import CollectionOut, CollectionsOut, DocumentOut, DocumentsOut, DocumentTextOut, ReadIn
from service.api.wire.evaluations import EvaluationIn, EvaluationOut
from service.api.wire.jobs import JobDetail, JobLine, JobOut, JobsOut
from service.api.wire.keys import KeyIn, KeyOut, KeysOut, NewKeyOut
from service.api.wire.questions import AnswerOut, IngestionIn, QueryIn, ReadyOut
from service.api.wire.searches import SearchIn, SearchOut
from service.api.wire.upkeep import PurgedOut, RepairedOut, VerifiedOut, VerifyIn
from service.api.wire.versions import IndexOut, PruneOut, RebuildIn, RebuildOut, RollbackOut

if TYPE_CHECKING:
    from app.engine import Watch, WatchRebuild
    from core.deadline import Deadline
    from evaluation.run.run import Progress as Measured
    from ingest.plan import Plan

ENDED = frozenset({"COMPLETED", "COMPLETED_WITH_ERRORS", "CANCELLED", "FAILED", "INTERRUPTED"})
POLL_SECONDS = 0.2
PAGE = 1000
PATIENCE = httpx.Timeout(600.0, connect=5.0)
MAX_WAITING = 600.0
"""Seconds in all that a request is put off, when the service or a proxy says to come again later."""


class RemoteEngine:
    """`app.engine.Engine` over HTTP; used as a context manager."""

    def __init__(self, url: str, secret: str = "", *, most_waiting: float = MAX_WAITING) -> None:
        """`secret`: what the data folder's owner shows to be known (indexes/upkeep/lock.py)."""
        self.url, self._most_waiting = url, most_waiting
        shown = {"Authorization": f"Bearer {secret}"} if secret else {}
        self._client = httpx.Client(base_url=url, timeout=PATIENCE, trust_env=False, headers=shown)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def ask(self, body: QueryIn, until: Deadline | None = None) -> AnswerOut:
        """Answer a question; when that is called off, the connection is closed, and the service ends its work."""
        sent = body.model_dump(mode="json")
        return AnswerOut.model_validate(self._call("POST", "/v1/query", until=until, json=sent))

    def search(self, body: SearchIn) -> SearchOut:
        """Find passages."""
        return SearchOut.model_validate(self._call("POST", "/v1/search", json=body.model_dump(mode="json")))

    def ingest(self, body: IngestionIn, watch: Watch) -> JobOut:
        """Queue the source at the service and wait for the job's end."""
        return self._to_the_end(self._call("POST", "/v1/ingestions", json=body.model_dump(mode="json")), watch)

    def plan(self, body: IngestionIn) -> Plan:
        """Only the owner of the folder can look."""
        del body
        raise self._needs_the_folder("A dry run")

    def documents(self, collection: str) -> Sequence[DocumentOut]:
        """The collection's documents, by name."""
        return list(self._pages(collection))

    def document(self, document_id: str) -> DocumentOut:
        """One document by its id."""
        return DocumentOut.model_validate(self._call("GET", f"/v1/documents/{quote(document_id, safe='')}"))

    def text(self, document: DocumentOut) -> str:
        """A document's extracted text."""
        return DocumentTextOut.model_validate(self._call("GET", f"/v1/documents/{document.id}/text")).text

    def read(self, body: ReadIn) -> DocumentTextOut:
        """A stretch of a document."""
        asked = {"start": body.start, "length": body.length}
        for document_id in (ids.document_id(body.collection, body.document), quote(body.document, safe="")):
            with suppress(errors.UnknownDocument):
                return DocumentTextOut.model_validate(
                    self._call("GET", f"/v1/documents/{document_id}/text", params=asked)
                )
        raise errors.UnknownDocument(f"There is no document {body.document!r} that you may read.")

    def remove(self, document: DocumentOut) -> None:
        """Take a document out of the index."""
        self._call("DELETE", f"/v1/documents/{document.id}")

    def set_groups(self, document: DocumentOut, groups: Sequence[str]) -> DocumentOut:
        """Say who may read a document; none: everybody."""
        path, body = f"/v1/documents/{document.id}", {"groups": list(groups)}
        return DocumentOut.model_validate(self._call("PATCH", path, json=body))

    def jobs(self, limit: int) -> Sequence[JobLine]:
        """The latest jobs, newest first."""
        return JobsOut.model_validate(self._call("GET", "/v1/ingestions", params={"limit": limit})).jobs

    def job(self, job_id: str) -> JobDetail:
        """One job."""
        return JobDetail.model_validate(self._call("GET", f"/v1/ingestions/{job_id}"))

    def cancel(self, job_id: str) -> JobDetail:
        """End a job: at once when it waits, before its next document when it runs."""
        return JobDetail.model_validate(self._call("POST", f"/v1/ingestions/{job_id}/cancel"))

    def retry(self, job_id: str, watch: Watch) -> JobOut:
        """Have the service take a job up again, and wait for its end."""
        return self._to_the_end(self._call("POST", f"/v1/ingestions/{job_id}/retry"), watch)

    def collections(self) -> Sequence[CollectionOut]:
        """The collections."""
        return CollectionsOut.model_validate(self._call("GET", "/v1/collections")).collections

    def index_version(self) -> str:
        """The version of the index that answers."""
        return ReadyOut.model_validate(self._call("GET", "/readyz")).index_version

    def index(self) -> IndexOut:
        """The versions of the index."""
        return IndexOut.model_validate(self._call("GET", "/v1/index"))

    def rebuild(self, asked: RebuildIn, watch: WatchRebuild) -> RebuildOut:
        """Have the service make the next version, and wait for the end. Raises what it failed with."""
        state = RebuildOut.model_validate(self._call("POST", "/v1/index/rebuild", json=asked.model_dump(mode="json")))
        while state.state == "RUNNING":
            watch(state)
            time.sleep(POLL_SECONDS)
            state = RebuildOut.model_validate(self._call("GET", "/v1/index/rebuild"))
        if state.error:
            raise _kinds().get(state.error.code, errors.TouchstoneError)(state.error.detail)
        return state

    def roll_back(self) -> RollbackOut:
        """Have the service serve the version before again."""
        return RollbackOut.model_validate(self._call("POST", "/v1/index/rollback"))

    def prune(self) -> PruneOut:
        """Have the service remove every version but the live one."""
        return PruneOut.model_validate(self._call("POST", "/v1/index/prune"))

    def troubles(self) -> Sequence[str]:
        """What is out of order and answered around."""
        return ReadyOut.model_validate(self._call("GET", "/readyz")).degraded

    def verify(self, body: VerifyIn) -> VerifiedOut:
        """Have the service compare everything that is stored."""
        return VerifiedOut.model_validate(self._call("POST", "/v1/index/verify", json=body.model_dump()))

    def repair(self) -> RepairedOut:
        """Have the service make again what is broken."""
        return RepairedOut.model_validate(self._call("POST", "/v1/index/repair"))

    def purge(self) -> PurgedOut:
        """Have the service let nothing of what was deleted stay."""
        return PurgedOut.model_validate(self._call("POST", "/v1/index/purge"))

    def make_key(self, asked: KeyIn) -> NewKeyOut:
        """Have the service make a key."""
        return NewKeyOut.model_validate(self._call("POST", "/v1/keys", json=asked.model_dump(mode="json")))

    def keys(self) -> Sequence[KeyOut]:
        """The keys, the oldest first."""
        return KeysOut.model_validate(self._call("GET", "/v1/keys")).keys

    def revoke_key(self, name: str) -> Sequence[KeyOut]:
        """Have the service revoke a key; it refuses it from the next request on."""
        return KeysOut.model_validate(self._call("DELETE", f"/v1/keys/{quote(name, safe='')}")).keys

    def evaluate(self, body: EvaluationIn, watch: Callable[[Measured], None]) -> EvaluationOut:
        """Have the service measure, and wait for the end; Ctrl-C ends it there too."""
        from evaluation.run.run import Progress as Measured

        path = "/v1/evaluations"
        state = EvaluationOut.model_validate(self._call("POST", path, json=body.model_dump(mode="json")))
        path = f"{path}/{state.evaluation_id}"
        while state.state == "RUNNING":
            try:
                watch(Measured(state.done, state.total, Decimal(str(state.spent_usd))))
                time.sleep(POLL_SECONDS)
            except KeyboardInterrupt:
                self._call("POST", f"{path}/cancel")
            state = EvaluationOut.model_validate(self._call("GET", path))
        return state

    def _to_the_end(self, started: Any, watch: Watch) -> JobOut:  # noqa: ANN401 -- JSON, checked here
        """Wait for a job to end. Raises what the job failed with."""
        from ingest.work import Progress

        job = JobOut.model_validate(started)
        while job.state not in ENDED:
            watch(Progress(job.found - job.pending, job.found, "", job.chunks))
            time.sleep(POLL_SECONDS)
            job = JobOut.model_validate(self._call("GET", f"/v1/ingestions/{job.job_id}"))
        if job.error and job.error.code in _kinds():
            raise _kinds()[job.error.code](job.error.detail)
        return job

    def _pages(self, collection: str) -> Iterator[DocumentOut]:
        offset, total = 0, 1
        while offset < total:
            asked = {"collection": collection, "limit": PAGE, "offset": offset}
            page = DocumentsOut.model_validate(self._call("GET", "/v1/documents", params=asked))
            yield from page.documents
            offset, total = offset + PAGE, page.total

    def _needs_the_folder(self, what: str) -> errors.DataFolderOwned:
        return errors.DataFolderOwned(
            f"{what} needs the data folder itself, and the service at {self.url} owns it. Stop it first."
        )

    def _call(self, method: str, path: str, *, until: Deadline | None = None, **content: Any) -> Any:  # noqa: ANN401 -- JSON, checked by the caller
        request = self._client.build_request(method, path, **content)
        send = partial(_sent, until=until) if until else self._client.send
        waiting = 0.0
        try:
            response = send(request)
            while response.status_code == 429:  # nothing was done for it yet
                pause = max(POLL_SECONDS, retry_after(response.headers) or 0.0)
                waiting += pause
                if waiting > self._most_waiting:
                    break
                _wait(pause, until)
                response = send(request)
        except httpx.HTTPError as error:
            raise errors.Unavailable(
                f"The service at {self.url} owns the data folder and does not answer ({error}). "
                "Look at its log, or stop it."
            ) from error
        if response.is_error:
            raise _as_ours(response)
        return response.json() if response.content else None


def _wait(seconds: float, until: Deadline | None) -> None:
    """Until so much time has passed, or whoever waits calls it off."""
    if until is None:
        time.sleep(seconds)
        return
    called_off = threading.Event()
    with until.calling(called_off.set):
        called_off.wait(seconds)


def _sent(request: httpx.Request, until: Deadline) -> httpx.Response:
    """The response. Raises Cancelled when that is called off: the connection is closed then."""
    from service.answering.models.streaming import arriving

    async def send(give: Callable[[httpx.Response], None]) -> None:
        async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as client:
            give(await client.send(request))

    (response,) = arriving(send, until)
    return response


def raise_error(code: str, detail: str) -> NoReturn:
    """Raise the error of this code, as the class it had at the service."""
    raise _kinds().get(code, errors.TouchstoneError)(detail)


def _as_ours(response: httpx.Response) -> errors.TouchstoneError:
    """The error that the service met, as the class it had there."""
    try:
        problem = response.json()
        code, detail = problem["code"], problem["detail"]
    except (ValueError, KeyError, TypeError):
        return errors.Unavailable(f"{response.request.url} replied {response.status_code}.")
    return _kinds().get(code, errors.UsageError if response.is_client_error else errors.TouchstoneError)(detail)


def _kinds() -> dict[str, type[errors.TouchstoneError]]:
    """Our errors by their codes."""
    return {kind.code: kind for kind in _tree(errors.TouchstoneError) if kind is not errors.ParseError}


def _tree(kind: type[errors.TouchstoneError]) -> Iterator[type[errors.TouchstoneError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _tree(child)
