"""Works through the service that owns the data folder."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self
from urllib.parse import quote

import httpx

from app import operations
from app.operations import Operation, R
from core import errors, ids
from core.deadline import retry_after
from service.api.wire.documents import CollectionOut, DocumentIn, DocumentOut, DocumentTextOut, ReadIn
from service.api.wire.evaluations import EvaluationIn, EvaluationOut
from service.api.wire.jobs import JobDetail, JobLine, JobOut, PlanOut
from service.api.wire.keys import KeyIn, KeyOut, NewKeyOut
from service.api.wire.message import Request
from service.api.wire.questions import AnswerOut, IngestionIn, QueryIn
from service.api.wire.searches import SearchIn, SearchOut
from service.api.wire.upkeep import PurgedOut, RepairedOut, VerifiedOut, VerifyIn
from service.api.wire.versions import IndexOut, PruneOut, RebuildIn, RebuildOut, RollbackOut

if TYPE_CHECKING:
    from app.engine import Watch, WatchRebuild
    from core.deadline import Deadline
    from evaluation.run.run import Progress as Measured

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
        return self._call(operations.ASK, body, until=until)

    def search(self, body: SearchIn) -> SearchOut:
        """Find passages."""
        return self._call(operations.SEARCH, body)

    def ingest(self, body: IngestionIn, watch: Watch) -> JobOut:
        """Queue the source at the service and wait for the job's end."""
        return self._to_the_end(self._call(operations.INGEST, body), watch)

    def plan(self, body: IngestionIn) -> PlanOut:
        """What `ingest` would do."""
        return self._call(operations.PLAN, body)

    def documents(self, collection: str) -> Sequence[DocumentOut]:
        """The collection's documents, by name."""
        return list(self._pages(collection))

    def document(self, document_id: str) -> DocumentOut:
        """One document by its id."""
        return self._call(operations.DOCUMENT, document_id=document_id)

    def text(self, document: DocumentOut) -> str:
        """A document's extracted text."""
        return self._call(operations.TEXT, document_id=document.id).text

    def read(self, body: ReadIn) -> DocumentTextOut:
        """A stretch of a document."""
        asked = {"start": body.start, "length": body.length}
        for document_id in (ids.document_id(body.collection, body.document), body.document):
            with suppress(errors.UnknownDocument):
                return self._call(operations.TEXT, query=asked, document_id=document_id)
        raise errors.UnknownDocument(f"There is no document {body.document!r} that you may read.")

    def remove(self, document: DocumentOut) -> None:
        """Take a document out of the index."""
        self._call(operations.REMOVE, document_id=document.id)

    def set_groups(self, document: DocumentOut, groups: Sequence[str]) -> DocumentOut:
        """Say who may read a document; none: everybody."""
        return self._call(operations.SET_GROUPS, DocumentIn(groups=tuple(groups)), document_id=document.id)

    def jobs(self, limit: int) -> Sequence[JobLine]:
        """The latest jobs, newest first."""
        return self._call(operations.JOBS, query={"limit": limit}).jobs

    def job(self, job_id: str) -> JobDetail:
        """One job."""
        return self._call(operations.JOB, job_id=job_id)

    def cancel(self, job_id: str) -> JobDetail:
        """End a job: at once when it waits, before its next document when it runs."""
        return self._call(operations.CANCEL, job_id=job_id)

    def retry(self, job_id: str, watch: Watch) -> JobOut:
        """Have the service take a job up again, and wait for its end."""
        return self._to_the_end(self._call(operations.RETRY, job_id=job_id), watch)

    def collections(self) -> Sequence[CollectionOut]:
        """The collections."""
        return self._call(operations.COLLECTIONS).collections

    def index_version(self) -> str:
        """The version of the index that answers."""
        return self._call(operations.READY).index_version

    def index(self) -> IndexOut:
        """The versions of the index."""
        return self._call(operations.INDEX)

    def rebuild(self, asked: RebuildIn, watch: WatchRebuild) -> RebuildOut:
        """Have the service make the next version, and wait for the end. Raises what it failed with."""
        state = self._call(operations.REBUILD, asked)
        while state.state == "RUNNING":
            watch(state)
            time.sleep(POLL_SECONDS)
            state = self._call(operations.REBUILDING)
        if state.error:
            raise_error(state.error.code, state.error.detail)
        return state

    def roll_back(self) -> RollbackOut:
        """Have the service serve the version before again."""
        return self._call(operations.ROLL_BACK)

    def prune(self) -> PruneOut:
        """Have the service remove every version but the live one."""
        return self._call(operations.PRUNE)

    def troubles(self) -> Sequence[str]:
        """What is out of order and answered around."""
        return self._call(operations.READY).degraded

    def verify(self, body: VerifyIn) -> VerifiedOut:
        """Have the service compare everything that is stored."""
        return self._call(operations.VERIFY, body)

    def repair(self) -> RepairedOut:
        """Have the service make again what is broken."""
        return self._call(operations.REPAIR)

    def purge(self) -> PurgedOut:
        """Have the service let nothing of what was deleted stay."""
        return self._call(operations.PURGE)

    def make_key(self, asked: KeyIn) -> NewKeyOut:
        """Have the service make a key."""
        return self._call(operations.MAKE_KEY, asked)

    def keys(self) -> Sequence[KeyOut]:
        """The keys, the oldest first."""
        return self._call(operations.KEYS).keys

    def revoke_key(self, name: str) -> Sequence[KeyOut]:
        """Have the service revoke a key; it refuses it from the next request on."""
        return self._call(operations.REVOKE_KEY, key=name).keys

    def evaluate(self, body: EvaluationIn, watch: Callable[[Measured], None]) -> EvaluationOut:
        """Have the service measure, and wait for the end; Ctrl-C ends it there too."""
        from evaluation.run.run import Progress as Measured

        state = self._call(operations.EVALUATE, body)
        while state.state == "RUNNING":
            try:
                watch(Measured(state.done, state.total, Decimal(str(state.spent_usd))))
                time.sleep(POLL_SECONDS)
            except KeyboardInterrupt:
                self._call(operations.CANCEL_EVALUATION, evaluation_id=state.evaluation_id)
            state = self._call(operations.EVALUATION, evaluation_id=state.evaluation_id)
        return state

    def _to_the_end(self, job: JobDetail, watch: Watch) -> JobOut:
        """Wait for a job to end. Raises what the job failed with."""
        from ingest.work import Progress

        while job.state not in ENDED:
            watch(Progress(job.found - job.pending, job.found, "", job.chunks))
            time.sleep(POLL_SECONDS)
            job = self._call(operations.JOB, job_id=job.job_id)
        if job.error and job.error.code in _kinds():
            raise_error(job.error.code, job.error.detail)
        return JobOut.of_all([job])

    def _pages(self, collection: str) -> Iterator[DocumentOut]:
        offset, total = 0, 1
        while offset < total:
            asked: dict[str, Any] = {"collection": collection, "limit": PAGE, "offset": offset}
            page = self._call(operations.DOCUMENTS, query=asked)
            yield from page.documents
            offset, total = offset + PAGE, page.total

    def _call(
        self,
        operation: Operation[R],
        body: Request | None = None,
        *,
        query: Mapping[str, Any] | None = None,
        until: Deadline | None = None,
        **parts: str,
    ) -> R:
        """What the service replies. `parts`: what stands in the braces of the operation's path."""
        path = operation.path.format_map({name: quote(part, safe="") for name, part in parts.items()})
        sent = None if body is None else body.model_dump(mode="json")
        request = self._client.build_request(operation.method, path, params=query, json=sent)
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
        return operation.reply.model_validate(response.json() if response.content else {})


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
