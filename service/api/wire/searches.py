"""Searching, over the wire and as `--json` prints it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from core.answers import Hit, SearchResult, Trace
from core.filters import Filters
from core.sources import Patterns
from service.api.wire.message import MAX_LIMIT, Day, Flag, NamePatterns, Reply, Request, Text, printable, rounded


class FiltersIn(Request):
    """What a search keeps to: documents that meet every field that is set."""

    paths: NamePatterns = Field((), description="names like one of these patterns", examples=[["hr/**", "*.pdf"]])
    tags: tuple[Text, ...] = Field((), max_length=MAX_LIMIT, description="with at least one of these tags")
    groups: tuple[Text, ...] = Field((), max_length=MAX_LIMIT, description="open to at least one of these by name")
    since: Day | None = Field(None, description="holding, or else modified or made, on this day or later")
    until: Day | None = Field(None, description="holding, or else modified or made, on this day or earlier")

    def wanted(self, documents: Collection[str]) -> Filters:
        """The same as search takes it; `documents` are names to stay within, all when empty."""
        return Filters(
            documents=frozenset(documents) or None,
            paths=Patterns(self.paths),
            tags=frozenset(self.tags),
            groups=frozenset(self.groups),
            since=self.since,
            until=self.until,
        )


class SearchIn(Request):
    """Words to search for."""

    text: Text = Field(description="what to look for", examples=["parental leave"])
    collection: Text = Field("default", description="where to look")
    documents: tuple[Text, ...] = Field((), max_length=MAX_LIMIT, description="names of the documents to stay within")
    limit: int | None = Field(None, ge=1, le=MAX_LIMIT, description="most hits")
    filters: FiltersIn = Field(FiltersIn(), description="documents to stay within, by what is known of them")
    explain: Flag = Field(False, description="say how each hit was scored")
    trace: Text | None = Field(None, description="name of a document: say where it ended up, and why")

    @property
    def wanted(self) -> Filters:
        """What the search keeps to."""
        return self.filters.wanted(self.documents)


class ExplanationOut(Reply):
    """How a hit was scored. Ranks count from 1 among the candidates."""

    dense: float | None = Field(description="cosine with the question")
    dense_rank: int | None
    keyword: float | None = Field(
        description="BM25; null when it was not among the best by words, or the caller may not read everything"
    )
    keyword_rank: int | None
    whole: float | None = Field(description="how much of `fused` is owed to the document as a whole; null: not weighed")
    fused: float = Field(description="both scores together, 0 to 1; the hit's score, unless a reranker gave it another")
    reranked: float | None = Field(description="the reranker's score; null when it did not read the hit")


class HitOut(Reply):
    """One hit. `start` and `end` are character offsets in the document's extracted text."""

    chunk_id: str
    document: str
    score: float = Field(description="fused score, 0 to 1")
    text: str
    headings: tuple[str, ...] = ()
    page_start: int | None
    page_end: int | None
    start: int
    end: int
    explanation: ExplanationOut | None = Field(None, description="only when it was asked for")

    @model_serializer(mode="wrap")
    def _without_nothing(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = handler(self)
        return fields if self.explanation else {name: fields[name] for name in fields if name != "explanation"}

    @classmethod
    def of(cls, hit: Hit, *, explain: bool = False) -> HitOut:
        """The hit as it goes over the wire."""
        explanation = ExplanationOut(
            dense=hit.dense,
            dense_rank=hit.dense_rank,
            keyword=hit.keyword,
            keyword_rank=hit.keyword_rank,
            whole=hit.whole,
            fused=hit.score if hit.fused is None else hit.fused,
            reranked=hit.reranked,
        )
        return cls(
            chunk_id=printable(hit.chunk_id),
            document=printable(hit.document),
            score=round(hit.score, 6),
            text=printable(hit.text),
            headings=tuple(printable(heading) for heading in hit.headings),
            page_start=hit.page_start,
            page_end=hit.page_end,
            start=hit.start,
            end=hit.end,
            explanation=explanation if explain else None,
        )


class TraceOut(Reply):
    """Where a document ended up: its best chunk, with its rank among all chunks in scope, and why."""

    document: str
    chunk_id: str
    dense: float = Field(description="cosine with the question")
    dense_rank: int | None = Field(description="null: beyond the first 1,000")
    keyword: float | None = Field(description="BM25; null when it shares no word with the question")
    keyword_rank: int | None
    score: float | None = Field(description="fused score; null when it is not among the best")
    rank: int | None
    reason: str

    @classmethod
    def of(cls, trace: Trace) -> TraceOut:
        """The trace as it goes over the wire."""
        return cls(**{**asdict(trace), "document": printable(trace.document)})


class SearchOut(Reply):
    """Hits, best first."""

    hits: tuple[HitOut, ...]
    index_version: str
    timings_ms: dict[str, float]
    trace: TraceOut | None = Field(None, description="only when it was asked for")

    @model_serializer(mode="wrap")
    def _without_nothing(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = handler(self)
        return fields if self.trace else {name: fields[name] for name in fields if name != "trace"}

    @classmethod
    def of(cls, result: SearchResult, *, explain: bool = False, trace: Trace | None = None) -> SearchOut:
        """The result as it goes over the wire."""
        return cls(
            hits=tuple(HitOut.of(hit, explain=explain) for hit in result.hits),
            index_version=result.index_version,
            timings_ms=rounded(result.timings_ms),
            trace=TraceOut.of(trace) if trace else None,
        )
