"""Everything that is stored and found, opened together."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from core.settings.sections import SearchSettings
from indexes.catalogue.catalogue import Catalogue
from indexes.embedders.protocol import Embedder
from indexes.keyword.protocol import KeywordIndex
from indexes.recipe import Recipe
from indexes.rerankers.protocol import Reranker
from indexes.upkeep.lock import Lock
from indexes.vectors.protocol import VectorIndex

if TYPE_CHECKING:
    from indexes.upkeep.caretaker import Caretaker
    from indexes.uploads import Uploads

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexes:
    """An open version of the index. `version` names it and the way its vectors were made; `recipe` says how."""

    catalogue: Catalogue
    keyword: KeywordIndex
    vectors: VectorIndex
    embedder: Embedder
    reranker: Reranker
    recipe: Recipe
    search: SearchSettings
    version: str
    lock: Lock
    caretaker: Caretaker
    uploads: Uploads
    pool: Executor
    """Threads for what one search does at the same time."""
    slot: Callable[[], AbstractContextManager[object]] = nullcontext
    """Entered by a search for as long as it keeps a processor busy: a service has a few. Raises Overloaded."""


def in_slot(work: Callable[Concatenate[Indexes, P], R]) -> Callable[Concatenate[Indexes, P], R]:
    """`work`, done in a slot of the indexes that it is given."""

    @wraps(work)
    def done_in_slot(indexes: Indexes, /, *arguments: P.args, **named: P.kwargs) -> R:
        with indexes.slot():
            return work(indexes, *arguments, **named)

    return done_in_slot
