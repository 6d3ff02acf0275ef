"""The passages that search shows the built-in model for the questions of a data folder, and for questions made of them.

An answerable question makes two kinds that have no answer: the same without any passage that holds evidence or an
accepted answer, and, asked anew, the same about a year, number or name that no document speaks of.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from core.access import OWNER
from core.answers import Passage
from evaluation.dataset import Item, load_dataset

if TYPE_CHECKING:
    from core.settings.load import Settings
    from indexes.indexes import Indexes

WIDE = 40
"""Passages that are left over from when those with the answer are taken away."""
MIN_ASKED = 4
"""Passages that have to be left."""
NAMES = ("Hollis", "Varga", "Brindle", "Osmont", "Quarrick", "Tessaly", "Wendover", "Ilkor", "Padmore", "Zellin")
"""What no document speaks of."""
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_NUMBERED = re.compile(
    r"(?<=[A-Za-z][ -])\d{1,3}\b(?! (?:per|percent|days|%))|(?<=\b[A-Z])\d{1,2}\b|(?<=-)\d{3,5}\b",
)
_NAME = re.compile(
    r"(?<=\w )(?!January|February|March|April|May|June|July|August|September|October|November|December)"
    r"[A-Z][a-zà-ÿ]{2,}(?: [A-Z][a-zà-ÿ]{2,})*"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with the passages shown for it. `set`: the folder's name; `made`: how, when it is not in the file."""

    set: str
    item: Item
    made: Literal["", "hidden", "renamed"]
    passages: tuple[Passage, ...]

    @property
    def cluster(self) -> str:
        return f"{self.set}:{self.item.cluster_name}"


def ask_all(folder: Path, indexes: Indexes, settings: Settings, *, make: bool, most: int, seed: int) -> list[Asked]:
    """Ingest `documents/` of a folder and ask every question beside it, at most `most`, drawn at random; 0: all."""
    from ingest.pipeline import ingest

    ingest(indexes, folder / "documents", collection=folder.name, settings=settings.ingest)
    plain = folder / "questions.jsonl"
    items = list(load_dataset(plain if plain.exists() else folder / "questions.jsonl.gz").items)
    chance = random.Random(seed)
    if most:
        chance.shuffle(items)
    asked: list[Asked] = []
    for item in items[: most or None]:
        asked.append(Asked(folder.name, item, "", shown(item.question, folder.name, indexes, settings)))
        if make and not item.unanswerable:
            asked += _made(asked[-1], indexes, settings, chance)
    return asked


def shown(
    question: str, collection: str, indexes: Indexes, settings: Settings, limit: int | None = None
) -> tuple[Passage, ...]:
    """What a model is shown for a question, as the service packs it."""
    from core.settings.sections import ModelSettings
    from service.answering.answer import Question, answer
    from service.answering.models.choose import open_model

    silent = ModelSettings(kind="scripted", replies=("null",), context_window=1_000_000)
    model = open_model(settings.model_copy(update={"models": {"silent": silent}}), "silent", indexes.embedder)
    answering = settings.answering.model_copy(update={"passages": limit or settings.answering.passages})
    asked = Question(text=question, collection=collection, limit=limit)
    return answer(asked, access=OWNER, indexes=indexes, model=model, settings=answering).passages


def _made(asked: Asked, indexes: Indexes, settings: Settings, chance: random.Random) -> Iterator[Asked]:
    item = asked.item
    wide = shown(item.question, asked.set, indexes, settings, WIDE)
    left = [passage.hit for passage in wide if not _holds(passage, item)]
    if len(left) >= MIN_ASKED:
        kept = tuple(Passage(number=n, hit=hit) for n, hit in enumerate(left[: settings.answering.passages], start=1))
        yield replace(asked, item=_unanswerable(item, item.question), made="hidden", passages=kept)
    for text in renamed(item.question, chance)[:2]:
        found = shown(text, asked.set, indexes, settings)
        yield replace(asked, item=_unanswerable(item, text), made="renamed", passages=found)


def _unanswerable(item: Item, question: str) -> Item:
    return item.model_copy(update={"question": question, "answers": (), "unanswerable": True})


def _holds(passage: Passage, item: Item) -> bool:
    """True when a passage may hold the answer: a gold document's when there are no words to look for."""
    text = " ".join(passage.hit.text.split()).lower()
    answers = [answer.lower() for answer in item.answers if len(answer) > 2 and answer.lower() not in ("yes", "no")]
    evidence = [" ".join(place.text.split()).lower() for place in item.evidence if place.text]
    if not answers and passage.hit.document in item.documents:
        return True
    return any(answer in text for answer in answers) or any(one[:80] in text or text in one for one in evidence)


def renamed(question: str, chance: random.Random) -> list[str]:
    """The question with one year, number or name exchanged, once for each, in random order."""
    changed = []
    for match in _YEAR.finditer(question):
        changed.append((match, str(int(match[0]) + chance.choice((-5, -4, 1, 2)))))
    for match in _NUMBERED.finditer(question):
        changed.append((match, str(int(match[0]) + chance.choice((13, 17, 31))).zfill(len(match[0]))))
    for match in list(_NAME.finditer(question))[:2]:
        changed.append((match, " ".join(chance.sample(NAMES, min(len(match[0].split()), len(NAMES))))))
    chance.shuffle(changed)
    return [question[: match.start()] + new + question[match.end() :] for match, new in changed]
