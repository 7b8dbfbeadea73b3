"""The book of a file: its orders in the columns of a market, in the order of its lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from gridpact.app.orders.reading import Wanted
from gridpact.base.slots import Slots
from gridpact.base.units import MICRO_PER_UNIT, Ints
from gridpact.contracts.tables.faults import Report
from gridpact.market.book import Book, name_of
from gridpact.market.orders import Orders
from gridpact.market.terms import Terms, Venue
from gridpact.registry import model

MOST_SLOTS = 100_000
_NOWHERE = "everywhere"


class Market(NamedTuple):
    """A market for one book: by which rules it trades, within which prices, in which slots."""

    rules: model.TradingRules
    lowest_micro_per_kwh: int
    highest_micro_per_kwh: int
    slot_s: int


class FileBook(NamedTuple):
    """A book, the venue it is cleared at, and the terms."""

    book: Book
    venue: Venue
    terms: Terms


def book_of(file: str, wanted: Sequence[Wanted], market: Market) -> FileBook:
    """Put the orders of a file into the book of a market, in the order of its lines.

    Sessions and validity are not looked at: the book is cleared as it is. Members stand in the
    zone that their orders name; zones are one step from each other.

    Raises BadInput for orders that the market would refuse, each by its line.
    """
    report = Report(file)
    zones = _zones(wanted, report)
    community = _community(wanted, zones, market)
    venue = Venue(community)
    terms = venue.day_ahead
    for each in wanted:
        _check(each, terms, report)
    _check_links(wanted, report)
    slots = _window(wanted, market.slot_s, report)
    report.check()
    return FileBook(_book(wanted, slots, venue), venue, terms)


def _book(wanted: Sequence[Wanted], slots: Slots, venue: Venue) -> Book:
    """Place all orders at once, with the sequence of their lines."""
    names = [name_of(each.order.participant, each.order.key) for each in wanted]
    rows = [
        (
            sequence,
            venue.rows[each.order.participant],
            (each.order.slot_start - slots.start) // slots.step,
            int(each.order.side),
            each.order.quantity_wh,
            each.order.limit_micro_per_kwh,
        )
        for sequence, each in enumerate(wanted)
        if not each.order.is_block
    ]
    columns = np.array(rows, dtype=np.int64).reshape(-1, 6).T.copy()
    return Book(
        slots=slots,
        orders=Orders(*columns),
        next_sequence=len(names),
        keys={name: sequence for sequence, name in enumerate(names)},
        placed={name: each.order for name, each in zip(names, wanted, strict=True)},
    )


def _zones(wanted: Iterable[Wanted], report: Report) -> dict[str, str]:
    """The zone of each member; noted is who would stand in two of them."""
    found: dict[str, str] = {}
    for line, _, order in wanted:
        zone = order.location or found.get(order.participant, "")
        if found.setdefault(order.participant, zone) not in ("", zone):
            problem = f"{order.participant} stands in {found[order.participant]} above"
            report.add(line, "zone", problem, "name one zone for all orders of a member")
        found[order.participant] = found[order.participant] or zone
    return found


def _window(wanted: Sequence[Wanted], slot_s: int, report: Report) -> Slots:
    """The slots from the first to the last that is ordered in."""
    starts = [each.order.slot_start for each in wanted]
    ends = [each.order.slot_start + each.order.slots * slot_s for each in wanted]
    count = (max(ends) - min(starts)) // slot_s
    if count > MOST_SLOTS:
        problem = f"the orders reach over {count:,} slots"
        report.add(0, "slot", problem, f"clear at most {MOST_SLOTS:,} slots at once")
    first = min(starts) // slot_s * slot_s
    return Slots(first, slot_s, min(count, MOST_SLOTS))


def _check(wanted: Wanted, terms: Terms, report: Report) -> None:
    """Note what the market does not take of one order."""
    line, _, order = wanted
    low, high = terms.lowest_micro_per_kwh, terms.highest_micro_per_kwh
    if not low <= order.limit_micro_per_kwh <= high:
        problem = f"{order.limit_micro_per_kwh / 1e4:g} ct/kWh is beyond the market's prices"
        fix = f"stay within {low / 1e4:g} and {high / 1e4:g} ct/kWh, or widen --lowest, --highest"
        report.add(line, "limit", problem, fix)
    if order.is_block and not terms.blocks:
        problem = f"{terms.rules.mechanism} takes no orders over several slots, nor linked ones"
        report.add(line, "slots", problem, "clear by block-orders")
    premiums = (
        order.green_micro_per_kwh,
        order.partner_micro_per_kwh,
        order.near_micro_per_kwh,
    )
    if max(premiums) >= 0 and not terms.preferences:
        problem = f"{terms.rules.mechanism} looks at nothing but price"
        report.add(line, "prefer_green", problem, "clear by preference")


def _check_links(wanted: Iterable[Wanted], report: Report) -> None:
    """Note blocks that hang on one that is not there, or not above them."""
    above: set[tuple[str, str]] = set()
    for line, _, order in wanted:
        if order.parent and (order.participant, order.parent) not in above:
            problem = f"{order.participant} has no block {order.parent!r} above"
            report.add(line, "parent", problem, "name a block of the same member, placed before")
        if order.is_block:
            above.add((order.participant, order.key))


def _community(wanted: Iterable[Wanted], zones: dict[str, str], market: Market) -> model.Community:
    """A community of those who order, with nothing but a market."""
    partners = {each.order.partner for each in wanted if each.order.partner}
    names = tuple(sorted(zones.keys() | partners))
    places = tuple(sorted({zones.get(name) or _NOWHERE for name in names}))
    zone = np.array([places.index(zones.get(name) or _NOWHERE) for name in names], np.int64)
    return model.Community(
        name="a file of orders",
        currency="XXX",
        timezone="UTC",
        step_s=market.slot_s,
        parties=model.Parties(*("nobody",) * 5),
        zones=model.Zones(places, *(_all(len(places), -1) for _ in range(3))),
        members=_members(names, zone),
        pv=model.Pv((), *_none(2)),
        storage=_no_storage(),
        runs=model.Runs((), *_none(5)),
        tariffs=model.Tariffs(*(0,) * 7),
        market=_rules(market),
        sharing=model.SharingRules("default-dynamic", MICRO_PER_UNIT // 2),
        settlement=model.SettlementRules(0, "half-even", 1),
    )


def _members(names: tuple[str, ...], zone: Ints) -> model.Members:
    zero = _all(len(names), 0)
    return model.Members(names, names, ("trader",) * len(names), zone, zero, zero, zero)


def _no_storage() -> model.Storage:
    nothing, shares = _all(0, 0), np.empty(0)
    return model.Storage((), (), nothing, nothing, nothing, nothing, shares, shares, shares)


def _rules(market: Market) -> model.MarketRules:
    low, high = market.lowest_micro_per_kwh, market.highest_micro_per_kwh
    return model.MarketRules(0, (), 0, low, high, day_ahead=market.rules, intraday=market.rules)


def _all(count: int, value: int) -> Ints:
    return np.full(count, value, dtype=np.int64)


def _none(columns: int) -> list[Ints]:
    return [_all(0, 0) for _ in range(columns)]
