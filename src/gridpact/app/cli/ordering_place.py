"""``gridpact order place``: orders as options or as a file, into a run that waits."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, reduce
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click

from gridpact.app import folder
from gridpact.app.cli.output import mark, output_options, say, say_json
from gridpact.app.orders import message_form
from gridpact.app.orders.acting import Answer, Waiting, act, look, rehearse
from gridpact.app.orders.cells import Terms
from gridpact.app.orders.fields import EXAMPLES, FIELDS, Field, Kind
from gridpact.app.orders.instants import local
from gridpact.app.orders.listed import Status, listed
from gridpact.app.orders.making import make
from gridpact.app.orders.reading import Known, Wanted, read_orders
from gridpact.app.orders.sessions import sessions_for, suits
from gridpact.app.orders.words import energy, order_line
from gridpact.base.errors import BadInput, Fault
from gridpact.market.explanations import explain
from gridpact.market.messages import PlaceOrder
from gridpact.market.orders import Refusal
from gridpact.market.session_words import When
from gridpact.market.terms import Venue

F = TypeVar("F", bound=Callable[..., Any])
RUN = click.Path(path_type=Path, file_okay=False)
_OWN = ("side", "quantity")  # said by --buy and --sell


class Placed(NamedTuple):
    """A message with the line of the file that it is from, 0 for one of the command line."""

    line: int
    message: PlaceOrder


def _option(field: Field) -> Callable[[F], F]:
    name = f"--{field.name.replace('_', '-')}"
    if field.kind is Kind.FLAG:
        return click.option(name, field.name, flag_value="yes", default=None, help=_help(field))
    shown = {Kind.NAME: field.name.upper(), Kind.COUNT: "N"}.get(field.kind, field.kind.upper())
    return click.option(name, field.name, metavar=shown, help=_help(field))


def _help(field: Field) -> str:
    text = field.meaning[0].upper() + field.meaning[1:]
    text += ", the market's fees apart" if field.name == "limit" else ""
    plain = field.kind in (Kind.NAME, Kind.FLAG)
    return f"{text}." if plain else f"{text}, such as {EXAMPLES[field.kind]!r}."


def order_options(command: F) -> F:
    """Give a command an option for everything that may be said of an order."""
    fields = [field for field in FIELDS.values() if field.name not in _OWN]
    command = reduce(lambda done, field: _option(field)(done), reversed(fields), command)
    for side in ("sell", "buy"):
        text = f"{side.capitalize()} this much in each slot, such as '2.5 kWh'."
        command = click.option(f"--{side}", metavar="ENERGY", help=text)(command)
    return command


@click.command(
    short_help="Place an order, or a file of orders.",
    epilog="""\b
Examples:
  gridpact order place runs/june --member park --buy 2kWh --limit 25ct/kWh --slot 2026-06-15T13:00
  gridpact order place runs/june --file orders.csv""",
)
@click.argument("path", metavar="RUN", type=RUN)
@click.option(
    "--file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Place all orders of a CSV, JSON-lines or Parquet file, or none.",
)
@order_options
@click.option("--print-message", is_flag=True, help="Print the message and place nothing.")
@output_options
def place(
    path: Path,
    file: Path | None,
    print_message: bool,
    as_json: bool,
    quiet: bool,
    **texts: str | None,
) -> None:
    """Place an order in the paused RUN, and say what became of it.

    An order without --key has one that follows from its content: the same command given twice is
    one order. Instants are by the community's clock, unless they have an offset.

    Without --session the order goes to the session of its slot whose gate closes next.
    """
    waiting = look(path)
    said = {name: text for name, text in texts.items() if text is not None}
    placed = _from_options(waiting, said) if file is None else _from_file(waiting, file, said)
    if print_message:
        for each in placed:
            say(message_form.write(each.message))
        return
    messages = [each.message for each in placed]
    answers = rehearse(waiting, messages) if file else []
    refused = any(answer.refusals for answer in answers)
    if not refused:
        answers = act(path, messages)
    _tell(_Told(path, waiting, placed, answers, kept=not refused), as_json=as_json, quiet=quiet)
    sys.exit(1 if any(answer.refusals for answer in answers) else 0)


def _from_options(waiting: Waiting, said: Mapping[str, str]) -> list[Placed]:
    """Make the order that the options say; BadInput with all that is wrong with them."""
    faults = []
    sides = [side for side in ("buy", "sell") if side in said]
    if len(sides) != 1:
        fix = "say either --buy or --sell, with the energy: --buy '2.5 kWh'"
        problem = "both are given" if sides else "one of them is missing"
        faults.append(Fault("arguments", 0, "--buy, --sell", problem, fix))
    texts = {name: text for name, text in said.items() if name in FIELDS}
    side = sides[0] if sides else "buy"
    texts |= {"side": side, "quantity": said.get(side, "")}
    made = make(texts, Terms(waiting.community.timezone, waiting.community.currency))
    for field, problem, fix in made.problems:
        option = side if field == "quantity" else field.replace("_", "-")
        if field != "quantity" or sides:
            faults.append(Fault("arguments", 0, f"--{option}", problem, fix))
    if faults or made.order is None:
        raise BadInput(faults)
    return [_placed(waiting, Wanted(0, made.session, made.order), "arguments")]


def _from_file(waiting: Waiting, file: Path, said: Mapping[str, str]) -> list[Placed]:
    """Read a file's orders; BadInput where options say something of an order as well."""
    if said:
        raise click.UsageError(f"--file says it all: leave out --{min(said).replace('_', '-')}")
    community = waiting.community
    venue = Venue(community)
    either = (venue.day_ahead, venue.intraday)
    known = Known(
        frozenset(community.members.ids),
        frozenset(community.zones.ids),
        community.step_s,
        (
            min(terms.lowest_micro_per_kwh for terms in either),
            max(terms.highest_micro_per_kwh for terms in either),
        ),
        lambda slot: bool(sessions_for(community, slot)),
    )
    terms = Terms(community.timezone, community.currency)
    return [_placed(waiting, wanted, str(file)) for wanted in read_orders(file, terms, known)]


