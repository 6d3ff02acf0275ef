"""Everything that is stored and found, opened together."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.settings import SearchSettings
from indexes.catalogue import Catalogue
from indexes.embedders.protocol import Embedder
from indexes.keyword.protocol import KeywordIndex
from indexes.lock import Lock
from indexes.manifest import Recipe
from indexes.rerankers.protocol import Reranker
from indexes.vector.protocol import VectorIndex

if TYPE_CHECKING:
    from indexes.care import Care


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
    care: Care
    beside: Executor
    """For what one search does at the same time."""
