"""The table of operations: what each one sends to a service, and what comes back.

The HTTP client (app/remote.py) and docs/api.md read it; a test holds it against the routes of the service.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from service.api.wire.documents import CollectionsOut, DocumentIn, DocumentOut, DocumentsOut, DocumentTextOut
from service.api.wire.evaluations import EvaluationIn, EvaluationOut
from service.api.wire.jobs import JobDetail, JobsOut, PlanOut
from service.api.wire.keys import KeyIn, KeysOut, NewKeyOut
from service.api.wire.message import Reply, Request
from service.api.wire.questions import AnswerOut, IngestionIn, QueryIn, ReadyOut
from service.api.wire.searches import SearchIn, SearchOut
from service.api.wire.upkeep import PurgedOut, RepairedOut, VerifiedOut, VerifyIn
from service.api.wire.versions import IndexOut, PruneOut, RebuildIn, RebuildOut, RollbackOut

R = TypeVar("R", bound=Reply)


@dataclass(frozen=True, slots=True)
class Operation(Generic[R]):
    """A request that the service answers. `path`: what changes from one call to the next stands in braces.

    `name`: what programs and commands call it. `reply`: what comes back; `Reply` itself: nothing. `sent`: the body;
    None: there is none.
    """

    name: str
    method: str
    path: str
    reply: type[R]
    sent: type[Request] | None = None


ASK = Operation("ask", "POST", "/v1/query", AnswerOut, QueryIn)
SEARCH = Operation("search", "POST", "/v1/search", SearchOut, SearchIn)

INGEST = Operation("ingest", "POST", "/v1/ingestions", JobDetail, IngestionIn)
PLAN = Operation("plan", "POST", "/v1/ingestions/plan", PlanOut, IngestionIn)
JOBS = Operation("jobs", "GET", "/v1/ingestions", JobsOut)
JOB = Operation("job", "GET", "/v1/ingestions/{job_id}", JobDetail)
CANCEL = Operation("cancel", "POST", "/v1/ingestions/{job_id}/cancel", JobDetail)
RETRY = Operation("retry", "POST", "/v1/ingestions/{job_id}/retry", JobDetail)

COLLECTIONS = Operation("collections", "GET", "/v1/collections", CollectionsOut)
DOCUMENTS = Operation("documents", "GET", "/v1/documents", DocumentsOut)
DOCUMENT = Operation("document", "GET", "/v1/documents/{document_id}", DocumentOut)
TEXT = Operation("text", "GET", "/v1/documents/{document_id}/text", DocumentTextOut)
SET_GROUPS = Operation("set_groups", "PATCH", "/v1/documents/{document_id}", DocumentOut, DocumentIn)
REMOVE = Operation("remove", "DELETE", "/v1/documents/{document_id}", Reply)

READY = Operation("ready", "GET", "/readyz", ReadyOut)
INDEX = Operation("index", "GET", "/v1/index", IndexOut)
REBUILD = Operation("rebuild", "POST", "/v1/index/rebuild", RebuildOut, RebuildIn)
REBUILDING = Operation("rebuilding", "GET", "/v1/index/rebuild", RebuildOut)
ROLL_BACK = Operation("roll_back", "POST", "/v1/index/rollback", RollbackOut)
PRUNE = Operation("prune", "POST", "/v1/index/prune", PruneOut)
VERIFY = Operation("verify", "POST", "/v1/index/verify", VerifiedOut, VerifyIn)
REPAIR = Operation("repair", "POST", "/v1/index/repair", RepairedOut)
PURGE = Operation("purge", "POST", "/v1/index/purge", PurgedOut)

MAKE_KEY = Operation("make_key", "POST", "/v1/keys", NewKeyOut, KeyIn)
KEYS = Operation("keys", "GET", "/v1/keys", KeysOut)
REVOKE_KEY = Operation("revoke_key", "DELETE", "/v1/keys/{key}", KeysOut)

EVALUATE = Operation("evaluate", "POST", "/v1/evaluations", EvaluationOut, EvaluationIn)
EVALUATION = Operation("evaluation", "GET", "/v1/evaluations/{evaluation_id}", EvaluationOut)
CANCEL_EVALUATION = Operation("cancel_evaluation", "POST", "/v1/evaluations/{evaluation_id}/cancel", EvaluationOut)

OPERATIONS: tuple[Operation[Reply], ...] = tuple(
    value for value in list(vars().values()) if isinstance(value, Operation)
)
"""All of them."""
