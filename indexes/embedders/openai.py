"""A model behind an OpenAI-compatible embeddings URL: OpenAI, Azure, vLLM, TEI, Ollama, llama.cpp."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from core.deadline import Deadline, retry_after
from core.errors import EmbedderUnavailable, SettingsError
from core.machine import cores
from core.settings.sections import EmbedderSettings
from core.text import encodable
from indexes.embedders.protocol import Vectors

# Calls to `POST /embeddings` as OpenAI defined it: waiting, trying again, and reading no more than was promised.


BUSY = frozenset({408, 425, 429, 500, 502, 503, 504, 529})
"""Statuses after which the same call may succeed."""
FIRST_WAIT = 0.5
"""Seconds before the second call where the server does not say; doubled each time."""
MIN_SECONDS = 0.001
"""Seconds that a call gets at least: none at all would mean not to wait for the socket."""
_MAX_DETAIL_LENGTH = 300
_REMEDIES = {
    400: "Check embedder.model, embedder.dimension and embedder.max_tokens.",
    401: "Check the key in the variable that embedder.api_key_env names.",
    403: "Check that the key may use this model.",
    404: "Check embedder.base_url, which ends in /v1, and embedder.model.",
    413: "Lower embedder.batch.",
    429: "Wait a moment, or raise the limit at the provider.",
}


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a call is made before it is given up, and the longest wait between two, in seconds."""

    calls: int
    longest_wait: float


class EmbeddingsServer:
    """A server, the model asked of it, and the key, which no message shows. Safe to call from several threads."""

    def __init__(
        self, base_url: str, model: str, *, key: str, timeout: float, pause: Callable[[float], None] = time.sleep
    ) -> None:
        """Nothing is sent yet."""
        self._base_url, self._model, self._key, self._timeout = base_url.rstrip("/"), model, key, timeout
        self._pause = pause
        self._opening = threading.Lock()
        self._opened: Any = None

    def embed(self, texts: Sequence[str], *, dimension: int, patience: Patience, until: Deadline) -> Vectors:
        """vectors: float32 (len(texts), dimension), of length 1; for `dimension` 0 as long as the model makes them.

        No call begins, and none waits for a reply, after `until`.

        Raises:
            EmbedderUnavailable: no reply, or none that can be used; says what to do.
        """
        body = {"model": self._model, "input": list(texts), **({"dimensions": dimension} if dimension else {})}
        for tried in range(1, patience.calls + 1):
            reply, wait, trouble = self._call(body, tried, min(self._timeout, max(until.left(), MIN_SECONDS)))
            if not trouble:
                return self._read(reply, len(texts), dimension)
            if wait is None or wait > min(patience.longest_wait, until.left()) or tried == patience.calls:
                break
            self._pause(wait)
        raise EmbedderUnavailable(trouble)

    def _call(self, body: dict[str, Any], tried: int, seconds: float) -> tuple[Any, float | None, str]:
        """The reply, seconds to wait before another call if one may help, and what was wrong; "" for nothing."""
        import httpx

        wait = FIRST_WAIT * 2 ** (tried - 1)
        try:
            reply = self._client().post("/embeddings", json=body, timeout=seconds)
        except httpx.TimeoutException:
            trouble = f"gave no reply within {seconds:.3g} s. Try again, or raise embedder.timeout_seconds."
            return None, wait, f"{self._who()} {trouble}"
        except (httpx.HTTPError, httpx.InvalidURL):
            trouble = "cannot be reached. Check that the server runs and that embedder.base_url is right."
            return None, wait, f"{self._who()} {trouble}"
        if reply.status_code == 200:
            return reply, None, ""
        may_help = reply.status_code in BUSY
        asked = retry_after(reply.headers)
        return reply, (wait if asked is None else asked) if may_help else None, self._refused(reply)

    def _client(self) -> Any:  # noqa: ANN401 -- httpx.Client, whose module stays unloaded
        import httpx

        with self._opening:
            if self._opened is None:
                headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
                self._opened = httpx.Client(base_url=self._base_url, headers=headers, timeout=self._timeout)
            return self._opened

    def _read(self, reply: Any, texts: int, dimension: int) -> Vectors:  # noqa: ANN401 -- httpx.Response
        """The vectors in the order of the texts, which need not be the order of the reply."""
        try:
            rows = reply.json()["data"]
            if len(rows) != texts:
                raise ValueError(f"{len(rows)} vectors for {texts} texts")
            places = [int(row.get("index", place)) for place, row in enumerate(rows)]
            if sorted(places) != list(range(texts)):
                raise ValueError("an index twice or none")
            vectors = np.array([rows[places.index(place)]["embedding"] for place in range(texts)], dtype=np.float32)
            return _of_length_one(vectors, dimension)
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise EmbedderUnavailable(
                f"{self._who()} did not reply with vectors in the form of OpenAI's embeddings ({error}). "
                "Check embedder.base_url and embedder.model."
            ) from error

    def _refused(self, reply: Any) -> str:  # noqa: ANN401 -- httpx.Response
        said = " ".join(reply.text.split())[:_MAX_DETAIL_LENGTH]
        if self._key:
            said = said.replace(self._key, "[key]")
        status = reply.status_code
        remedy = _REMEDIES.get(status, "Try again later, or look at the server's log.")
        return f"{self._who()} replied with status {status}: {said} {remedy}"

    def _who(self) -> str:
        return f"The embedding model {self._model!r} at {self._base_url}"


