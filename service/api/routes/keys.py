"""Keys to the service."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from service.api.dependencies import CurrentService, WritingService, needs
from service.api.errors import declared
from service.api.wire.keys import KeyIn, KeyOut, KeysOut, NewKeyOut

router = APIRouter(tags=["keys"], dependencies=[needs("admin")])


@router.post("/keys", summary="Make a key", status_code=201, responses=declared(422))
def make(body: KeyIn, service: WritingService) -> NewKeyOut:
    """From the first one on, every call needs a key."""
    row, key = service.indexes.catalogue.keys.make(body.row())
    return NewKeyOut(key=key, about=KeyOut.of(row))


@router.get("/keys", summary="List the keys", responses=declared())
def list_keys(service: CurrentService) -> KeysOut:
    """Those that were revoked or have expired too."""
    return KeysOut(keys=tuple(KeyOut.of(row) for row in service.indexes.catalogue.keys.all()))


@router.delete("/keys/{key}", summary="Revoke a key", responses=declared(404))
def revoke(key: Annotated[str, Path(description="its id, or its name")], service: WritingService) -> KeysOut:
    """By its id, or all of one name; refused from the next call on, for good."""
    return KeysOut(keys=tuple(KeyOut.of(row) for row in service.indexes.catalogue.keys.revoke(key)))
