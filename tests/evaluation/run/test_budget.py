"""The cap holds, whatever happens in whatever order."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from core.answers import Hit
from core.settings.sections import AnsweringSettings, Price
from evaluation.run.budget import Budget, worst_case
from evaluation.run.contexts import Context
from service.answering.answer import Question, answer_from
from service.answering.models.choose import Model
from service.answering.models.scripted import Scripted

CAP = Decimal(10)
AMOUNTS = st.decimals(0, 4, places=6)


class Interleaved(RuleBasedStateMachine):
    """Calls that are reserved, settled and lost in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.budget = Budget(cap=CAP)
        self.under_way: list[Decimal] = []

    @rule(worst=AMOUNTS)
    def reserve(self, worst: Decimal) -> None:
        room = self.budget.spent + self.budget.reserved + worst <= CAP
        assert self.budget.reserve(worst) == room
        if room:
            self.under_way.append(worst)

    @precondition(lambda self: self.under_way)
    @rule(which=st.integers(0), share=st.decimals(0, 1, places=3))
    def settle(self, which: int, share: Decimal) -> None:
        worst = self.under_way.pop(which % len(self.under_way))
        self.budget.settle(worst * share, worst=worst)

    @precondition(lambda self: self.under_way)
    @rule(which=st.integers(0))
    def fail(self, which: int) -> None:
        worst = self.under_way.pop(which % len(self.under_way))
        self.budget.settle(None, worst=worst)

    @invariant()
    def the_cap_holds(self) -> None:
        assert self.budget.reserved == sum(self.under_way, Decimal(0))
        assert self.budget.spent + self.budget.reserved <= CAP


TestInterleaved = Interleaved.TestCase


def test_the_cap_holds_when_many_threads_spend_at_once() -> None:
    budget, over, worst = Budget(cap=Decimal(1)), threading.Event(), Decimal("0.01")

    def spend(_: int) -> bool:
        got = budget.reserve(worst)
        if budget.spent + budget.reserved > budget.cap + worst:  # two readings: one call may settle in between
            over.set()
        if got:
            budget.settle(None, worst=worst)
        return got

    with ThreadPoolExecutor(16) as threads:
        granted = sum(threads.map(spend, range(400)))
    assert (granted, budget.spent, budget.reserved) == (100, Decimal(1), Decimal(0))
    assert not over.is_set()


@pytest.mark.parametrize(("spent", "nearly"), [("0.79", False), ("0.80", True)])
def test_from_four_fifths_on_it_is_nearly_spent(spent: str, nearly: bool) -> None:
    assert Budget(cap=Decimal(1), spent=Decimal(spent)).nearly_spent is nearly
    assert not Budget(cap=Decimal(0)).nearly_spent


def hit(text: str, *headings: str) -> Hit:
    return Hit(chunk_id="c", document="d.md", score=1, text=text, start=0, end=len(text), headings=headings)


def model(price: Price | None, window: int = 100_000) -> Model:
    return Model(name="m", generator=Scripted(("x",)), price=price, context_window=window, max_output_tokens=100)


PRICE = Price(input=Decimal(1), output=Decimal(10))


@given(st.lists(st.text(max_size=200), min_size=1, max_size=10), st.text(max_size=100))
def test_no_prompt_has_more_bytes_than_its_worst_case_pays_for(texts: list[str], question: str) -> None:
    reader = model(PRICE)
    context = Context(hits=tuple(hit(text, "A heading") for text in texts))
    prompts = reader.generator.prompts  # type: ignore[attr-defined]
    prompts.clear()
    answer_from(
        Question(text=question), context.hits, model=reader, index_version="v", settings=AnsweringSettings(passages=99)
    )
    paid_for = worst_case(question, context, reader) * 1_000_000 - 100 * 10
    assert len(prompts[0].rendered.encode("utf-8", "surrogatepass")) <= paid_for


def test_the_worst_case_is_never_more_than_the_window_and_nothing_where_no_model_is_asked() -> None:
    long = Context(hits=(hit("x" * 200_000),))
    assert worst_case("?", long, model(PRICE)) == Decimal(100_000 - 100 + 1000) / 1_000_000
    assert worst_case("?", Context(), model(PRICE)) == 0
    assert worst_case("?", Context(mode="closed_book"), model(PRICE)) > 0
    assert worst_case("?", long, model(None)) == 0
