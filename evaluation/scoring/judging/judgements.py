"""judgements.jsonl: what a judge said of each answer, on disk before it is used, and paid for once."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from core.errors import UsageError
from evaluation.dataset import Item
from evaluation.run.records import Record, whole_lines
from evaluation.scoring.judging.prompt import Verdict, write_prompt
from service.answering.models.protocol import Prompt

JUDGEMENTS = "judgements.jsonl"
CALLS = "judge_calls.jsonl"
"""A line for each judgement that may cost something, written before it is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One call of a judge. `key` is a hash of model and prompt: of equal answers to a question one is judged.

    `reply`: what it said; `cost_usd`: None without a price or where the server does not report usage.
    """

    key: str
    model: str
    question_id: str
    verdict: Verdict
    reply: str
    usage: dict[str, int]
    cost_usd: Decimal | None
    at_most_usd: Decimal = Decimal(0)


def key_of(model: str, prompt: Prompt) -> str:
    """What makes two calls the same: the model, and every word that it is sent."""
    return hashlib.sha256(f"{model}\x00{prompt.rendered}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def read_judgements(folder: Path) -> dict[str, Judgement]:
    """Every judgement of a run by its key; a last line that was cut off is passed over.

    Raises:
        UsageError: a line is no judgement.
    """
    found = {}
    for number, line in whole_lines(folder / JUDGEMENTS):
        try:
            row = json.loads(line)
            cost = None if row["cost_usd"] is None else Decimal(row["cost_usd"])
            judgement = Judgement(**row | {"cost_usd": cost, "at_most_usd": Decimal(row["at_most_usd"])})
        except (ValueError, KeyError, TypeError, ArithmeticError) as error:
            raise UsageError(f"{folder / JUDGEMENTS} line {number} is no judgement: move the file away.") from error
        found[judgement.key] = judgement
    return found


def spent(judgements: Mapping[str, Judgement]) -> Decimal:
    """USD of all calls; one of unknown cost counts as the dearest that it could be."""
    costs = [each.at_most_usd if each.cost_usd is None else each.cost_usd for each in judgements.values()]
    return sum(costs, Decimal(0))


class Verdicts:
    """The verdicts of one judge on the answers of a run, as far as they are on disk."""

    def __init__(self, folder: Path, model: str) -> None:
        self._model = model
        self._known = read_judgements(folder)

    def of(self, record: Record, item: Item) -> Verdict | None:
        """What the judge says; None where it was not asked. A refusal needs no judge."""
        if record.status == "error":
            return None
        if record.status == "refused":
            return "correct" if item.unanswerable else "abstained"
        found = self._known.get(key_of(self._model, write_prompt(item, record.answer)))
        if found is None:
            return None
        return "correct" if item.unanswerable and found.verdict == "abstained" else found.verdict


def to_line(judgement: Judgement) -> bytes:
    """A judgement as one line of JSON; money as text."""
    row = json.dumps(dataclasses.asdict(judgement), ensure_ascii=False, default=str)
    return (row + "\n").encode("utf-8", "surrogatepass")
