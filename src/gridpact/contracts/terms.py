"""Terms: a contract is a sum of unit flows with observables as coefficients.

Three constructors (append-only)::

    One(asset, giver, taker)    one base unit of the asset from giver to taker, in every slot
    All(parts)                  all of them; the empty contract is All(())
    Scale(by, of)               as many times as an observable says, slot by slot

An asset is a family, optionally with detail: ``energy`` [Wh], ``flexibility:down`` [Wh],
``capacity`` [W], ``certificate:GO:2026-06`` [Wh of proven energy], ``carbon:EUA`` [mg of CO₂ that
an allowance or offset stands for], and ``money:EUR/energy`` [nano-¤]. The currency and the *kind*
of a cash flow ("energy", "network", "premium" …) are in the asset because both are agreed terms:
one currency's kinds never net against each other unseen.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from gridpact.contracts.errors import IllFormed
from gridpact.contracts.formulas import decision, latch
from gridpact.contracts.observables import Choice, Fold, Observable, Op, check_name

ASSET_UNITS = {
    "energy": "Wh",
    "flexibility": "Wh",
    "certificate": "Wh",
    "capacity": "W",
    "carbon": "mg",
    "money": "nano",
}
_MONEY = re.compile(r"money:([A-Z]{3})/([A-Za-z0-9._-]{1,60})")


class Contract:
    """A value of the algebra. ``c1 + c2`` is both."""

    __slots__ = ()

    def __add__(self, other: Contract) -> All:
        return All(_parts(self) + _parts(other))


@dataclass(frozen=True, slots=True)
class One(Contract):
    """One base unit of ``asset`` from ``giver`` to ``taker`` in every slot."""

    asset: str
    giver: str
    taker: str

    def __post_init__(self) -> None:
        check_name(self.asset, "asset")
        check_name(self.giver, "giver")
        check_name(self.taker, "taker")
        family = self.asset.partition(":")[0]
        if family not in ASSET_UNITS:
            raise IllFormed(f"asset {self.asset!r}: families are {', '.join(ASSET_UNITS)}")
        if family == "money" and _MONEY.fullmatch(self.asset) is None:
            raise IllFormed(
                f"asset {self.asset!r}: money is money:CUR/kind, as in money:EUR/energy"
            )

    @property
    def unit(self) -> str:
        """The unit that a coefficient of this flow is measured in."""
        return ASSET_UNITS[self.asset.partition(":")[0]]


@dataclass(frozen=True, slots=True)
class All(Contract):
    """All ``parts`` together, in the order agreed."""

    parts: tuple[Contract, ...] = ()


@dataclass(frozen=True, slots=True)
class Scale(Contract):
    """The contract ``of``, ``by`` times in each slot."""

    by: Observable
    of: Contract


def sale(
    quantity: Observable, price: Observable, seller: str, buyer: str, kind: str, currency: str
) -> Contract:
    """Sell energy [Wh] at a price [µ¤/kWh]: energy forward, ``quantity × price`` of money back."""
    money = One(f"money:{currency}/{kind}", buyer, seller)
    return Scale(quantity, One("energy", seller, buyer) + Scale(price, money))


def pay(amount: Observable, payer: str, payee: str, kind: str, currency: str) -> Contract:
    """Pay an amount [nano-¤]; a negative amount flows the other way."""
    return Scale(amount, One(f"money:{currency}/{kind}", payer, payee))


def deliver(quantity: Observable, giver: str, taker: str, asset: str) -> Contract:
    """Deliver an asset without a payment."""
    return Scale(quantity, One(asset, giver, taker))


def within(mask: Observable, contract: Contract) -> Contract:
    """Let a contract count where a mask is 1. Where it is 0, absent values do not matter."""
    if not mask.is_mask:
        raise IllFormed("within needs a mask, 0 or 1 by construction; compare with >= to make one")
    return Scale(mask, contract)


def when(condition: Observable, contract: Contract) -> Contract:
    """Let a contract begin with the first slot in which a mask is 1, and stay."""
    return within(latch(condition), contract)


def until(condition: Observable, contract: Contract) -> Contract:
    """Let a contract end before the first slot in which a mask is 1, for good."""
    return within(1 - latch(condition), contract)


def either(label: str, by: str, one: Contract, other: Contract, notice_s: int) -> Contract:
    """Let party ``by`` decide per slot: 1 gives ``one``, 0 gives ``other``."""
    chosen = decision(label, by, notice_s)
    return Scale(chosen, one) + Scale(1 - chosen, other)


def give(contract: Contract) -> Contract:
    """Swap giver and taker of every flow. Who decides a choice does not change."""
    return _rebuilt(contract, lambda one: One(one.asset, one.taker, one.giver), lambda by: by)


def bind(contract: Contract, roles: Mapping[str, str]) -> Contract:
    """Put names in place of role placeholders, as givers, takers and authors of choices."""

    def named(one: One) -> One:
        return One(one.asset, roles.get(one.giver, one.giver), roles.get(one.taker, one.taker))

    return _rebuilt(contract, named, lambda by: _authored(by, roles))


def _rebuilt(
    contract: Contract,
    on_one: Callable[[One], One],
    on_factor: Callable[[Observable], Observable],
) -> Contract:
    match contract:
        case One():
            return on_one(contract)
        case All(parts):
            return All(tuple(_rebuilt(part, on_one, on_factor) for part in parts))
        case Scale(by, of):
            return Scale(on_factor(by), _rebuilt(of, on_one, on_factor))
    raise IllFormed(f"{contract!r} is not a contract")


def _authored(node: Observable, roles: Mapping[str, str]) -> Observable:
    match node:
        case Choice(_, by, low, high):
            low, high = _authored(low, roles), _authored(high, roles)
            return replace(node, by=roles.get(by, by), low=low, high=high)
        case Op(kind, args):
            return Op(kind, tuple(_authored(arg, roles) for arg in args))
        case Fold(how, period, arg):
            return Fold(how, period, _authored(arg, roles))
    return node


def _parts(contract: Contract) -> tuple[Contract, ...]:
    return contract.parts if isinstance(contract, All) else (contract,)
