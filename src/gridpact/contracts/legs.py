"""The normal form of a contract: legs ``(asset, giver, taker, amount, kind)``."""

from __future__ import annotations

from dataclasses import dataclass

from gridpact.contracts.errors import IllFormed, UnitMismatch
from gridpact.contracts.observables import Const, Observable
from gridpact.contracts.terms import All, Contract, One, Scale


@dataclass(frozen=True, slots=True)
class Leg:
    """One row of the normal form: ``amount`` of an asset from giver to taker, slot by slot.

    For money ``asset`` is ``"money:EUR"`` and ``kind`` the label of the cash flow; a physical leg
    has its full asset and no kind. A negative amount flows from taker to giver.
    """

    asset: str
    giver: str
    taker: str
    amount: Observable
    kind: str

    @property
    def currency(self) -> str:
        """ISO 4217 code of a money leg, ``""`` of a physical one."""
        return self.asset.removeprefix("money:") if self.kind else ""


def legs(contract: Contract) -> tuple[Leg, ...]:
    """Return the normal form, in the order agreed.

    Raises UnitMismatch where the factors on the way to a flow do not multiply to its asset's unit.
    """
    rows: list[Leg] = []
    _collect(contract, None, rows)
    return tuple(rows)


def as_contract(rows: tuple[Leg, ...]) -> Contract:
    """Return the contract that consists of exactly these legs."""
    return All(tuple(Scale(row.amount, One(_asset(row), row.giver, row.taker)) for row in rows))


def _collect(contract: Contract, factor: Observable | None, rows: list[Leg]) -> None:
    match contract:
        case One():
            rows.append(_leg(contract, factor))
        case All(parts):
            for part in parts:
                _collect(part, factor, rows)
        case Scale(by, of):
            _collect(of, by if factor is None else factor * by, rows)
        case _:
            raise IllFormed(f"{contract!r} is not a contract")


def _leg(one: One, factor: Observable | None) -> Leg:
    amount = Const(1, one.unit) if factor is None else factor
    if amount.unit != one.unit:
        flow = f"{one.asset} from {one.giver} to {one.taker}"
        raise UnitMismatch(f"{flow} counts in {one.unit}, its amount is in {amount.unit}")
    asset, _, kind = one.asset.partition("/") if one.unit == "nano" else (one.asset, "", "")
    return Leg(asset, one.giver, one.taker, amount, kind)


def _asset(row: Leg) -> str:
    return f"{row.asset}/{row.kind}" if row.kind else row.asset
