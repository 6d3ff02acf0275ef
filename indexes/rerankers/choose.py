"""Makes the reranker that the settings name."""

from __future__ import annotations

from core.errors import SettingsError
from core.settings.sections import RerankerSettings
from indexes.rerankers.cross_encoder import CrossEncoderReranker
from indexes.rerankers.keep_order import KeepOrder
from indexes.rerankers.protocol import Reranker


def choose_reranker(settings: RerankerSettings) -> Reranker:
    """The reranker of the settings; nothing is loaded yet.

    Raises:
        SettingsError: the settings name no model.
    """
    if settings.kind == "none":
        return KeepOrder()
    if not settings.model:
        raise SettingsError("reranker.kind cross_encoder needs reranker.model, a name or the path of a folder.")
    return CrossEncoderReranker(settings)
