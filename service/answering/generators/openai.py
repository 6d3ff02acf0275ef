"""Any server that speaks OpenAI's chat completions, through llama-index."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from core.answers import Draft, Usage
from core.errors import ModelUnavailable, SettingsError
from core.settings import ModelSettings, secret
from core.until import Until
from service.answering.generators.protocol import Prompt
from service.answering.generators.reply import find_object, read_reply

_JSON = {"response_format": {"type": "json_object"}}
_LONGEST_DETAIL = 300
"""Characters of a server's own error message that are passed on."""


class OpenAICompatible:
    """One chat call a question: temperature 0, no retry, JSON asked for where the server takes it."""

    def __init__(self, settings: ModelSettings) -> None:
        """Nothing is sent yet. Raises SettingsError when base_url, model or the key's variable is missing."""
        for name in ("base_url", "model"):
            if not getattr(settings, name):
                raise SettingsError(f"A model of kind openai needs {name} in its section of the settings.")
        self._settings = settings
        self._key = secret(settings.api_key_env) if settings.api_key_env else "none"
        self._lock = threading.Lock()
        self._client: Any = None
        self._takes_json = True

    def stream(self, prompt: Prompt, *, until: Until) -> Iterator[Draft]:
        """The model's reply."""
        yield self.generate(prompt, until=until)

    def generate(self, prompt: Prompt, *, until: Until) -> Draft:
        """The model's reply to the rendered prompt. Raises ModelUnavailable with a sentence on what to do."""
        until.require()
        response = self._chat(prompt.rendered)
        with self._errors_in_words():
            choice = response.raw.choices[0]
            text = choice.message.content or ""
            usage = _usage(response.raw.usage)
        if choice.finish_reason == "length" and find_object(text) is None:
            raise ModelUnavailable(
                f"{self._who()} stopped at {self._settings.max_output_tokens} tokens before its answer was complete. "
                "Raise max_output_tokens."
            )
        return read_reply(text, usage)

    def _chat(self, text: str) -> Any:  # noqa: ANN401 -- llama-index's ChatResponse, whose module stays unloaded
        from llama_index.core.base.llms.types import ChatMessage, MessageRole
        from openai import BadRequestError

        messages = [ChatMessage(role=MessageRole.USER, content=text)]
        with self._errors_in_words():
            if self._takes_json:
                try:
                    return self._open().chat(messages, **_JSON)
                except BadRequestError as error:
                    if "response_format" not in str(error):
                        raise
                    self._takes_json = False
            return self._open().chat(messages)

    def _open(self) -> Any:  # noqa: ANN401 -- llama-index's OpenAILike, whose module stays unloaded
        from llama_index.llms.openai_like import OpenAILike

        with self._lock:
            if self._client is None:
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
                )
            return self._client

    @contextmanager
    def _errors_in_words(self) -> Iterator[None]:
        """Everything that can go wrong on the way to the server and back becomes ModelUnavailable."""
        import httpx
        import openai

        try:
            yield
        except openai.APITimeoutError as error:
            raise ModelUnavailable(
                f"{self._who()} gave no reply within {self._settings.timeout_seconds:g} s. "
                "Try again, or raise timeout_seconds."
            ) from error
        except openai.APIStatusError as error:
            raise ModelUnavailable(self._refused(error.status_code, error.message)) from error
        except (openai.APIConnectionError, httpx.HTTPError) as error:
            raise ModelUnavailable(
                f"{self._who()} cannot be reached. Check that the server runs and that base_url is right."
            ) from error
        except (openai.OpenAIError, ValueError, TypeError, AttributeError, LookupError) as error:
            raise ModelUnavailable(
                f"{self._who()} did not reply in the form of OpenAI's chat completions. Check base_url."
            ) from error

    def _refused(self, status: int, detail: str) -> str:
        said = " ".join(detail.split())[:_LONGEST_DETAIL]
        if self._key != "none":
            said = said.replace(self._key, "[key]")
        return f"{self._who()} replied with status {status}: {said} {_REMEDIES.get(status, _remedy(status))}"

    def _who(self) -> str:
        return f"The model {self._settings.model!r} at {self._settings.base_url}"


_REMEDIES = {
    400: "Check model, context_window and max_output_tokens.",
    401: "Check the key in the variable that api_key_env names.",
    403: "Check that the key may use this model.",
    404: "Check base_url, which ends in /v1, and model.",
    429: "Wait a moment, or raise the limit at the provider.",
}


def _remedy(status: int) -> str:
    return "Try again later, or look at the server's log." if status >= 500 else "Check the model's settings."


def _usage(reported: Any) -> Usage:  # noqa: ANN401 -- openai's CompletionUsage or None, with whatever the server put in
    details = getattr(reported, "prompt_tokens_details", None)
    return Usage(
        input_tokens=int(getattr(reported, "prompt_tokens", 0) or 0),
        cached_tokens=int(getattr(details, "cached_tokens", 0) or 0),
        output_tokens=int(getattr(reported, "completion_tokens", 0) or 0),
    )
