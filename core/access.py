"""Who may read what: the one place that decides. The rule in words is in docs/access.md."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Access:
    """What a caller may read: documents open to all, and those open to one of `groups`.

    `everything` is for whoever owns the data folder and its process: the command line and the worker.
    """

    groups: frozenset[str] = frozenset()
    everything: bool = False


OWNER = Access(everything=True)
ANONYMOUS = Access()


def may_read(access: Access, document_groups: Collection[str]) -> bool:
    """True when the document names no group, or one that the caller has, or the caller owns the data."""
    return access.everything or not document_groups or not access.groups.isdisjoint(document_groups)
