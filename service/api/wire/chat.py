"""Chat completions as OpenAI's API has them, so that clients written for it can ask questions here.

A parameter that would change what an answer means is refused; one that would not is accepted, and named in `ignored`.
"""

from __future__ import annotations

import time
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from core.answers import Answer, Mode, Refusal, Turn, Usage
from service.api.wire.message import Flag, Plain, Reply, Request, Text, printable, rounded
from service.api.wire.questions import MAX_TURNS, CitationOut
from service.web.page import REFUSALS

MAX_MESSAGES = 500
REFUSED: dict[str, tuple[list[object], str]] = {
    "n": ([1], "a question has one answer; leave it out"),
    "tools": ([[]], "no tools are called here; leave them out"),
    "tool_choice": (["none", "auto"], "no tools are called here; leave it out"),
    "functions": ([[]], "no functions are called here; leave them out"),
    "function_call": (["none", "auto"], "no functions are called here; leave it out"),
    "logprobs": ([False], "probabilities are not given; leave it out"),
    "top_logprobs": ([0], "probabilities are not given; leave it out"),
    "logit_bias": ([{}], "the choice of words cannot be changed; leave it out"),
    "response_format": ([{"type": "text"}], "an answer is plain text; leave it out"),
    "stop": ([[], ""], "an answer is given whole; leave it out"),
    "modalities": ([[], ["text"]], "an answer is plain text; leave it out"),
}
"""Parameters with the only values that are accepted, besides null, and what is said of any other."""
HARMLESS = (
    "temperature", "top_p", "presence_penalty", "frequency_penalty", "max_tokens", "max_completion_tokens", "seed",
    "user", "safety_identifier", "prompt_cache_key", "service_tier", "reasoning_effort", "verbosity", "store",
    "metadata", "parallel_tool_calls", "prediction", "prompt_cache_retention", "prompt_cache_options",
)  # fmt: skip
IGNORED = "accepted and not used"


class TextPart(BaseModel):
    """A piece of a message."""

    model_config = ConfigDict(frozen=True)

    type: Literal["text"] = Field(description="text alone is read")
    text: Plain


class ChatMessage(BaseModel):
    """A message. Other fields, such as those of an earlier reply that is sent back, are not read."""

    model_config = ConfigDict(frozen=True)

    role: Literal["system", "developer", "user", "assistant"]
    content: Plain | tuple[TextPart, ...] | None = None

    @field_validator("content", mode="before")
    @classmethod
    def _is_text(cls, value: object) -> object:
        if isinstance(value, list) and any(isinstance(part, dict) and part.get("type") != "text" for part in value):
            raise PydanticCustomError("unsupported", "only text is read here; leave pictures, sounds and files out")
        return value

    @property
    def text(self) -> str:
        """What it says."""
        if isinstance(self.content, tuple):
            return "\n".join(part.text for part in self.content)
        return self.content or ""


class StreamOptions(BaseModel):
    """How a stream ends; other fields are not read."""

    model_config = ConfigDict(frozen=True)

    include_usage: Flag | None = Field(None, description="count the tokens in a last chunk")


class ChatIn(Request):
    """A conversation whose last message is the question. Messages of the system are not given to the model."""

    model: Text | None = Field(
        None, description="a model named in the settings; null: the default", examples=["extractive"]
    )
    messages: tuple[ChatMessage, ...] = Field(
        min_length=1,
        max_length=MAX_MESSAGES,
        description="the last one of a user is the question, those before it are earlier turns",
        examples=[[{"role": "user", "content": "How many days of parental leave do I have?"}]],
    )
    collection: Text = Field("default", description="Touchstone's own: where to look")
    stream: Flag | None = Field(None, description="send server-sent events")
    stream_options: StreamOptions | None = None

    n: Literal[1] | None = None
    tools: tuple[()] | None = None
    tool_choice: Literal["none", "auto"] | None = None
    functions: tuple[()] | None = None
    function_call: Literal["none", "auto"] | None = None
    logprobs: Literal[False] | None = None
    top_logprobs: Literal[0] | None = None
    logit_bias: dict[str, float] | None = Field(None, max_length=0)
    response_format: dict[Literal["type"], Literal["text"]] | None = None
    stop: Literal[""] | tuple[()] | None = None
    modalities: tuple[Literal["text"], ...] | None = None

    temperature: float | None = Field(None, description=IGNORED)
    top_p: float | None = Field(None, description=IGNORED)
    presence_penalty: float | None = Field(None, description=IGNORED)
    frequency_penalty: float | None = Field(None, description=IGNORED)
    max_tokens: int | None = Field(None, description=IGNORED)
    max_completion_tokens: int | None = Field(None, description=IGNORED)
    seed: int | None = Field(None, description=IGNORED)
    user: str | None = Field(None, description=IGNORED)
    safety_identifier: str | None = Field(None, description=IGNORED)
    prompt_cache_key: str | None = Field(None, description=IGNORED)
    service_tier: str | None = Field(None, description=IGNORED)
    reasoning_effort: str | None = Field(None, description=IGNORED)
    verbosity: str | None = Field(None, description=IGNORED)
    store: Flag | None = Field(None, description=IGNORED)
    metadata: dict[str, Any] | None = Field(None, description=IGNORED)
    parallel_tool_calls: Flag | None = Field(None, description=IGNORED)
    prediction: dict[str, Any] | None = Field(None, description=IGNORED)
    prompt_cache_retention: str | None = Field(None, description=IGNORED)
    prompt_cache_options: dict[str, Any] | None = Field(None, description=IGNORED)

    @field_validator(*REFUSED, mode="before")
    @classmethod
    def _refuse(cls, value: object, info: ValidationInfo) -> object:
        accepted, why = REFUSED[str(info.field_name)]
        if value is not None and not any(value == one and type(value) is type(one) for one in accepted):
            raise PydanticCustomError("unsupported", "is not supported: {why}", {"why": why})
        return value

    @model_validator(mode="after")
    def _ends_with_a_question(self) -> Self:
        if not self.talk or self.talk[-1].role != "user":
            raise ValueError("the last message is not of a user: it is the one that is answered")
        if not self.talk[-1].text.strip():
            raise ValueError("the last message is empty")
        return self

    @property
    def talk(self) -> tuple[ChatMessage, ...]:
        """What was said, the system's messages left out."""
        return tuple(message for message in self.messages if message.role in {"user", "assistant"})

    @property
    def question(self) -> str:
        """What is asked."""
        return self.talk[-1].text

    def turns(self, longest: int) -> tuple[Turn, ...]:
        """What was said last before it, of each message so many characters."""
        roles: dict[str, Literal["user", "assistant"]] = {"user": "user", "assistant": "assistant"}
        said = [message for message in self.talk[:-1] if message.text.strip()]
        return tuple(Turn(role=roles[each.role], text=each.text[:longest]) for each in said[-MAX_TURNS:])

    @property
    def ignored(self) -> tuple[str, ...]:
        """What was sent and is not used."""
        names = [name for name in HARMLESS if getattr(self, name) is not None]
        return (*names, *(["system messages"] if len(self.talk) < len(self.messages) else []))


