"""What can go wrong on the way to a model's server and back, in words that say what to do."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.deadline import retry_after
from core.errors import ModelBusy, ModelTimeout, ModelUnavailable

if TYPE_CHECKING:
    import openai

MAX_DETAIL_LENGTH = 300
"""Characters of a server's own error message that are passed on."""
MAX_WAIT = 86_400
"""Seconds of a server's Retry-After that are passed on."""
_REMEDIES = {
    400: "Check model, context_window and max_output_tokens.",
    401: "Check the key in the variable that api_key_env names.",
    403: "Check that the key may use this model.",
    404: "Check base_url, which ends in /v1, and model.",
    429: "Wait a moment, or raise the limit at the provider.",
}


class TooLong(Exception):
    """The reply has more bytes than any reply of so many tokens needs."""


class Encoded(Exception):
    """The reply is compressed, although that was not asked for: its size could not be limited."""


@dataclass(frozen=True, slots=True)
class Server:
    """Who is asked; `secret` is never in a message."""

    model: str
    url: str
    secret: str

    @property
    def name(self) -> str:
        """The model and where it is."""
        return f"The model {self.model!r} at {self.url}"

    def refused(self, status: int, detail: str, wait: float | None = None) -> ModelUnavailable:
        """The error for a status that the server replied with; `wait`: seconds, as it asked for them."""
        said = " ".join(detail.split()).replace(self.secret, "[key]")[:MAX_DETAIL_LENGTH].rstrip(".")
        later = "Try again later, or look at the server's log." if status >= 500 else "Check the model's settings."
        sentence = f"{self.name} replied with status {status}: {said}. {_REMEDIES.get(status, later)}"
        return ModelBusy(sentence, _whole(wait)) if status == 429 else ModelUnavailable(sentence)

    def misshapen(self) -> ModelUnavailable:
        """The error for a reply that is none."""
        return ModelUnavailable(f"{self.name} did not reply in the form of OpenAI's chat completions. Check base_url.")


@contextmanager
def in_words(server: Server, seconds: float) -> Iterator[None]:
    """Everything that can go wrong inside becomes ModelUnavailable; `seconds` is how long it may take."""
    import httpx
    import openai

    try:
        yield
    except (TimeoutError, openai.APITimeoutError, httpx.TimeoutException) as error:
        raise ModelTimeout(
            f"{server.name} gave no complete reply within {seconds:.3g} s. Try again, or raise timeout_seconds and "
            "server.deadline_s."
        ) from error
    except openai.APIStatusError as error:
        raise server.refused(error.status_code, _said(error), retry_after(error.response.headers)) from error
    except (openai.OpenAIError, httpx.HTTPError, TooLong, Encoded) as error:
        raise _unreadable(server, error) from error
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
        raise server.misshapen() from error


def _unreadable(server: Server, error: Exception) -> ModelUnavailable:
    """The error for a call that ended before there was a whole reply."""
    import httpx
    import openai

    kinds = {type(cause) for cause in _causes(error)}
    if TooLong in kinds:
        return ModelUnavailable(f"{server.name} replied without end: its reply was cut. Look at the server's log.")
    if Encoded in kinds or not isinstance(error, openai.APIError | httpx.HTTPError):
        return server.misshapen()
    if isinstance(error, openai.APIConnectionError | httpx.HTTPError):
        if kinds & {httpx.RemoteProtocolError, httpx.ReadError}:
            return ModelUnavailable(f"{server.name} broke off its reply. Try again, or look at the server's log.")
        return ModelUnavailable(
            f"{server.name} cannot be reached. Check that the server runs and that base_url is right."
        )
    if isinstance(error, openai.APIResponseValidationError):
        return server.misshapen()
    return server.refused(500, str(error))


def _said(error: openai.APIStatusError) -> str:
    """What the server says of it, without what is around it in its reply."""
    said = error.body.get("message") if isinstance(error.body, dict) else None
    return said if isinstance(said, str) else error.message


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def again_after(error: openai.APIError, tried: int) -> float | None:
    """Seconds after which asking once more can help; None when it cannot.

    A server that says how long to wait is believed twice; a refused connection or a fault at the server gets one more
    try.
    """
    import httpx
    import openai

    if isinstance(error, openai.APIStatusError):
        said = retry_after(error.response.headers)
        if error.status_code == 429:
            return said if tried < 3 else None
        if error.status_code >= 500 and tried < 2:
            return PAUSE_SECONDS if said is None else said
        return None
    refused = any(isinstance(cause, httpx.ConnectError) for cause in _causes(error))
    return PAUSE_SECONDS if refused and tried < 2 else None


PAUSE_SECONDS = 0.2


def _whole(wait: float | None) -> int:
    """Seconds for a header; a second where the server says nothing."""
    return math.ceil(min(wait or 1, MAX_WAIT))
