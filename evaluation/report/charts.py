"""Where the marks of a chart stand, in per cent of its field from the top left: the template draws them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluation.money.roi import NOTHING
from evaluation.report.view import BASELINE, DASH, Run, money, percent, points, short, whole

LIKELY = 0.02
"""A rung that is never the best more often than this is not drawn in the acceptability chart."""
MOVES_USD = 0.0005
"""An assumption that moves the gain of a question by less is not drawn."""
FAR_APART = 20.0
"""Values of which the largest is this many times the smallest are drawn on a logarithmic scale."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A scale from `low` to `high`. `ticks`: (position, text) of each line of the grid."""

    low: float
    high: float
    log: bool
    ticks: tuple[tuple[float, str], ...]

    def at(self, value: float) -> float:
        """The place of a value in per cent, kept inside the field."""
        return _place(value, self.low, self.high, log=self.log)

    def up(self, value: float) -> float:
        """The same from the top down."""
        return round(100 - self.at(value), 3)


def axis(values: Sequence[float], write: Callable[[float], str], *, zero: bool = False) -> Axis:
    """A scale that holds all the values; with `zero` it holds 0 too."""
    low, high = min(values), max(values)
    if not zero and low > 0 and high / low >= FAR_APART:
        return _logarithmic(low, high, write)
    low, high = (min(low, 0.0), max(high, 0.0)) if zero else (low, high)
    span = high - low or abs(high) or 1.0
    step = _step(span / 4)
    low, high = math.floor(low / step + 1e-9) * step, math.ceil((low + span) / step - 1e-9) * step
    marks = [low + number * step for number in range(round((high - low) / step) + 1)]
    ticks = tuple((_place(mark, low, high, log=False), write(round(mark, 9) + 0.0)) for mark in marks)
    return Axis(low, high, False, ticks)


def acceptability(run: Run) -> dict[str, Any] | None:
    """How likely each rung is the best one, by what a correct answer is worth (a cost-effectiveness curve)."""
    given = (run.results.get("money") or {}).get("acceptability") or {}
    values, chances = given.get("value_correct") or [], given.get("probability_best") or {}
    if len(values) < 2 or not chances:
        return None
    x = axis(values, short)
    y = axis([0.0, 1.0], percent)
    drawn = {name: line for name, line in chances.items() if max(line) > LIKELY}
    now = float(run.results["values"]["value_correct"])
    return {
        "say": "How likely each rung is the best one, by the value of a correct answer.",
        "x": x,
        "y": y,
        "x_title": "value of a correct answer, USD",
        "lines": [_line(run, name, x, y, zip(values, line, strict=False)) for name, line in drawn.items()],
        "now": x.at(now) if x.low <= now <= x.high else None,
        "now_text": f"now {money(now)}",
        "left_out": [_label(run, name) for name in chances if name not in drawn],
    }


def break_even(run: Run) -> dict[str, Any] | None:
    """Net benefit of a question by the number of questions a month, over which fixed costs are spread.

    None where no rung has fixed costs: volume then changes nothing.
    """
    given = (run.results.get("money") or {}).get("break_even") or {}
    volumes, worth = given.get("queries_per_month") or [], given.get("net_benefit_usd_per_month") or {}
    each = {name: [usd / volume for volume, usd in zip(volumes, line, strict=False)] for name, line in worth.items()}
    if len(volumes) < 2 or all(max(line) - min(line) < 1e-6 for line in each.values()):
        return None
    at_last = [line[-1] for line in each.values()]
    reach = max(map(abs, at_last)) or 1.0
    x = axis(volumes, short)
    y = axis([max(min(map(min, each.values())), -1.5 * reach), max(at_last)], short, zero=True)
    now = run.results["values"]["queries_per_month"]
    return {
        "say": "Net benefit of a question in USD, by the number of questions a month.",
        "x": x,
        "y": y,
        "x_title": "questions a month",
        "lines": [
            _line(run, name, x, y, [pair for pair in zip(volumes, line, strict=True) if pair[1] >= y.low])
            for name, line in each.items()
        ],
        "now": x.at(now) if x.low <= now <= x.high else None,
        "now_text": f"now {whole(now)}",
        "left_out": [],
    }


