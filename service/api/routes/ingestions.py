"""Ingestion jobs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.datastructures import UploadFile

from core.errors import SourceError
from service.api.dependencies import CurrentService
from service.api.errors import declared
from service.api.records import JobLine, JobOut, JobsOut
from service.api.schemas import MAX_LIMIT, IngestionIn
from service.api.uploads import save

router = APIRouter(tags=["ingestion"])

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


async def _ingestion(request: Request) -> IngestionIn:
    """The source to ingest: named in JSON, or made of the uploaded files."""
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        async with request.form(max_files=1000, max_fields=10) as form:
            files = [file for file in form.getlist("files") if isinstance(file, UploadFile)]
            body = _checked({"source": "uploads", "collection": form.get("collection", "default")})
            folder = await save(files, request.state.service.settings.data / "uploads", body.collection)
            return body.model_copy(update={"source": str(folder)})
    try:
        return _checked(json.loads(await request.body()))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        what = [{"type": "json_invalid", "loc": ("body",), "msg": "", "input": {}, "ctx": {"error": str(error)}}]
        raise RequestValidationError(what) from error


def _checked(body: Any) -> IngestionIn:  # noqa: ANN401 -- whatever was sent
    try:
        return IngestionIn.model_validate(body)
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from error


@router.post(
    "/ingestions",
    summary="Ingest a folder, or uploaded files",
    status_code=202,
    openapi_extra=BODY,
    responses=declared(403, 413, 422, 503),
)
def start(body: Annotated[IngestionIn, Depends(_ingestion)], service: CurrentService, response: Response) -> JobOut:
    """Queue a job; its state is at `Location`."""
    source = Path(body.source).expanduser().absolute()
    if not source.exists():
        raise SourceError(f"{source} does not exist on the service's machine. Name a folder or file that does.")
    job = service.submit(source, body.collection)
    response.headers["Location"] = f"/v1/ingestions/{job}"
    return JobOut.of(service.indexes.catalogue.job(job))


@router.get("/ingestions", summary="List the latest ingestion jobs", responses=declared(422))
def list_jobs(service: CurrentService, limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 50) -> JobsOut:
    """Newest first."""
    return JobsOut(jobs=tuple(JobLine.of(row) for row in service.indexes.catalogue.jobs(limit)))


@router.get("/ingestions/{job_id}", summary="Show an ingestion job", responses=declared(404))
def show_job(job_id: str, service: CurrentService) -> JobOut:
    """Its counts are there once it has ended."""
    return JobOut.of(service.indexes.catalogue.job(job_id))
