"""What every Reranker does: the shipped fake, and a CrossEncoder of two small layers with random weights."""

from __future__ import annotations

import pytest

from core.settings.sections import RerankerSettings
from indexes.rerankers.choose import choose_reranker
from indexes.rerankers.protocol import Reranker
from tests.indexes.embedders.tiny_models import tiny_cross_encoder

QUESTION = "How many days of paid leave?"
PASSAGES = ["Employees get 27 days.", "", "half a \ud800 pair and a \x00 byte", "The roof was painted green. " * 60]


@pytest.fixture(
    scope="module",
    params=["none", pytest.param("cross_encoder", marks=[pytest.mark.model, pytest.mark.slow])],
)
def reranker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Reranker:
    folder = tmp_path_factory.mktemp("reranker")
    model = str(tiny_cross_encoder(folder)) if request.param == "cross_encoder" else ""
    return choose_reranker(RerankerSettings(kind=request.param, model=model, seconds=600, batch=3))


def test_every_passage_gets_a_score_between_0_and_1(reranker: Reranker) -> None:
    scores = reranker.scores(QUESTION, PASSAGES)
    assert scores is not None
    assert len(scores) == len(PASSAGES)
    assert all(0 <= score <= 1 for score in scores)


def test_no_passages_give_no_scores(reranker: Reranker) -> None:
    assert reranker.scores(QUESTION, []) == []
    assert reranker.candidates >= 0


def test_a_passage_has_the_same_score_whatever_it_is_scored_with(reranker: Reranker) -> None:
    together = reranker.scores(QUESTION, PASSAGES)
    alone = [score for passage in PASSAGES for score in reranker.scores(QUESTION, [passage]) or []]
    assert together == pytest.approx(alone, abs=1e-5)
