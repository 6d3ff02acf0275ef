"""A small collection with questions on it, and a scripted model that knows some of the answers by heart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.settings.load import Settings
from core.settings.sections import EmbedderSettings, EvaluationSettings, IngestSettings, ModelSettings
from evaluation.run.rungs import Subject
from evaluation.run.subject import subject_of
from indexes.open import open_indexes
from ingest.pipeline import ingest

NAMES = ("Alder", "Birch", "Cedar", "Dogwood", "Elder", "Fir", "Ginkgo", "Hazel", "Ivy", "Juniper")


def rows(count: int) -> list[dict[str, Any]]:
    """Questions, each on a document of its own; the gold passage holds the answer and no other does."""
    made = []
    for number in range(count):
        name = f"{NAMES[number % len(NAMES)]} {number}"
        text = f"The annual fee of tariff {name} is {140 + number} francs."
        made.append(
            {
                "id": f"q{number}",
                "question": f"What is the annual fee of tariff {name}?",
                "answers": [f"{140 + number} francs"],
                "documents": [f"tariff-{number}.md"],
                "evidence": [{"document": f"tariff-{number}.md", "text": text}],
            }
        )
    return made


def build(folder: Path, count: int, *, known: int = 0, wrong: int = 0) -> Settings:
    """Documents, questions.jsonl and answers.jsonl in a folder; its settings, in which "reader" is the model.

    By heart it knows the first `known` answers and is wrong on the next `wrong`; on the others it abstains.
    """
    source, answers = folder / "source", folder / "answers.jsonl"
    source.mkdir(parents=True)
    with answers.open("w") as lines, (folder / "questions.jsonl").open("w") as questions:
        for number, row in enumerate(rows(count)):
            (source / row["documents"][0]).write_text(f"# Tariffs\n\n{row['evidence'][0]['text']}\n")
            guess = "7 francs" if known <= number < known + wrong else None
            knows = {"answer": row["answers"][0], "knows": number < known, "guess": guess}
            lines.write(json.dumps({"question": row["question"], **knows}) + "\n")
            questions.write(json.dumps(row) + "\n")
    return Settings(
        data=folder / "data",
        embedder=EmbedderSettings(kind="hashing"),
        models={"reader": ModelSettings(kind="scripted", answers=answers)},
        evaluation=EvaluationSettings(resamples=200),
    )


def with_model(settings: Settings, **changes: Any) -> Settings:
    """The settings with another model "reader"."""
    reader = settings.models["reader"].model_copy(update=changes)
    return settings.model_copy(update={"models": settings.models | {"reader": reader}})


def with_values(settings: Settings, **changes: Any) -> Settings:
    """The settings with other values of the section evaluation."""
    return settings.model_copy(update={"evaluation": settings.evaluation.model_copy(update=changes)})


@contextmanager
def opened(settings: Settings) -> Iterator[Subject]:
    """The ingested collection with the model over it."""
    with open_indexes(settings) as indexes:
        ingest(indexes, settings.data.parent / "source", collection="default", settings=IngestSettings())
        yield subject_of(indexes, settings, model="reader")
