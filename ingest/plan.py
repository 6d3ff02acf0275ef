"""What an ingestion would do, told from names, sizes and hashes: nothing is parsed, nothing is written."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from core.errors import ParseError, SourceError
from core.ids import document_version
from core.sources import alone, is_remote
from indexes.catalogue.rows import Description, Known
from indexes.embedders.protocol import Embedder
from indexes.indexes import Indexes
from indexes.recipe import version
from ingest.chunking.chunk import CHUNKER
from ingest.describe import Rules, read_sidecar, settled, version_of
from ingest.discover import ATTACHED, Discovery, Item, NothingToIngest, absent, container_of, nothing
from ingest.outcomes import Failed, Skipped
from ingest.parsers.choose import PARSERS
from ingest.permitted import Permit, patterns_of, removable, rules_of
from ingest.work import Work

if TYPE_CHECKING:
    from ingest.sources.protocol import Source

_Kind = Literal["to read", "touched", "unchanged", "described", "decided"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A file that is as stored, and of which something else is said now."""

    item: Item
    description: Description


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Every file of the source in one of five: to read, touched, unchanged, described, decided; and what is gone.

    `touched` are files whose time changed while their bytes did not, `described` those of which only what is said about
    them changed. What is attached to a mail, or lies in an archive, is found only when that is read: it is not counted.
    """

    source: str
    pipeline: str
    known: Mapping[str, Known]
    to_read: tuple[Item, ...]
    touched: tuple[Item, ...]
    unchanged: tuple[Item, ...]
    described: tuple[Described, ...]
    decided: tuple[Skipped | Failed, ...]
    vanished: tuple[str, ...]
    moved: tuple[tuple[str, str], ...] = ()
    """(from, to) of vanished and new files of one content, when they were looked for (`with_moves`)."""

    @property
    def added(self) -> tuple[str, ...]:
        """New files, those moved left out."""
        moved = {new for _, new in self.moved}
        return tuple(i.document for i in self.to_read if i.document not in self.known and i.document not in moved)

    @property
    def changed(self) -> tuple[str, ...]:
        """Files of which another version is stored."""
        return tuple(item.document for item in self.to_read if item.document in self.known)

    @property
    def removed(self) -> tuple[str, ...]:
        """Documents whose file is gone, those moved left out."""
        moved = {old for old, _ in self.moved}
        return tuple(document for document in self.vanished if document not in moved)

    @property
    def found(self) -> int:
        """Files in the source, those skipped and failed included."""
        same = len(self.touched) + len(self.unchanged) + len(self.described)
        return len(self.to_read) + same + len(self.decided)

    @property
    def reading(self) -> tuple[Item, ...]:
        """What is new or has changed, and each file of which a part is not stored: only reading it tells why."""
        same = (*self.touched, *self.unchanged, *(changed.item for changed in self.described))
        return (*self.to_read, *(item for item in same if self.inside(item.document) is None))

    @property
    def left_alone(self) -> tuple[str, ...]:
        """Documents that need no reading, with those inside them."""
        found: list[str] = []
        for item in (*self.touched, *self.unchanged):
            inside = self.inside(item.document)
            found += [item.document, *inside] if inside is not None else []
        return tuple(found)

    def inside(self, document: str) -> list[str] | None:
        """What is in a stored document, at any depth; None when some of it is not stored as it should be, so that the
        document has to be read again."""
        found: list[str] = []
        holder = self.known[document]
        for name, sha256 in holder.attached:
            inner = f"{document}{ATTACHED}{name}"
            before = self.known.get(inner)
            if before is None or before.version != document_version(sha256, self.pipeline):
                return None
            if before.description != holder.description:
                return None
            deeper = self.inside(inner)
            if deeper is None:
                return None
            found += [inner, *deeper]
        return found


def compare(work: Work, source: Source) -> Plan:
    """Compare a source with what the collection holds of it.

    Raises:
        SourceError: the source is missing, cannot be listed, or holds no file that could be ingested.
        Unavailable: it does not answer.
    """
    discovery = _discovered(work, source)
    known = work.indexes.catalogue.known(work.job.collection)
    named = [entry.document for entry in (*discovery.items, *discovery.outcomes)]
    stored = {name: known[name].sha256 for name in named if name in known}
    compared = _Compared(work, source, fingerprint(work.indexes), rules_of(work), known, Permit(work, named, stored))
    sorted_out = [_sorted_out(item, compared) for item in discovery.items]
    outcomes = [compared.permit.refusal(each.document, None, {}) or each for each in discovery.outcomes]
    decided = (*outcomes, *(entry for _, entry in sorted_out if isinstance(entry, Skipped | Failed)))
    closed = {outcome.document for outcome in decided if isinstance(outcome, Skipped) and outcome.code == "closed"}
    if all(item.document in closed for item in discovery.items):
        seen = tuple(outcome for outcome in outcomes if outcome.document not in closed)
        raise SourceError(_nothing(work, seen))
    return Plan(
        source=work.source,
        pipeline=compared.pipeline,
        known=known,
        to_read=tuple(entry for kind, entry in sorted_out if kind == "to read" and isinstance(entry, Item)),
        touched=tuple(entry for kind, entry in sorted_out if kind == "touched" and isinstance(entry, Item)),
        unchanged=tuple(entry for kind, entry in sorted_out if kind == "unchanged" and isinstance(entry, Item)),
        described=tuple(entry for _, entry in sorted_out if isinstance(entry, Described)),
        decided=decided,
        vanished=tuple(removable(work.job, known, _vanished(discovery, closed, known, work))),
    )


def _discovered(work: Work, source: Source) -> Discovery:
    """What the source holds. Raises like `compare`; whoever asked is not told of files that are closed to it."""
    try:
        return source.discover()
    except NothingToIngest as error:
        permit = Permit(work, [each.document for each in error.outcomes])
        seen = tuple(each for each in error.outcomes if permit.refusal(each.document, None, {}) is None)
        if seen == error.outcomes:
            raise
        raise SourceError(_nothing(work, seen)) from None


def _nothing(work: Work, seen: tuple[Skipped | Failed, ...]) -> str:
    """What is said of a source whose other files are closed to whoever asked: as if there were none."""
    is_folder = is_remote(work.source) or os.path.isdir(work.source)
    return nothing(work.source, seen, patterns_of(work)) if is_folder else absent(work.source)


@dataclass(frozen=True, slots=True)
class _Compared:
    """What every file is compared in the light of."""

    work: Work
    source: Source
    pipeline: str
    rules: Rules
    known: Mapping[str, Known]
    permit: Permit


def without_closed(planned: Plan, work: Work, source: Source) -> Plan:
    """The plan without the files that are closed to whoever asked, by their content too: a job reads that."""
    if not work.job.caller:
        return planned
    contents = {item.document: source.sha256(item) for item in planned.to_read}
    permit, rules = Permit(work, contents, contents), rules_of(work)
    refusals = {
        item.document: permit.refusal(
            item.document, read_sidecar(item.sidecar, rules.of(item.document)).description.groups, planned.known
        )
        for item in planned.to_read
    }
    decided = (*planned.decided, *filter(None, refusals.values()))
    return replace(
        planned,
        to_read=tuple(item for item in planned.to_read if refusals[item.document] is None),
        decided=tuple(outcome for outcome in decided if outcome.code != "closed"),
    )


def with_moves(planned: Plan, source: Source) -> Plan:
    """The plan with the files that were moved, told from the content of new ones. They are not embedded again."""
    gone: dict[tuple[int, str], list[str]] = {}
    for document in reversed(planned.vanished):
        before = planned.known[document]
        gone.setdefault((before.size, before.sha256), []).append(document)
    sizes = {size for size, _ in gone}
    moved: list[tuple[str, str]] = []
    for item in planned.to_read:
        if item.document not in planned.known and item.size in sizes:
            old = gone.get((item.size, source.sha256(item)))
            if old:
                moved.append((old.pop(), item.document))
    return replace(planned, moved=tuple(moved))


def _sorted_out(item: Item, compared: _Compared) -> tuple[_Kind, Item | Described | Skipped | Failed]:
    """Which of the five a file is in."""
    before, job = compared.known.get(item.document), compared.work.job
    try:
        said = read_sidecar(item.sidecar, compared.rules.of(item.document))
    except ParseError as error:
        refused = compared.permit.refusal(item.document, None, compared.known)
        return "decided", refused or Failed(item.document, error.reason, str(error))
    refused = compared.permit.refusal(item.document, said.description.groups, compared.known)
    if refused is not None:
        return "decided", refused
    if before is None:
        return "to read", item
    if not belongs(item.document, before, job.source):
        other = _held_elsewhere(item, before)
        return ("decided", other) if other else ("to read", item)
    if before.version != version_of(before.sha256, compared.pipeline, said) or before.size != item.size:
        return "to read", item
    if before.mtime_ns != item.mtime_ns and compared.source.sha256(item) != before.sha256:
        return "to read", item
    narrowed = compared.permit.narrowed(item.document, said.description)
    description = settled(narrowed, before.description, job.groups, job.caller)
    if before.description != description:
        return "described", Described(item=item, description=description)
    return ("unchanged" if before.mtime_ns == item.mtime_ns else "touched"), item


def fingerprint(indexes: Indexes) -> str:
    """Everything besides the bytes that a document's chunks and vectors depend on."""
    return fingerprint_for(indexes.embedder, indexes.recipe.chunk_word_pieces)


