"""A question file and settings to begin with: `touchstone evaluate init`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.errors import UsageError

ANSWERED: dict[str, Any] = {
    "id": "q1",
    "question": "What is the annual fee?",
    "answers": ["40 francs", "CHF 40"],
    "documents": ["fees.md"],
    "evidence": [{"document": "fees.md", "text": "The annual fee is 40 francs."}],
    "answer_type": "number",
    "split": "development",
}
UNANSWERED: dict[str, Any] = {
    "id": "q2",
    "question": "Who designed the club's logo?",
    "unanswerable": True,
    "split": "development",
}
SETTINGS = """# Settings of Touchstone for an evaluation. Every one is explained in docs/settings.md.

[evaluation]
value_correct = 1.00        # USD that a correct answer is worth
cost_wrong = 2.00           # USD that a wrong answer costs
cost_abstained = 0.20       # USD of handing an unanswered question to a person
queries_per_month = 1000
horizon_months = 12
budget_usd = 5.00           # no run spends more
# judge = "referee"         # a model that judges answers beside the rules, of another family than the one measured
# judge_budget_usd = 1.00

# [models.main]
# kind = "openai"           # any OpenAI-compatible URL
# base_url = "http://127.0.0.1:8080/v1"
# model = "name-of-the-model"
# api_key_env = "LLM_API_KEY"
# price = { input = 0.60, output = 0.60 }   # USD per million tokens; without one no cost is stated
# default = true
"""


def rows_on(documents: Sequence[str]) -> list[dict[str, Any]]:
    """Two example questions, to be replaced; on the first documents of the collection where there are any."""
    if not documents:
        return [ANSWERED, UNANSWERED]
    example = {
        "id": "q1",
        "question": f"Replace this: a question that {documents[0]} answers",
        "answers": ["replace this: every wording that is right"],
        "documents": [documents[0]],
        "split": "development",
    }
    return [example, UNANSWERED | {"question": "Replace this: a question that no document answers"}]


def write_starter(folder: Path, documents: Sequence[str]) -> tuple[Path, Path]:
    """Write questions.jsonl and touchstone.toml into a folder; returns both. A file that is there stays as it is.

    Raises:
        UsageError: both are there already, or the folder cannot be written to.
    """
    questions, settings = folder / "questions.jsonl", folder / "touchstone.toml"
    wanted = {
        questions: "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows_on(documents)),
        settings: SETTINGS,
    }
    missing = {path: text for path, text in wanted.items() if not path.exists()}
    if not missing:
        raise UsageError(f"{folder} has a questions.jsonl and a touchstone.toml already: nothing was written.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in missing.items():
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{folder} cannot be written to: {error.strerror}.") from error
    return questions, settings
