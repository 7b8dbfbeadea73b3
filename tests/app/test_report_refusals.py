"""Reasons of refusals read as words, whatever reason there may be."""

import pytest

from gridpact.app.report.refusals import sentences
from gridpact.market.messages import OrdersRefused
from gridpact.market.ordering import refused
from gridpact.market.orders import Refusal


@pytest.mark.parametrize("code", [code for code in Refusal if code != Refusal.NONE])
def test_every_reason_has_words(code):
    (said,) = sentences([refused("d.day-ahead", "home k", code)])
    assert said.startswith("1 order was refused: ")
    assert code.name.lower() not in said.split(": ")[1].rstrip(".").split("; ")
    assert "_" not in said


def test_orders_are_counted_by_all_their_reasons():
    both = refused("s", "a", Refusal.ATTRIBUTE, Refusal.QUANTITY)
    many = OrdersRefused(session="s", keys=("1", "2"), reasons=("attribute", "attribute"))
    attribute = "its market does not look at what the order prefers"
    quantity = "the quantity is more or less than an order may have"
    assert sentences([both, many]) == [
        f"2 orders were refused: {attribute}.",
        f"1 order was refused: {quantity}; {attribute}.",
    ]