class PromptDetails(Reply):
    """What the input was made of."""

    cached_tokens: int


class ChatUsage(Reply):
    """Tokens, as the model's server counts them."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptDetails

    @classmethod
    def of(cls, usage: Usage) -> Self:
        """The usage under OpenAI's names."""
        return cls(
            prompt_tokens=usage.input_tokens,
            completion_tokens=usage.output_tokens,
            total_tokens=usage.input_tokens + usage.output_tokens,
            prompt_tokens_details=PromptDetails(cached_tokens=usage.cached_tokens),
        )


class AssistantMessage(Reply):
    """The answer, or a sentence that says why there is none."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None
    citations: tuple[CitationOut, ...] = Field(description="Touchstone's own: what the answer stands on")


class ChatChoice(Reply):
    """The one answer."""

    index: Literal[0] = 0
    message: AssistantMessage
    logprobs: None = None
    finish_reason: Literal["stop"] = "stop"


class Told(Reply):
    """What Touchstone says of an answer beside it, as `/v1/query` does."""

    answered: bool
    reason: str | None = Field(description="why there is no answer; null with an answer")
    mode: Mode
    cost_usd: float | None
    timings_ms: dict[str, float]
    index_version: str
    request_id: str
    ignored: tuple[str, ...] = Field(description="what the request asked for and was not used")

    @classmethod
    def of(cls, outcome: Answer | Refusal, asked: ChatIn, request_id: str) -> Self:
        """What is told of this outcome."""
        return cls(
            answered=isinstance(outcome, Answer),
            reason=outcome.reason if isinstance(outcome, Refusal) else None,
            mode=outcome.mode,
            cost_usd=None if outcome.cost_usd is None else float(outcome.cost_usd),
            timings_ms=rounded(outcome.timings_ms),
            index_version=outcome.index_version,
            request_id=request_id,
            ignored=asked.ignored,
        )


class ChatOut(Reply):
    """A chat completion as OpenAI's API has it, with `citations` in the message and `touchstone` beside it."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int = Field(description="seconds since 1970")
    model: str
    choices: tuple[ChatChoice]
    usage: ChatUsage
    touchstone: Told

    @classmethod
    def of(cls, outcome: Answer | Refusal, asked: ChatIn, request_id: str) -> Self:
        """The outcome as OpenAI's API would say it."""
        return cls(
            id=f"chatcmpl-{request_id}",
            created=int(time.time()),
            model=outcome.model,
            choices=(ChatChoice(message=AssistantMessage(content=said(outcome), citations=cited(outcome))),),
            usage=ChatUsage.of(outcome.usage),
            touchstone=Told.of(outcome, asked, request_id),
        )


def said(outcome: Answer | Refusal) -> str:
    """The answer, or the sentence for a reader that there is none."""
    if isinstance(outcome, Answer):
        return printable(outcome.text)
    return f"No answer. {REFUSALS[outcome.reason]}"


def cited(outcome: Answer | Refusal) -> tuple[CitationOut, ...]:
    """The citations of an answer; a refusal has none."""
    return tuple(map(CitationOut.of, outcome.citations)) if isinstance(outcome, Answer) else ()
