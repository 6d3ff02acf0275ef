"""What goes over the wire for questions, and what `--json` prints; records.py and jobs.py have what is catalogued.

Requests refuse unknown fields. Text that came from file names is made printable, since JSON cannot carry
the bytes that are not UTF-8.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from core.answers import Answer, Citation, Mode, Refusal
from core.settings.sections import Name
from core.sources import Patterns
from service.api.wire.message import MAX_LIMIT, Flag, NamePatterns, Reply, Request, Text, printable, rounded
from service.api.wire.searches import FiltersIn

MAX_TURNS = 100


class TurnIn(Request):
    """One message of the conversation before the question."""

    role: Literal["user", "assistant"]
    text: Text


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
    limit: int | None = Field(
        None,
        ge=1,
        le=MAX_LIMIT,
        description="most passages searched for; `answering.passages` of them are shown to the model at most",
    )
    filters: FiltersIn = Field(FiltersIn(), description="documents to stay within, by what is known of them")
    turns: tuple[TurnIn, ...] = Field(
        (), max_length=MAX_TURNS, description="the conversation before the question, oldest first"
    )
    stream: Flag = Field(False, description="send server-sent events, the last of them this same reply")

    @model_validator(mode="after")
    def _names_what_is_to_be_read(self) -> Self:
        if self.mode == "documents" and not self.documents:
            raise ValueError("mode documents reads the documents that are named: name some in documents")
        return self


class IngestionIn(Request):
    """A source to ingest."""

    source: Text = Field(
        description="a path on the machine of the service, or an s3, gs, az or https URL", examples=["/srv/documents"]
    )
    collection: Text = Field("default", description="where to put the documents")
    include: NamePatterns = Field(
        (), description="look only at files that match one of these patterns", examples=[["*.pdf"]]
    )
    exclude: NamePatterns = Field((), description="do not look at files that match one of these", examples=[["drafts"]])

    groups: tuple[Name, ...] | None = Field(
        None,
        max_length=MAX_LIMIT,
        description="who may read documents of which no metadata file and no rule says so; null: as an earlier "
        "ingestion said, and else, with the scope admin, everybody, without it the key's groups",
    )

    @property
    def patterns(self) -> Patterns:
        """Which files are looked at."""
        return Patterns(self.include, self.exclude)


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
            timings_ms=rounded(outcome.timings_ms),
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
    degraded: tuple[str, ...] = Field((), description="what is broken, answered around and being made again")


class OpenAIError(Reply):
    """The same error as OpenAI's API has it."""

    message: str
    type: str
    param: str | None
    code: str


class Problem(Reply):
    """An error, as RFC 9457 writes it."""

    type: str = Field("about:blank", description="about:blank: the title is the status in words")
    title: str
    status: int
    detail: str = Field(description="what was tried, on what, and what to do next")
    code: str = Field(description="stable; programs branch on it")
    request_id: str


class OpenAIProblem(Problem):
    """An error of a route that OpenAI's clients call."""

    error: OpenAIError
