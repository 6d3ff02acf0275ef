"""A run as its reports see it, and how they write shares, money, times and names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from evaluation.dataset import Item
from evaluation.money.words import usd
from evaluation.run.records import Record
from evaluation.scoring.score import Score

MAX_TEXT_LENGTH = 600
"""Characters of an answer or a quote that a report shows."""
DASH = "–"
BASELINE = "closed_book"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run as it lies in its folder; records and scores by (question, rung).

    Of several answers to a question on a rung they hold the first; `copies` holds the others, each score with its
    record, by replicate. `passages`: what models were shown, by chunk id, where the run kept it.
    """

    manifest: Mapping[str, Any]
    results: Mapping[str, Any]
    items: Mapping[str, Item]
    records: Mapping[tuple[str, str], Record]
    scores: Mapping[tuple[str, str], Score]
    copies: Mapping[tuple[str, str], Sequence[tuple[Score, Record]]] = field(default_factory=dict)
    passages: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_text(self) -> bool:
        """Whether reports may hold questions, answers and quotes: a run that was made without text never does."""
        return all(made.get("values", {}).get("report_text", True) for made in (self.manifest, self.results))

    @property
    def ladder(self) -> dict[str, Mapping[str, Any]]:
        """The rungs and the ceiling, from the foot up, without the controls."""
        return {name: figures for name, figures in self.results["rungs"].items() if figures.get("role") != "control"}

    @property
    def main(self) -> str | None:
        """The rung that the page takes apart: the verdict's if it searches, else RAG, else any that does."""
        searching = [name for name, figures in self.ladder.items() if figures.get("retrieval")]
        chosen = [name for name in (self.results["verdict"].get("rung"), "rag", *searching) if name in searching]
        return chosen[0] if chosen else None

    def label(self, rung: str) -> str:
        """A rung as tables call it."""
        return str(self.results["rungs"].get(rung, {}).get("label") or rung.replace("_", " ").capitalize())


def percent(share: float | None, digits: int = 0) -> str:
    """A share as per cent; a dash when unknown."""
    return DASH if share is None else f"{100 * share:.{digits}f} %".replace("-", "−")


def points(difference: float | None) -> str:
    """A difference of shares in percentage points, signed."""
    return DASH if difference is None else f"{100 * difference:+.1f}".replace("-", "−").replace("+0.0", "0.0")


def between(low: float | None, high: float | None) -> str:
    """An interval of shares as per cent."""
    return DASH if low is None or high is None else f"{100 * low:.0f}–{100 * high:.0f} %"


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


def whole(value: float | None) -> str:
    """A number without decimals, in groups of three digits; a dash when unknown."""
    return DASH if value is None else f"{value:,.0f}".replace("-", "−")


def short(value: float) -> str:
    """A number with no more digits than it needs, for the ticks of an axis."""
    return f"{value:,.6g}".replace("-", "−") if abs(value) < 1_000_000 else f"{value:,.0f}".replace("-", "−")


def seconds(milliseconds: float | None) -> str:
    """A duration for a reader."""
    if milliseconds is None:
        return DASH
    return f"{milliseconds:.0f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"


def p_value(p: float | None) -> str:
    """A p-value to two digits; a dash when there is none."""
    if p is None:
        return DASH
    return "< 0.001" if p < 0.001 else f"{p:.2g}" if p < 0.1 else f"{p:.2f}"


def tied(sentence: str) -> str:
    """A sentence in which no amount is torn from its unit at the end of a line."""
    return sentence.replace(" %", "\u00a0%").replace("USD ", "USD\u00a0")


def clipped(text: str, longest: int = MAX_TEXT_LENGTH) -> str:
    """Text on one line, cut to what a report shows."""
    folded = " ".join(text.split())
    return folded if len(folded) <= longest else folded[:longest].rstrip() + " …"


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


def share_of(figures: Mapping[str, Any], outcome: str) -> float | None:
    """Share of the scored questions that came out so; `outcome` is "wrong" or "abstained"."""
    scored = figures["n"] - figures["unscored"]
    known = figures.get(f"{outcome}_share")
    return known if known is not None else (figures[outcome] / scored if scored else None)
