"""Text as every store and model takes it."""

from __future__ import annotations


def encodable(text: str) -> str:
    """The text with every lone surrogate replaced by "?", so that it can be stored as UTF-8; same length."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
