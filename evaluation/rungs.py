"""The rungs of the ladder: one entry each, a context policy for the model that is measured.

Every rung asks the same model with the same instruction; only what it is given to read differs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from core.access import OWNER
from core.answers import Answer, Mode, Refusal
from core.errors import UsageError
from core.settings import Settings
from evaluation.dataset import Item
from evaluation.gold import Gold
from indexes.open import Indexes
from service.answering.answer import Question, answer, answer_from
from service.answering.generators.choose import Model

Outcome = Answer | Refusal
NO_GOLD = Gold(passages=(), evidence=0, not_found=0, level="none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is measured: a model over a collection, with the settings that it is served with."""

    indexes: Indexes
    model: Model
    settings: Settings
    collection: str = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One way to give a model context.

    `label` is the name in tables, `phrase` the one inside a sentence. `deployable` is "fixed" where the rung could
    run in production only if one set of documents serves all questions. `reads_documents` is False where a prompt
    holds the question alone, which bounds its price.
    """

    name: str
    label: str
    phrase: str
    description: str
    deployable: bool | Literal["fixed"]
    answer: Callable[[Item, Gold, Subject], Outcome]
    reads_documents: bool = True
    retrieves: bool = False


def _closed_book(item: Item, _: Gold, subject: Subject) -> Outcome:
    return _ask(item, subject, mode="closed_book")


def _manual(item: Item, _: Gold, subject: Subject) -> Outcome:
    documents = pinned_documents(item)
    if not documents:
        return _given(item, NO_GOLD, subject)
    return _ask(item, subject, mode="documents", documents=documents)


def _given(item: Item, gold: Gold, subject: Subject) -> Outcome:
    return answer_from(
        item.question,
        gold.passages,
        mode="rag",
        model=subject.model,
        index_version=subject.indexes.version,
        settings=subject.settings.answering,
    )


def _rag(item: Item, _: Gold, subject: Subject) -> Outcome:
    return _ask(item, subject, mode="rag")


RUNGS: dict[str, Rung] = {
    rung.name: rung
    for rung in (
        Rung(
            name="closed_book",
            label="Plain prompting",
            phrase="plain prompting",
            description="The model alone: the question, no documents",
            deployable=True,
            answer=_closed_book,
            reads_documents=False,
        ),
        Rung(
            name="manual",
            label="Documents by hand",
            phrase="documents chosen by hand",
            description="The right documents, chosen by a person, in the prompt",
            deployable="fixed",
            answer=_manual,
        ),
        Rung(
            name="rag",
            label="RAG",
            phrase="RAG",
            description="Passages found by search in the whole collection",
            deployable=True,
            answer=_rag,
            retrieves=True,
        ),
        Rung(
            name="oracle",
            label="Perfect retrieval",
            phrase="perfect retrieval",
            description="Only the passages that hold the answer: a ceiling, not something to deploy",
            deployable=False,
            answer=_given,
        ),
    )
}
"""Every rung by its name, from the foot of the ladder to its ceiling."""


def choose_rungs(names: Sequence[str]) -> tuple[Rung, ...]:
    """The named rungs in the order of the ladder.

    Raises:
        UsageError: a name is unknown or none is given.
    """
    unknown = [name for name in names if name not in RUNGS]
    if unknown or not names:
        wrong = f"No rung is called {unknown[0]!r}." if unknown else "Name at least one rung."
        raise UsageError(f"{wrong} The rungs are: {', '.join(RUNGS)}.")
    return tuple(rung for name, rung in RUNGS.items() if name in names)


def pinned_documents(item: Item) -> tuple[str, ...]:
    """The documents a person would hand over: the gold ones, else those the question was asked about."""
    if item.documents:
        return tuple(dict.fromkeys(item.documents))
    extra = item.model_extra or {}
    asked_about = extra.get("asked_about") or extra.get("scope_documents") or ()
    listed = asked_about if isinstance(asked_about, list | tuple) else [asked_about]
    named = [entry.get("document") if isinstance(entry, dict) else entry for entry in listed]
    return tuple(dict.fromkeys(document for document in named if isinstance(document, str)))


def _ask(item: Item, subject: Subject, *, mode: Mode, documents: tuple[str, ...] = ()) -> Outcome:
    question = Question(text=item.question, collection=subject.collection, mode=mode, documents=documents)
    return answer(
        question,
        access=OWNER,
        indexes=subject.indexes,
        model=subject.model,
        settings=subject.settings.answering,
    )
