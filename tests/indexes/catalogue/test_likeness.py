"""Documents that are nearly the same are found, and those that merely speak of the same are not."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from core.access import ANONYMOUS, OWNER, Access
from indexes.catalogue.duplicates import MIN_WORDS, PLACES, near_duplicates, near_duplicates_of, nearest, sketch
from indexes.indexes import Indexes
from indexes.write import write_documents
from tests.indexes.store import store, version

WORDS = [f"{first}{second}" for first in ("ka", "lo", "mi", "ru", "se") for second in "abcdefghijklmnopqrst"]


def prose(seed: int, words: int = 400) -> str:
    draw = random.Random(seed)
    return " ".join(draw.choices(WORDS, k=words))


def edited(text: str, changes: int, seed: int = 1) -> str:
    """The text with so many of its words, anywhere in it, exchanged."""
    words, draw = text.split(), random.Random(seed)
    for place in draw.sample(range(len(words)), changes):
        words[place] = "exchanged"
    return " ".join(words)


def near(**texts: str) -> dict[str, str]:
    return nearest(list(texts), list(texts.values()), [sketch(text) for text in texts.values()])


def test_two_versions_of_a_text_are_near_duplicates_and_another_text_is_not() -> None:
    old = prose(1)
    assert near(old=old, new=edited(old, 8), other=prose(2)) == {"new": "old", "old": "new"}


def test_a_text_that_shares_half_of_another_is_no_near_duplicate() -> None:
    assert near(a=prose(1) + prose(2), b=prose(1) + prose(3)) == {}


def test_the_most_like_one_is_named_and_never_the_very_same() -> None:
    old = prose(1)
    far, close = edited(old, 20), edited(old, 4, seed=2)
    assert near(far=far, old=old, close=close)["old"] == "close"
    assert nearest(["a", "b"], ["same", "same"], [sketch(old)] * 2) == {}


def test_a_short_text_is_like_nothing() -> None:
    assert sketch("word " * (MIN_WORDS - 1)) == b""
    assert near(a="Kind regards", b="Kind regards!", c="") == {}


def test_letter_case_and_marks_make_no_difference() -> None:
    assert sketch(prose(1)) == sketch(prose(1).upper().replace(" ", ",  \n"))


def test_a_sketch_is_the_same_on_every_machine() -> None:
    assert sketch(prose(1))[:8].hex() == "2f8c2ecc9f06b3ac"


def test_writing_without_blanks_is_compared_letter_by_letter() -> None:
    text = "".join(random.Random(1).choices("語学文書本日年月火水木金土人口手足目耳", k=300))
    assert near(a=text, b=text[:100] + "新" + text[101:]) == {"a": "b", "b": "a"}


@settings(max_examples=50, deadline=None)
@given(st.integers(30, 2000), st.floats(0, 1))
def test_agreeing_places_estimate_how_many_runs_of_words_are_shared(words: int, share: float) -> None:
    draw = random.Random(words)
    text = [f"w{draw.random()}" for _ in range(words)]
    other = text[: round(words * share)] + [f"v{place}" for place in range(words - round(words * share))]
    runs = [{tuple(some[at : at + 3]) for at in range(words - 2)} for some in (text, other)]
    true = len(runs[0] & runs[1]) / len(runs[0] | runs[1])
    one, two = sketch(" ".join(text).replace(".", "")), sketch(" ".join(other).replace(".", ""))
    agreeing = sum(one[at : at + 2] == two[at : at + 2] for at in range(0, 2 * PLACES, 2)) / PLACES
    assert abs(agreeing - true) < 0.25


def test_hundreds_of_one_form_are_each_marked() -> None:
    form = prose(1)
    texts = {f"form-{number:03}": edited(form, 2, seed=number) for number in range(300)}
    assert set(near(**texts)) == set(texts)


def test_a_document_that_may_not_be_read_is_named_to_nobody(indexes: Indexes) -> None:
    for name, text, groups in (("open", prose(1), ()), ("secret", edited(prose(1), 4), ("hr",))):
        store(indexes, name, text, groups=groups)
    assert near_duplicates(indexes.catalogue, "default", access=ANONYMOUS) == {}
    assert near_duplicates(indexes.catalogue, "default", access=OWNER) == {"open": "secret", "secret": "open"}


def test_those_of_some_documents_are_looked_up_as_if_all_were_compared(indexes: Indexes) -> None:
    texts = {f"{number}.txt": edited(prose(number % 6), number // 6, seed=number) for number in range(18)}
    texts |= {"other.txt": prose(99), "short.txt": "too short"}
    written = [version(indexes, name, text, groups=["hr"] if name < "13" else []) for name, text in texts.items()]
    write_documents(indexes, written)
    write_documents(indexes, [version(indexes, "elsewhere.txt", edited(prose(99), 1), collection="other")])
    for access in (OWNER, ANONYMOUS, Access(frozenset({"hr"}))):
        rows = indexes.catalogue.documents("default", access=access)
        expected = near_duplicates(indexes.catalogue, "default", access=access)
        assert near_duplicates_of(indexes.catalogue, rows, access=access) == expected
        assert expected
        for row in rows:
            found = near_duplicates_of(indexes.catalogue, [row], access=access)
            assert found == {name: like for name, like in expected.items() if name == row.document}
