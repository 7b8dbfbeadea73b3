"""``gridpact market show``: a run's sessions, and the book of one of them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import click
import msgspec
import numpy as np

from gridpact.app import folder
from gridpact.app.cli.layout import aligned, counted
from gridpact.app.cli.market_tables import NOTHING, Shown, cleared_lines, depth_lines
from gridpact.app.cli.output import output_options, say, say_json
from gridpact.app.orders.acting import paused_at
from gridpact.app.orders.figures import depth, results, total
from gridpact.app.orders.instants import local
from gridpact.app.orders.recorded import Recorded, cleared_again, recorded
from gridpact.app.orders.words import energy, price
from gridpact.app.record import Record
from gridpact.base.rounding import round_half_even
from gridpact.base.units import INT64_MAX, checked_multiply
from gridpact.market.clearing.matched import exact_sum
from gridpact.market.clearing.mechanisms import MECHANISMS
from gridpact.market.messages import Session, SessionCleared, SessionOpened
from gridpact.market.terms import Terms
from gridpact.registry.messages import StandingChanged
from gridpact.registry.model import Community


class Line(msgspec.Struct, frozen=True):
    """One session; figures are None while it is open, prices also where nothing was traded."""

    session: str
    mechanism: str
    state: str
    gate: str
    orders: int | None = None
    volume_wh: int | None = None
    price_micro_per_kwh: int | None = None
    lowest_micro_per_kwh: int | None = None
    highest_micro_per_kwh: int | None = None


class Suspended(msgspec.Struct, frozen=True):
    """A member that may not trade by now, and why."""

    member: str
    reason: str


@click.command(
    short_help="Show a run's sessions, or the book of one.",
    epilog="""\b
