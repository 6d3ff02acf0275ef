"""The aliases that routes name, and nothing else."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import HTTPConnection

from core.access import Access
from core.logs import request_id
from service.api.access import access_of_caller
from service.api.state import Service


def _service(connection: HTTPConnection) -> Service:
    return cast(Service, connection.state.service)


def _request_id() -> str:
    return request_id.get()


CurrentService = Annotated[Service, Depends(_service)]
CurrentAccess = Annotated[Access, Depends(access_of_caller)]
RequestId = Annotated[str, Depends(_request_id)]
