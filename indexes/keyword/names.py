"""Names of collections as the derived indexes take them: Touchstone's are free, theirs are not."""

from __future__ import annotations

import hashlib


def folder_name(collection: str) -> str:
    """33 of [a-z0-9], the same for the same collection."""
    return "c" + hashlib.sha256(collection.encode("utf-8", "surrogatepass")).hexdigest()[:32]
