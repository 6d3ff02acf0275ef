"""What a job may read and change on behalf of whoever asked for it. core/access.py decides; docs/access.md has it in
words. An admin's job, and the owner's, may do everything."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace

from core.access import may_bring_in, may_change, may_read, narrowest
from core.errors import SourceError
from core.sources import Patterns, is_remote, named, scheme_of
from indexes.catalogue import closed
from indexes.catalogue.closed import Closing
from indexes.catalogue.rows import Description, JobRow, Known
from ingest.describe import Rules, places_of
from ingest.discover import absent, container_of
from ingest.outcomes import Skipped
from ingest.work import Work

CLOSED = "The groups that may read it are none of those of the caller that asked for the job."
NOT_YOURS = "Somebody else brought in the document of this name. Use another collection."


def patterns_of(work: Work) -> list[Patterns]:
    """Which files of the source are meant: by the settings, and by the job."""
    kept = (Patterns(work.settings.include, work.settings.exclude), work.job.patterns)
    return [pattern for pattern in kept if pattern.include or pattern.exclude]


def rules_of(work: Work) -> Rules:
    """The rules as they hold for the job's files."""
    roots = tuple(map(named, work.roots)) if _is_bounded(work) else ()
    return Rules(work.settings.rules, work.source, roots)


def refuse_source(work: Work) -> None:
    """Let a job open its source: a lesser caller's lies in `server.sources`, or is what it uploaded.

    Raises:
        SourceError: it does not, or not any longer; or it is a list of URLs that is closed to the caller, which looks
            like one that is not there.
    """
    if not _is_bounded(work):
        return
    if not any(_holds(named(root), work.source) for root in work.roots):
        raise SourceError(f"{work.source} is no longer one of the sources that keys may ingest from.")
    if not scheme_of(work.source) and is_remote(work.source):
        folder, name = os.path.split(work.source)
        listing = replace(work, job=replace(work.job, source=folder))
        if Permit(listing, [name]).refusal(name, None, {}) is not None:
            raise SourceError(absent(work.source))


class Permit:
    """Which of some files a job may bring in. `contents`: the SHA-256 of those that were read, by document."""

    def __init__(self, work: Work, documents: Iterable[str], contents: Mapping[str, str] | None = None) -> None:
        catalogue, self._job = work.indexes.catalogue, work.job
        self._bounded, self._rules, self._folder = _is_bounded(work), rules_of(work), catalogue.folder
        self._places: dict[str, list[str]] = {}
        self._by_place: dict[str, list[Closing]] = {}
        self._contents = contents or {}
        self._by_content: dict[str, list[Closing]] = {}
        if self._bounded:
            containers = set(map(container_of, documents))
            self._places = {name: places_of(work.source, name) for name in containers}
            self._by_place = closed.of_places(catalogue, (p for found in self._places.values() for p in found))
            self._by_content = closed.of_contents(catalogue, set(self._contents.values()), work.job.access)

    def refusal(self, document: str, said: frozenset[str] | None, known: Mapping[str, Known]) -> Skipped | None:
        """Why the job leaves a file alone, or what came in one; None: it may bring it in.

        `said`: the groups that its metadata file names, or else the rules; None: the metadata file cannot be read.
        `known`: what is stored of it, and of the file it came in.
        """
        job, container = self._job, container_of(document)
        if not job.caller:
            return None
        if self._bounded and self._is_closed(document, said):
            return Skipped(document, "closed", CLOSED)
        for before in (known[name] for name in (container, document) if name in known):
            if not may_change(job.caller, before.description.brought_by):
                readable = may_read(job.access, before.description.groups)
                return Skipped(document, "not_yours", NOT_YOURS) if readable else Skipped(document, "closed", CLOSED)
        return None

    def _is_closed(self, document: str, said: frozenset[str] | None) -> bool:
        container = container_of(document)
        by_rules = said is None or said == self._rules.of(container).groups
        named_by = self._rules.closings(container) if by_rules or said is None else [said]
        named_by += [closing.groups for closing in self._closings(document)]
        is_upload = any(_holds(self._folder, place) for place in self._places[container])
        return is_upload or not may_bring_in(self._job.access, named_by)

    def narrowed(self, document: str, said: Description) -> Description:
        """What is said of a file that may be brought in, for no more groups than other documents of it."""
        if not self._by_place and not self._by_content:
            return said
        own = (self._job.collection, container_of(document))
        others = (each.groups for each in self._closings(document) if (each.collection, each.document) != own)
        return replace(said, groups=narrowest([said.groups, *others]))

    def _closings(self, document: str) -> list[Closing]:
        """What admins closed the file to; where they said nothing of the file itself, what they said of its content."""
        places = self._places.get(container_of(document), ())
        found = [closing for place in places for closing in self._by_place.get(place, ())]
        return found or self._by_content.get(self._contents.get(document, ""), [])


def removable(job: JobRow, known: Mapping[str, Known], documents: Iterable[str]) -> list[str]:
    """Those documents that the job may remove when their file is gone: of a lesser caller, its own that it may read."""
    return [name for name in documents if name not in known or _is_removable(job, known[name].description)]


def _is_removable(job: JobRow, said: Description) -> bool:
    return may_change(job.caller, said.brought_by) and may_read(job.access, said.groups)


def _is_bounded(work: Work) -> bool:
    """Whether the job reads what is not its caller's own: a lesser caller's uploads are."""
    return bool(work.job.caller) and not _holds(work.indexes.catalogue.folder, work.source)


def _holds(root: str, place: str) -> bool:
    return place == root or place.startswith(root.rstrip("/") + "/")
