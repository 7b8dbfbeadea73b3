"""Every mechanism on the same books: what is traded, at which prices, and who gains."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import msgspec
import numpy as np

from gridpact.app.compare.accounts import Account, at_own_prices, over_day, total_gain_nano
from gridpact.app.compare.rules import Variant
from gridpact.app.compare.spread import Spread, spread
from gridpact.base.rounding import round_half_even
from gridpact.base.slots import Slots
from gridpact.base.units import checked_sum
from gridpact.market.analytics.shares import share_ppm
from gridpact.market.messages import Session, SessionTrades
from gridpact.registry.model import MarketRules
from gridpact.registry.tariffs import Outside


class Cleared(msgspec.Struct, frozen=True):
    """A book cleared: its trades, their welfare by the orders' limits [nano-¤].

    ``proven`` is False where the search for the best was cut short.
    """

    trades: SessionTrades
    welfare_nano: int
    proven: bool = True


class Totals(msgspec.Struct, frozen=True):
    """What all books asked for and offered [Wh]."""

    asked_wh: int
    offered_wh: int


class Books(msgspec.Struct, frozen=True):
    """What is compared: the sessions of ``days`` and the prices outside, by day (ISO date).

    ``members`` is how many there are.
    """

    members: int
    days: dict[str, Slots]
    outside: dict[str, Outside]
    sessions: tuple[Session, ...]
    totals: Totals


Clear: TypeAlias = Callable[[Session, MarketRules], Cleared]
"""``clear(session, rules)``: the session's book under other rules."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one mechanism comes to on all books.

    Prices [µ¤/kWh] are those sellers get; None without trade. Market fees go to the operator,
    grid charges to the network company. Shares [ppm] are of what all books asked for and offered.
    Gains [nano-¤, members] are against the supplier alone.
    """

    name: str
    recorded: bool
    volume_wh: int
    welfare_nano: int
    mean_price_micro_per_kwh: int | None
    lowest_price_micro_per_kwh: int | None
    highest_price_micro_per_kwh: int | None
    market_fees_nano: int
    grid_charges_nano: int
    share_of_asked_ppm: int | None
    share_of_offered_ppm: int | None
    gain_nano: tuple[int, ...]
    spread: Spread
    proven: bool


def compare(books: Books, clear: Clear, variants: Sequence[Variant]) -> tuple[Outcome, ...]:
    """Clear all books under each of the rules."""
    return tuple(_outcome(books, clear, each) for each in variants)


def _outcome(books: Books, clear: Clear, variant: Variant) -> Outcome:
    cleared = [clear(session, variant.rules) for session in books.sessions]
    accounts = [
        at_own_prices(
            each.trades,
            (books.members, session.window.count),
            variant.rules.trading(session.kind),
        )
        for session, each in zip(books.sessions, cleared, strict=True)
    ]
    return outcome_of(variant, cleared, accounts, _gains(books, accounts), books.totals)


def outcome_of(
    variant: Variant,
    cleared: Sequence[Cleared],
    accounts: Sequence[Account],
    gains_nano: Sequence[int],
    totals: Totals,
) -> Outcome:
    """Describe books cleared under the same rules; ``gains_nano`` [members]."""
    volume, received, paid, fees = (
        sum(int(checked_sum(getattr(account, name))) for account in accounts)
        for name in ("sold_wh", "received_nano", "paid_nano", "fees_nano")
    )
    prices = np.concatenate(
        [np.empty(0, np.int64), *(each.trades.seller_micro_per_kwh for each in cleared)]
    )
    return Outcome(
        name=variant.name,
        recorded=variant.recorded,
        volume_wh=volume,
        welfare_nano=sum(each.welfare_nano for each in cleared),
        mean_price_micro_per_kwh=round_half_even(received, volume) if volume else None,
        lowest_price_micro_per_kwh=int(prices.min()) if prices.size else None,
        highest_price_micro_per_kwh=int(prices.max()) if prices.size else None,
        market_fees_nano=fees,
        grid_charges_nano=paid - received,
        share_of_asked_ppm=share_ppm(volume, totals.asked_wh),
        share_of_offered_ppm=share_ppm(volume, totals.offered_wh),
        gain_nano=tuple(gains_nano),
        spread=spread(gains_nano),
        proven=all(each.proven for each in cleared),
    )


def _gains(books: Books, accounts: Sequence[Account]) -> list[int]:
    """What members gain over all days, whatever they traded back in later sessions."""
    days = {}
    for day, slots in books.days.items():
        sessions = [
            (session.window, account)
            for session, account in zip(books.sessions, accounts, strict=True)
            if session.day == day
        ]
        days[day] = over_day(slots, books.members, sessions)
    return [int(gain) for gain in total_gain_nano(days, books.outside)]
