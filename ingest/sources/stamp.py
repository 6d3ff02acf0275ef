"""A number in place of a time for files whose store has something better, or whose clock is not ours."""

from __future__ import annotations

import hashlib


def stamp_of(tag: str) -> int:
    """A number of 63 bits that stands for the tag: the same one for the same tag alone."""
    return int.from_bytes(hashlib.sha256(tag.encode("utf-8", "replace")).digest()[:8], "big") >> 1
