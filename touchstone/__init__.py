"""Touchstone for programs: everything that is meant to be imported, and nothing else is.

    with touchstone.open("touchstone-data") as index:            # a data folder, or the service that owns it
        index.ingest("contracts")
        print(index.ask("What is the notice period of the lease?"))

    with touchstone.Client("http://127.0.0.1:8000", key) as service:   # the same calls over HTTP
        print(service.search("notice period").hits[0].document)

Names are loaded when they are first used: importing this costs nothing. Imports app and what is below it.

Order: library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core import errors as errors
    from core.access import OWNER as OWNER
    from core.access import Access as Access
    from core.settings.load import Settings as Settings
    from core.settings.load import load as load
    from indexes.llamaindex import TouchstoneEmbedding as TouchstoneEmbedding
    from indexes.llamaindex import TouchstoneRetriever as TouchstoneRetriever
    from indexes.open import open_indexes as open_indexes
    from touchstone.library import Client as Client
    from touchstone.library import Index as Index
    from touchstone.library import open as open

_HOMES = {
    "OWNER": "core.access",
    "Access": "core.access",
    "Client": "touchstone.library",
    "Index": "touchstone.library",
    "Settings": "core.settings.load",
    "TouchstoneEmbedding": "indexes.llamaindex",
    "TouchstoneRetriever": "indexes.llamaindex",
    "load": "core.settings.load",
    "open": "touchstone.library",
    "open_indexes": "indexes.open",
}
__all__ = sorted([*_HOMES, "errors"])


def __getattr__(name: str) -> Any:  # noqa: ANN401 -- the block above says what each name is
    if name == "errors":
        return import_module("core.errors")
    if name not in _HOMES:
        raise AttributeError(f"touchstone has no {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
