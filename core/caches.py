"""What is kept in memory of texts, so that it can be forgotten when a document is deleted."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, TypeVar

R = TypeVar("R")

SHORT, LONG = 300, 8_000
"""Characters: a sentence or a row of a table, and a passage. What is longer is not kept."""
SENTENCES, PASSAGES = 16_384, 1_024
"""How many of each one function keeps: with the words of all of them, some 50 MB at most."""

_of_functions: list[Callable[[], None]] = []
_of_objects: weakref.WeakKeyDictionary[Any, Callable[[Any], None]] = weakref.WeakKeyDictionary()
_guard = threading.Lock()


def remembers(work: Callable[[str], R]) -> Callable[[str], R]:
    """`work`, which depends on the text alone, with its results for the latest texts kept until they are forgotten."""
    short, long = lru_cache(SENTENCES)(work), lru_cache(PASSAGES)(work)
    to_forget(short.cache_clear)
    to_forget(long.cache_clear)

    @wraps(work)
    def remembered(text: str) -> R:
        if len(text) <= SHORT:
            return short(text)
        return long(text) if len(text) <= LONG else work(text)

    return remembered


def to_forget(clear: Callable[[], None]) -> None:
    """Have the cache of a module cleared by `forget`."""
    _of_functions.append(clear)


def to_forget_of(owner: object, clear: Callable[[Any], None]) -> None:
    """Have `clear(owner)` called by `forget` as long as the owner lives."""
    with _guard:
        _of_objects[owner] = clear


def forget() -> None:
    """Drop what is kept of any text: one that was deleted must not stay in memory."""
    for clear in _of_functions:
        clear()
    with _guard:
        owners = list(_of_objects.items())
    for owner, clear_it in owners:
        clear_it(owner)
