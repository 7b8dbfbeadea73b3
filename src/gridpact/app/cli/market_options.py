"""Options that say how a market is to clear, and the market that they make."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import click
import msgspec

from gridpact.app.orders.cells import Terms, Unclear, read
from gridpact.app.orders.fields import Field, Kind
from gridpact.base.errors import BadInput, Fault
from gridpact.market.clearing.mechanisms import MECHANISMS
from gridpact.registry.model import TradingRules

F = TypeVar("F", bound=Callable[..., Any])


class Said(NamedTuple):
    """What the options say, as texts; None where they say nothing."""

    mechanism: str | None
    k: str | None
    ties: str | None
    distance_fee: str | None
    lowest: str | None
    highest: str | None


class Prices(NamedTuple):
    """The prices between which a market trades [µ¤/kWh]."""

    lowest: int
    highest: int


EUROPE = Prices(-500_000, 4_000_000)
"""-500 to 4,000 ¤/MWh, the harmonised limits of the European day-ahead market when it began."""


def clearing_options(command: F) -> F:
    """Give a command the options of :class:`Said`."""
    for name, shown, text in reversed(
        (
            ("--k", "SHARE", "Share of a gain that goes to the seller, such as '40 %'."),
            ("--ties", "RULE", "How orders at the marginal price share: pro-rata or time."),
            ("--distance-fee", "PRICE", "Charge for each step between zones, to the network."),
            ("--lowest", "PRICE", "Lowest price of the market.  [default: -50 ct/kWh]"),
            ("--highest", "PRICE", "Highest price of the market.  [default: 400 ct/kWh]"),
        )
    ):
        command = click.option(name, metavar=shown, help=text)(command)
    text = f"How to clear: {', '.join(MECHANISMS)}."
    names = click.Choice(list(MECHANISMS))
    return click.option("--mechanism", type=names, metavar="NAME", help=text)(command)


def rules_said(said: Said, before: TradingRules, currency: str = "") -> TradingRules:
    """Return rules as the options change them.

    Raises BadInput for what cannot be read, and for options that the mechanism does not have.
    """
    name = said.mechanism or before.mechanism
    faults: list[Fault] = []
    changes: dict[str, int | str] = {"mechanism": name}
    if said.k is not None:
        changes["k_ppm"] = _amount("--k", Kind.SHARE, said.k, currency, faults)
        _check_option(name, "k_ppm", "--k", faults)
    if said.ties is not None:
        changes["ties"] = said.ties
        _check_option(name, "ties", "--ties", faults)
        if said.ties not in ("pro-rata", "time"):
            fix = "write pro-rata or time"
            faults.append(Fault("arguments", 0, "--ties", f"{said.ties!r} is no rule", fix))
    if said.distance_fee is not None:
        fee = _amount("--distance-fee", Kind.PRICE, said.distance_fee, currency, faults)
        changes["distance_fee_micro_per_kwh"] = fee
        _check_fee(name, fee, faults)
    _check_share(changes, faults)
    if faults:
        raise BadInput(faults)
    return msgspec.structs.replace(before, **changes)


def prices_said(said: Said, before: Prices, currency: str = "") -> Prices:
    """Return price limits as the options change them; BadInput where they cross."""
    faults: list[Fault] = []
    low, high = (
        otherwise if text is None else _amount(option, Kind.PRICE, text, currency, faults)
        for option, text, otherwise in (
            ("--lowest", said.lowest, before.lowest),
            ("--highest", said.highest, before.highest),
        )
    )
    if not faults and low > high:
        fix = "name a lowest price that is not above the highest"
        faults.append(Fault("arguments", 0, "--lowest", "is above the highest price", fix))
    if faults:
        raise BadInput(faults)
    return Prices(low, high)


def _amount(option: str, kind: Kind, text: str, currency: str, faults: list[Fault]) -> int:
    try:
        return int(read(Field(option, kind, "", ""), text, Terms("UTC", currency)))
    except Unclear as error:
        faults.append(Fault("arguments", 0, option, str(error), error.fix))
        return 0


def _check_option(mechanism: str, option: str, name: str, faults: list[Fault]) -> None:
    if option not in MECHANISMS[mechanism].options:
        having = ", ".join(
            each for each in sorted(MECHANISMS) if option in MECHANISMS[each].options
        )
        fix = f"leave it out, or clear by one of {having}"
        faults.append(Fault("arguments", 0, name, f"{mechanism} does not read it", fix))


def _check_fee(mechanism: str, fee: int, faults: list[Fault]) -> None:
    if mechanism != "preference":
        fix = "leave it out, or clear by preference"
        faults.append(Fault("arguments", 0, "--distance-fee", f"{mechanism} charges none", fix))
    elif fee < 0:
        fix = "name a charge of zero or more"
        faults.append(Fault("arguments", 0, "--distance-fee", "is negative", fix))


def _check_share(changes: dict[str, int | str], faults: list[Fault]) -> None:
    if not 0 <= int(changes.get("k_ppm", 0)) <= 1_000_000:
        faults.append(Fault("arguments", 0, "--k", "is outside 0 to 100 %", "name a share between"))
