"""Any CrossEncoder of sentence-transformers, by its name or the path of its folder."""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from core.errors import IndexBroken, SettingsError
from core.settings.sections import RerankerSettings
from core.text import encodable
from indexes.torch_device import torch_device

logger = logging.getLogger(__name__)


class CrossEncoderReranker:
    """A Reranker. `clock` gives seconds; it is looked at between batches, the longest passages first."""

    def __init__(self, settings: RerankerSettings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._clock = settings, clock
        self.candidates = settings.candidates
        self._loading, self._turn = threading.Lock(), threading.Lock()
        self._loaded: Any = None

    def scores(self, question: str, passages: Sequence[str]) -> list[float] | None:
        """The model's scores through the logistic function; None when `reranker.seconds` were not enough."""
        model, began = self._load(), self._clock()
        if not self._turn.acquire(timeout=self._settings.seconds):
            self._give_up(0, passages)
            return None
        try:
            return self._scores(model, question, passages, began + self._settings.seconds)
        finally:
            self._turn.release()

    def _scores(self, model: Any, question: str, passages: Sequence[str], until: float) -> list[float] | None:  # noqa: ANN401
        from torch.nn import Identity

        pairs = [(encodable(question), encodable(passage)) for passage in passages]
        found = [0.0] * len(pairs)
        by_length = sorted(range(len(pairs)), key=lambda place: -len(pairs[place][1]))
        for first in range(0, len(pairs), self._settings.batch):
            if self._clock() > until:
                self._give_up(first, passages)
                return None
            places = by_length[first : first + self._settings.batch]
            logits = model.predict(
                [pairs[place] for place in places],
                batch_size=len(places),
                activation_fn=Identity(),
                show_progress_bar=False,
            )
            for place, logit in zip(places, logits, strict=True):
                found[place] = 1 / (1 + math.exp(-max(-700.0, float(logit))))
        if any(math.isnan(score) for score in found):
            logger.warning("the reranker gave a score that is no number", extra={"model": self._settings.model})
            return None
        return found

    def _give_up(self, scored: int, passages: Sequence[str]) -> None:
        counts = {"scored": scored, "passages": len(passages), "seconds": self._settings.seconds}
        logger.info("the reranker had too little time, the order of search stands", extra=counts)

    def _load(self) -> Any:  # noqa: ANN401 -- sentence_transformers is untyped to us
        with self._loading:
            if self._loaded is None:
                self._loaded = _read(self._settings)
            return self._loaded


def _read(settings: RerankerSettings) -> Any:  # noqa: ANN401 -- sentence_transformers is untyped to us
    path = Path(settings.model).expanduser()
    if path.is_dir():  # nothing is asked of a model hub
        os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1")
    device = torch_device(settings.device)
    from sentence_transformers import CrossEncoder

    try:
        model = CrossEncoder(str(path) if path.is_dir() else settings.model, device=device)
    except (OSError, ValueError) as error:
        raise IndexBroken(
            f"The reranking model {settings.model} cannot be loaded: {error}. Set reranker.model to a model's folder, "
            "or reranker.kind to none."
        ) from error
    if model.num_labels != 1:
        raise SettingsError(
            f"reranker.model {settings.model} gives {model.num_labels} numbers for a pair and must give one: name a "
            "model made for ranking."
        )
    return model.eval()
