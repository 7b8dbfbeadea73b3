"""What deliveries are worth, as ``gridpact contract value --price ASSET=PRICE`` says it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gridpact.base.documents import Document
from gridpact.base.errors import BadInput
from gridpact.contracts.files.entries import Entry
from gridpact.contracts.files.expressions import Expressions
from gridpact.contracts.legs import legs
from gridpact.contracts.observables import NAME, Observable, Series
from gridpact.contracts.terms import ASSET_UNITS, Contract

_UNITS = {"Wh": "micro/kWh", "W": "micro/kW", "mg": "micro/g"}
_AMOUNT = re.compile(r"[0-9][0-9_.]*\s*(?:ct|¤|[A-Z]{3})/.*")
_WRITTEN = re.compile(r"[0-9]\s*([A-Z]{3})/")
_IN_CURRENCY = re.compile(r"(\S+)\s+([A-Z]{3})")


@dataclass(frozen=True)
class Prices:
    """What a unit of each asset or family of assets is worth, and in which currency."""

    observables: dict[str, Observable] = field(default_factory=dict)
    currencies: dict[str, str] = field(default_factory=dict)

    @property
    def pairs(self) -> dict[str, tuple[Observable, str]]:
        """Each price with its currency."""
        return {asset: (price, self.currencies[asset]) for asset, price in self.observables.items()}


def read_prices(contract: Contract, said: Iterable[str]) -> Prices:
    """Read ``ASSET=PRICE`` as often as it was said; BadInput with every fault."""
    rows = legs(contract)
    paid = sorted({leg.currency for leg in rows} - {""})
    assets = sorted({leg.asset for leg in rows if not leg.currency})
    found = Prices()
    document = Document("arguments")
    for argument in said:
        asset, _, text = argument.partition("=")
        at = Entry(document, (f"--price {asset[:80]}",), text.strip())
        if not text.strip():
            at.fault("is not ASSET=PRICE", "write it as in energy=spot or carbon='70 EUR/t'")
        elif asset in found.observables:
            at.fault("is given twice", "say what it is worth once")
        elif _moves(at, asset, assets):
            _read(at, asset, paid, found)
    if document.faults:
        raise BadInput(document.faults)
    return found


def _moves(at: Entry, asset: str, assets: Sequence[str]) -> bool:
    """Whether a contract moves an asset, or one of a family; otherwise that is a fault."""
    names = sorted({*assets, *(name.partition(":")[0] for name in assets)})
    if asset in names:
        return True
    near = difflib.get_close_matches(asset[:80], names, n=1, cutoff=0.6)
    moved = f"the terms move {', '.join(assets)}" if assets else "they move money alone"
    fix = f"did you mean {near[0]}" if near else f"name one of {', '.join(names)}"
    at.fault(f"no such asset moves by the terms: {moved}", fix if names else "leave it out")
    return False


def _read(at: Entry, asset: str, paid: Sequence[str], found: Prices) -> None:
    """Note the price of one asset and its currency, or its faults."""
    text = str(at.value)
    unit = _UNITS[ASSET_UNITS[asset.partition(":")[0]]]
    in_currency = _IN_CURRENCY.fullmatch(text)
    name, code = in_currency.groups() if in_currency else (text, "")
    is_series = NAME.fullmatch(name) and not name.isdigit() and not _AMOUNT.fullmatch(name)
    if not is_series:
        code = next(iter(_WRITTEN.findall(text)), "")
    currency = _currency(at, code, paid, f"{asset}='{name if is_series else '5 EUR/MWh'}")
    if not currency:
        return
    price = (
        Series(name, unit) if is_series else Expressions({}).read(at, unit, currency, exact=True)
    )
    if price is not None:
        found.observables[asset] = price
        found.currencies[asset] = currency


def _currency(at: Entry, code: str, paid: Sequence[str], shown: str) -> str:
    """Return the currency of a price: the one that is named, or the only one that is paid."""
    if code and paid and code not in paid:
        problem = f"a price in {code} where payments are in {' and '.join(paid)}"
        at.fault(problem, f"give the price in {' or '.join(paid)}")
        return ""
    if code or len(paid) == 1:
        return code or paid[0]
    example = shown if "/" in shown else f"{shown} {paid[0] if paid else 'EUR'}"
    due = f"the terms pay in {' and '.join(paid)}" if paid else "the terms pay no money"
    at.fault(f"names no currency, and {due}", f"say in which currency, as in {example}'")
    return ""
