"""Who may do and read what: the one place that decides. The rules in words are in docs/access.md."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from core.errors import Forbidden

Scope = Literal["query", "ingest", "evaluate", "admin"]
"""What a caller may do: ask and read, bring documents in, run evaluations, everything."""
SCOPES: tuple[Scope, ...] = get_args(Scope)


@dataclass(frozen=True, slots=True)
class Access:
    """What a caller may read: documents open to all, and those open to one of `groups`.

    `everything` is for whoever owns the data folder and its process: the command line and the worker.
    """

    groups: frozenset[str] = frozenset()
    everything: bool = False


OWNER = Access(everything=True)
ANONYMOUS = Access()


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever calls: a name that jobs and uploads are kept under, what it may do, and the groups it is in.

    Two keys of one name are one principal, so that a key can be exchanged for a newer one.
    """

    name: str
    scopes: frozenset[Scope]
    groups: frozenset[str] = frozenset()

    @property
    def is_admin(self) -> bool:
        """Whether it may do and read everything."""
        return "admin" in self.scopes

    @property
    def access(self) -> Access:
        """What it may read."""
        return OWNER if self.is_admin else Access(self.groups)


THE_OWNER = Principal("", frozenset({"admin"}))
"""Who can read the data folder itself, and everybody on this machine as long as no key was ever made."""


def may_read(access: Access, document_groups: Collection[str]) -> bool:
    """True when the document names no group, or one that the caller has, or the caller owns the data."""
    return access.everything or not document_groups or not access.groups.isdisjoint(document_groups)


def require(principal: Principal, scope: Scope) -> None:
    """Let a principal go on that has the scope.

    Raises:
        Forbidden: it has not; the sentence names the scope.
    """
    if scope not in principal.scopes and not principal.is_admin:
        raise Forbidden(f"This needs the scope {scope!r}, which the key does not have. Ask for a key that has it.")


def followed(principal: Principal) -> str | None:
    """Whose ingestion jobs a principal may see and steer: its own; None: all, when it is admin."""
    return None if principal.is_admin else principal.name


def require_own(principal: Principal, *, own: bool) -> None:
    """Let a principal remove a document that it can read: one that it uploaded, or any when it is admin.

    Raises:
        Forbidden: another one brought the document in.
    """
    if not own:
        require(principal, "admin")


def require_groups(principal: Principal, groups: Collection[str]) -> None:
    """Let a principal go on with what was asked for by its name with these groups.

    Raises:
        Forbidden: it is in fewer now.
    """
    if not principal.is_admin and not principal.groups.issuperset(groups):
        raise Forbidden("The job was asked for with groups that the key does not have now. Ask for a new one.")


def groups_to_give(principal: Principal, asked: Collection[str] | None) -> frozenset[str] | None:
    """The groups of what a principal brings in; None: nothing is said, and an admin's documents keep what they have.

    What others bring in is for their own groups alone: for all of them unless some are asked for.

    Raises:
        Forbidden: a group that it is not in is asked for, or a document for everybody by one who has groups.
    """
    if principal.is_admin:
        return None if asked is None else frozenset(asked)
    wanted = principal.groups if asked is None else frozenset(asked)
    if not wanted <= principal.groups or (principal.groups and not wanted):
        own = ", ".join(sorted(principal.groups)) or "none"
        raise Forbidden(f"The key brings documents in for its own groups alone. Its groups are: {own}.")
    return wanted


def may_change(caller: str, brought_by: str) -> bool:
    """Whether an ingestion may change or remove a document that is there: its text, its groups, that there is one.

    `caller`, `brought_by`: on whose behalf it works, and the document was brought in; empty: an admin or the owner. An
    admin's ingestion may change any, another caller's what this caller brought in.
    """
    return not caller or caller == brought_by


def may_bring_in(access: Access, closings: Iterable[Collection[str]]) -> bool:
    """Whether an ingestion may read a file for whoever asked for it.

    Each of `closings` is the groups that one of these names, of those who may say who reads the file: the rules, by its
    name from the source and from each root of `server.sources` that holds it; its metadata file; an admin's word on a
    document of the same file, or of the same content.
    """
    return all(may_read(access, groups) for groups in closings)


def narrowest(closings: Iterable[Collection[str]]) -> frozenset[str]:
    """The groups that a file is closed to when several name some: those in all of them, else those of the first."""
    named = [frozenset(groups) for groups in closings if groups]
    return (frozenset.intersection(*named) or named[0]) if named else frozenset()
