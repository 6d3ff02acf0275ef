"""Works on the data folder in this process."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.access import OWNER
from core.settings.load import Settings
from service.api.wire.documents import CollectionOut, DocumentOut, DocumentTextOut, ReadIn
from service.api.wire.jobs import JobDetail, JobLine, JobOut, PlanOut
from service.api.wire.keys import KeyIn, KeyOut, NewKeyOut
from service.api.wire.message import short_enough
from service.api.wire.questions import AnswerOut, IngestionIn, QueryIn
from service.api.wire.searches import SearchIn, SearchOut
from service.api.wire.upkeep import PurgedOut, RepairedOut, VerifiedOut, VerifyIn
from service.api.wire.versions import IndexOut, PruneOut, RebuildIn, RebuildOut, RollbackOut

if TYPE_CHECKING:
    from app.engine import Watch, WatchRebuild
    from core.deadline import Deadline
    from indexes.indexes import Indexes


class LocalEngine:
    """`app.engine.Engine` over open indexes. Whoever runs the command owns the folder and may read all of it."""

    def __init__(self, settings: Settings, indexes: Indexes) -> None:
        self.settings = settings
        self.indexes = indexes

    def ask(self, body: QueryIn, until: Deadline | None = None) -> AnswerOut:
        """Answer a question, or end when that is called off."""
        from service.answering.answer import answer
        from service.answering.models.choose import open_model
        from service.api.questions import question_of

        short_enough(body.question, self.settings.server.max_question_chars)
        outcome = answer(
            question_of(body),
            access=OWNER,
            indexes=self.indexes,
            model=open_model(self.settings, body.model, self.indexes.embedder),
            settings=self.settings.answering,
            until=until,
        )
        return AnswerOut.of(outcome, secrets.token_hex(8))

    def search(self, body: SearchIn) -> SearchOut:
        """Find passages."""
        from service.api.questions import searched

        return searched(body, access=OWNER, indexes=self.indexes, settings=self.settings)

    def ingest(self, body: IngestionIn, watch: Watch) -> JobOut:
        """Ingest a source, to the end."""
        from indexes.catalogue.rows import Order
        from ingest.pipeline import run
        from ingest.record import new_job
        from ingest.work import Work

        order, jobs = Order(groups=body.groups), self.indexes.catalogue.jobs
        job = jobs.add(new_job(body.source, body.collection, "RUNNING", "command", body.patterns, order))
        report = run(Work(indexes=self.indexes, settings=self.settings.ingest, job=job, progress=watch))
        return JobOut.of(self.indexes.catalogue, jobs.find(report.job_id))

    def plan(self, body: IngestionIn) -> PlanOut:
        """What `ingest` would do."""
        from app.foresee import foresee
        from indexes.catalogue.rows import Order

        order = Order(groups=body.groups)
        return foresee(self.indexes, self.settings, body.source, body.collection, patterns=body.patterns, order=order)

    def documents(self, collection: str) -> Sequence[DocumentOut]:
        """The collection's documents, by name."""
        from indexes.catalogue.duplicates import near_duplicates

        self.indexes.catalogue.require_collection(collection, access=OWNER)
        near = near_duplicates(self.indexes.catalogue, collection, access=OWNER)
        return [DocumentOut.of(row, near) for row in self.indexes.catalogue.documents(collection, access=OWNER)]

    def document(self, document_id: str) -> DocumentOut:
        """One document by its id."""
        from indexes.catalogue.duplicates import near_duplicates_of

        catalogue = self.indexes.catalogue
        row = catalogue.document_with_id(document_id, access=OWNER)
        return DocumentOut.of(row, near_duplicates_of(catalogue, [row], access=OWNER))

    def text(self, document: DocumentOut) -> str:
        """A document's extracted text."""
        return self.indexes.catalogue.text(document.collection, document.document, access=OWNER)

    def read(self, body: ReadIn) -> DocumentTextOut:
        """A stretch of a document."""
        from service.api.questions import part_of

        return part_of(body, access=OWNER, catalogue=self.indexes.catalogue)

    def remove(self, document: DocumentOut) -> None:
        """Take a document out of the index, and remove its file if it was uploaded."""
        from indexes.delete import delete_document

        catalogue = self.indexes.catalogue
        delete_document(self.indexes, catalogue.document_with_id(document.id, access=OWNER))

    def set_groups(self, document: DocumentOut, groups: Sequence[str]) -> DocumentOut:
        """Say who may read a document; none: everybody."""
        from indexes.catalogue.groups import set_groups

        catalogue = self.indexes.catalogue
        set_groups(catalogue, catalogue.document_with_id(document.id, access=OWNER), groups)
        return DocumentOut.of(catalogue.document_with_id(document.id, access=OWNER), {})

    def jobs(self, limit: int) -> Sequence[JobLine]:
        """The latest jobs, newest first."""
        return [JobLine.of(row) for row in self.indexes.catalogue.jobs.latest(limit)]

    def job(self, job_id: str) -> JobDetail:
        """One job."""
        return JobDetail.of(self.indexes.catalogue, self.indexes.catalogue.jobs.find(job_id))

    def cancel(self, job_id: str) -> JobDetail:
        """End a job that waits for the service: without one, none runs."""
        return JobDetail.of(self.indexes.catalogue, self.indexes.catalogue.jobs.cancel(job_id))

    def retry(self, job_id: str, watch: Watch) -> JobOut:
        """Take a job up again, for what failed or was left, to the end."""
        from ingest.pipeline import again

        roots = self.settings.server.sources
        again(self.indexes, job_id, settings=self.settings.ingest, roots=roots, progress=watch)
        return JobOut.of(self.indexes.catalogue, self.indexes.catalogue.jobs.find(job_id))

    def collections(self) -> Sequence[CollectionOut]:
        """The collections."""
        return [CollectionOut.of(row) for row in self.indexes.catalogue.collections(access=OWNER)]

    def index_version(self) -> str:
        """The version of the index that answers."""
        return self.indexes.version

    def troubles(self) -> Sequence[str]:
        """What is out of order and answered around."""
        return self.indexes.caretaker.troubles()

    def verify(self, body: VerifyIn) -> VerifiedOut:
        """Compare everything that is stored."""
        return VerifiedOut.of(self.indexes.caretaker.verify(full=body.full))

    def repair(self) -> RepairedOut:
        """Make again what is broken."""
        return RepairedOut(repaired=self.indexes.caretaker.repair())

    def purge(self) -> PurgedOut:
        """Let nothing of what was deleted stay in any file or cache."""
        return PurgedOut(purged=self.indexes.caretaker.purge())

    def make_key(self, asked: KeyIn) -> NewKeyOut:
        """Make a key to the service."""
        row, key = self.indexes.catalogue.keys.make(asked.row())
        return NewKeyOut(key=key, about=KeyOut.of(row))

    def keys(self) -> Sequence[KeyOut]:
        """The keys, the oldest first."""
        return [KeyOut.of(row) for row in self.indexes.catalogue.keys.all()]

    def revoke_key(self, name: str) -> Sequence[KeyOut]:
        """Revoke the key of this id, or those of this name."""
        return [KeyOut.of(row) for row in self.indexes.catalogue.keys.revoke(name)]

    def index(self) -> IndexOut:
        """The versions of the index."""
        from indexes.cutover.overview import overview

        return IndexOut.of(self.indexes.version, overview(self.settings))

    def rebuild(self, asked: RebuildIn, watch: WatchRebuild) -> RebuildOut:
        """Make the next version of the index; the next command is served by it."""
        from app.upkeep import recipe_of
        from ingest.changeover import Change, rebuild

        began = time.monotonic()
        change = Change(
            wanted=recipe_of(asked, self.settings),
            afresh=asked.force,
            watch=lambda progress: watch(RebuildOut.at(progress, time.monotonic() - began)),
        )
        return RebuildOut.of(rebuild(self.indexes, self.settings, change), time.monotonic() - began)

    def roll_back(self) -> RollbackOut:
        """Serve the version before again, from the next command on."""
        from indexes import versions
        from ingest.changeover import roll_back

        back = roll_back(self.indexes, self.settings)
        return RollbackOut.of(versions.pointer(self.settings.data).live, back)

    def prune(self) -> PruneOut:
        """Remove every version but the live one."""
        from indexes.versions import forget_previous

        return PruneOut(removed=tuple(forget_previous(self.settings.data)))
