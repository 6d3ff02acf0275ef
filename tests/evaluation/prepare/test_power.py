from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.prepare.plan import design_effect, questions_needed, smallest_difference


@pytest.mark.parametrize(("points", "questions"), [(5, 626), (8, 243), (10, 155), (15, 68)])
def test_the_sample_sizes_of_the_formula_at_a_fifth_discordant(points: int, questions: int) -> None:
    assert round(questions_needed(points / 100, 0.2)) == pytest.approx(questions, abs=1)


@given(st.integers(20, 5000), st.floats(0.05, 1), st.floats(1, 4))
def test_the_smallest_difference_needs_just_the_sample_there_is(n: int, discordant: float, effect: float) -> None:
    found = smallest_difference(n, discordant, design_effect=effect)
    if found is None:
        assert questions_needed(discordant, discordant, design_effect=effect) > n
    else:
        assert questions_needed(found, discordant, design_effect=effect) == pytest.approx(n, rel=1e-6)


def test_a_sample_too_small_for_anything_shows_nothing() -> None:
    assert smallest_difference(5, 0.2) is None
    assert smallest_difference(0, 0.2) is None
    assert smallest_difference(100, 0) is None


def test_questions_of_one_cluster_count_for_less() -> None:
    assert design_effect([1] * 50, 0.3) == 1
    assert design_effect([5] * 10, 0.3) == pytest.approx(2.2)
    assert design_effect([9, 1], 0.5) > design_effect([5, 5], 0.5)
