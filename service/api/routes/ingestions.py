"""Ingestion jobs."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from core.sources import named, refuse_absent
from indexes.rows import JobRow
from service.api.dependencies import CurrentService, WritingService
from service.api.errors import declared
from service.api.jobs import JobDetail, JobDocumentOut, JobDocumentsOut, JobLine, JobsOut, Status
from service.api.schemas import IngestionIn
from service.api.state import Service
from service.api.uploads import folder_of, save, sha256
from service.api.wire import MAX_LIMIT

router = APIRouter(tags=["ingestion"])

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="any text of the caller's own; sent again with the same request, it gives the same job",
    ),
]
UPLOAD_SCHEMA = {
    "title": "files (a form)",
    "type": "object",
    "required": ["files"],
    "properties": {
        "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
        "collection": {"type": "string", "default": "default"},
    },
}
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": IngestionIn.model_json_schema()},
            "multipart/form-data": {"schema": UPLOAD_SCHEMA},
        },
    }
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for: a source, the digest that tells requests apart, and the job if it was asked for before."""

    body: IngestionIn
    digest: str
    earlier: JobRow | None


async def _asked(
    request: Request,
    service: CurrentService,
    key: IdempotencyKey = None,
) -> Asked:
    """The source to ingest: named in JSON, or made of the uploaded files unless they were uploaded before."""
    jobs = service.indexes.catalogue.jobs

    def before(digest: str) -> JobRow | None:
        return jobs.requested(key, digest) if key is not None else None

    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        async with request.form(max_files=1000, max_fields=10) as form:
            files = [file for file in form.getlist("files") if isinstance(file, UploadFile)]
            body = _checked({"source": "uploads", "collection": form.get("collection", "default")})
            digest = _digest(body.collection, *[part for file in files for part in (file.filename, await sha256(file))])
            uploads = service.settings.data / "uploads"
            earlier = await run_in_threadpool(before, digest)
            if earlier is None:
                await run_in_threadpool(
                    jobs.refuse_second, os.path.realpath(uploads / folder_of(body.collection)), body.collection
                )
                folder = await save(files, uploads, body.collection)
                body = body.model_copy(update={"source": str(folder)})
            return Asked(body, digest, earlier)
    try:
        body = _checked(json.loads(await request.body()))
    except (ValueError, RecursionError) as error:
        why = (
            str(error)
            if isinstance(error, json.JSONDecodeError)
            else "it is no UTF-8, too deep, or a number is too long"
        )
        what = [{"type": "json_invalid", "loc": ("body",), "msg": "", "input": {}, "ctx": {"error": why}}]
        raise RequestValidationError(what) from error
    digest = _digest(body.model_dump_json())
    return Asked(body, digest, await run_in_threadpool(before, digest))


def _checked(body: Any) -> IngestionIn:  # noqa: ANN401 -- whatever was sent
    try:
        return IngestionIn.model_validate(body)
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from error


def _digest(*parts: str | None) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


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
    response: Response,
    key: IdempotencyKey = None,
) -> JobDetail:
    """Queue a job; its state is at `Location`. The same request with the same key gives the same job again."""
    job = asked.earlier
    if job is None:
        body = asked.body
        source = named(body.source)
        refuse_absent(source, service.settings.ingest.allowed_hosts)
        job = service.jobs.submit(source, body.collection, patterns=body.patterns, key=key, digest=asked.digest)
    response.headers["Location"] = f"/v1/ingestions/{job.id}"
    return _detail(service, job.id)


@router.get("/ingestions", summary="List the latest ingestion jobs", responses=declared(422))
def list_jobs(service: CurrentService, limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 50) -> JobsOut:
    """Newest first."""
    return JobsOut(jobs=tuple(JobLine.of(row) for row in service.indexes.catalogue.jobs.latest(limit)))


@router.get("/ingestions/{job_id}", summary="Show an ingestion job", responses=declared(404))
def show_job(job_id: str, service: CurrentService) -> JobDetail:
    """How far it is, and in the end what became of everything that was found."""
    return _detail(service, job_id)


@router.get("/ingestions/{job_id}/documents", summary="List the documents of an ingestion job", responses=declared(404))
def list_documents(
    job_id: str,
    service: CurrentService,
    status: Annotated[Status | None, Query(description="only those of this status")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=1 << 31)] = 0,
) -> JobDocumentsOut:
    """By name. Files that needed no reading are counted in the job and not listed here."""
    service.indexes.catalogue.jobs.find(job_id)
    documents = service.indexes.catalogue.job_documents
    wanted = () if status is None else (None if status == "pending" else status,)
    page = documents.listed(job_id, wanted, limit=limit, offset=offset)
    return JobDocumentsOut(
        documents=tuple(JobDocumentOut.of(entry) for entry in page), total=documents.count(job_id, wanted)
    )


@router.post(
    "/ingestions/{job_id}/cancel", summary="End an ingestion job", status_code=202, responses=declared(403, 404, 409)
)
def cancel(job_id: str, service: WritingService) -> JobDetail:
    """At once when it waits, before its next document when it runs. What it wrote until then stays."""
    service.jobs.cancel(job_id)
    return _detail(service, job_id)


@router.post(
    "/ingestions/{job_id}/retry",
    summary="Take an ingestion job up again",
    status_code=202,
    responses=declared(403, 404, 409, 503),
)
def retry(job_id: str, service: WritingService) -> JobDetail:
    """The documents that failed, or, when it did not get to its end, whatever it left."""
    service.jobs.retry(job_id)
    return _detail(service, job_id)


def _detail(service: Service, job_id: str) -> JobDetail:
    catalogue = service.indexes.catalogue
    return JobDetail.of(catalogue, catalogue.jobs.find(job_id))
