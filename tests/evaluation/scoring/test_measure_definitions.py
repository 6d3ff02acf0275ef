"""The measures against their published definitions, written here a second time and compared on random input."""

from __future__ import annotations

import math
import re
import string
from collections import Counter
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.scoring.retrieval import retrieval_measures
from evaluation.scoring.text import exact_match, token_f1

DOCUMENTS = [f"d{number}" for number in range(14)]
WORDS = st.lists(
    st.sampled_from(["the", "A", "cat", "Cat's", "sat,", "on", "an", "mat.", "2.5", "–", "", "THE", "é"]), max_size=7
)
TEXT = WORDS.map(" ".join) | st.text(alphabet=string.printable + "éß–", max_size=20)
rankings = st.permutations(DOCUMENTS).flatmap(lambda order: st.integers(0, 14).map(lambda size: order[:size]))
grades_of = st.dictionaries(st.sampled_from(DOCUMENTS), st.integers(0, 3), min_size=1)
judgements = grades_of.filter(lambda grades: max(grades.values()) > 0)


def defined(ranked: Sequence[str], grades: Mapping[str, int]) -> dict[str, float]:
    """nDCG of Järvelin and Kekäläinen (2002), with linear gain as in trec_eval; the others as there."""
    relevant = {document for document, grade in grades.items() if grade > 0}
    hits = [document in relevant for document in ranked]
    found = [position for position, hit in enumerate(hits, start=1) if hit]

    def dcg(gains: Sequence[int]) -> float:
        return sum(gain / math.log2(position + 1) for position, gain in enumerate(gains[:10], start=1))

    ideal = dcg(sorted(grades.values(), reverse=True))
    return {
        "recall@5": sum(hits[:5]) / len(relevant),
        "recall@10": sum(hits[:10]) / len(relevant),
        "mrr@10": 1 / found[0] if found and found[0] <= 10 else 0.0,
        "ndcg@10": dcg([grades.get(document, 0) for document in ranked]) / ideal,
        "success@5": float(any(hits[:5])),
        "success@10": float(any(hits[:10])),
        "precision@5": sum(hits[:5]) / 5,
        "ap": sum(rank / position for rank, position in enumerate(found, start=1)) / len(relevant),
        "judged@10": sum(document in grades for document in ranked[:10]) / min(10, len(ranked)) if ranked else 0.0,
    }


@given(rankings, judgements)
def test_retrieval_measures_are_those_of_their_definitions(ranked: list[str], grades: dict[str, int]) -> None:
    measured = retrieval_measures({"q": ranked}, {"q": grades})["q"]
    assert measured == pytest.approx(defined(ranked, grades), abs=1e-9)


@given(rankings)
def test_without_grades_every_gold_document_counts_one_and_nothing_is_said_of_judging(ranked: list[str]) -> None:
    measured = retrieval_measures({"q": ranked}, {"q": ["d1", "d2"]})["q"]
    expected = defined(ranked, {"d1": 1, "d2": 1})
    expected.pop("judged@10")
    assert measured == pytest.approx(expected, abs=1e-9)


def normalised(text: str) -> str:
    """Lower case, then punctuation, then articles, then white space, as the SQuAD evaluation orders them."""
    kept = "".join(each for each in text.lower() if each not in set(string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", kept).split())


def squad(answer: str, golds: Sequence[str]) -> tuple[int, float]:
    """(exact, F1) as SQuAD 2.0 defines them: no gold answer means that an empty one is right."""
    golds = [gold for gold in golds if normalised(gold)] or [""]
    scores = []
    for gold in golds:
        mine, theirs = normalised(answer).split(), normalised(gold).split()
        common = sum((Counter(mine) & Counter(theirs)).values())
        if not mine or not theirs:
            f1 = float(mine == theirs)
        else:
            precision, recall = common / len(mine), common / len(theirs)
            f1 = 2 * precision * recall / (precision + recall) if common else 0.0
        scores.append((int(normalised(answer) == normalised(gold)), f1))
    return max(exact for exact, _ in scores), max(f1 for _, f1 in scores)


@given(TEXT, st.lists(TEXT, max_size=3))
def test_exact_match_and_f1_are_those_of_squad(answer: str, golds: list[str]) -> None:
    exact, f1 = squad(answer, golds)
    assert exact_match(answer, golds) is bool(exact)
    assert token_f1(answer, golds) == pytest.approx(f1, abs=1e-9)
