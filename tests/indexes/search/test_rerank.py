"""The second look: a new order for the best hits, or the one that search found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from core.access import OWNER
from core.errors import IndexBroken, SettingsError
from core.settings.sections import RerankerSettings
from indexes.indexes import Indexes
from indexes.rerankers.choose import choose_reranker
from indexes.rerankers.cross_encoder import CrossEncoderReranker
from indexes.rerankers.keep_order import KeepOrder
from indexes.search.search import rerank, search
from tests.indexes.embedders.tiny_models import tiny_cross_encoder
from tests.indexes.store import store
from tests.service.answering.hits import hit


@dataclass
class ShortestFirst:
    """A reranker for which the shortest passage is the best."""

    candidates: int = 3
    too_slow: bool = False
    given: list[str] = field(default_factory=list)

    def scores(self, question: str, passages: Sequence[str]) -> list[float] | None:
        self.given += [question, *passages]
        return None if self.too_slow else [1 / (1 + len(passage)) for passage in passages]


HITS = [replace(hit(text), chunk_id=text, score=score) for text, score in [("aaa", 0.9), ("bb", 0.8), ("c", 0.7)]]
BELOW = replace(hit("d"), chunk_id="d", score=0.6)


def test_hits_come_in_the_order_of_the_new_scores() -> None:
    found = rerank(ShortestFirst(), "q", HITS)
    assert [each.chunk_id for each in found] == ["c", "bb", "aaa"]
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)


def test_hits_beyond_the_candidates_stay_below_in_their_order() -> None:
    found = rerank(ShortestFirst(candidates=2), "q", [*HITS, BELOW])
    assert [each.chunk_id for each in found] == ["bb", "aaa", "c", "d"]
    assert [each.fused for each in found] == [0.8, 0.9, 0.7, 0.6]
    assert [each.reranked for each in found] == [found[0].score, found[1].score, None, None]
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)


@pytest.mark.parametrize("reranker", [KeepOrder(), ShortestFirst(too_slow=True)])
def test_without_scores_everything_stays_as_search_found_it(reranker) -> None:
    assert rerank(reranker, "q", HITS) == tuple(HITS)


def test_equal_scores_keep_the_order_and_no_hits_ask_nothing() -> None:
    assert [each.chunk_id for each in rerank(ShortestFirst(), "q", [HITS[0], BELOW, HITS[2]])] == ["d", "c", "aaa"]
    asked = ShortestFirst()
    assert (rerank(asked, "q", []), asked.given) == ((), [])


def test_search_looks_at_more_hits_than_it_returns(indexes: Indexes) -> None:
    for number in range(6):
        store(indexes, f"{number}.txt", "paid leave " * (7 - number), version=str(number))
    reranker = ShortestFirst(candidates=6)
    found = search(replace(indexes, reranker=reranker), "paid leave", access=OWNER, limit=2)
    assert [each.document for each in found.hits] == ["5.txt", "4.txt"]
    assert len(reranker.given) == 1 + 6
    assert "rerank" in found.timings_ms


def test_a_cross_encoder_without_a_model_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"reranker\.model"):
        choose_reranker(RerankerSettings(kind="cross_encoder"))


@pytest.mark.model
@pytest.mark.slow
def test_a_cross_encoder_that_runs_out_of_time_scores_nothing(tmp_path: Path) -> None:
    ticks = iter(range(100))
    settings = RerankerSettings(kind="cross_encoder", model=str(tiny_cross_encoder(tmp_path)), seconds=2.5, batch=1)
    reranker = CrossEncoderReranker(settings, clock=lambda: next(ticks))
    assert reranker.scores("q", ["a", "b"]) is not None
    assert reranker.scores("q", ["a", "b", "c", "d"]) is None


@pytest.mark.model
@pytest.mark.slow
def test_a_cross_encoder_that_cannot_rank_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    settings = RerankerSettings(kind="cross_encoder", model=str(tmp_path / "empty"))
    with pytest.raises(IndexBroken, match=r"reranker\.model"):
        choose_reranker(settings).scores("q", ["a"])
    three = settings.model_copy(update={"model": str(tiny_cross_encoder(tmp_path / "three", labels=3))})
    with pytest.raises(SettingsError, match="gives 3 numbers"):
        choose_reranker(three).scores("q", ["a"])
