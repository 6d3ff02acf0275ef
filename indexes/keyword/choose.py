"""Opens the keyword index of a data folder."""

from __future__ import annotations

from pathlib import Path

from indexes.keyword.protocol import KeywordIndex
from indexes.keyword.tantivy import TantivyIndex


def open_keyword(folder: Path) -> KeywordIndex:
    """The keyword index in a folder, made when missing."""
    return TantivyIndex(folder)


def discard_keyword(folder: Path) -> None:
    """Delete the keyword index in a folder; it must not be open."""
    TantivyIndex.discard(folder)
