"""Everything that is stored and found, opened together."""

from __future__ import annotations

from dataclasses import dataclass

from core.settings import SearchSettings
from indexes.catalogue import Catalogue
from indexes.embedders.protocol import Embedder
from indexes.keyword.protocol import KeywordIndex
from indexes.lock import Lock
from indexes.rerankers.protocol import Reranker
from indexes.vector.protocol import VectorIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexes:
    """An open data folder. `version` names the way its vectors were made."""

    catalogue: Catalogue
    keyword: KeywordIndex
    vectors: VectorIndex
    embedder: Embedder
    reranker: Reranker
    search: SearchSettings
    version: str
    lock: Lock
