"""``gridpact market clear``: clear a file of orders, or the book of a run, by any mechanism."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import click
import msgspec

from gridpact.app import folder
from gridpact.app.cli.contracting_new import keep_new
from gridpact.app.cli.layout import aligned
from gridpact.app.cli.market_options import (
    EUROPE,
    Prices,
    Said,
    clearing_options,
    prices_said,
    rules_said,
)
from gridpact.app.cli.market_tables import Shown, cleared_lines
from gridpact.app.cli.output import output_options, say, say_json
from gridpact.app.compare.clearing import too_crowded
from gridpact.app.orders import trades
from gridpact.app.orders.acting import paused_at
from gridpact.app.orders.books import Market, book_of
from gridpact.app.orders.figures import results, total
from gridpact.app.orders.reading import Known, read_orders
from gridpact.app.orders.recorded import Recorded, cleared_again, differences, recorded, tradable
from gridpact.app.orders.words import energy
from gridpact.base.errors import BadInput, Fault, NumberOverflow
from gridpact.base.slots import Slots
from gridpact.market.book import Book
from gridpact.market.dispatch import Outcome, clear_under
from gridpact.market.terms import Terms, Venue, terms_of
from gridpact.registry.model import TradingRules

FILE = click.Path(path_type=Path, dir_okay=False)


class Accepted(msgspec.Struct, frozen=True):
    """An order with a key, what it orders over all its slots and what of it was accepted."""

    member: str
    key: str
    sequence: int
    ordered_wh: int
    accepted_wh: int


class _Cleared(NamedTuple):
    """A book with its outcome; ``remark`` says how it compares with what was recorded."""

    name: str
    book: Book
    venue: Venue
    terms: Terms
    outcome: Outcome
    currency: str
    remark: str = ""
    same: bool = True
    at: int = 0

    @property
    def orders(self) -> int:
        """How many orders of the book may trade."""
        return tradable(self.book, self.at)

    @property
    def slots(self) -> Slots:
        return self.book.slots


@click.command(
    short_help="Clear a file of orders, or a run's book again.",
    epilog="""\b
Examples:
  gridpact market clear orders.csv --mechanism pay-as-offer
  gridpact market clear orders.csv --mechanism k-pricing --k '40 %' --out trades.csv
  gridpact market clear runs/june --session 2026-06-15.day-ahead
  gridpact market clear runs/june --session 2026-06-15.day-ahead --mechanism pay-as-bid""",
)
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--session", metavar="SESSION", help="The session of a run.")
@clearing_options
@click.option(
    "--slot-minutes",
    type=click.IntRange(1, 1440),
    default=15,
    show_default=True,
    help="Length of a slot of a file.",
)
@click.option("--orders", "by_order", is_flag=True, help="Show what each order with a key gets.")
@click.option("--out", type=FILE, help="Write the trades to a CSV file.")
@click.option("--force", is_flag=True, help="Replace the file if there is one.")
@output_options
def clear(
    source: Path,
    session: str | None,
    slot_minutes: int,
    by_order: bool,
    out: Path | None,
    force: bool,
    as_json: bool,
    quiet: bool,
    **said: str | None,
) -> None:
    """Clear SOURCE, a file of orders or the folder of a run, and say what is traded.

    Of a file every order is in one book; sessions and validity are not looked at. It may be CSV,
    JSON lines or Parquet, with the columns of gridpact order place --file.

    Of a run the book of a session is cleared again, without touching the run: as it was at its
    gate, or as it is while the session is open. Exit code 1 tells that a book under its own rules
    gives something else than was recorded.
    """
    options = Said(**said)
    if source.is_dir():
        cleared = _of_run(source, session, options)
    else:
        cleared = _of_file(source, session, options, slot_minutes * 60)
    if out is not None:
        keep_new(out, trades.to_csv(_trades(cleared)), force=force)
    if as_json:
        say_json(_as_dict(cleared))
    elif not quiet:
        for line in [*_lines(cleared), *(_order_lines(cleared) if by_order else [])]:
            say(line)
        if out is not None:
            say(f"trades: {out}")
    sys.exit(0 if cleared.same else 1)


def _of_file(path: Path, session: str | None, said: Said, slot_s: int) -> _Cleared:
    if session is not None:
        raise click.UsageError("a file of orders has no sessions: leave out --session")
    if said.mechanism is None:
        raise click.UsageError("say how to clear the file: --mechanism uniform-price")
    rules, prices = rules_said(said, TradingRules()), prices_said(said, EUROPE)
    wanted = read_orders(path, None, Known(slot_s=slot_s))
    found = book_of(str(path), wanted, Market(rules, *prices, slot_s))
    with_terms = _outcome(path, found.book, found.venue, found.terms)
    return _Cleared(path.name, found.book, found.venue, found.terms, with_terms, "¤")


def _outcome(path: Path, book: Book, venue: Venue, terms: Terms) -> Outcome:
    """Clear; BadInput where a mechanism cannot take so large a book."""
    fix = "clear fewer orders at once, or by another mechanism"
    if terms.preferences and (crowded := too_crowded({"": book})):
        raise BadInput([Fault(str(path), 0, "", crowded, fix)])
    try:
        return clear_under(book, venue, terms, 0)
    except (ValueError, NumberOverflow) as error:
        raise BadInput([Fault(str(path), 0, "", str(error), fix)]) from error


def _of_run(path: Path, session: str | None, said: Said) -> _Cleared:
    if session is None:
        raise click.UsageError(f"name the session: gridpact market show {path} lists them")
    one = recorded(folder.record(path), session, paused_at(path))
    terms, community = _terms(one, said), one.venue.community
    outcome = cleared_again(one, terms)
    remark, same = _compared(one, terms, outcome)
    currency, at = community.currency, one.at
    return _Cleared(session, one.book, one.venue, terms, outcome, currency, remark, same, at)


def _terms(one: Recorded, said: Said) -> Terms:
    """The session's own terms, as the options change them."""
    own, currency = one.terms, one.venue.community.currency
    before = own.rules
    if said.mechanism not in (None, before.mechanism):
        before = msgspec.structs.replace(before, grid_limits=False, distance_fee_micro_per_kwh=0)
    rules = rules_said(said, before, currency)
    limits = Prices(own.lowest_micro_per_kwh, own.highest_micro_per_kwh)
    low, high = prices_said(said, limits, currency)
    found = terms_of(one.venue.community.market, rules)
    return msgspec.structs.replace(found, lowest_micro_per_kwh=low, highest_micro_per_kwh=high)


