"""What goes over the wire for questions, and what `--json` prints; records.py and jobs.py have what is catalogued.

Requests refuse unknown fields. Text that came from file names is made printable, since JSON cannot carry
the bytes that are not UTF-8.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from core.answers import Answer, Citation, Hit, Mode, Refusal, SearchResult
from core.errors import UsageError
from core.sources import Patterns

MAX_LIMIT = 100
"""Most hits or passages that one request can ask for."""


def printable(text: str) -> str:
    """`text` with every byte that was not UTF-8 written as `\\udcXX`."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _plain(text: str) -> str:
    if "\x00" in text:
        raise ValueError("holds a NUL character")
    if text != printable(text):
        raise ValueError("is not text: half a surrogate pair cannot be written as UTF-8")
    if not text.strip():
        raise ValueError("is empty")
    return text


def short_enough(text: str, longest: int) -> None:
    """Refuse a question longer than the settings accept.

    Raises:
        UsageError: it is too long.
    """
    if len(text) > longest:
        raise UsageError(f"The question has {len(text):,} characters; at most {longest:,} are accepted.")


def in_words(error: Mapping[str, Any]) -> str:
    """One of pydantic's errors as a sentence that names the field and not its content."""
    outer = {"body", "query", "path"}
    where = ".".join(printable(str(part))[:40] for part in error["loc"] if part not in outer)
    if error["type"] in {"model_type", "model_attributes_type"}:
        return "The body is not a JSON object. Send one, with the content type application/json."
    said = "is not text" if error["type"] == "string_unicode" else error["msg"].removeprefix("Value error, ")
    return f"{where or 'The body'}: {said[:1].lower()}{said[1:]}."


Text = Annotated[str, AfterValidator(_plain)]
"""A string with something in it, without NUL, that UTF-8 can hold."""


class Request(BaseModel):
    """A request body; an unknown field is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Reply(BaseModel):
    """A response body."""

    model_config = ConfigDict(frozen=True)


class QueryIn(Request):
    """A question and how to answer it."""

    question: Text = Field(description="the question, in plain words", examples=["How many days of leave do I have?"])
    collection: Text = Field("default", description="where to look")
    model: Text | None = Field(None, description="a model named in the settings; the default one when missing")
    mode: Mode = Field(
        "rag", description="rag: search first; documents: the named documents; closed_book: the model alone"
    )
    documents: tuple[Text, ...] = Field(
        (), max_length=MAX_LIMIT, description="names of the documents to stay within, as ingestion reported them"
    )
    limit: int | None = Field(None, ge=1, le=MAX_LIMIT, description="most passages shown to the model")
    stream: bool = Field(False, description="send server-sent events, the last of them this same reply")


class SearchIn(Request):
    """Words to search for."""

    text: Text = Field(description="what to look for", examples=["parental leave"])
    collection: Text = Field("default", description="where to look")
    documents: tuple[Text, ...] = Field((), max_length=MAX_LIMIT, description="names of the documents to stay within")
    limit: int | None = Field(None, ge=1, le=MAX_LIMIT, description="most hits")


class IngestionIn(Request):
    """A source to ingest."""

    source: Text = Field(
        description="a path on the machine of the service, or an s3, gs, az or https URL", examples=["/srv/documents"]
    )
    collection: Text = Field("default", description="where to put the documents")
    include: tuple[Text, ...] = Field(
        (),
        max_length=MAX_LIMIT,
        description="look only at files that match one of these patterns",
        examples=[["*.pdf"]],
    )
    exclude: tuple[Text, ...] = Field(
        (), max_length=MAX_LIMIT, description="do not look at files that match one of these", examples=[["drafts"]]
    )

    @property
    def patterns(self) -> Patterns:
        """Which files are looked at."""
        return Patterns(self.include, self.exclude)


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

    @classmethod
    def of(cls, hit: Hit) -> HitOut:
        """The hit as it goes over the wire."""
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
        )


class SearchOut(Reply):
    """Hits, best first."""

    hits: tuple[HitOut, ...]
    index_version: str
    timings_ms: dict[str, float]

    @classmethod
    def of(cls, result: SearchResult) -> SearchOut:
        """The result as it goes over the wire."""
        return cls(
            hits=tuple(HitOut.of(hit) for hit in result.hits),
            index_version=result.index_version,
            timings_ms=_rounded(result.timings_ms),
        )


class CitationOut(Reply):
    """A checked quote: it stands at [start, end) of the document's extracted text, white space folded."""

    document: str
    page: int | None
    quote: str
    start: int
    end: int
    chunk_id: str

    @classmethod
    def of(cls, citation: Citation) -> CitationOut:
        """The citation as it goes over the wire."""
        return cls(
            document=printable(citation.document),
            page=citation.page,
            quote=printable(citation.quote),
            start=citation.start,
            end=citation.end,
            chunk_id=printable(citation.chunk_id),
        )


class UsageOut(Reply):
    """Tokens, as the model's server counts them."""

    input_tokens: int
    cached_tokens: int
    output_tokens: int


class AnswerOut(Reply):
    """An answer with its citations, or `answered: false` with the reason and no answer text."""

    answered: bool
    answer: str | None
    reason: str | None = Field(description="why there is no answer; null with an answer")
    citations: tuple[CitationOut, ...]
    model: str
    mode: Mode
    usage: UsageOut
    cost_usd: float | None = Field(description="null when the settings give the model no price")
    timings_ms: dict[str, float]
    index_version: str
    request_id: str

    @classmethod
    def of(cls, outcome: Answer | Refusal, request_id: str) -> AnswerOut:
        """The outcome as it goes over the wire."""
        answered = outcome if isinstance(outcome, Answer) else None
        return cls(
            answered=answered is not None,
            answer=printable(answered.text) if answered else None,
            reason=outcome.reason if isinstance(outcome, Refusal) else None,
            citations=tuple(CitationOut.of(citation) for citation in answered.citations) if answered else (),
            model=outcome.model,
            mode=outcome.mode,
            usage=UsageOut(
                input_tokens=outcome.usage.input_tokens,
                cached_tokens=outcome.usage.cached_tokens,
                output_tokens=outcome.usage.output_tokens,
            ),
            cost_usd=None if outcome.cost_usd is None else float(outcome.cost_usd),
            timings_ms=_rounded(outcome.timings_ms),
            index_version=outcome.index_version,
            request_id=request_id,
        )


class HealthOut(Reply):
    """The process answers."""

    status: Literal["ok"] = "ok"


class ReadyOut(Reply):
    """Everything a question needs answers."""

    status: Literal["ready"] = "ready"
    index_version: str


class Problem(Reply):
    """An error, as RFC 9457 writes it."""

    type: str = Field("about:blank", description="about:blank: the title is the status in words")
    title: str
    status: int
    detail: str = Field(description="what was tried, on what, and what to do next")
    code: str = Field(description="stable; programs branch on it")
    request_id: str


def _rounded(timings: Mapping[str, float]) -> dict[str, float]:
    return {stage: round(milliseconds, 3) for stage, milliseconds in timings.items()}
