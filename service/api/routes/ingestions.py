"""Ingestion jobs."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from core.access import Principal, followed, groups_to_give, require_groups
from core.errors import Unavailable
from core.sources import named, refuse_absent, scheme_of
from indexes.catalogue.rows import JobRow, Order
from service.api.auth.sources import Upload, refuse_source, uploads_of
from service.api.dependencies import CurrentPrincipal, CurrentService, JobId, WritingService, needs
from service.api.errors import declared
from service.api.state import Service
from service.api.uploads import sha256
from service.api.wire.jobs import JobDetail, JobDocumentOut, JobDocumentsOut, JobLine, JobsOut, PlanOut, Status
from service.api.wire.message import MAX_LIMIT
from service.api.wire.questions import IngestionIn

router = APIRouter(tags=["ingestion"], dependencies=[needs("ingest")])

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="any text of the caller's own; sent again with the same request, it gives the same job",
    ),
]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="most jobs in the reply")]
UPLOAD_SCHEMA = {
    "title": "files (a form)",
    "type": "object",
    "required": ["files"],
    "properties": {
        "files": {"type": "array", "minItems": 1, "items": {"type": "string", "format": "binary"}},
        "collection": {"type": "string", "default": "default", "description": "where to put the documents"},
        "groups": {"type": "array", "items": {"type": "string"}, "description": "who may read them"},
    },
    "examples": [{"files": ["the bytes of a file"], "collection": "default"}],
}
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": IngestionIn.model_json_schema(), "example": {"source": "/srv/documents"}},
            "multipart/form-data": {"schema": UPLOAD_SCHEMA},
        },
    }
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for: a source, by whom, and the job if it was asked for before."""

    body: IngestionIn
    order: Order
    earlier: JobRow | None = None


async def _asked(
    request: Request,
    service: CurrentService,
    principal: CurrentPrincipal,
    key: IdempotencyKey = None,
) -> AsyncIterator[Asked]:
    """The source to ingest: named in JSON, or made of the uploaded files unless they were uploaded before."""
    jobs = service.indexes.catalogue.jobs
    own = None if key is None else f"{quote(principal.name, safe='@:/')} {key}"  # a name without a blank, and the key

    def asked(body: IngestionIn, *parts: str | None) -> Asked:
        digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
        order = replace(_order(body, principal), key=own, digest=digest)
        return Asked(body, order, jobs.requested(own, digest) if own is not None else None)

    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        async with request.form(max_files=1000, max_fields=110) as form:
            files = [file for file in form.getlist("files") if isinstance(file, UploadFile)]
            collection, groups = form.get("collection", "default"), form.getlist("groups") or None
            body = _allowed({"source": "uploads", "collection": collection, "groups": groups}, principal)
            upload = await run_in_threadpool(Upload, files, principal, service.indexes.uploads, body)
            parts = [part for file in files for part in (file.filename, await sha256(file))]
            found = await run_in_threadpool(asked, body, body.collection, *parts, *groups or ())
            if found.earlier is not None:
                yield found
                return
            try:
                await run_in_threadpool(upload.receive)
                yield Asked(upload.body, replace(found.order, upload=upload.id))
            finally:
                await run_in_threadpool(upload.drop)
            return
    try:
        body = _allowed(json.loads(await request.body()), principal)
    except (ValueError, RecursionError) as error:
        why = (
            str(error)
            if isinstance(error, json.JSONDecodeError)
            else "it is no UTF-8, too deep, or a number is too long"
        )
        what = [{"type": "json_invalid", "loc": ("body",), "msg": "", "input": {}, "ctx": {"error": why}}]
        raise RequestValidationError(what) from error
    refuse_source(named(body.source), principal, service.settings.server.sources, service.settings.data)
    yield await run_in_threadpool(asked, body, body.model_dump_json(exclude_none=True))


def _order(body: IngestionIn, principal: Principal) -> Order:
    """By whom, and for which groups."""
    own = None if principal.is_admin else tuple(sorted(principal.groups))
    return Order(begun_by=principal.name, groups=body.groups, caller_groups=own)


def _allowed(sent: object, principal: Principal) -> IngestionIn:
    """What was sent, with the groups that the caller may give. Raises RequestValidationError and Forbidden."""
    body = _checked(sent)
    groups = groups_to_give(principal, body.groups)
    return body.model_copy(update={"groups": None if groups is None else tuple(sorted(groups))})


def _checked(body: Any) -> IngestionIn:  # noqa: ANN401 -- whatever was sent
    try:
        return IngestionIn.model_validate(body)
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from error


@router.post(
    "/ingestions",
    summary="Ingest a source, or uploaded files",
    status_code=202,
    openapi_extra=BODY,
    responses=declared(403, 409, 413, 422, 503),
)
def start(
    asked: Annotated[Asked, Depends(_asked)],
    service: WritingService,
    principal: CurrentPrincipal,
    response: Response,
) -> JobDetail:
    """Queue a job; its state is at `Location`. The same request with the same key gives the same job again.

    Uploads wait behind each other and behind whatever runs; 409 is for a second job on a source that was named. A file
    keeps the folders of its name ("2024/report.txt"), and a later upload of the same name takes its place.
    """
    job = asked.earlier
    if job is None:
        body = asked.body
        source = named(body.source)
        if not asked.order.upload:
            _refuse_absent(source, service, principal)
        with service.indexes.uploads.handed_in(asked.order.upload):
            job = service.jobs.submit(source, body.collection, patterns=body.patterns, order=asked.order)
    response.headers["Location"] = f"/v1/ingestions/{job.id}"
    return _detail(service, principal, job.id)


