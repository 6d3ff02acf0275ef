"""The ladder of FinanceBench from its published human labels, to the digits in which it is printed elsewhere.

Counts over 150 questions, taken from results/*.jsonl of patronus-ai/financebench at cc39aeb (Islam et al. 2023, arXiv
2311.11944). What needs the labels of single questions cannot be had from counts and is not checked here: standard
errors clustered by filing, and probabilities of being the best rung, which resample filings.
"""

from __future__ import annotations

import dataclasses
import math
from decimal import Decimal

import numpy as np
import pytest

from core.answers import Usage
from core.settings.sections import EvaluationSettings, Price
from evaluation.aggregate import aggregate
from evaluation.money.roi import price, shares
from evaluation.scoring.score import Score
from evaluation.statistics.compare import compare
from evaluation.statistics.inference import clustered_error
from service.answering.cost import cost
from tests.evaluation.made_up import scores

QUESTIONS = 150
LADDER: dict[str, tuple[tuple[int, int, int], tuple[str, ...]]] = {
    # name: (correct, wrong, abstained), as printed: shares in per cent, correct - wrong, precision when answering
    "closedBook": ((14, 5, 131), ("9.3", "3.3", "87.3", "+0.06", "0.74")),
    "sharedStore": ((29, 20, 101), ("19.3", "13.3", "67.3", "+0.06", "0.59")),
    "singleStore": ((75, 17, 58), ("50.0", "11.3", "38.7", "+0.39", "0.82")),
    "inContext": ((37, 54, 59), ("24.7", "36.0", "39.3", "-0.11", "0.41")),
    "inContext_reverse": ((118, 26, 6), ("78.7", "17.3", "4.0", "+0.61", "0.82")),
    "oracle_reverse": ((134, 14, 2), ("89.3", "9.3", "1.3", "+0.80", "0.91")),
    "llama2_sharedStore": ((29, 104, 17), ("19.3", "69.3", "11.3", "-0.50", "0.22")),
    "gpt4_singleStore": ((63, 0, 87), ()),  # its wrong answers are not needed: only correct ones are compared
}
COMPARISONS = [
    # baseline, rung, losses and wins, as printed: difference, paired and unpaired standard error in points, McNemar's p
    ("closedBook", "sharedStore", 7, 22, ("+10.0", "3.5", "4.0", "0.0081")),
    ("sharedStore", "singleStore", 7, 53, ("+30.7", "4.5", "5.2", "8e-10")),
    ("inContext", "inContext_reverse", 2, 83, ("+54.0", "4.3", "4.9", "2e-22")),
    ("inContext_reverse", "oracle_reverse", 4, 20, ("+10.7", "3.2", "4.2", "0.0015")),
    ("gpt4_singleStore", "singleStore", 4, 16, ("+8.0", "2.9", "5.7", "0.012")),
    ("sharedStore", "llama2_sharedStore", 8, 8, ("+0.0", "2.7", "4.6", "1")),
]
PRICES = Price(input=Decimal("0.75"), output=Decimal("4.50"), cached_input=Decimal("0.075"))
TOKENS = {
    # illustrative tokens a call: input, cached, output; as printed: USD for 1,000 questions, cost of a correct answer
    "closedBook": ((150, 0, 200), "1.01", "0.011"),
    "singleStore": ((3_000, 0, 200), "3.15", "0.006"),
    "inContext_reverse": ((100_000, 0, 200), "75.90", "0.096"),
    "inContext_reverse, 99 % cached": ((100_000, 99_000, 200), "9.07", "0.012"),
}


def labelled(name: str) -> list[Score]:
    correct, wrong, abstained = LADDER[name][0]
    return scores(name, ["correct"] * correct + ["wrong"] * wrong + ["abstained"] * abstained)


def paired(baseline: str, rung: str, losses: int, wins: int) -> tuple[list[Score], list[Score]]:
    """Two rungs with their counts of correct answers, `wins` and `losses` apart; the rest counts as not answered."""
    before, after = LADDER[baseline][0][0], LADDER[rung][0][0]
    both = before - losses
    assert both == after - wins
    neither = QUESTIONS - both - wins - losses
    cells = [(True, True)] * both + [(False, True)] * wins + [(True, False)] * losses + [(False, False)] * neither
    words = {True: "correct", False: "abstained"}
    return scores(baseline, [words[cell[0]] for cell in cells]), scores(rung, [words[cell[1]] for cell in cells])


@pytest.mark.parametrize("name", [name for name in LADDER if LADDER[name][1]])
def test_the_ladder_has_the_published_shares(name: str) -> None:
    found = aggregate(labelled(name))
    printed = LADDER[name][1]
    shown = [f"{100 * found[key]:.1f}" for key in ("accuracy", "wrong_share", "abstained_share")]
    shown.append(f"{found['accuracy'] - found['wrong_share']:+.2f}")
    assert [*shown, f"{found['precision_when_answering']:.2f}"] == list(printed)


@pytest.mark.parametrize(("baseline", "rung", "losses", "wins", "printed"), COMPARISONS)
def test_the_comparisons_have_the_published_differences_errors_and_p_values(
    baseline: str, rung: str, losses: int, wins: int, printed: tuple[str, str, str, str]
) -> None:
    before, after = paired(baseline, rung, losses, wins)
    found = compare(before, after)
    each = [np.array([float(score.outcome == "correct") for score in of]) for of in (before, after)]
    alone = np.arange(QUESTIONS)
    paired_error = clustered_error(each[1] - each[0], alone)[0]
    unpaired_error = math.sqrt(sum(of.var() for of in each) / QUESTIONS)
    assert (found["losses"], found["wins"]) == (losses, wins)
    assert f"{100 * found['difference']:+.1f}" == printed[0]
    assert (f"{100 * paired_error:.1f}", f"{100 * unpaired_error:.1f}") == printed[1:3]
    digits = 2 if len(printed[3].strip("0.").split("e")[0]) > 1 else 1
    assert float(f"{found['p_value']:.{digits}g}") == float(printed[3])


@pytest.mark.parametrize("name", TOKENS)
def test_calls_and_correct_answers_cost_what_is_printed(name: str) -> None:
    (fresh, cached, written), thousand, correct = TOKENS[name]
    usd = cost(Usage(input_tokens=fresh, cached_tokens=cached, output_tokens=written), PRICES)
    assert usd is not None
    priced = [dataclasses.replace(score, cost_usd=usd) for score in labelled(name.partition(",")[0])]
    found = price("rag", shares(priced), EvaluationSettings())
    assert found["cost_of_pass_usd"] is not None
    assert abs(1000 * usd - Decimal(thousand)) <= Decimal("0.005")
    assert f"{found['cost_of_pass_usd']:.3f}" == correct


def test_retrieval_doubles_the_right_answers_and_is_worth_nothing_once_wrong_ones_cost_as_much() -> None:
    values = EvaluationSettings(value_correct=Decimal(1), cost_wrong=Decimal(1), cost_abstained=Decimal(0))
    worths = [price(name, shares(labelled(name)), values)["net_benefit_usd"] for name in ("closedBook", "sharedStore")]
    assert worths == [0.06, 0.06]
