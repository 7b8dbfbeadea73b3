"""How each cash flow of a clause is added up: as a weighted sum, slot by slot, or as a whole.

Three ways give the same numbers as the cash flows of the contract, each at its price:

- *weighted*: what a member has in a slot times what is the same for all. Most tariffs are.
- *by slot*: any terms without a fold, read block by block.
- *folded*: terms that look over many slots, such as a month's peak or a standing charge. They are
  read over the member's whole span.
"""

from __future__ import annotations

from collections.abc import Set
from typing import NamedTuple

from gridpact.contracts.cashflows import names_of
from gridpact.contracts.legs import Leg, as_contract, legs
from gridpact.contracts.needs import needs, needs_of, nodes
from gridpact.contracts.observables import CHOICE_PREFIX, Const, Fold, Observable, Op, Series
from gridpact.contracts.terms import All, Contract, pay
from gridpact.contracts.unit_algebra import ONE
from gridpact.settlement.lines import Head
from gridpact.settlement.periods.energy import of_all
from gridpact.settlement.periods.rules import Clause, Rules

_PRICE = "micro/kWh"
CATEGORY = {
    **dict.fromkeys(("energy", "supply", "standing-charge"), "energy"),
    **dict.fromkeys(("spot", "bought", "sold"), "trade"),
    **dict.fromkeys(("network", "network-local", "capacity", "grid"), "network"),
    **dict.fromkeys(
        ("imbalance", "surplus", "shortage", "bonus", "reward", "penalty"), "imbalance"
    ),
    **dict.fromkeys(("buyer-fee", "seller-fee", "fee", "subscription"), "fee"),
    "sharing": "sharing",
    "feed-in": "feed-in",
    "levy": "levy",
}
"""Category of a line by its kind of cash flow, where its clause names none."""


class Weighted(NamedTuple):
    """Part of an amount: a member's series times ``weight``, which is the same for all.

    A part of money weighs with a price, a part of energy with what selects it, a mask.
    """

    series: str
    weight: Observable


class Flow(NamedTuple):
    """One cash flow of one clause.

    ``way`` is how it is added up: ``weighted``, ``slots`` or ``span``. ``contract`` is its legs
    alone, and ``counted`` pays 1 µ¤ for each kWh behind them, where there are any. Where it is
    weighted, ``money`` and ``energy`` are its parts.
    """

    head: Head
    way: str
    contract: Contract
    counted: Contract | None
    money: tuple[Weighted, ...]
    energy: tuple[Weighted, ...]
    needs: frozenset[str]


def flows(rules: Rules, clause: Clause, own: Set[str]) -> list[Flow]:
    """Return the cash flows of a clause; ``own`` names the series that differ among members."""
    groups: dict[tuple[str, str, str, str], list[Leg]] = {}
    for leg in legs(clause.contract):
        if leg.currency:
            groups.setdefault((leg.giver, leg.taker, leg.currency, leg.kind), []).append(leg)
    return [_flow(rules, clause, own, tuple(each)) for each in groups.values()]


def _flow(rules: Rules, clause: Clause, own: Set[str], some: tuple[Leg, ...]) -> Flow:
    sides = [_parts(leg.amount, own) for leg in some]
    money = tuple(part for side in sides for part in side or ())
    weighted = None not in sides and not any(_folded(part.weight) for part in money)
    way = "weighted" if weighted else _way(some)
    counted = [each for leg in some for each in _counted(leg.amount)]
    energy = [part for each in counted for part in _parts(each, own) or ()]
    return Flow(
        head=_head(rules, clause, some[0], own, counted),
        way=way,
        contract=as_contract(some),
        counted=_paid(counted, some[0]),
        money=money if weighted else (),
        energy=tuple(energy) if weighted else (),
        needs=frozenset(names_of(needs(as_contract(some)))),
    )


def _way(some: tuple[Leg, ...]) -> str:
    return "span" if any(_folded(leg.amount) for leg in some) else "slots"


def _folded(node: Observable) -> bool:
    return any(isinstance(part, Fold) for part in nodes([node]))


def _head(rules: Rules, clause: Clause, leg: Leg, own: Set[str], counted: list[Observable]) -> Head:
    series = {of_all(need.name) for need in needs_of(counted).series if need.unit == "Wh"}
    mine = [name for name in series if name in own]
    taxes = tuple(tax.name for tax in rules.taxes if tax.covers(clause.name, leg.kind))
    return Head(
        clause=clause.name,
        kind=leg.kind,
        category=clause.category or CATEGORY.get(leg.kind, "other"),
        payer=leg.giver,
        payee=leg.taker,
        currency=leg.currency,
        energy=mine[0] if len(mine) == 1 else "",
        taxes=taxes,
    )


def _paid(counted: list[Observable], leg: Leg) -> Contract | None:
    """Return the contract that pays 1 µ¤ for each kWh, so that its nano-¤ are Wh."""
    if not counted:
        return None
    one = Const(1, _PRICE)
    paid = [pay(each * one, leg.giver, leg.taker, "counted", leg.currency) for each in counted]
    return All(tuple(paid))


def _counted(node: Observable) -> list[Observable]:
    """Return the energy that an amount is paid for: what its price is multiplied with."""
    if isinstance(node, Op) and node.kind == "+":
        return [each for arg in node.args for each in _counted(arg)]
    factors = _factors(node)
    prices = [each for each in factors if each.unit == _PRICE]
    rest = [each for each in factors if each.unit != _PRICE]
    if len(prices) != 1 or not rest:
        return []
    energy = _product(rest)
    return [energy] if energy.unit == "Wh" else []


def _parts(node: Observable, own: Set[str]) -> list[Weighted] | None:
    """Return an amount as a weighted sum of members' series; None where it is none."""
    if isinstance(node, Op) and node.kind in "+-":
        sides = [_parts(arg, own) for arg in node.args]
        if any(side is None for side in sides):
            return None
        signed = [side or [] for side in sides]
        if node.kind == "-":
            signed[1] = [Weighted(p.series, Const(-1, ONE) * p.weight) for p in signed[1]]
        return [part for side in signed for part in side]
    factors = _factors(node)
    mine = [each for each in factors if _differs(each, own)]
    if len(mine) != 1 or not isinstance(mine[0], Series):
        return None
    rest = [each for each in factors if each is not mine[0]]
    return [Weighted(mine[0].name, _product(rest))]


def _factors(node: Observable) -> list[Observable]:
    if isinstance(node, Op) and node.kind == "*":
        return [each for arg in node.args for each in _factors(arg)]
    return [node]


def _product(factors: list[Observable]) -> Observable:
    found: Observable | None = None
    for each in factors:
        found = each if found is None else found * each
    return Const(1, ONE) if found is None else found


def _differs(node: Observable, own: Set[str]) -> bool:
    """Tell whether a value differs from member to member, series or choice."""
    required = needs_of([node])
    names = [each.name for each in required.series]
    names += [CHOICE_PREFIX + each.label for each in required.choices]
    return any(of_all(name) in own for name in names)
