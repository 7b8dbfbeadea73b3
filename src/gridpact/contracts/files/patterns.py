"""Terms that have a shorter spelling, recognised exactly."""

from __future__ import annotations

from gridpact.contracts.errors import IllFormed
from gridpact.contracts.formulas import at_end
from gridpact.contracts.observables import Choice, Const, Fold, Observable, Op, Series
from gridpact.contracts.periods import ALL
from gridpact.contracts.references import active
from gridpact.contracts.terms import All, Contract, One, Scale
from gridpact.contracts.unit_algebra import ONE

_SALE_UNITS = ("Wh", "micro/kWh", "nano")
_MILLION = Const(1_000_000, "ppm")


def end_of(node: Op) -> str | None:
    """Return the period of an ``at_end``."""
    fold = node.args[0]
    if node.kind == ">=" and isinstance(fold, Fold) and isinstance(fold.arg, Const):
        return fold.period if node == at_end(fold.period) else None
    return None


def agreement_of(node: Op) -> str | None:
    """Return the agreement of an ``active``."""
    series = node.args[0]
    if node.kind != ">=" or not isinstance(series, Series) or node.args[1] != Const(1, ONE):
        return None
    head, _, rest = series.name.partition(":")
    agreement, _, what = rest.partition(":")
    try:
        matches = (head, what) == ("agreement", "active") and active(agreement) == node
    except IllFormed:
        return None
    return agreement if matches else None


def is_share(node: Op) -> bool:
    """Tell whether this is a ``share``."""
    return node.kind == "muldiv" and node.args[2] == _MILLION and node.args[1].unit == "ppm"


def latched(node: Observable) -> Observable | None:
    """Return the condition of a latch over all slots."""
    is_latch = isinstance(node, Fold) and (node.how, node.period) == ("latch", ALL)
    return node.arg if is_latch and isinstance(node, Fold) else None


def refused(node: Observable) -> Observable | None:
    """Return what ``1 - mask`` is the contrary of."""
    if isinstance(node, Op) and node.kind == "-" and node.args[0] == Const(1, ONE):
        return node.args[1] if node.args[1].is_mask else None
    return None


def alternatives(contract: All) -> tuple[Choice, Contract, Contract] | None:
    """Return the decision of an ``either`` and what is to be had with it and without."""
    match contract.parts:
        case (Scale(Choice() as chosen, one), Scale(Op() as other_way, other)):
            same = refused(other_way)
            yes_no = chosen.low == Const(0, ONE) and chosen.high == Const(1, ONE)
            return (chosen, one, other) if yes_no and same == chosen else None
    return None


def sold(contract: Scale) -> tuple[One, Observable, One] | None:
    """Return the energy, the price and the payment of a ``sale``."""
    match contract.of:
        case All((One("energy") as energy, Scale(price, One() as money))):
            back = (money.giver, money.taker) == (energy.taker, energy.giver)
            units = (contract.by.unit, price.unit, money.unit)
            return (energy, price, money) if back and units == _SALE_UNITS else None
    return None
