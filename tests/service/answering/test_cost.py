from __future__ import annotations

from decimal import Decimal

from core.answers import Usage
from core.settings.sections import Price
from service.answering.cost import cost

USAGE = Usage(input_tokens=1_000_000, cached_tokens=400_000, output_tokens=500_000)


def test_without_a_price_no_cost_is_stated():
    assert cost(USAGE, None) is None


def test_cached_tokens_are_charged_once_at_their_own_price():
    price = Price(input=Decimal("0.60"), cached_input=Decimal("0.30"), output=Decimal("1.20"))
    assert cost(USAGE, price) == Decimal("0.36") + Decimal("0.12") + Decimal("0.60")


def test_without_a_cached_price_all_input_costs_the_same():
    assert cost(USAGE, Price(input=Decimal(1), output=Decimal(0))) == Decimal(1)


def test_a_free_model_costs_nothing_rather_than_an_unknown_amount():
    assert cost(USAGE, Price(input=Decimal(0), output=Decimal(0))) == Decimal(0)
