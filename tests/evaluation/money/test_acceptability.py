from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from scipy import integrate, stats

from core.settings.sections import EvaluationSettings
from evaluation.money.acceptability import acceptability, break_even, evpi, evsi, money, tornado
from evaluation.money.roi import NOTHING, Economy, frontier, returns
from tests.evaluation.statistics import worlds

VALUES = EvaluationSettings()


def three() -> Economy:
    """Plain prompting answers a fifth, the keyword index half for a cent, RAG three quarters for half a dollar."""
    generator = np.random.default_rng(1)
    shares = ((0.2, 0.05, 0.75), (0.5, 0.05, 0.45), (0.75, 0.05, 0.2))
    of = worlds.groups(120, 1)
    drawn = worlds.ladder(shares, of, icc=0.0, alike=0.5, seed=generator)
    names, costs = ("closed_book", "rag_bm25", "rag"), (0.0, 0.01, 0.5)
    return worlds.economy(
        {name: worlds.rows(row, cost=x) for name, row, x in zip(names, drawn, costs, strict=True)}, of
    )


def test_the_best_choice_moves_up_the_ladder_as_a_correct_answer_is_worth_more() -> None:
    found = acceptability(three(), VALUES)
    chances = found["probability_best"]
    assert set(chances) == {NOTHING, "closed_book", "rag_bm25", "rag"}
    assert all(sum(chances[rung][place] for rung in chances) == pytest.approx(1) for place in range(41))
    assert found["value_correct"][0] == 0
    assert found["value_correct"][-1] == 4
    assert chances["rag"][0] == 0
    assert chances["rag"][-1] > 0.9 > chances["rag"][10]


def test_net_benefit_a_month_is_that_of_a_question_times_the_questions_less_fixed_costs() -> None:
    of = three()
    values = EvaluationSettings(one_off_usd={"rag": Decimal(1200)}, monthly_usd={"rag": Decimal(100)})
    found = break_even(of, values)
    for volume, usd in zip(found["queries_per_month"], found["net_benefit_usd_per_month"]["rag"], strict=True):
        assert usd == pytest.approx(volume * float(of.worth("rag", VALUES)) - 200, abs=1e-4)
    assert (found["queries_per_month"][0], found["queries_per_month"][-1]) == (10, 100_000)


def test_perfect_information_is_worth_nothing_where_the_choice_is_clear_and_more_where_it_is_close() -> None:
    of = three()
    clear = EvaluationSettings(value_correct=Decimal(50))
    assert evpi(of, clear) == pytest.approx(0, abs=1e-6)
    close = max(
        (VALUES.model_copy(update={"value_correct": Decimal(value)}) for value in (1, 2, 3)),
        key=lambda at: evpi(of, at),
    )
    worths = np.stack([of.resampled_worth(rung, close) for rung in (NOTHING, "closed_book", "rag_bm25", "rag")])
    assert evpi(of, close) == pytest.approx(worths.max(axis=0).mean() - worths.mean(axis=1).max())
    assert evpi(of, close) > 0


@pytest.mark.parametrize(("gain", "more"), [(0.0, 10), (0.05, 100), (-0.3, 1000)])
def test_the_value_of_more_questions_is_the_integral_that_defines_it(gain: float, more: int) -> None:
    error, asked = 0.1, 50
    spread = error * (more / (asked + more)) ** 0.5
    density = stats.norm(gain, spread).pdf
    ahead = integrate.quad(
        lambda x: max(x, 0) * density(x), gain - 12 * spread, gain + 12 * spread, points=[0], limit=200
    )[0]
    assert evsi(gain, error, asked=asked, more=more) == pytest.approx(ahead - max(gain, 0), abs=1e-9)
    assert evsi(gain, 0.0, asked=asked, more=more) == 0


def test_the_tornado_moves_one_assumption_at_a_time() -> None:
    of = three()
    found = tornado(of, VALUES)
    assert found["tornado_of"] == {"rung": "rag_bm25", "baseline": "closed_book"}
    row = next(row for row in found["tornado"] if row["assumption"] == "value_correct")
    at_low = VALUES.model_copy(update={"value_correct": Decimal("0.5")})
    assert row["at_low_usd"] == pytest.approx(
        float(of.worth("rag_bm25", at_low) - of.worth("closed_book", at_low)), abs=1e-6
    )
    calls = next(row for row in found["tornado"] if row["assumption"] == "usd_per_call")
    assert calls["at_low_usd"] - calls["at_high_usd"] == pytest.approx(0.015)
    widths = [abs(row["at_high_usd"] - row["at_low_usd"]) for row in found["tornado"]]
    assert widths == sorted(widths, reverse=True)


def test_a_rung_is_dominated_when_others_are_as_often_right_for_less() -> None:
    of = worlds.groups(100, 1)
    right = {
        "closed_book": (20, 0.0),
        "manual": (30, 0.5),
        "rag_bm25": (60, 0.1),
        "rag": (60, 0.2),
        "rag_rerank": (90, 0.4),
    }
    tables = {
        name: worlds.rows(np.where(np.arange(100) < count, worlds.CORRECT, worlds.ABSTAINED), cost=usd)
        for name, (count, usd) in right.items()
    }
    economy = worlds.economy(tables, of)
    assert frontier(economy, VALUES) == ["closed_book", "rag_bm25", "rag_rerank"]
    found = {row["rung"]: row for row in returns(economy, VALUES)}
    assert [name for name, row in found.items() if row["dominated"]] == ["manual", "rag"]
    assert found["rag_bm25"]["icer_usd"] == pytest.approx(0.1 / 0.4)
    steep = worlds.economy(tables | {"rag_bm25": worlds.rows(np.where(np.arange(100) < 40, 0, 2), cost=0.3)}, of)
    assert "rag_bm25" not in frontier(steep, VALUES), "a mixture of plain prompting and reranking is right more often"


def test_the_same_run_gives_the_same_figures() -> None:
    assert money(three(), VALUES) == money(three(), VALUES)
