"""Any server that speaks OpenAI's chat completions, through llama-index."""

from __future__ import annotations

import re
import threading
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from core.answers import Draft, Usage
from core.deadline import Deadline
from core.errors import ModelUnavailable, SettingsError
from core.settings.load import secret
from core.settings.sections import ModelSettings
from service.answering.models.failures import Encoded, Server, TooLong, again_after, in_words
from service.answering.models.protocol import Abilities, Prompt, Written
from service.answering.models.reply import Growing, broken_off, find_object
from service.answering.models.streaming import arriving, in_background

if TYPE_CHECKING:
    import httpx
    import openai

_SCHEMA = {
    "type": "object",
    "properties": {
        "quotes": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"passage": {"type": "integer"}, "text": {"type": "string"}},
                "required": ["passage", "text"],
                "additionalProperties": False,
            },
        },
        "answer": {"type": ["string", "null"]},
    },
    "required": ["quotes", "answer"],
    "additionalProperties": False,
}
_FORMS: tuple[dict[str, Any], ...] = (
    {
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": _SCHEMA},
        }
    },
    {"response_format": {"type": "json_object"}},
    {},
)
"""How a reply of the right form is asked for, the strictest first: a server that refuses one is asked in the next."""
_ABOUT_FORM = re.compile(r"response_format|json_schema|json_object|guided|grammar|structured", re.IGNORECASE)
_ABOUT_USAGE = re.compile(r"stream_options|include_usage", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a reply. `finish`: why the server stopped, once it has; `usage`: when it is reported.

    `model`: what the server calls the model.
    """

    text: str
    finish: str | None = None
    usage: Usage | None = None
    model: str = ""


class OpenAICompatible:
    """One chat call a question at temperature 0, in the strictest form that the server takes."""

    def __init__(self, settings: ModelSettings) -> None:
        """Nothing is sent yet. Raises SettingsError when base_url, model or the key's variable is missing."""
        for name in ("base_url", "model"):
            if not getattr(settings, name):
                raise SettingsError(f"A model of kind openai needs {name} in its section of the settings.")
        self._settings = settings
        self._key = secret(settings.api_key_env) if settings.api_key_env else "none"
        self._server = Server(settings.model, settings.base_url, self._key if settings.api_key_env else "\0")
        self._lock = threading.Lock()
        self._client: Any = None
        self._form = 0
        """Which of the forms is asked for: the strictest that the server has not refused."""
        self._asks_usage = True
        self._streams = True
        """Until the server has replied to a call for a stream with none."""

    @property
    def abilities(self) -> Abilities:
        """What the server has not refused so far."""
        asked = _FORMS[self._form].get("response_format", {})
        return Abilities(structured=asked.get("type", "none"), streams=self._streams)

    def generate(self, prompt: Prompt, *, until: Deadline) -> Draft:
        """The model's reply to the rendered prompt. Raises ModelUnavailable with a sentence on what to do."""
        *_, whole = self._drafts(prompt, until, live=False)
        return whole

    def stream(self, prompt: Prompt, *, until: Deadline) -> Iterator[Draft]:
        """The same, growing."""
        return self._drafts(prompt, until, live=True)

    def write(self, text: str, *, until: Deadline) -> Written:
        """What the model says to a text, in no particular form."""
        parts = list(self._parts(text, until, live=False, free=True))
        usages = [part.usage for part in parts if part.usage is not None]
        return Written("".join(part.text for part in parts), usages[-1] if usages else None)

    def _drafts(self, prompt: Prompt, until: Deadline, *, live: bool) -> Iterator[Draft]:
        growing, finish, usage, served = Growing(), None, None, ""
        for part in self._parts(prompt.rendered, until, live=live):
            draft = growing.add(part.text) if finish is None else None
            finish, usage, served = finish or part.finish, part.usage or usage, served or part.model
            if draft is not None:
                yield draft
        self._require_whole(growing.reply, finish)
        yield replace(growing.whole(usage), served=served)

    def _require_whole(self, reply: str, finish: str | None) -> None:
        """Take nothing for an answer that the server did not bring to its end."""
        who, known = self._server.name, find_object(reply) is not None
        if finish == "length" and not known:
            most = self._settings.max_output_tokens
            raise ModelUnavailable(
                f"{who} stopped at {most} tokens before its answer was complete. Raise max_output_tokens."
            )
        if finish == "content_filter":
            raise ModelUnavailable(f"{who} withheld its answer: its content filter stopped it.")
        if finish is None or broken_off(reply):
            raise ModelUnavailable(f"{who} broke off its reply. Try again, or look at the server's log.")

    def _parts(self, text: str, until: Deadline, *, live: bool, free: bool = False) -> Iterator[Part]:
        until = until.sooner(self._settings.timeout_seconds)

        async def work(give: Callable[[Part], None]) -> None:
            await self._ask(_Call(text, until, live=live, free=free), give)

        with in_words(self._server, until.left()):
            yield from arriving(work, until)

    async def _ask(self, call: _Call, give: Callable[[Part], None]) -> None:
        """Call until the server takes the form of the request; where asking again can help in time, do."""
        import asyncio

        import openai

        tried = 1
        while True:
            try:
                async for part in self._reply(call):
                    give(part)
                return
            except openai.APIError as error:
                if self._yields(error, call):
                    continue
                wait = again_after(error, tried)
                if wait is None or wait >= call.until.left():
                    raise
                tried += 1
                await asyncio.sleep(wait)

    def _yields(self, error: openai.APIError, call: _Call) -> bool:
        """Whether the server refused a parameter that can be left out; it is from now on."""
        if getattr(error, "status_code", None) not in {400, 422}:
            return False
        if call.live and self._asks_usage and _ABOUT_USAGE.search(str(error)):
            self._asks_usage = False
            return True
        if not call.free and call.form < len(_FORMS) - 1 and _ABOUT_FORM.search(str(error)):
            call.form = self._form = max(self._form, call.form + 1)
            return True
        return False

    async def _reply(self, call: _Call) -> AsyncIterator[Part]:
        from llama_index.core.base.llms.types import ChatMessage, MessageRole

        messages = [ChatMessage(role=MessageRole.USER, content=call.text)]
        call.form = self._form
        asked = {} if call.free else _FORMS[call.form]
        if call.live and self._streams:
            usage = {"stream_options": {"include_usage": True}} if self._asks_usage else {}
            came = False
            async for chunk in await self._open().astream_chat(messages, **asked, **usage):
                came = True
                yield _part(chunk.raw, "delta")
            if came:
                return
        yield _part((await self._open().achat(messages, **asked)).raw, "message")
        self._streams = self._streams and not call.live

    def _open(self) -> Any:  # noqa: ANN401 -- llama-index's OpenAILike, whose module stays unloaded
        from llama_index.llms.openai_like import OpenAILike

        with self._lock:
            if self._client is None:
                client = limited_client(self._settings.timeout_seconds, tokens=self._settings.max_output_tokens)
                weakref.finalize(self, in_background, client.aclose).atexit = False
                self._client = OpenAILike(
                    model=self._settings.model,
                    api_base=self._settings.base_url,
                    api_key=self._key,
                    is_chat_model=True,
                    context_window=self._settings.context_window,
                    max_tokens=self._settings.max_output_tokens,
                    temperature=0.0,
                    timeout=self._settings.timeout_seconds,
                    max_retries=0,
                    async_http_client=client,
                )
            return self._client


@dataclass(slots=True)
class _Call:
    """One question to the server: piece by piece (`live`), in no particular form (`free`), else in which one."""

    text: str
    until: Deadline
    live: bool
    free: bool
    form: int = 0


def _part(raw: Any, where: str) -> Part:  # noqa: ANN401 -- openai's ChatCompletion or ChatCompletionChunk, with whatever the server put in
    usage, model = _usage(getattr(raw, "usage", None)), getattr(raw, "model", None)
    model = model if isinstance(model, str) else ""
    if where == "delta" and not raw.choices:
        return Part("", usage=usage, model=model)
    choice = raw.choices[0]
    content = getattr(getattr(choice, where), "content", None)
    return Part(content if isinstance(content, str) else "", choice.finish_reason, usage, model)


def _usage(reported: Any) -> Usage | None:  # noqa: ANN401 -- openai's CompletionUsage or None, with whatever the server put in
    if reported is None or not _count(getattr(reported, "prompt_tokens", None)):
        return None
    details = getattr(reported, "prompt_tokens_details", None)
    return Usage(
        input_tokens=_count(reported.prompt_tokens),
        cached_tokens=_count(getattr(details, "cached_tokens", None)),
        output_tokens=_count(getattr(reported, "completion_tokens", None)),
    )


def _count(number: object) -> int:
    return number if isinstance(number, int) and number > 0 else 0


# An HTTP client that reads no more of a reply than a reply can need.


BYTES_PER_TOKEN = 1024
"""A streamed token comes in an event of some 300 bytes."""
ENVELOPE = 65_536


def limited_client(seconds: float, *, tokens: int) -> httpx.AsyncClient:
    """A client for one model. A reply of more bytes than `tokens` can have, or a compressed one, is an error.

    `seconds` bounds each wait on the network; the whole call is bounded by who makes it.
    """
    import httpx

    most = ENVELOPE + BYTES_PER_TOKEN * tokens

    class _Limited(httpx.AsyncByteStream):
        def __init__(self, stream: httpx.AsyncByteStream) -> None:
            self._stream = stream

        async def __aiter__(self) -> AsyncIterator[bytes]:
            seen = 0
            async for piece in self._stream:
                seen += len(piece)
                if seen > most:
                    raise TooLong
                yield piece

        async def aclose(self) -> None:
            await self._stream.aclose()

    async def limit(response: httpx.Response) -> None:
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise Encoded
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = _Limited(response.stream)

    return httpx.AsyncClient(
        timeout=seconds, headers={"Accept-Encoding": "identity"}, event_hooks={"response": [limit]}
    )
