from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from core.settings.sections import EvaluationSettings
from evaluation.money.decision import decide
from evaluation.money.roi import NOTHING, Economy, economy, price, returns, shares
from evaluation.money.verdict import verdict
from evaluation.money.words import usd
from evaluation.scoring.score import Score
from tests.evaluation.made_up import scores

VALUES = EvaluationSettings(resamples=500)


def world(**outcomes: list[str]) -> list[Score]:
    return [score for rung, found in outcomes.items() for score in scores(rung, found)]


def economy_of(rows: list[Score], deployable: tuple[str, ...] = ("closed_book", "rag")) -> Economy:
    rungs = list(dict.fromkeys(score.rung for score in rows))
    found = economy(rows, rungs, [rung for rung in deployable if rung in rungs], resamples=500, seed=7)
    assert found is not None
    return found


def verdict_of(rows: list[Score], values: EvaluationSettings = VALUES) -> dict[str, Any]:
    rungs = dict.fromkeys(score.rung for score in rows)
    figures = {
        rung: {
            "n": len([score for score in rows if score.rung == rung]),
            "unscored": len([score for score in rows if score.rung == rung and score.outcome == "unscored"]),
            "usd_per_query": 0.0 if rows[0].cost_usd is not None else None,
            "unpriced": len([score for score in rows if score.rung == rung and score.cost_usd is None]),
            "deployable": rung != "oracle",
        }
        for rung in rungs
    }
    of = economy(rows, list(rungs), [rung for rung in rungs if rung != "oracle"], resamples=500, seed=7)
    return verdict(of, values, figures, model="main")


def test_net_benefit_is_the_formula() -> None:
    rows = scores("rag", ["correct"] * 6 + ["wrong"] * 2 + ["abstained"] * 2, cost="0.01")
    values = EvaluationSettings(one_off_usd={"rag": Decimal(1200)}, monthly_usd={"rag": Decimal(50)})
    found = price("rag", shares(rows), values)
    assert found["usd_per_query"] == 0.16
    assert found["net_benefit_usd"] == pytest.approx(0.6 - 2 * 0.2 - 0.2 * 0.2 - 0.01 - (1200 / 12 + 50) / 1000)
    assert found["cost_of_pass_usd"] == pytest.approx(0.16 / 0.6, abs=1e-6)


def test_what_has_no_price_costs_null_and_never_zero() -> None:
    found = price("rag", shares(scores("rag", ["correct"], cost=None)), VALUES)
    assert set(found.values()) == {None}
    assert price("rag", shares(scores("rag", ["unscored"])), VALUES)["net_benefit_usd"] is None


def test_nothing_correct_has_no_cost_of_pass() -> None:
    assert price("rag", shares(scores("rag", ["wrong"], cost="1")), VALUES)["cost_of_pass_usd"] is None


def test_break_even_payback_and_return_are_the_formulas() -> None:
    rows = [
        *scores("closed_book", ["abstained"] * 40),
        *scores("rag", ["correct"] * 20 + ["abstained"] * 20, cost="0.1"),
    ]
    values = EvaluationSettings(one_off_usd={"rag": Decimal(1200)}, monthly_usd={"rag": Decimal(50)}, resamples=200)
    (found,) = returns(economy_of(rows), values)
    gain = 0.5 + 0.2 * 0.5 - 0.1
    assert found["break_even_queries_per_month"] == pytest.approx((1200 / 12 + 50) / gain)
    assert found["incremental_net_benefit_usd"] == pytest.approx(gain - 0.15)
    assert found["payback_months"] == pytest.approx(1200 / (1000 * gain - 50), abs=1e-6)
    assert found["roi"] == pytest.approx((12 * (1000 * gain - 50) - 1200) / (1200 + 12 * (1000 * 0.1 + 50)), abs=1e-6)
    assert found["break_even_value_of_correct_usd"] == pytest.approx((0.1 + 0.15 - 0.2 * 0.5) / 0.5)