def worth_by_value(run: Run) -> dict[str, Any] | None:
    """Net benefit as a straight line over the value of a correct answer: its slope is the share of correct answers."""
    results = run.results
    now = float(results["values"]["value_correct"])
    right = 2 * now or 1.0
    rungs = {
        name: figures
        for name, figures in run.ladder.items()
        if figures["deployable"] and figures["net_benefit_usd"] is not None
    }
    if not rungs or not results.get("floor"):
        return None
    ends = {name: _ends(of, now, right) for name, of in (*rungs.items(), (NOTHING, results["floor"]))}
    x = axis([0.0, right], short)
    y = axis([worth for pair in ends.values() for worth in pair], short, zero=True)
    return {
        "say": f"Net benefit of each rung as the value of a correct answer goes from 0 to {money(right)} USD.",
        "x": x,
        "y": y,
        "x_title": "value of a correct answer, USD",
        "lines": [_line(run, name, x, y, ((0.0, start), (right, end))) for name, (start, end) in ends.items()],
        "now": x.at(now),
        "now_text": f"now {money(now)}",
        "left_out": [],
    }


def quality_and_cost(run: Run) -> dict[str, Any] | None:
    """Share of correct answers against USD a question. None without prices, or where all cost the same."""
    priced = {
        name: figures
        for name, figures in run.ladder.items()
        if figures["usd_per_query"] is not None and figures["accuracy"] is not None
    }
    costs = [1000 * figures["usd_per_query"] for figures in priced.values()]
    if len(costs) < 2 or max(costs) - min(costs) < 1e-9:
        return None
    x, y = axis(costs, short), axis([0.0, 1.0], percent)
    numbers = numbered(run)
    return {
        "say": "; ".join(
            f"{figures['label']}: {percent(figures['accuracy'])} correct at USD {money(cost)} for 1,000 questions"
            for cost, figures in zip(costs, priced.values(), strict=True)
        ),
        "x": x,
        "y": y,
        "x_title": "USD for 1,000 questions" + (", logarithmic" if x.log else ""),
        "points": [
            {
                "name": name,
                "label": figures["label"],
                "number": numbers[name],
                "x": x.at(cost),
                "y": y.up(figures["accuracy"]),
                "low": y.up(figures["accuracy_low"]),
                "high": y.up(figures["accuracy_high"]),
                "ceiling": not figures["deployable"],
            }
            for cost, (name, figures) in zip(costs, priced.items(), strict=True)
        ],
    }


def numbered(run: Run) -> dict[str, int]:
    """The number that stands for each rung in the table and in charts."""
    return {name: number for number, name in enumerate(run.results["rungs"], start=1)}


def waterfall(run: Run) -> list[dict[str, Any]] | None:
    """The way from plain prompting over RAG to perfect retrieval: bars from `left`, `width` wide, in per cent."""
    headroom = run.results.get("headroom") or {}
    closed, oracle = headroom.get("closed_book"), headroom.get("oracle")
    of = (headroom.get("rungs") or {}).get(run.main or "") or {"accuracy": headroom.get("rag")}
    reached = of.get("accuracy")
    if closed is None or oracle is None or reached is None:
        return None
    finding, reading = of.get("retrieval_loss"), of.get("reading_loss")
    main = _label(run, run.main or "rag")
    steps = [
        (_label(run, BASELINE), "closed", 0.0, closed, ""),
        (f"Gained by {main}" if reached >= closed else f"Lost by {main}", "gained", closed, reached, "step"),
        (main, "reached", 0.0, reached, ""),
    ]
    if finding is not None and reading is not None:
        steps += [
            ("Passage not found", "finding", reached, reached + finding, "step"),
            ("Found, but not made use of", "reading", reached + finding, oracle, "step"),
        ]
    else:
        steps.append(("Lost in finding or reading", "finding", reached, oracle, "step"))
    steps += [(_label(run, "oracle"), "oracle", 0.0, oracle, ""), ("Beyond this model", "beyond", oracle, 1.0, "step")]
    return [
        {
            "label": label,
            "kind": kind if end >= start or kind != "gained" else "spoilt",
            "left": round(100 * min(start, end), 3),
            "width": round(100 * abs(end - start), 3),
            "text": points(end - start) if step else percent(end),
            "step": bool(step),
        }
        for label, kind, start, end, step in steps
    ]