def _placed(waiting: Waiting, wanted: Wanted, file: str) -> Placed:
    """Address an order to the session it names, or to that which suits it."""
    session = wanted.session
    if not session:
        found = suits(waiting.community, wanted.order.slot_start, waiting.at)
        if found is None:
            at = local(wanted.order.slot_start, waiting.community.timezone)
            where = "--slot" if not wanted.line else "slot"
            problem = f"no session ever trades the slot at {at}"
            fault = Fault(file, wanted.line, where, problem, "name another slot, or the session")
            raise BadInput([fault])
        session = found.id
    return Placed(wanted.line, PlaceOrder(session=session, order=wanted.order))


@dataclass
class _Told:
    """What there is to tell; ``kept`` is False where a file was refused whole."""

    path: Path
    waiting: Waiting
    placed: list[Placed]
    answers: list[Answer]
    kept: bool

    @cached_property
    def when(self) -> When:
        """When the orders came, and the last day of the run."""
        run = folder.manifest(self.path)
        last = date.fromisoformat(run.first_day) + timedelta(days=run.days - 1)
        return When(self.waiting.at, str(last))

    @cached_property
    def gone(self) -> dict[tuple[str, str, str], Status]:
        """Orders that were taken back or withdrawn, by session, member and key."""
        every = listed(folder.record(self.path), [], self.waiting.at)
        gone = (Status.CANCELLED, Status.WITHDRAWN)
        return {each.id: each.status for each in every if each.status in gone}


def _tell(told: _Told, *, as_json: bool, quiet: bool) -> None:
    pairs = list(zip(told.placed, told.answers, strict=True))
    if as_json:
        placed = not any(answer.refusals for answer in told.answers)
        say_json({"placed": placed, "orders": [_as_dict(told, *pair) for pair in pairs]})
        return
    for pair in pairs:
        if pair[1].refusals or (not quiet and told.kept):
            for line in _lines(told, *pair):
                say(line)
    if not told.kept:
        say("nothing was placed: put the file right, or take these orders out of it")


def _as_dict(told: _Told, placed: Placed, answer: Answer) -> dict[str, object]:
    there = told.kept and not answer.refusals  # else what was rehearsed has not happened
    return {
        "line": placed.line,
        "session": answer.session,
        "member": answer.member,
        "key": answer.key,
        "accepted": there,
        "sequence": answer.sequence if there else -1,
        "traded_wh": answer.traded_wh if there else 0,
        "cancelled_wh": answer.cancelled_wh if there else 0,
        "refusals": [
            {"reason": refusal.name.lower(), "text": text}
            for refusal, text in zip(answer.refusals, _why(told, placed, answer), strict=True)
        ],
    }


def _why(told: _Told, placed: Placed, answer: Answer) -> list[str]:
    order, session = placed.message.order, placed.message.session
    return [
        (_used_up(told, placed) if refusal is Refusal.DUPLICATE else "")
        or explain(refusal, order, session, told.waiting.community, told.when)
        for refusal in answer.refusals
    ]


def _used_up(told: _Told, placed: Placed) -> str:
    """Say that the order under a key was taken back or withdrawn; "" where it was not."""
    order = placed.message.order
    status = told.gone.get((placed.message.session, order.participant, order.key))
    if status is None:
        return ""
    withdrawn = f"was withdrawn when {order.participant} was suspended"
    how = withdrawn if status is Status.WITHDRAWN else "was taken back"
    again = "give it a key of its own" if placed.line else "name a --key of its own"
    return f"the order under this key {how}; to order again {again}"


def _lines(told: _Told, placed: Placed, answer: Answer) -> list[str]:
    """Say what an order is, what became of it, and what to do next."""
    what = order_line(placed.message.order, told.waiting.community)
    line = f"line {placed.line}: " if placed.line else ""
    if answer.refusals:
        reasons = [f"    {text}" for text in _why(told, placed, answer)]
        return [f"{mark(good=False)} {line}{what}: refused", *reasons]
    taken = f"order {answer.sequence} of {answer.session}"
    if answer.traded_wh:
        taken += f", {energy(answer.traded_wh)} of it traded at once"
    if answer.cancelled_wh:
        taken += f", {energy(answer.cancelled_wh)} cut as it would have met {answer.member} itself"
    said = f"{mark(good=True)} {line}{what}: {taken}"
    order = placed.message.order
    if answer.traded_wh + answer.cancelled_wh >= order.quantity_wh * order.slots:
        return [said]  # nothing is left to take back
    cancel = f"gridpact order cancel {shlex.quote(str(told.path))}"
    back = f"    to take it back: {cancel} --member {answer.member} {answer.key}"
    return [said, back]