def _refuse_absent(source: str, service: Service, principal: Principal) -> None:
    if principal.is_admin or scheme_of(source):  # who may not read a file is not told of it
        refuse_absent(source, service.settings.ingest.allowed_hosts)


@router.post(
    "/ingestions/plan",
    summary="Say what an ingestion would do",
    responses=declared(403, 413, 422, 503),
)
def plan(body: IngestionIn, service: CurrentService, principal: CurrentPrincipal) -> PlanOut:
    """From names, sizes and hashes: nothing is read into the index, changed or removed. What is refused is refused here
    too, and what is closed to the caller is not there.
    """
    if service.foresee is None:
        raise Unavailable("This service plans no ingestions. Start it with `touchstone serve`.")
    body, source = _allowed(body, principal), named(body.source)
    refuse_source(source, principal, service.settings.server.sources, service.settings.data)
    _refuse_absent(source, service, principal)
    return service.foresee(source, body.collection, patterns=body.patterns, order=_order(body, principal))


@router.get("/ingestions", summary="List the latest ingestion jobs", responses=declared(422))
def list_jobs(service: CurrentService, principal: CurrentPrincipal, limit: Limit = 50) -> JobsOut:
    """Newest first; without the scope admin those that the caller began."""
    rows = service.indexes.catalogue.jobs.latest(limit, begun_by=followed(principal))
    return JobsOut(jobs=tuple(JobLine.of(_named(service, principal, row)) for row in rows))


@router.get("/ingestions/{job_id}", summary="Show an ingestion job", responses=declared(404))
def show_job(job_id: JobId, service: CurrentService, principal: CurrentPrincipal) -> JobDetail:
    """How far it is, and in the end what became of everything that was found."""
    return _detail(service, principal, job_id)


@router.get("/ingestions/{job_id}/documents", summary="List the documents of an ingestion job", responses=declared(404))
def list_documents(
    job_id: JobId,
    service: CurrentService,
    principal: CurrentPrincipal,
    status: Annotated[Status | None, Query(description="only those of this status")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="most documents in one reply")] = 100,
    offset: Annotated[int, Query(ge=0, le=1 << 31, description="documents left out at the beginning")] = 0,
) -> JobDocumentsOut:
    """By name. Files that needed no reading are counted in the job and not listed here."""
    service.indexes.catalogue.jobs.find(job_id, begun_by=followed(principal))
    documents = service.indexes.catalogue.job_documents
    wanted = () if status is None else (None if status == "pending" else status,)
    page = documents.listed(job_id, wanted, limit=limit, offset=offset, access=principal.access)
    total = documents.count(job_id, wanted, access=principal.access)
    return JobDocumentsOut(documents=tuple(JobDocumentOut.of(entry) for entry in page), total=total)


@router.post(
    "/ingestions/{job_id}/cancel", summary="End an ingestion job", status_code=202, responses=declared(403, 404, 409)
)
def cancel(job_id: JobId, service: WritingService, principal: CurrentPrincipal) -> JobDetail:
    """At once when it waits, before its next document when it runs. What it wrote until then stays."""
    service.jobs.cancel(service.indexes.catalogue.jobs.find(job_id, begun_by=followed(principal)).id)
    return _detail(service, principal, job_id)


@router.post(
    "/ingestions/{job_id}/retry",
    summary="Take an ingestion job up again",
    status_code=202,
    responses=declared(403, 404, 409, 503),
)
def retry(job_id: JobId, service: WritingService, principal: CurrentPrincipal) -> JobDetail:
    """The documents that failed, or, when it did not get to its end, whatever it left."""
    job = service.indexes.catalogue.jobs.find(job_id, begun_by=followed(principal))
    require_groups(principal, {*(job.groups or ()), *(job.caller_groups or ())})
    service.jobs.retry(job.id)
    return _detail(service, principal, job_id)


def _detail(service: Service, principal: Principal, job_id: JobId) -> JobDetail:
    catalogue = service.indexes.catalogue
    job = catalogue.jobs.find(job_id, begun_by=followed(principal))
    return JobDetail.of(catalogue, _named(service, principal, job), principal.access)


def _named(service: Service, principal: Principal, job: JobRow) -> JobRow:
    """The job as its caller knows it: where uploads lie is nobody's business but the admin's."""
    folder = os.path.realpath(uploads_of(principal, service.settings.data, job.collection))
    if principal.is_admin or job.source != folder:
        return job
    within = os.path.relpath(folder, os.path.realpath(service.settings.data))  # as a report has it
    report = json.loads(json.dumps(job.report).replace(json.dumps(within)[1:-1], "uploads"))
    return replace(job, source="uploads", report=report)