def test_a_rung_that_gains_nothing_never_breaks_even() -> None:
    rows = world(closed_book=["correct"] * 30, rag=["wrong"] * 30)
    (found,) = returns(economy_of(rows), VALUES)
    assert found["break_even_queries_per_month"] is None
    assert found["probability_worth_it"] == 0.0


def test_where_rag_must_win_the_verdict_is_to_climb() -> None:
    found = verdict_of(world(closed_book=["abstained"] * 60, rag=["correct"] * 50 + ["abstained"] * 10))
    assert found["decision"] == "climb"
    assert found["sentence"].startswith(
        "Climb to RAG: it is worth USD 1.00 more per question than plain prompting (95 %"
    )
    assert "about USD 1,000 a month" in found["sentence"]


def test_where_distractors_spoil_rag_the_verdict_is_to_stay() -> None:
    rows = world(closed_book=["correct"] * 40 + ["abstained"] * 20, rag=["correct"] * 25 + ["wrong"] * 35)
    found = verdict_of(rows)
    assert (found["decision"], found["rung"]) == ("stay", "closed_book")
    assert "RAG would lose USD" in found["sentence"]


def test_where_the_model_already_knows_the_verdict_is_to_stay() -> None:
    found = verdict_of(world(closed_book=["correct"] * 60, rag=["correct"] * 60))
    assert found["decision"] == "stay"
    assert found["sentence"] == "Stay with plain prompting: RAG gives the same answers and is worth nothing more."


def test_where_nothing_works_the_verdict_is_to_stop() -> None:
    found = verdict_of(world(closed_book=["wrong"] * 30 + ["abstained"] * 30, rag=["wrong"] * 40 + ["correct"] * 20))
    assert (found["decision"], found["rung"]) == ("stop", None)
    assert verdict_of(world(closed_book=["abstained"] * 60, rag=["abstained"] * 60))["decision"] == "stop"


def test_where_the_sample_is_too_small_the_verdict_says_how_many_more_would_do() -> None:
    rows = world(
        closed_book=["correct"] * 20 + ["abstained"] * 20, rag=["correct"] * 24 + ["wrong"] * 2 + ["abstained"] * 14
    )
    found = verdict_of(rows)
    assert found["decision"] == "inconclusive"
    assert "more questions would settle it" in found["sentence"]


def test_a_handful_of_questions_gives_no_verdict_however_clear() -> None:
    found = verdict_of(world(closed_book=["abstained"] * 5, rag=["correct"] * 5))
    assert found["sentence"] == (
        "Inconclusive: 5 questions are too few for a verdict; 15 more are the least that one can rest on."
    )


def test_missing_scores_block_the_verdict() -> None:
    rows = world(closed_book=["abstained"] * 60, rag=["correct"] * 58 + ["unscored"] * 2)
    found = verdict_of(rows)
    assert found["decision"] == "inconclusive"
    assert found["sentence"].startswith("Inconclusive: 2 of 60 answers of RAG could not be scored")


def test_a_model_without_a_price_gets_no_verdict_in_money() -> None:
    rows = [*scores("closed_book", ["wrong"] * 30, cost=None), *scores("rag", ["correct"] * 30, cost=None)]
    assert "the model 'main' has no price" in verdict_of(rows)["sentence"]


def test_a_ceiling_is_never_climbed_to() -> None:
    rows = world(closed_book=["correct"] * 30 + ["abstained"] * 30, oracle=["correct"] * 60)
    assert (verdict_of(rows)["decision"], verdict_of(rows)["rung"]) == ("stay", "closed_book")


def test_the_same_answers_flip_with_the_price_of_a_wrong_one() -> None:
    rows = world(closed_book=["abstained"] * 60, rag=["correct"] * 40 + ["wrong"] * 20)
    cheap, dear = (EvaluationSettings(cost_wrong=Decimal(cost), resamples=500) for cost in ("0.5", "5"))
    of = economy_of(rows)
    assert decide(of, cheap).name == "climb"
    assert decide(of, dear).name == "stop"
    (flip,) = [flip for flip in verdict_of(rows, cheap)["flips"] if flip["assumption"] == "cost_wrong"]
    assert 0.5 < flip["at"] < 5
    just_before = cheap.model_copy(update={"cost_wrong": Decimal(str(flip["at"])) * Decimal("0.98")})
    just_after = cheap.model_copy(update={"cost_wrong": Decimal(str(flip["at"])) * Decimal("1.02")})
    assert decide(of, just_before).name == "climb"
    assert decide(of, just_after).name != "climb"


