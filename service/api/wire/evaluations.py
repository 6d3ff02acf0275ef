"""The wire form of evaluations."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from service.api.wire.message import Flag, Plain, Reply, Request, Text

MAX_ITEMS = 10_000
MAX_RUNGS = 50

EvaluationState = Literal["RUNNING", "COMPLETED", "STOPPED", "CANCELLED", "INTERRUPTED", "FAILED", "BROKEN"]


class EvaluationIn(Request):
    """Questions, and the rungs to put them to. Give either `items` or `dataset`."""

    items: tuple[dict[Plain, Any], ...] | None = Field(
        None,
        min_length=1,
        max_length=MAX_ITEMS,
        description="the questions, each as a line of a question file (docs/evaluation.md): id, question, answers, …",
    )
    dataset: Text | None = Field(
        None, description="a question file of the folder `questions` in the data folder, by its name; for admins"
    )
    collection: Text = Field("default", description="whose documents")
    model: Text | None = Field(None, description="a configured model; null: the default one")
    rungs: tuple[Text, ...] = Field(
        (), max_length=MAX_RUNGS, description="by name, or `all`; none: those measured by default"
    )
    budget_usd: Decimal | None = Field(
        None, ge=0, le=1_000_000, description="most that it may spend; null: evaluation.budget_usd of the settings"
    )
    split: Text | None = Field(None, description="only the questions of this split")
    text: Flag = Field(True, description="false: no question, answer or quote in its reports")

    @model_validator(mode="after")
    def _one_of_the_two(self) -> Self:
        if (self.items is None) == (self.dataset is None):
            raise ValueError("give either items or dataset")
        return self


class VerdictOut(Reply):
    """What an evaluation ended in."""

    decision: str = Field(description="climb, stay, stop or inconclusive")
    rung: str | None = Field(description="the rung to stand on; null: none")
    sentence: str


class EvaluationError(Reply):
    """Why it ended before all questions were put to all rungs."""

    code: str
    detail: str


class EvaluationOut(Reply):
    """An evaluation: how far it is, and in the end its verdict. Times are UTC in ISO 8601."""

    evaluation_id: str
    state: EvaluationState = Field(
        description="STOPPED: at the budget; INTERRUPTED: the service ended; both go on when they are resumed; "
        "BROKEN: its record cannot be read, and all that can be done is to remove it"
    )
    dataset: str
    collection: str
    model: str
    rungs: tuple[str, ...]
    questions: int
    done: int = Field(description="answers that are there")
    total: int = Field(description="answers wanted: questions times rungs")
    spent_usd: float
    budget_usd: float
    created: str
    finished: str | None
    report: bool = Field(description="whether there is one to read")
    verdict: VerdictOut | None = None
    error: EvaluationError | None = None


class EvaluationsOut(Reply):
    """The latest evaluations, newest first."""

    evaluations: tuple[EvaluationOut, ...]