def tornado(run: Run) -> list[dict[str, Any]]:
    """How far each assumption moves the gain, the farthest first: bars in per cent, with zero and where it is now."""
    money_of = run.results.get("money") or {}
    rows, of = money_of.get("tornado") or [], money_of.get("tornado_of") or {}
    gains = [
        row for row in run.results["roi"] if (row["rung"], row["baseline"]) == (of.get("rung"), of.get("baseline"))
    ]
    ends = [float(row[end]) for row in rows for end in ("at_low_usd", "at_high_usd") if row.get(end) is not None]
    if not ends:
        return []
    scale = axis(ends, short, zero=True)
    moving = [row for row in rows if abs((row["at_high_usd"] or 0) - (row["at_low_usd"] or 0)) >= MOVES_USD]
    moving.sort(key=lambda row: -abs(row["at_high_usd"] - row["at_low_usd"]))
    return [
        {
            **row,
            "moved": " to ".join(short(float(f"{row[end]:.3g}")) for end in ("low", "high")),
            "left": scale.at(min(row["at_low_usd"], row["at_high_usd"])),
            "right": scale.at(max(row["at_low_usd"], row["at_high_usd"])),
            "zero": scale.at(0.0),
            "now": scale.at(gains[0]["incremental_net_benefit_usd"]) if gains else None,
        }
        for row in moving
    ]


def reach(comparisons: Sequence[Mapping[str, Any]]) -> float:
    """The largest difference that any interval touches, rounded up to a tenth: the scale of the comparison chart."""
    widest = max((max(abs(row["low"]), abs(row["high"])) for row in comparisons), default=1.0)
    return min(1.0, (int(widest * 10) + 1) / 10)


def _line(run: Run, name: str, x: Axis, y: Axis, at: Any) -> dict[str, Any]:  # noqa: ANN401 -- any pairs of numbers
    places = [f"{x.at(right):.2f},{y.up(above):.2f}" for right, above in at]
    return {"name": name, "label": _label(run, name), "points": " ".join(places)}


def _label(run: Run, name: str) -> str:
    return "Answering nothing" if name == NOTHING else run.label(name) if name else DASH


def _ends(figures: Mapping[str, Any], now: float, right: float) -> tuple[float, float]:
    worth, share = figures["net_benefit_usd"], figures["accuracy"]
    return worth - now * share, worth + (right - now) * share


def _step(least: float) -> float:
    """The round number that is no smaller."""
    ten = 10.0 ** math.floor(math.log10(least))
    return next(factor * ten for factor in (1, 2, 2.5, 5, 10) if factor * ten >= least * (1 - 1e-9))


def _logarithmic(low: float, high: float, write: Callable[[float], str]) -> Axis:
    """Ends at 1, 2 or 5 times a power of ten; ticks at those, or at the powers alone where there are many."""
    powers = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 2)
    steps = [factor * 10.0**power for power in powers for factor in (1, 2, 5)]
    low = max(step for step in steps if step <= low * (1 + 1e-9))
    high = min(step for step in steps if step >= high * (1 - 1e-9))
    marks = [step for step in steps if low <= step <= high]
    if len(marks) > 9:
        marks = [mark for mark in marks if f"{mark:e}".startswith("1.0")]
    return Axis(low, high, True, tuple((_place(mark, low, high, log=True), write(mark)) for mark in marks))


def _place(value: float, low: float, high: float, *, log: bool) -> float:
    if log:
        value, low, high = (math.log10(max(each, 1e-12)) for each in (value, low, high))
    share = (value - low) / (high - low) if high > low else 0.5
    return round(100 * min(1.0, max(0.0, share)), 3)
