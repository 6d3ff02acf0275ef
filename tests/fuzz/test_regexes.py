"""No regular expression of the product goes back and forth without end over a text that somebody made up."""

from __future__ import annotations

import re

from tests.fuzz.regexes import Expression, expressions, slowest


def test_every_expression_of_the_product_gets_to_the_end_of_texts_made_against_it() -> None:
    found = expressions()
    assert len(found) > 250
    limit = 10.0  # what goes back without end takes longer than the universe lasts; the rest take milliseconds
    worst = max(slowest(each, 1_000, limit, most=4) for each in found)
    assert worst.seconds < limit, worst


def test_one_that_goes_back_without_end_is_found() -> None:
    for pattern in (r"(?:a+)+#", r"(?:<!--.*?-->\s*)*<html", r"(?:[^/]*?[^/])*#"):
        bad = Expression(re.compile(pattern, re.DOTALL), "here:1", {"match"})
        assert slowest(bad, 1_000, 0.2).seconds >= 0.2, pattern
