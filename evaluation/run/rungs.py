"""The rungs of the ladder: one entry each, a context policy and which model reads it.

Every rung is asked through `service.answering` with the same instruction; only what the model is given to read differs,
and on one rung the model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from core.access import OWNER, Access
from core.answers import Answer, Refusal
from core.errors import UsageError
from core.settings.load import Settings
from evaluation.run import contexts
from evaluation.run.contexts import Asked, Context
from indexes.indexes import Indexes
from service.answering.models.choose import Model

__all__ = ["ALL", "RUNGS", "Outcome", "Rung", "Subject", "choose_rungs", "runnable"]

Outcome = Answer | Refusal
ALL = "all"
"""In a list of names: every rung that can be run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is measured: a model over a collection, with the settings that it is served with.

    `best`: the model that plain prompting is also measured with; None: with `model` alone. `access`: for whom it is
    measured; documents that it may not read do not exist for the run.
    """

    indexes: Indexes
    model: Model
    settings: Settings
    collection: str = "default"
    best: Model | None = None
    access: Access = OWNER

    def documents(self) -> dict[str, str]:
        """The version of each document that may be read, by name."""
        rows = self.indexes.catalogue.documents(self.collection, access=self.access)
        return {row.document: row.version for row in rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One way to give a model context.

    `label` is the name in tables, `phrase` the one inside a sentence. `role`: "rung" for a way to answer, "ceiling" for
    the best that retrieval could do, "control" for what tells why a rung does well. `deployable` is "fixed" where the
    rung could run in production only if one set of documents serves all questions. `by_default`: measured when no rung
    is named. `needs`: what must be set for it to run.
    """

    name: str
    label: str
    phrase: str
    description: str
    context: Callable[[Asked], Context]
    role: Literal["rung", "ceiling", "control"] = "rung"
    deployable: bool | Literal["fixed"] = True
    by_default: bool = False
    reads_documents: bool = True
    retrieves: bool = False
    needs: Literal["", "best model", "reranker"] = ""

    def model(self, subject: Subject) -> Model:
        """The model that is asked."""
        return subject.best if self.needs == "best model" and subject.best else subject.model


RUNGS: dict[str, Rung] = {
    rung.name: rung
    for rung in (
        Rung(
            name="closed_book",
            label="Plain prompting",
            phrase="plain prompting",
            description="The model alone: the question, no documents",
            context=contexts.nothing,
            by_default=True,
            reads_documents=False,
        ),
        Rung(
            name="closed_book_best",
            label="Plain prompting, best model",
            phrase="plain prompting of the best model",
            description="The best model at hand alone: the question, no documents",
            context=contexts.nothing,
            by_default=True,
            reads_documents=False,
            needs="best model",
        ),
        Rung(
            name="manual",
            label="Documents by hand",
            phrase="documents chosen by hand",
            description="The right documents, chosen by a person, in the prompt",
            context=contexts.gold_documents,
            deployable="fixed",
            by_default=True,
        ),
        Rung(
            name="long_context",
            label="Long context",
            phrase="long context",
            description="As many whole documents of the collection as fit into the prompt",
            context=contexts.whole_collection,
        ),
        Rung(
            name="rag_bm25",
            label="RAG, words alone",
            phrase="RAG by words alone",
            description="Passages that the keyword index finds",
            context=contexts.by_words,
            retrieves=True,
        ),
        Rung(
            name="rag_dense",
            label="RAG, meaning alone",
            phrase="RAG by meaning alone",
            description="Passages that the vector index finds",
            context=contexts.by_meaning,
            retrieves=True,
        ),
        Rung(
            name="rag",
            label="RAG",
            phrase="RAG",
            description="Passages found by search in the whole collection",
            context=contexts.by_both,
            by_default=True,
            retrieves=True,
        ),
        Rung(
            name="rag_rerank",
            label="RAG, reranked",
            phrase="RAG with a reranker",
            description="Passages found by search, put in order by the reranker",
            context=contexts.reranked,
            by_default=True,
            retrieves=True,
            needs="reranker",
        ),
        Rung(
            name="oracle",
            label="Perfect retrieval",
            phrase="perfect retrieval",
            description="Only the passages that hold the answer: a ceiling, not something to deploy",
            context=contexts.gold_passages,
            role="ceiling",
            deployable=False,
            by_default=True,
        ),
        Rung(
            name="random_context",
            label="Random passages",
            phrase="random passages",
            description="As many passages as RAG gives, drawn at random: whether a longer prompt alone helps",
            context=contexts.at_random,
            role="control",
            deployable=False,
        ),
        Rung(
            name="oracle_absent",
            label="Answer withheld",
            phrase="search without the answer",
            description="What search finds without the passages that hold the answer: whether the model says so",
            context=contexts.without_gold,
            role="control",
            deployable=False,
            retrieves=True,
        ),
    )
}
"""Every rung by its name: the ladder from its foot to its ceiling, then the controls."""


def choose_rungs(names: Sequence[str] = ()) -> tuple[Rung, ...]:
    """The named rungs in the order of the ladder; those measured by default without a name.

    Raises:
        UsageError: a name is unknown.
    """
    unknown = [name for name in names if name not in RUNGS and name != ALL]
    if unknown:
        raise UsageError(f"No rung is called {unknown[0]!r}. The rungs are: {', '.join(RUNGS)}, or {ALL}.")
    if not names:
        return tuple(rung for rung in RUNGS.values() if rung.by_default)
    return tuple(rung for name, rung in RUNGS.items() if name in names or ALL in names)


def runnable(names: Sequence[str], subject: Subject) -> tuple[tuple[Rung, ...], dict[str, str]]:
    """The chosen rungs that can be run, and why each of the others cannot.

    Raises:
        UsageError: a name is unknown, or a rung that was asked for by name cannot be run.
    """
    chosen = choose_rungs(names)
    skipped = {rung.name: reason for rung in chosen if (reason := _lacks(rung, subject))}
    for name, reason in skipped.items():
        if name in names:
            raise UsageError(f"The rung {name} cannot be run: {reason}.")
    return tuple(rung for rung in chosen if rung.name not in skipped), skipped


def _lacks(rung: Rung, subject: Subject) -> str:
    if rung.needs == "best model" and subject.best is None:
        return "evaluation.best_model names no model (or --best-model)"
    if rung.needs == "reranker" and not subject.indexes.reranker.candidates:
        return "no reranker is set (reranker.kind)"
    return ""
