"""The measures of the chunking benchmark, on cases worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.chunking import DEEPEST, Piece, at_recall, curves, same_recall, theirs
from evaluation.dataset import Evidence, Item

ITEM = Item(
    id="q", question="?", evidence=(Evidence(document="a", start=10, end=20), Evidence(document="b", start=0, end=10))
)


def measures(*ranked: tuple[str, int, int]) -> list[tuple[float, float, float]]:
    rows = curves(ITEM, [Piece(document, start, end, "") for document, start, end in ranked])
    return [(rows[k], rows[DEEPEST + k], rows[2 * DEEPEST + k]) for k in range(len(ranked))]


def test_recall_precision_and_iou_are_shares_of_characters() -> None:
    (only,) = measures(("a", 15, 35))
    assert only == pytest.approx((5 / 20, 5 / 20, 5 / 35))


def test_what_is_retrieved_twice_is_found_once_and_paid_for_twice() -> None:
    assert measures(("a", 10, 20), ("a", 10, 20))[1] == pytest.approx((10 / 20, 10 / 20, 10 / 30))


def test_the_same_place_in_another_document_finds_nothing() -> None:
    assert measures(("c", 10, 20), ("b", 0, 10)) == [pytest.approx((0, 0, 0)), pytest.approx((0.5, 0.5, 1 / 3))]


def test_chunks_that_are_lacking_change_nothing() -> None:
    rows = curves(ITEM, [Piece("a", 10, 20, "")])
    assert len(rows) == 3 * DEEPEST
    assert set(rows[:DEEPEST]) == {0.5}


def test_iou_at_a_recall_lies_between_two_numbers_of_chunks_and_is_unknown_outside() -> None:
    means = np.concatenate([np.linspace(0.2, 0.8, DEEPEST), np.zeros(DEEPEST), np.linspace(0.6, 0.0, DEEPEST)])
    assert at_recall(means, 0.5) == pytest.approx(0.3)
    assert np.isnan(at_recall(means, 0.9))
    assert same_recall(means, means, 5) == pytest.approx(0)


def test_the_stretches_of_a_splitter_are_found_again_though_they_overlap_and_repeat() -> None:
    pieces = theirs(lambda text: ["one two", " two one", "one two", " "])("d", "one two one two")
    assert [(piece.start, piece.end) for piece in pieces] == [(0, 7), (4, 11), (8, 15)]