def fingerprint_for(embedder: Embedder, chunk_word_pieces: int) -> str:
    """As `fingerprint`, of a version that is not there yet."""
    return f"{version(embedder)}/parsers-{PARSERS}/chunker-{CHUNKER}/{chunk_word_pieces}"


def limit_of(indexes: Indexes) -> int:
    """Word pieces that a chunk may have."""
    return min(indexes.recipe.chunk_word_pieces, indexes.embedder.max_word_pieces)


def belongs(document: str, known: Known, source: str) -> bool:
    """Whether a known document came from this source: from the folder, or from this very file named alone."""
    return known.source == source or known.source == alone(source, container_of(document))


def detached(known: Mapping[str, Known], holders: Collection[str]) -> list[str]:
    """Documents that were inside one of the holders, which no longer holds them, with all that was in them."""
    held = {f"{holder}{ATTACHED}{name}" for holder in holders if holder in known for name, _ in known[holder].attached}
    found: set[str] = set()
    for document in sorted(known):
        holder, parted, _ = document.rpartition(ATTACHED)
        gone = parted and holder in holders and holder in known and document not in held
        if gone or holder in found:
            found.add(document)
    return sorted(found)


def _held_elsewhere(item: Item, known: Known) -> Skipped | None:
    """The refusal when another source still holds a document of this name: neither may push the other out."""
    if not known.source:
        return None
    if not is_remote(known.source):
        other = Path(known.source)
        held = other / item.document if other.is_dir() else other
        if not held.is_file() or (item.path.exists() and os.path.samefile(held, item.path)):
            return None
    reason = f"The collection already holds a document of this name from {known.source}. Use another collection."
    return Skipped(item.document, "name_taken", reason)


def _vanished(discovery: Discovery, closed: Collection[str], known: Mapping[str, Known], work: Work) -> tuple[str, ...]:
    """Documents that came from this source and whose file is no longer there, as far as it was looked at and listed.

    A file that is closed to whoever asked is not there for them.
    """
    present = {entry.document for entry in (*discovery.items, *discovery.outcomes)}.difference(closed)
    chooser = work.job.patterns.chooser()
    return tuple(
        document
        for document, before in sorted(known.items())
        if container_of(document) not in present
        and not container_of(document).startswith(discovery.unlisted)
        and belongs(document, before, work.source)
        and chooser.admit(container_of(document))
    )