def _of_length_one(vectors: Vectors, dimension: int) -> Vectors:
    """Raises ValueError for another shape than (texts, dimension), for NaN, and for a vector without direction."""
    if vectors.ndim != 2 or (dimension and vectors.shape[1] != dimension):
        raise ValueError(f"vectors of shape {vectors.shape[1:]}, not {dimension or 'one length'}")
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or not lengths.all():
        raise ValueError("a vector that is not a direction")
    vectors /= lengths
    return vectors


FOR_PASSAGES = Patience(calls=6, longest_wait=60.0)
FOR_QUESTIONS = Patience(calls=2, longest_wait=2.0)
"""Somebody waits for the answer."""
SPECIAL = 2
"""Tokens that a model adds to each text."""
BLANK = "."
"""Sent for a text without a character, which servers refuse."""
_PIECE = re.compile(r"[A-Za-z]{1,6}|[0-9]{1,3}|[^\sA-Za-z0-9]")


class OpenAIEmbedder:
    """An Embedder that raises EmbedderUnavailable too.

    The model's tokenizer is not known here, so tokens are estimated: six Latin letters, three digits or one other
    character each. That is more than the usual tokenizers make of a text, so that none is longer than was thought.
    """

    def __init__(self, settings: EmbedderSettings, *, server: EmbeddingsServer) -> None:
        """Nothing is sent yet."""
        self._settings, self._server = settings, server

    def __reduce__(self) -> tuple[Callable[[EmbedderSettings], OpenAIEmbedder], tuple[EmbedderSettings]]:
        """A copy in another process counts; the key does not go there."""
        return _without_key, (self._settings,)

    @cached_property
    def name(self) -> str:
        """The model, and what is asked of it."""
        asked, prefix = self._settings.dimension, self._settings.passage_prefix
        parts = [f"openai/{self._settings.model}", *([str(asked)] if asked else [])]
        return "-".join([*parts, f"p{hashlib.sha256(prefix.encode()).hexdigest()[:8]}"] if prefix else parts)

    @cached_property
    def dimension(self) -> int:
        """Length of each vector: as the settings ask, or learnt from a first one."""
        return self._settings.dimension or self._embed([BLANK], 0, FOR_QUESTIONS, Deadline.here()).shape[1]

    @cached_property
    def max_word_pieces(self) -> int:
        """Longest passage the model reads, without the special tokens and what is written before it."""
        return self._settings.max_tokens - SPECIAL - self.count_word_pieces([self._settings.passage_prefix or ""])[0]

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """vectors: float32 (len(texts), dimension)."""
        size, dimension, until = self._settings.batch, self.dimension, Deadline.here()
        ready = [self._ready(text, self._settings.passage_prefix) for text in texts]
        batches = [ready[start : start + size] for start in range(0, len(ready), size)]

        def embed(batch: Sequence[str]) -> Vectors:
            return self._embed(batch, dimension, FOR_PASSAGES, until)

        with ThreadPoolExecutor(self._settings.threads or cores(), thread_name_prefix="embed") as pool:
            found = list(pool.map(embed, batches))
        return np.concatenate([np.empty((0, dimension), dtype=np.float32), *found])

    def embed_query(self, text: str) -> Vectors:
        """vector: float32 (dimension,)."""
        ready = self._ready(text, self._settings.query_prefix)
        vector: Vectors = self._embed([ready], self.dimension, FOR_QUESTIONS, Deadline.here())[0]
        return vector

    def count_word_pieces(self, texts: Sequence[str]) -> list[int]:
        """An estimate of the tokens of each text, rather too many than too few."""
        return [sum(1 for _ in _PIECE.finditer(text)) for text in texts]

    def _embed(self, texts: Sequence[str], dimension: int, patience: Patience, until: Deadline) -> Vectors:
        return self._server.embed(texts, dimension=dimension, patience=patience, until=until)

    def _ready(self, text: str, prefix: str | None) -> str:
        """The text as it is sent: cut to what the model reads, since a server may refuse what is longer."""
        whole = (prefix or "") + encodable(text).replace("\0", " ")
        for number, piece in enumerate(_PIECE.finditer(whole)):
            if number == self._settings.max_tokens - SPECIAL:
                return whole[: piece.start()].rstrip()
        return whole.strip() or BLANK


def open_openai(settings: EmbedderSettings, *, key: str) -> OpenAIEmbedder:
    """The embedder of the settings. Raises SettingsError when base_url is missing."""
    if not settings.base_url:
        raise SettingsError("embedder.kind openai needs embedder.base_url, the server's URL up to and including /v1.")
    server = EmbeddingsServer(settings.base_url, settings.model, key=key, timeout=settings.timeout_seconds)
    return OpenAIEmbedder(settings, server=server)


def _without_key(settings: EmbedderSettings) -> OpenAIEmbedder:
    return open_openai(settings, key="")
