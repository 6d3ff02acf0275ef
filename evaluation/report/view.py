"""What the reports show, as plain text and percentages: nothing is computed here that is not in results.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluation.dataset import Item
from evaluation.records import Record
from evaluation.score import Score
from evaluation.verdict import phrase, usd

LONGEST_TEXT = 600
"""Characters of an answer or a quote that a report shows."""
MOST_EXAMPLES = 24
DASH = "–"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run as it lies in its folder; records and scores by (question, rung)."""

    manifest: Mapping[str, Any]
    results: Mapping[str, Any]
    items: Mapping[str, Item]
    records: Mapping[tuple[str, str], Record]
    scores: Mapping[tuple[str, str], Score]

    @property
    def has_text(self) -> bool:
        """Whether reports may hold questions, answers and quotes: a run that was made without text never does."""
        return all(made.get("values", {}).get("report_text", True) for made in (self.manifest, self.results))


def percent(share: float | None, digits: int = 0) -> str:
    """A share as per cent; a dash when unknown."""
    return DASH if share is None else f"{100 * share:.{digits}f} %"


def points(difference: float | None) -> str:
    """A difference of shares in percentage points, signed."""
    return DASH if difference is None else f"{100 * difference:+.1f}".replace("-", "−").replace("+0.0", "0.0")


def money(value: float | None) -> str:
    """An amount in USD without the currency; a dash when unknown."""
    return DASH if value is None else usd(value).removeprefix("USD ")


def cents(value: float | None, digits: int) -> str:
    """USD with a set number of decimals, so that a column lines up; a dash when unknown."""
    return DASH if value is None else f"{round(value, digits) + 0.0:,.{digits}f}".replace("-", "−")


def decimals(amounts: Sequence[float | None]) -> int:
    """How many decimals show the amounts of a table: two, or four where all of them are below ten cents."""
    return 2 if max((abs(amount) for amount in amounts if amount is not None), default=1.0) >= 0.1 else 4


def per_thousand(value: float | None) -> str:
    """USD for a thousand, from USD for one: an amount that can be read and set below another."""
    return DASH if value is None else f"{1000 * value:,.2f}"


def seconds(milliseconds: float | None) -> str:
    """A duration for a reader."""
    if milliseconds is None:
        return DASH
    return f"{milliseconds:.0f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"


def p_value(p: float) -> str:
    """A p-value to two digits."""
    return "< 0.001" if p < 0.001 else f"{p:.2g}" if p < 0.1 else f"{p:.2f}"


def clipped(text: str) -> str:
    """Text on one line, cut to what a report shows."""
    folded = " ".join(text.split())
    return folded if len(folded) <= LONGEST_TEXT else folded[:LONGEST_TEXT].rstrip() + " …"


def outcome_parts(figures: Mapping[str, Any]) -> list[tuple[str, str, float]]:
    """(class, words, share of all questions) of each outcome that occurs, in the order in which bars show them."""
    n = figures["n"] or 1
    refusals = figures["right_refusals"]
    parts = [
        ("correct", "correct answers", figures["correct"] - refusals),
        ("refused", "rightly refused", refusals),
        ("wrong", "wrong", figures["wrong"]),
        ("abstained", "not answered", figures["abstained"]),
        ("unscored", "unscored", figures["unscored"]),
    ]
    return [(name, f"{count} {words}", count / n) for name, words, count in parts if count]


def versus(comparison: Mapping[str, Any]) -> str:
    """What a comparison compares."""
    rung = phrase(comparison["rung"])
    return f"{rung[0].upper()}{rung[1:]} against {phrase(comparison['baseline'])}"


def examples(run: Run) -> list[dict[str, Any]]:
    """Questions that some rung has right and another not, those that RAG spoils first; at most `MOST_EXAMPLES`."""
    rungs = list(run.results["rungs"])
    found = []
    for item in run.items.values():
        scores = [run.scores[item.id, rung] for rung in rungs if (item.id, rung) in run.scores]
        if len({score.outcome == "correct" for score in scores if score.outcome != "unscored"}) > 1:
            found.append((_rank(item, run), item))
    found.sort(key=lambda ranked: ranked[0])
    return [_example(item, run, rungs) for _, item in found[:MOST_EXAMPLES]]


def discordant_count(run: Run) -> int:
    """How many questions `examples` chooses from."""
    outcomes: dict[str, set[bool]] = {}
    for (question, _), score in run.scores.items():
        if score.outcome != "unscored":
            outcomes.setdefault(question, set()).add(score.outcome == "correct")
    return sum(len(found) > 1 for found in outcomes.values())


def _rank(item: Item, run: Run) -> int:
    """0: RAG answers wrongly; 1: RAG has it right; 2: RAG does not answer, or was not asked."""
    score = run.scores.get((item.id, "rag"))
    return {"wrong": 0, "correct": 1}.get(score.outcome, 2) if score else 2


def _example(item: Item, run: Run, rungs: list[str]) -> dict[str, Any]:
    expected = "Not in the documents: the right answer is to refuse." if item.unanswerable else " / ".join(item.answers)
    return {
        "id": item.id,
        "question": clipped(item.question),
        "expected": clipped(expected),
        "evidence": ", ".join(dict.fromkeys(item.documents)),
        "rungs": [_reply(item, rung, run) for rung in rungs if (item.id, rung) in run.scores],
    }


def _reply(item: Item, rung: str, run: Run) -> dict[str, Any]:
    score, record = run.scores[item.id, rung], run.records[item.id, rung]
    return {
        "label": run.results["rungs"][rung]["label"],
        "outcome": "refused" if score.outcome == "correct" and score.abstained else score.outcome,
        "says": {"correct": "refused, rightly" if score.abstained else "correct", "abstained": "no answer"}.get(
            score.outcome, score.outcome
        ),
        "answer": clipped(record.answer),
        "how": clipped(score.how.replace("_", " ")),
        "quotes": [
            {
                "text": clipped(citation["quote"]),
                "document": citation["document"],
                "page": citation["page"],
            }
            for citation in record.citations
        ],
    }