def _compared(one: Recorded, terms: Terms, outcome: Outcome) -> tuple[str, bool]:
    """Say how a clearing compares with the one recorded, and whether it is what it should be."""
    if one.cleared is None:
        return "the session is open: this is what the book as it is would give", True
    others = differences(outcome, one.cleared)
    if not others:
        return "the same as recorded", True
    what = f"other than recorded: {', '.join(others)}"
    return what, terms != one.terms


def _trades(cleared: _Cleared) -> list[trades.Trade]:
    keys = {sequence: name.split(" ")[1] for name, sequence in cleared.book.keys.items()}
    members = cleared.venue.community.members.ids
    return trades.named(cleared.outcome, cleared.slots, members, keys)


def _lines(cleared: _Cleared) -> list[str]:
    by_slot = results(cleared.outcome, cleared.slots)
    zone = cleared.venue.community.timezone
    shown = Shown(cleared.currency, zone, cleared.terms.rules)
    head = f"{cleared.name}: {cleared.orders:,} orders by {shown.rules.mechanism}"
    lines = [head, *cleared_lines(shown, by_slot, total(cleared.outcome, by_slot))]
    if not cleared.outcome.proven:
        lines.append("the search for the best blocks was cut short: there may be a better one")
    return [*lines, *([cleared.remark] if cleared.remark else [])]


def _as_dict(cleared: _Cleared) -> dict[str, object]:
    by_slot = results(cleared.outcome, cleared.slots)
    return {
        "name": cleared.name,
        "rules": cleared.terms.rules,
        "orders": _accepted(cleared),
        "slots": by_slot,
        "total": total(cleared.outcome, by_slot),
        "trades": _trades(cleared),
        "proven": cleared.outcome.proven,
        "remark": cleared.remark,
    }


def _accepted(cleared: _Cleared) -> list[Accepted]:
    """How much of each order with a key was accepted, over all its slots."""
    outcome, book = cleared.outcome, cleared.book
    accepted: dict[int, int] = {}
    rows = zip(outcome.orders.sequence.tolist(), outcome.accepted_wh.tolist(), strict=True)
    for sequence, wh in rows:
        accepted[sequence] = accepted.get(sequence, 0) + wh
    found = []
    for name in sorted(book.placed, key=lambda each: book.keys[each]):
        order, sequence = book.placed[name], book.keys[name]
        whole, taken = order.quantity_wh * order.slots, accepted.get(sequence, 0)
        found.append(Accepted(order.participant, order.key, sequence, whole, taken))
    return found


def _order_lines(cleared: _Cleared) -> list[str]:
    rows = [
        (each.member, each.key, energy(each.ordered_wh), energy(each.accepted_wh))
        for each in _accepted(cleared)
    ]
    return ["", *aligned([("member", "key", "ordered", "accepted"), *rows], right=(2, 3))]
