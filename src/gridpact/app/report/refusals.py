"""Why orders were refused, as sentences of a report that need no table of codes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from gridpact.app.report.text import counted
from gridpact.market.messages import OrdersRefused

WORDS = {
    "gate_closed": "the session’s gate was closed",
    "unknown_slot": "the session does not trade the slot",
    "not_authorised": "who ordered is no member admitted to the market",
    "quantity": "the quantity is more or less than an order may have",
    "price_limit": "the limit is outside the prices of the market",
    "volume_limit": "it is beyond the energy that the member may have on order",
    "duplicate": "the member has used the key for another order",
    "suspended": "the member is suspended",
    "collateral": "it is beyond what the member’s collateral covers",
    "unknown_location": "there is no such zone, or the member is not in it",
    "unknown_partner": "there is no such partner",
    "validity": "it had expired",
    "block": "the market takes no such block of slots, or the block it hangs on is not there",
    "attribute": "its market does not look at what the order prefers",
    "rating": "the rating of the member is too low",
    "unknown_order": "there is no such order to take back",
    "already_traded": "it had traded, and trades stand",
    "book_full": "the slot had as many orders as its market can clear",
}
"""What each reason of :class:`~gridpact.market.messages.OrdersRefused` means."""


def sentences(found: Iterable[OrdersRefused]) -> list[str]:
    """Count refused orders by their reasons, one sentence for all orders with the same ones."""
    counts = Counter(reason for each in found for reason in each.reasons)
    return [
        f"{counted(count, 'order was', 'orders were')} refused: {_words(reason)}."
        for reason, count in sorted(counts.items())
    ]


def _words(reasons: str) -> str:
    return "; ".join(WORDS[code] for code in reasons.split(", "))
