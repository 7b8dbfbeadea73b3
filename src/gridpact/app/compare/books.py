"""The recorded books of a run under every mechanism, beside the bills that were settled."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from gridpact.app.compare import models
from gridpact.app.compare.mechanisms import Books, Clear, Outcome, Totals, compare, own_trades
from gridpact.app.compare.rules import Variant, variants
from gridpact.app.record import Record
from gridpact.base.errors import BadInput, Fault
from gridpact.base.units import checked_sum
from gridpact.market.messages import PricesPublished, SessionCleared
from gridpact.metering.messages import DayMetered
from gridpact.registry.model import Community
from gridpact.registry.tariffs import Outside, outside_prices
from gridpact.settlement.billing import bills
from gridpact.settlement.messages import DaySettled


class BooksCompared(msgspec.Struct, frozen=True, kw_only=True):
    """Mechanisms on the same orders of one run, and models on what its members needed.

    ``bill_minor`` and ``supplier_only_minor`` [minor units, members] are as settled: positive
    where the member pays. ``remarks`` say what was left out and why.
    """

    kind: str = "books"
    community: str
    currency: str
    minor_nano: int
    days: tuple[str, ...]
    members: tuple[str, ...]
    sessions: tuple[str, ...]
    orders: int
    asked_wh: int
    offered_wh: int
    bill_minor: tuple[int, ...]
    supplier_only_minor: tuple[int, ...]
    mechanisms: tuple[Outcome, ...]
    models: tuple[models.Model, ...]
    remarks: tuple[str, ...]


def compare_books(
    record: Record,
    clear: Clear,
    mechanisms: Sequence[str],
    where: str,
    remarks: tuple[str, ...] = (),
) -> BooksCompared:
    """Clear the books of a run's settled days under each mechanism.

    ``clear`` clears the book of a session under given rules. Raises BadInput that names the run as
    ``where`` if no day of it is settled yet.
    """
    opening, settled = record.opening(), record.all(DaySettled)
    if not settled:
        fix = "let it go on with 'gridpact run --resume'"
        raise BadInput([Fault(where, 0, "", "no day of this run is settled yet", fix)])
    community, found = opening.community, bills(opening.community, settled)
    cleared = delivered(record)
    books = _books(community, record, cleared)
    needs, compared = _needs(record, books), variants(community.market, mechanisms)
    modelled = models.fits(needs)
    outcomes = compare(books, clear, compared)
    return BooksCompared(
        community=community.name,
        currency=community.currency,
        minor_nano=community.settlement.minor_nano,
        days=found.days,
        members=community.members.ids,
        sessions=tuple(each.session.id for each in cleared),
        orders=sum(each.orders for each in cleared),
        asked_wh=books.totals.asked_wh,
        offered_wh=books.totals.offered_wh,
        bill_minor=tuple(found.total_minor.tolist()),
        supplier_only_minor=tuple(found.supplier_only_minor.tolist()),
        mechanisms=outcomes,
        models=models.run(needs, community.members.ids, opening.seed) if modelled else (),
        remarks=(
            *_remarks(compared),
            *remarks,
            *own_trades(outcomes),
            *(() if modelled else (TOO_MANY,)),
        ),
    )


def delivered(record: Record) -> list[SessionCleared]:
    """Sessions of settled days, in order of clearing."""
    days = {day.day for day in record.all(DaySettled)}
    return [each for each in record.all(SessionCleared) if each.session.day in days]


def _books(community: Community, record: Record, cleared: Sequence[SessionCleared]) -> Books:
    spot = {each.day: each.spot_micro_per_kwh for each in record.all(PricesPublished)}
    settled = record.all(DaySettled)
    return Books(
        members=len(community.members.ids),
        days={day.day: day.slots for day in settled},
        outside={day.day: outside_prices(community.tariffs, spot[day.day]) for day in settled},
        sessions=tuple(each.session for each in cleared),
        totals=Totals(
            asked_wh=sum(int(checked_sum(each.asked_wh)) for each in cleared),
            offered_wh=sum(int(checked_sum(each.offered_wh)) for each in cleared),
        ),
        withdrawal_wh={
            day.day: day.withdrawal_wh
            for day in record.all(DayMetered)
            if day.day in {each.day for each in settled}
        },
    )


def _needs(record: Record, books: Books) -> models.Needs:
    """What meters read on settled days, with the prices outside of every slot."""
    days: list[Outside] = list(books.outside.values())
    metered = [day for day in record.all(DayMetered) if day.day in books.days]
    return models.Needs(
        net_wh=np.concatenate([day.withdrawal_wh - day.injection_wh for day in metered], axis=1),
        avoided_micro_per_kwh=np.concatenate([each.avoided for each in days]),
        export_micro_per_kwh=np.concatenate([each.supplier_export for each in days]),
    )


AS_PLACED = (
    "Orders are those that were placed, in later sessions after what was traded before under the "
    "rules in force; what members would have ordered otherwise is seen in whole runs."
)
TOO_MANY = "Models of coalitions are left out: there are too many members for so many slots."
LIMITED = "Only uniform-price keeps trade within the zones' limits; the others trade without them."


def _remarks(compared: Sequence[Variant]) -> tuple[str, ...]:
    return (AS_PLACED, LIMITED) if any(_limited(each) for each in compared) else (AS_PLACED,)


def _limited(variant: Variant) -> bool:
    return variant.rules.day_ahead.grid_limits or variant.rules.intraday.grid_limits