def test_an_assumption_that_is_nothing_now_can_only_rise() -> None:
    rows = world(closed_book=["abstained"] * 60, rag=["correct"] * 40 + ["wrong"] * 20)
    free = VALUES.model_copy(update={"cost_wrong": Decimal(0)})
    (flip,) = [flip for flip in verdict_of(rows, free)["flips"] if flip["assumption"] == "cost_wrong"]
    assert (flip["now"], flip["direction"]) == (0, "above")
    of = economy_of(rows)
    assert decide(of, free.model_copy(update={"cost_wrong": Decimal(str(flip["at"] * 0.98))})).name == "climb"
    assert decide(of, free.model_copy(update={"cost_wrong": Decimal(str(flip["at"] * 1.02))})).name != "climb"
    tiny = VALUES.model_copy(update={"value_correct": Decimal("0.001"), "cost_abstained": Decimal(0)})
    flipped = [flip for flip in verdict_of(rows, tiny)["flips"] if flip["assumption"] == "cost_abstained"]
    assert [flip["direction"] for flip in flipped] == ["above"]


def test_what_leaves_it_inconclusive_is_no_change() -> None:
    rows = world(
        closed_book=["correct"] * 22 + ["wrong"] * 7 + ["abstained"] * 31,
        rag=["wrong"] * 10 + ["correct"] * 33 + ["abstained"] * 17,
    )
    of, found = economy_of(rows), verdict_of(rows)
    rich = VALUES.model_copy(update={"value_correct": Decimal(3)})
    assert {decide(of, VALUES).rung, decide(of, rich).rung} == {NOTHING, "closed_book"}
    assert found["decision"] == "inconclusive"
    assert found["flips"]
    assert all(flip["decision"] != "inconclusive" for flip in found["flips"])


def test_volume_horizon_and_token_prices_flip_it_too() -> None:
    rows = [
        *scores("closed_book", ["abstained"] * 40 + ["correct"] * 20, cost="0.001"),
        *scores("rag", ["correct"] * 60, cost="0.01"),
    ]
    costly = VALUES.model_copy(update={"one_off_usd": {"rag": Decimal(2400)}, "queries_per_month": 1000})
    of, found = economy_of(rows), verdict_of(rows, costly)["flips"]
    assert decide(of, costly).name == "climb"
    for name, words in (("queries_per_month", "fewer than"), ("horizon_months", "less than")):
        (flip,) = [flip for flip in found if flip["assumption"] == name]
        assert decide(of, costly.model_copy(update={name: round(flip["at"]) + 1})).name == "climb"
        assert decide(of, costly.model_copy(update={name: round(flip["at"]) - 1})).name != "climb"
        assert words in flip["sentence"]
    (flip,) = [flip for flip in found if flip["assumption"] == "token_prices"]
    assert decide(of.at_token_prices(flip["at"] * 0.98), costly).name == "climb"
    assert decide(of.at_token_prices(flip["at"] * 1.02), costly).name != "climb"
    assert not [
        flip for flip in verdict_of(rows)["flips"] if flip["assumption"] in ("queries_per_month", "horizon_months")
    ]


def test_answering_nothing_is_right_only_where_nothing_can_be_answered() -> None:
    rows = world(closed_book=["correct"] * 10, rag=["correct"] * 10)
    assert float(economy_of(rows).worth(NOTHING, VALUES)) == pytest.approx(-0.2)


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.58, "USD 0.58"), (-0.333, "USD −0.33"), (1234.5, "USD 1,234.50"), (0.0031, "USD 0.003"), (0, "USD 0.00")],
)
def test_amounts_are_written_for_a_reader(value: float, written: str) -> None:
    assert usd(value) == written