Examples:
  gridpact market show runs/june
  gridpact market show runs/june --session 2026-06-15.day-ahead""",
)
@click.argument("path", metavar="RUN", type=click.Path(path_type=Path, file_okay=False))
@click.option("--session", metavar="SESSION", help="Show one session with its book.")
@output_options
def show(path: Path, session: str | None, as_json: bool, quiet: bool) -> None:
    """Show the sessions of RUN: how they trade, when their gates close, what was traded.

    With --session show the book of one, slot by slot, and what was traded; of an open one, what
    it would give if its gate closed now.
    """
    record = folder.record(path)
    if session is None:
        lines, out = _sessions(record), _suspended(record)
        if as_json:
            say_json({"sessions": lines, "suspended": out})
        elif not quiet:
            _say_all(_table(lines, record.opening().community))
            _say_all([f"suspended: {each.member} ({each.reason})" for each in out])
        return
    one = recorded(record, session, paused_at(path))
    if as_json:
        say_json(_as_dict(one))
    elif not quiet:
        _say_all(_of_one(one))


def _suspended(record: Record) -> list[Suspended]:
    last = {each.participant: each for each in record.all(StandingChanged)}
    return [
        Suspended(member, each.reason) for member, each in sorted(last.items()) if each.suspended
    ]


def _say_all(lines: list[str]) -> None:
    for line in lines:
        say(line)


def _sessions(record: Record) -> list[Line]:
    community = record.opening().community
    cleared = {each.session.id: each for each in record.all(SessionCleared)}
    opened = [each.session for each in record.all(SessionOpened)]
    return [_line(community, each, cleared.get(each.id)) for each in opened]


def _line(community: Community, session: Session, cleared: SessionCleared | None) -> Line:
    gate = local(session.gate, community.timezone)
    mechanism = community.market.trading(session.kind).mechanism
    if cleared is None:
        return Line(session.id, mechanism, "open", gate)
    bought = cleared.bought_wh.sum(axis=0)
    volume = exact_sum(bought)
    figures = Line(session.id, mechanism, "cleared", gate, cleared.orders, volume)
    if not volume:
        return figures
    low, high = _range(cleared)
    worth = exact_sum(checked_multiply(bought, cleared.price_micro_per_kwh * cleared.traded))
    return msgspec.structs.replace(
        figures,
        price_micro_per_kwh=round_half_even(worth, volume),
        lowest_micro_per_kwh=low,
        highest_micro_per_kwh=high,
    )


def _range(cleared: SessionCleared) -> tuple[int, int]:
    """The lowest and the highest price that anybody received or paid."""
    found = cleared.price_micro_per_kwh[cleared.traded]
    if cleared.trades is not None:
        trades = cleared.trades
        found = np.concatenate([trades.seller_micro_per_kwh, trades.buyer_micro_per_kwh])
    return int(found.min(initial=INT64_MAX)), int(found.max(initial=-INT64_MAX))


def _table(lines: list[Line], community: Community) -> list[str]:
    shown = Shown(community.currency, community.timezone, community.market.day_ahead)
    head = ("session", "mechanism", "gate", "orders", "volume", "price", "prices of trades")
    rows = [
        (
            each.session,
            each.mechanism,
            each.gate,
            "open" if each.orders is None else f"{each.orders:,}",
            NOTHING if each.volume_wh is None else energy(each.volume_wh),
            shown.price(each.price_micro_per_kwh),
            shown.span(each.lowest_micro_per_kwh, each.highest_micro_per_kwh),
        )
        for each in lines
    ]
    return [*aligned([head, *rows], right=(3, 4, 5, 6)), "", counted(len(lines), "session")]


class _Rule(NamedTuple):
    name: str
    text: str


def _of_one(one: Recorded) -> list[str]:
    """Show one session: its rules, its book, and what it gave or would give."""
    community = one.venue.community
    shown = Shown(community.currency, community.timezone, one.terms.rules)
    outcome = cleared_again(one)
    would = results(outcome, one.book.slots)
    lines = aligned([(rule.name, rule.text) for rule in _rules(one)])
    lines.append("")
    if not would:
        return [*lines, "the book has no orders"]
    if one.cleared is not None:
        return [*lines, *cleared_lines(shown, would, total(outcome, would))]
    lines += depth_lines(shown, depth(outcome.orders, one.book.slots), would)
    return [*lines, "", "would trade: if the gate closed now; other orders may come"]


def _rules(one: Recorded) -> list[_Rule]:
    terms, community = one.terms, one.venue.community
    currency, rules = community.currency, terms.rules
    state = "open until" if one.cleared is None else "closed at"
    fees = (
        f"buyer {price(rules.buyer_fee_micro_per_kwh, currency)}, "
        f"seller {price(rules.seller_fee_micro_per_kwh, currency)}"
    )
    found = [
        _Rule(
            "session", f"{one.session.id}, {state} {local(one.session.gate, community.timezone)}"
        ),
        _Rule("mechanism", f"{rules.mechanism}: {MECHANISMS[rules.mechanism].summary}"),
        _Rule("limits", _limits(terms, currency)),
        _Rule("fees", fees),
        _Rule("orders", f"{one.orders:,}{f', and {one.gone:,} withdrawn' if one.gone else ''}"),
    ]
    options = MECHANISMS[rules.mechanism].options
    if "k_ppm" in options:
        found.append(_Rule("k", f"{rules.k_ppm / 1e4:g} % of a gain to the seller"))
    if "ties" in options:
        found.append(_Rule("ties", rules.ties))
    if rules.distance_fee_micro_per_kwh:
        fee = price(rules.distance_fee_micro_per_kwh, currency)
        found.append(_Rule("distance", f"{fee} for each step between zones"))
    if rules.grid_limits:
        found.append(_Rule("grid", "within the limits of every zone"))
    return found


def _limits(terms: Terms, currency: str) -> str:
    low, high = (
        price(bound, currency)
        for bound in (terms.lowest_micro_per_kwh, terms.highest_micro_per_kwh)
    )
    return f"{low} to {high}"


def _as_dict(one: Recorded) -> dict[str, object]:
    outcome = cleared_again(one)
    by_slot = results(outcome, one.book.slots)
    zone = one.venue.community.timezone
    return {
        "session": one.session.id,
        "state": "open" if one.cleared is None else "cleared",
        "gate": local(one.session.gate, zone),
        "rules": one.terms.rules,
        "lowest_micro_per_kwh": one.terms.lowest_micro_per_kwh,
        "highest_micro_per_kwh": one.terms.highest_micro_per_kwh,
        "orders": one.orders,
        "withdrawn": one.gone,
        "depth": depth(outcome.orders, one.book.slots),
        "traded" if one.cleared else "would_trade": by_slot,
        "total": total(outcome, by_slot),
        "proven": outcome.proven,
    }
