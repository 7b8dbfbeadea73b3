"""Every mechanism on the same books: what is traded, at which prices, and who gains."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import msgspec
import numpy as np

from gridpact.app.compare.accounts import Account, at_own_prices, over_day, total_gain_nano
from gridpact.app.compare.rules import Variant
from gridpact.app.compare.spread import Spread, spread
from gridpact.base.rounding import round_half_even
from gridpact.base.slots import Slots
from gridpact.base.units import Ints, checked_sum
from gridpact.market.analytics.shares import share_ppm
from gridpact.market.analytics.supply import local_share
from gridpact.market.messages import Session, SessionTrades
from gridpact.registry.model import MarketRules
from gridpact.registry.tariffs import Outside


class Cleared(msgspec.Struct, frozen=True):
    """A book cleared: its trades, their welfare by the orders' limits [nano-¤].

    ``own_wh`` is what members traded with themselves, see
    :func:`~gridpact.app.compare.clearing.own_wh`; ``proven`` is False where the search for the
    best was cut short.
    """

    trades: SessionTrades
    welfare_nano: int
    own_wh: int
    proven: bool = True


class Totals(msgspec.Struct, frozen=True):
    """What all books asked for and offered [Wh]."""

    asked_wh: int
    offered_wh: int


class Books(msgspec.Struct, frozen=True):
    """What is compared: the sessions of ``days`` and the prices outside, by day (ISO date).

    ``members`` is how many there are; ``withdrawal_wh`` what meters read by day [members, slots].
    """

    members: int
    days: dict[str, Slots]
    outside: dict[str, Outside]
    sessions: tuple[Session, ...]
    totals: Totals
    withdrawal_wh: dict[str, Ints] = {}


Clear: TypeAlias = Callable[[Session, MarketRules], Cleared]
"""``clear(session, rules)``: the session's book under other rules."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one mechanism comes to on all books.

    Prices [µ¤/kWh] are those sellers get; None without trade. Market fees go to the operator,
    grid charges to the network company. Shares [ppm] are of what all books asked for and offered.
    ``local_share_ppm`` is the share of what members withdrew that they had bought within the
    community, None where no meter was read. ``own_wh`` is the part of the volume that members
    traded with themselves. Gains [nano-¤, members] are against the supplier alone.
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
    local_share_ppm: int | None
    own_wh: int
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
    days = _by_day(books, accounts)
    gains = [int(gain) for gain in total_gain_nano(days, books.outside)]
    return outcome_of(variant, cleared, accounts, gains, books.totals, _local_ppm(books, days))


def outcome_of(
    variant: Variant,
    cleared: Sequence[Cleared],
    accounts: Sequence[Account],
    gains_nano: Sequence[int],
    totals: Totals,
    local_share_ppm: int | None = None,
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
        local_share_ppm=local_share_ppm,
        own_wh=sum(each.own_wh for each in cleared),
        gain_nano=tuple(gains_nano),
        spread=spread(gains_nano),
        proven=all(each.proven for each in cleared),
    )


def own_trades(found: Sequence[Outcome]) -> tuple[str, ...]:
    """Say how much members traded with themselves under which mechanisms, where any did."""
    amounts: dict[tuple[int, int], list[str]] = {}
    for each in found:
        if each.own_wh:
            amounts.setdefault((each.own_wh, each.volume_wh), []).append(each.name)
    said = [
        f"{own:,} of {volume:,} Wh under {', '.join(names)}"
        for (own, volume), names in amounts.items()
    ]
    return (f"Of what was traded, members traded with themselves {'; '.join(said)}.",) * bool(said)


def _local_ppm(books: Books, days: Mapping[str, Account]) -> int | None:
    """Share of withdrawals that was bought, less what was sold again in the same slot."""
    shares = [
        local_share(np.maximum(days[day].bought_wh - days[day].sold_wh, 0), withdrawal)
        for day, withdrawal in books.withdrawal_wh.items()
    ]
    part, whole = (
        sum(int(checked_sum(getattr(each, name))) for each in shares) for name in ("part", "whole")
    )
    return share_ppm(part, whole)


def _by_day(books: Books, accounts: Sequence[Account]) -> dict[str, Account]:
    """Add up the sessions of each day, so that what was traded back in a later one counts off."""
    days = {}
    for day, slots in books.days.items():
        sessions = [
            (session.window, account)
            for session, account in zip(books.sessions, accounts, strict=True)
            if session.day == day
        ]
        days[day] = over_day(slots, books.members, sessions)
    return days
