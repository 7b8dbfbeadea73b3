"""``gridpact order list``: what orders people placed, and what became of them."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from gridpact.app import folder
from gridpact.app.cli.layout import aligned, counted
from gridpact.app.cli.output import output_options, say, say_json
from gridpact.app.orders.acting import look_on
from gridpact.app.orders.instants import local
from gridpact.app.orders.listed import Listed, Status, listed
from gridpact.app.orders.members import check_member
from gridpact.app.orders.words import energy, money, price
from gridpact.market.explanations import explain
from gridpact.market.listing import open_orders
from gridpact.market.orders import Side
from gridpact.market.session_words import When
from gridpact.registry.model import Community

RUN = click.Path(path_type=Path, file_okay=False)


@click.command(
    "list",
    short_help="List orders and what became of them.",
    epilog="""\b
Examples:
  gridpact order list runs/june
  gridpact order list runs/june --member home-01 --open""",
)
@click.argument("path", metavar="RUN", type=RUN)
@click.option("--member", metavar="MEMBER", help="Orders of one member.")
@click.option("--session", metavar="SESSION", help="Orders of one session.")
@click.option("--open", "only_open", is_flag=True, help="Orders that may still trade.")
@output_options
def list_orders(
    path: Path,
    member: str | None,
    session: str | None,
    only_open: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """List the orders that people and programs placed in RUN, and what became of each.

    The orders of members' agents are not listed: gridpact market show has their books.
    """
    record, seen = folder.record(path), look_on(path)
    community = seen.community
    found = [
        each
        for each in listed(record, open_orders(seen.market, seen.at), seen.at)
        if member in (None, each.order.participant)
        and session in (None, each.session)
        and (not only_open or each.status in (Status.OPEN, Status.WAITING))
    ]
    if member is not None and not found:
        check_member(community, member, path)
    if as_json:
        say_json([_as_dict(each, community) for each in found])
    elif not quiet:
        for line in _lines(found, community):
            say(line)


def _as_dict(each: Listed, community: Community) -> dict[str, object]:
    texts = _why(each, community)
    return {
        **msgspec.to_builtins(each),
        "status": each.status.value,
        "refusals": [
            {"reason": refusal.name.lower(), "text": text}
            for refusal, text in zip(each.refusals, texts, strict=True)
        ],
    }


def _why(each: Listed, community: Community) -> list[str]:
    when = When(each.placed_at)
    return [
        explain(refusal, each.order, each.session, community, when) for refusal in each.refusals
    ]


def _lines(found: list[Listed], community: Community) -> list[str]:
    if not found:
        return ["no such orders"]
    head = ("member", "key", "session", "slot", "order", "limit", "what became of it")
    rows = [head, *(_row(each, community) for each in found)]
    lines = aligned(rows, right=(5,))
    reasons = [
        f"  {each.order.participant} {each.order.key}: {text}"
        for each in found
        for text in _why(each, community)
    ]
    return [*lines, *([""] if reasons else []), *reasons, "", counted(len(found), "order")]


def _row(each: Listed, community: Community) -> tuple[str, ...]:
    order = each.order
    over = f" × {order.slots}" if order.slots > 1 else ""
    verb = "buy" if order.side == Side.BUY else "sell"
    return (
        order.participant,
        order.key,
        each.session,
        local(order.slot_start, community.timezone),
        f"{verb} {energy(order.quantity_wh)}{over}",
        price(order.limit_micro_per_kwh, community.currency),
        _outcome(each, community),
    )


def _outcome(each: Listed, community: Community) -> str:
    """Say what became of an order, with what was paid or received where that is known."""
    text = f"{each.status}: {each.because}" if each.because else str(each.status)
    if each.traded_wh and each.status not in (Status.TRADED, Status.EXPIRED):
        text += f", {energy(each.traded_wh)} traded"
    if each.paid_nano is not None:
        verb = "paid" if each.paid_nano >= 0 else "received"
        text += f", {money(abs(each.paid_nano), community.currency)} {verb}"
        text += " without fees" if _has_fees(each, community) else ""
    return text


def _has_fees(each: Listed, community: Community) -> bool:
    """Whether the owner of an order pays a fee on top of what it traded for."""
    rules = community.market.trading(each.session.partition(".")[2])
    buys = each.order.side == Side.BUY
    return (rules.buyer_fee_micro_per_kwh if buys else rules.seller_fee_micro_per_kwh) != 0
