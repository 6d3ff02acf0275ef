"""Makes the next version of the index out of the live one, which goes on being read and written meanwhile.

Nothing is uploaded again. A document is cut anew from what its parser saw, which the catalogue keeps; where the parsers
have changed since, its file is read again if it is still there with the same bytes. What is in the new version already
is left alone, so whoever builds may be killed at any point and goes on where it ended.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from core.access import OWNER
from core.machine import cores
from core.settings.sections import IngestSettings
from indexes.catalogue.rows import Known, Version
from indexes.catalogue.structures import Origin, origins, stored_document, vectors_by_text
from indexes.cutover.carry_over import hand_over
from indexes.cutover.overview import RebuildProgress, Rebuilt
from indexes.cutover.recall import refuse_imprecise, refuse_incomplete
from indexes.embedders.protocol import Vectors
from indexes.indexes import Indexes
from indexes.write import finish_intents, remove_document, write_documents
from ingest.reading.isolation import Limits
from ingest.reading.pool import ParserPool
from ingest.reading.prefetch import Reader
from ingest.reading.read import Draft, draft_or_reason
from ingest.recut import Recut
from ingest.store import batches, embed_drafts, embed_texts

FEW = 32
"""Documents that may be left for the end, when nobody else may write."""
MAX_ROUNDS = 20


def nothing_said(progress: RebuildProgress) -> None:
    """Tells nobody."""


class Build:
    """The making of one version; `run`, then, while nobody writes to the live one, `finish`.

    `afresh`: vectors that the live version has of the very same texts are not taken over.
    """

    def __init__(
        self,
        live: Indexes,
        made: Indexes,
        settings: IngestSettings,
        *,
        watch: Callable[[RebuildProgress], None] = nothing_said,
        check: Callable[[], None] = lambda: None,
        afresh: bool = False,
    ) -> None:
        """`check` is called between documents, and raises to end the build there."""
        self._live, self._made, self._settings = live, made, settings
        self._watch, self._check = watch, check
        self._reuse = not afresh and live.embedder.name == made.embedder.name
        self._recut = Recut(live, made)
        self._began, self._written, self._chunks = time.monotonic(), 0, 0
        self._recall: float | None = None  # of what is in the new version now; None: it was not looked at since

    def run(self) -> None:
        """Bring the new version up to the live one, until little is left, and see whether what is in it is found.

        Raises:
            IndexBroken: it is not.
        """
        for _ in range(MAX_ROUNDS):
            if self._round() <= FEW:
                break
        finish_intents(self._made)
        self._made.caretaker.rewrite_lost()
        self._round()
        self._recall = refuse_imprecise(self._made)

    def finish(self) -> Rebuilt:
        """The last differences, and what goes along. Nobody may write to the live version meanwhile.

        Raises:
            IndexBroken: the new version is not what it should be.
        """
        for _ in range(MAX_ROUNDS):
            if not self._round():
                break
        refuse_incomplete(self._made, self._live.catalogue)
        recall = refuse_imprecise(self._made) if self._recall is None else self._recall
        hand_over(self._live.catalogue, self._made.catalogue)
        rows = self._made.catalogue.collections(access=OWNER)
        old_parse, old_chunks = self._kept()
        return Rebuilt(
            documents=sum(row.documents for row in rows),
            chunks=sum(row.chunks for row in rows),
            recall=recall,
            old_parse=old_parse,
            old_chunks=old_chunks,
        )

    def waiting(self) -> int:
        """Documents that the new version has not, or has otherwise."""
        return sum(len(self._missing(name)) for name in self._collections())

    def _round(self) -> int:
        """Write and remove what differs now; returns how many documents did."""
        missing = {collection: self._missing(collection) for collection in self._collections()}
        left = sum(map(len, missing.values()))
        total = sum(row.documents for row in self._live.catalogue.collections(access=OWNER))
        self._tell(total - left, total)
        different = left
        for collection, names in missing.items():
            different += self._follow(collection)
            for batch in batches(self._drafts(collection, names), self._settings.batch_documents):
                self._check()
                drafts = [entry for entry in batch if isinstance(entry, Draft)]
                self._write(drafts)
                left -= len(drafts)
                self._written += len(drafts)
                self._chunks += sum(len(draft.chunks) for draft in drafts)
                self._tell(total - left, total)
        if different:
            self._recall = None
        return different

    def _tell(self, done: int, total: int) -> None:
        seconds = (time.monotonic() - self._began) / self._written * (total - done) if self._written else None
        self._watch(RebuildProgress(done=done, total=total, chunks=self._chunks, seconds_left=seconds))

    def _collections(self) -> list[str]:
        found = (indexes.catalogue.collections(access=OWNER) for indexes in (self._live, self._made))
        return sorted({row.name for rows in found for row in rows})

    def _missing(self, collection: str) -> list[str]:
        """Documents that have to be written, those that changed among them."""
        have, made = self._made.catalogue.known(collection), origins(self._live.catalogue, collection)
        return [
            name
            for name, known in sorted(self._live.catalogue.known(collection).items())
            if name in made and not self._is_held(known, made[name], have.get(name))
        ]

    def _is_held(self, known: Known, origin: Origin, before: Known | None) -> bool:
        return (
            before is not None and before.source == known.source and before.version in self._recut.aims(known, origin)
        )

    def _follow(self, collection: str) -> int:
        """Remove what the live version no longer has, and note what is said otherwise of what it has."""
        now, have = self._live.catalogue.known(collection), self._made.catalogue.known(collection)
        different = 0
        for name in have.keys() - now.keys():
            remove_document(self._made, collection, name)
            different += 1
        both = [(name, now[name], have[name]) for name in have.keys() & now.keys()]
        said = {name: new.description for name, new, old in both if new.description != old.description}
        seen = {
            name: (new.size, new.mtime_ns)
            for name, new, old in both
            if (new.size, new.mtime_ns) != (old.size, old.mtime_ns)
        }
        self._made.catalogue.describe_all(collection, said)
        self._made.catalogue.touch_all(collection, seen)
        return different + len(said)

    def _drafts(self, collection: str, names: Sequence[str]) -> Iterator[Draft]:
        """The documents, cut as the new version has it; those that are read again come last."""
        again = []
        for name in names:
            stored = stored_document(self._live.catalogue, collection, name)
            if stored is None:
                continue
            if self._recut.should_be_read(stored):
                again.append(name)
            else:
                yield self._recut.draft(stored)
        if not again:
            return
        limits = Limits(seconds=self._settings.file_seconds, memory_mb=self._settings.file_memory_mb)
        reading = self._recut.reading(collection, self._settings)
        pool: Reader
        with ParserPool(partial(draft_or_reason, reading), limits, workers=self._settings.workers or cores()) as pool:
            yield from self._recut.read_again(pool, collection, again)

    def _write(self, drafts: Sequence[Draft]) -> None:
        vectors = self._vectors(drafts) if self._reuse else embed_drafts(self._made, drafts)
        versions = [Version(draft.document, draft.chunks, found) for draft, found in zip(drafts, vectors, strict=True)]
        write_documents(self._made, versions)

    def _vectors(self, drafts: Sequence[Draft]) -> list[Vectors]:
        """The drafts' vectors, of which only those of new texts are embedded."""
        documents = (draft.document for draft in drafts)
        known = [vectors_by_text(self._live.catalogue, each.collection, each.document) for each in documents]
        return embed_texts(self._made.embedder, drafts, known)

    def _kept(self) -> tuple[int, int]:
        """How many documents of the new version are not as a fresh ingestion would make them: (parse, chunks)."""
        old_parse = old_chunks = 0
        for collection in self._collections():
            have, made = self._made.catalogue.known(collection), origins(self._live.catalogue, collection)
            for name, known in self._live.catalogue.known(collection).items():
                if have[name].version != self._recut.aims(known, made[name])[0]:
                    old_parse += bool(made[name].pipeline)
                    old_chunks += not made[name].pipeline
        return old_parse, old_chunks
