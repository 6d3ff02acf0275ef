"""How often the verdict is wrong where the truth is known, and whether it sees what is there to be seen."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from core.settings.sections import EvaluationSettings
from evaluation.money.decision import FALSE_CLIMB, Decision, decide, further_questions
from evaluation.money.roi import NOTHING
from evaluation.money.verdict import verdict
from evaluation.statistics.inference import Groups
from tests.evaluation.statistics import worlds

RUNGS = ("closed_book", "manual", "long_context", "rag_bm25", "rag")
GOOD, WORSE = (0.5, 0.1, 0.4), (0.48, 0.1, 0.42)
BEST, SMALL = (0.7, 0.1, 0.2), (0.3, 0.1, 0.6)
AS_NOTHING = (0.2, 0.24 / 1.8, 0.8 - 0.24 / 1.8)
"""Worth exactly as much as answering nothing: 1 for a correct answer, -2 for a wrong one, -0.2 for none."""
NULL_WORLDS = {
    "two rungs worth as much": (GOOD, GOOD),
    "five rungs worth as much": (GOOD,) * 5,
    "five rungs worth nothing": (AS_NOTHING,) * 5,
    "the higher rung worth slightly less": (GOOD, WORSE),
    "each rung worth slightly less than the one below": (GOOD, WORSE, (0.46, 0.1, 0.44)),
    "two steps that pay, with a rung worth as much after each": (AS_NOTHING, GOOD, GOOD, BEST, BEST),
    "one step that pays, and three rungs worth as much": (AS_NOTHING, BEST, BEST, BEST, BEST),
    "one small step that pays, and three rungs worth as much": (AS_NOTHING, SMALL, SMALL, SMALL, SMALL),
}
SAMPLES = {
    "30": (worlds.groups(30, 1), 0.0),
    "100": (worlds.groups(100, 1), 0.0),
    "300": (worlds.groups(300, 1), 0.0),
    "30 in threes, alike": (worlds.groups(30, 3), 0.3),
    "100 in fives, alike": (worlds.groups(100, 5), 0.3),
    "300 in tens, alike": (worlds.groups(300, 10), 0.3),
    "100 in 20 uneven groups, alike": (worlds.uneven(100, 20), 0.3),
}


def worth(shares: tuple[float, float, float]) -> float:
    return shares[0] - 2 * shares[1] - 0.2 * shares[2]


def decisions(
    shares: tuple[tuple[float, float, float], ...], of: Groups, icc: float, *, count: int, values: EvaluationSettings
) -> list[Decision]:
    """The decision on each of `count` samples of a world."""
    generator = np.random.default_rng(11)
    made = []
    for _ in range(count):
        drawn = worlds.ladder(shares, of, icc=icc, alike=0.5, seed=generator)
        tables = {rung: worlds.rows(outcomes) for rung, outcomes in zip(RUNGS, drawn, strict=False)}
        made.append(decide(worlds.economy(tables, of), values))
    return made


def false_climbs(name: str, sample: str, count: int) -> float:
    """How often a rung is climbed that is not worth more than each lower alternative, at a first or second look.

    A second look is taken when the first one is inconclusive, with as many more questions as it asks for, up to twice
    those that it had.
    """
    shares = NULL_WORLDS[name]
    rungs = RUNGS[: len(shares)]
    worths = [-0.2, *map(worth, shares)]
    pays = {rung: worths[place] > max(worths[:place]) + 1e-9 for place, rung in enumerate(rungs, start=1)}
    first, icc = SAMPLES[sample]
    of = np.concatenate([first + turn * (first.max() + 1) for turn in range(3)])
    generator, values, climbs = np.random.default_rng(11), EvaluationSettings(), 0
    for _ in range(count):
        drawn = worlds.ladder(shares, of, icc=icc, alike=0.5, seed=generator)
        asked, made = len(first), None
        for _look in range(values.looks):
            tables = {rung: worlds.rows(outcomes[:asked]) for rung, outcomes in zip(rungs, drawn, strict=True)}
            economy = worlds.economy(tables, of[:asked])
            made = decide(economy, values)
            asked = min(asked + (further_questions(economy, made, values) or len(of)), len(of))
            if made.name != "inconclusive":
                break
        climbs += made is not None and made.name == "climb" and not pays[made.rung]
    return climbs / count


@pytest.mark.parametrize("name", NULL_WORLDS)
def test_false_climbs_are_rare(name: str) -> None:
    assert false_climbs(name, "100 in fives, alike", 120) <= FALSE_CLIMB + 0.03


@pytest.mark.slow
@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("name", NULL_WORLDS)
def test_false_climbs_happen_in_one_run_of_twenty_at_most(name: str, sample: str) -> None:
    assert false_climbs(name, sample, 2000) <= FALSE_CLIMB


PLANTED = {
    # what plain prompting and RAG do, how alike they come out, and the decision
    "RAG must win": (((0.1, 0.05, 0.85), (0.7, 0.05, 0.25)), 0.5, "climb", "rag"),
    "distractors spoil RAG": (((0.6, 0.02, 0.38), (0.45, 0.35, 0.2)), 0.5, "stay", "closed_book"),
    "the model already knows": (((0.95, 0.01, 0.04), (0.95, 0.01, 0.04)), 0.95, "stay", "closed_book"),
    "nothing works": (((0.05, 0.3, 0.65), (0.1, 0.4, 0.5)), 0.5, "stop", NOTHING),
}


@pytest.mark.parametrize("name", PLANTED)
@pytest.mark.parametrize("sample", ["100", "100 in fives, alike"])
def test_planted_worlds_are_seen_for_what_they_are(name: str, sample: str) -> None:
    (closed, rag), alike, expected, rung = PLANTED[name]
    of, icc = SAMPLES[sample]
    generator = np.random.default_rng(3)
    seen: Counter[tuple[str, str]] = Counter()
    for _ in range(40):
        drawn = worlds.ladder((closed, rag), of, icc=icc, alike=alike, seed=generator)
        economy = worlds.economy({"closed_book": worlds.rows(drawn[0]), "rag": worlds.rows(drawn[1])}, of)
        made = decide(economy, EvaluationSettings())
        seen[made.name, made.rung] += 1
    assert seen.most_common(1)[0][0] == (expected, rung)
    assert seen[expected, rung] >= 32, seen
    assert expected == "climb" or sum(count for (made, _), count in seen.items() if made == "climb") <= 2


def test_a_thin_sample_is_inconclusive_and_says_how_many_more_questions_at_what_price() -> None:
    generator = np.random.default_rng(0)
    of = worlds.groups(40, 1)
    drawn = worlds.ladder(((0.3, 0.1, 0.6), (0.4, 0.08, 0.52)), of, icc=0.0, alike=0.5, seed=generator)
    tables = {
        "closed_book": worlds.rows(drawn[0], cost=0.01),
        "rag": worlds.rows(drawn[1], cost=0.02),
    }
    economy = worlds.economy(tables, of)
    figures = {
        rung: {"n": 40, "unscored": 0, "usd_per_query": 0.01, "unpriced": 0, "deployable": True} for rung in tables
    }
    found = verdict(economy, EvaluationSettings(), figures, model="main")
    assert found["decision"] == "inconclusive"
    assert f"about {found['further']['questions']:,} more questions would settle it (about USD " in found["sentence"]
    assert found["further"]["usd"] == pytest.approx(0.03 * found["further"]["questions"])


def test_as_many_more_questions_as_it_says_settle_it_about_as_often_as_it_says() -> None:
    shares = ((0.3, 0.05, 0.65), (0.5, 0.05, 0.45))
    of = worlds.groups(60, 1)
    generator = np.random.default_rng(5)
    asked = []
    for _ in range(60):
        drawn = worlds.ladder(shares, of, icc=0.0, alike=0.5, seed=generator)
        economy = worlds.economy({rung: worlds.rows(row) for rung, row in zip(RUNGS, drawn, strict=False)}, of)
        made = decide(economy, EvaluationSettings())
        if made.rival:
            asked.append(further_questions(economy, made, EvaluationSettings()) or 0)
    more = int(np.median(asked))
    found = decisions(shares, worlds.groups(60 + more, 1), 0.0, count=100, values=EvaluationSettings())
    assert sum(made.name == "climb" for made in found) >= 70


def test_more_looks_ask_for_stronger_evidence() -> None:
    of, shares = worlds.groups(80, 1), ((0.3, 0.1, 0.6), (0.5, 0.1, 0.4))
    climbs = [
        sum(
            made.name == "climb"
            for made in decisions(shares, of, 0.0, count=60, values=EvaluationSettings(looks=looks))
        )
        for looks in (1, 2, 20)
    ]
    assert climbs[0] > climbs[1] > climbs[2]


def test_limits_of_the_settings_hold_a_rung_back_and_the_sentence_says_so() -> None:
    of = worlds.groups(100, 1)
    closed = worlds.rows(np.full(100, worlds.ABSTAINED))
    rag = worlds.rows(np.where(np.arange(100) < 80, worlds.CORRECT, worlds.WRONG), cost=0.5)
    economy = worlds.economy({"closed_book": closed, "rag": rag}, of)
    figures = {
        rung: {"n": 100, "unscored": 0, "usd_per_query": 0.5, "unpriced": 0, "deployable": True}
        for rung in ("closed_book", "rag")
    }
    cheap = {"cost_wrong": 0, "value_correct": 2}
    for limit, words in (
        ({"most_wrong_rise": 0.2}, "may raise wrong answers by 26 points, more than the 20 allowed"),
        ({"most_usd_per_month": 400}, "would cost USD 500.00 a month, more than the 400 allowed"),
    ):
        free = EvaluationSettings.model_validate(cheap)
        assert decide(economy, free).name == "climb"
        found = verdict(economy, EvaluationSettings.model_validate(cheap | limit), figures, model="main")
        assert found["decision"] == "stop"
        assert f"RAG {words}." in found["sentence"]


def test_where_it_pays_to_leave_plain_prompting_and_the_rung_is_open_the_sentence_says_both() -> None:
    of = worlds.groups(60, 1)
    place = np.arange(60)
    tables = {
        "closed_book": worlds.rows(np.where(place < 2, worlds.CORRECT, worlds.ABSTAINED)),
        "manual": worlds.rows(
            np.where(place < 14, worlds.CORRECT, np.where(place < 20, worlds.WRONG, worlds.ABSTAINED))
        ),
        "rag": worlds.rows(np.where(place > 26, worlds.CORRECT, np.where(place > 17, worlds.WRONG, worlds.ABSTAINED))),
    }
    economy = worlds.economy(tables, of)
    figures = {
        rung: {"n": 60, "unscored": 0, "usd_per_query": 0.0, "unpriced": 0, "deployable": True} for rung in tables
    }
    found = verdict(economy, EvaluationSettings(), figures, model="main")
    assert found["decision"] == "inconclusive"
    assert "RAG is worth more than plain prompting, but which rung to climb to is open" in found["sentence"]
    assert "than documents chosen by hand, but it could be anything from" in found["sentence"]


def test_a_climb_says_of_a_higher_rung_that_looks_a_little_better_that_it_is_too_little_to_change_for() -> None:
    of, place = worlds.groups(300, 1), np.arange(300)
    tables = {
        "closed_book": worlds.rows(np.where(place < 30, worlds.CORRECT, worlds.ABSTAINED)),
        "rag_bm25": worlds.rows(np.where(place < 200, worlds.CORRECT, worlds.ABSTAINED)),
        "rag": worlds.rows(np.where(place < 203, worlds.CORRECT, worlds.ABSTAINED)),
    }
    figures = {
        rung: {"n": 300, "unscored": 0, "usd_per_query": 0.0, "unpriced": 0, "deployable": True} for rung in tables
    }
    found = verdict(worlds.economy(tables, of), EvaluationSettings(), figures, model="main")
    assert found["rung"] == "rag_bm25"
    assert found["sentence"].endswith(" RAG looks worth USD 0.012 more still, too little to change for.")
