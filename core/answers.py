"""What search and answering return: hits, passages, citations, and an `Answer` or a `Refusal`."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from core.documents import PageBreaks, page_at

Mode = Literal["rag", "documents", "closed_book"]
Reason = Literal["no_relevant_passage", "model_abstained", "unsupported_answer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One message of a conversation before the question that is asked now."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A chunk that search found. `score` is the fused score in [0, 1]; offsets are into the extracted text.

    `dense` is the cosine with the question, `keyword` the BM25 score (higher is better); None where that
    index did not return the chunk.
    """

    chunk_id: str
    document: str
    score: float
    text: str
    start: int
    end: int
    title: str = ""
    headings: tuple[str, ...] = ()
    header: str = ""
    pages: PageBreaks = ()
    day: str | None = None
    """The date of its document, in ISO 8601, if it has one."""
    dense: float | None = None
    keyword: float | None = None
    dense_rank: int | None = None
    keyword_rank: int | None = None
    """Its place among the candidates by that score, from 1; None like the score."""
    whole: float | None = None
    """How much of the fused score is owed to the document as a whole; None when documents were not weighed."""
    fused: float | None = None
    reranked: float | None = None
    """The score before a reranker and the reranker's own, where one ran; it reads only the first candidates."""

    @property
    def page_start(self) -> int | None:
        """The page it begins on; None without pages."""
        return self.pages[0][1] if self.pages else None

    @property
    def page_end(self) -> int | None:
        """The page it ends on; None without pages."""
        return self.pages[-1][1] if self.pages else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """Hits best first, ties broken by chunk id, the index version they come from, and milliseconds by stage."""

    hits: tuple[Hit, ...]
    index_version: str
    timings_ms: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Where a document ended up in a search: its best chunk, the ranks of that one among all in scope, and why.

    A rank is None where the chunk has no such score (it shares no word, or is not among the best that were merged), and
    where it lies beyond those that are counted (`indexes.search.trace.DEEPEST`).
    """

    document: str
    chunk_id: str
    dense: float
    dense_rank: int | None
    keyword: float | None
    keyword_rank: int | None
    score: float | None
    rank: int | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A hit as the model is shown it, numbered from 1 in the order of the prompt."""

    number: int
    hit: Hit

    def page_of(self, offset: int) -> int | None:
        """The page on which an offset of the document stands; None without pages."""
        return page_at(self.hit.pages, offset)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens as the model's server reports them; the built-in model counts its own words."""

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        """Of two calls together."""
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What a model claims to quote: the number of a passage and words that should stand in it."""

    passage: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A model's reply before its quotes are checked. `text` is empty when the model abstained.

    While a reply is still arriving, `whole` is False: `text` is its beginning and `quotes` are those that are complete.
    """

    text: str
    quotes: tuple[Quote, ...]
    usage: Usage | None
    """None where the model's server does not report it."""
    abstained: bool = False
    whole: bool = True
    served: str = ""
    """What the server calls the model that wrote it; empty where it does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A checked quote: `quote` stands at [start, end) of the document's extracted text, white space folded."""

    document: str
    page: int | None
    quote: str
    start: int
    end: int
    chunk_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer with the citations that hold. `cost_usd` is None when the model has no price."""

    text: str
    citations: tuple[Citation, ...]
    model: str
    mode: Mode
    usage: Usage
    cost_usd: Decimal | None
    timings_ms: dict[str, float]
    index_version: str
    passages: tuple[Passage, ...] = field(default=(), repr=False)
    dropped_quotes: int = 0
    """Quotes of the model that did not stand where it said."""
    served: str = ""
    """What the server calls the model that answered; empty where it does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """No answer, and why: an expected outcome. Cost and usage count all the same."""

    reason: Reason
    model: str
    mode: Mode
    usage: Usage
    cost_usd: Decimal | None
    timings_ms: dict[str, float]
    index_version: str
    passages: tuple[Passage, ...] = field(default=(), repr=False)
    dropped_quotes: int = 0
    served: str = ""
