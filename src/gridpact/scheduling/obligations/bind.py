"""Bind contracts to a fleet: what is agreed becomes rows, what can be chosen becomes columns.

Exact are: deliveries and receipts that are fixed or hang on one choice of the party, affinely or as
yes or no; payments that are affine between a choice's bounds; payments on shortfalls of a period;
capacity held by one storage. Each contract is bound whole, or refused with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from gridpact.base.errors import Fault, GridpactError
from gridpact.base.units import Floats
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.observables import CHOICE_PREFIX
from gridpact.contracts.terms import ASSET_UNITS
from gridpact.scheduling.fleet.columns import Fleet, Prices
from gridpact.scheduling.obligations.capacity import Held, check_storage, hold
from gridpact.scheduling.obligations.columns import add_choice
from gridpact.scheduling.obligations.deliveries import Served, add_rows, mixed_slots
from gridpact.scheduling.obligations.draft import Draft
from gridpact.scheduling.obligations.model import (
    Agreed,
    Backing,
    BoundContracts,
    Column,
    Market,
    OwnChoice,
    Reading,
)
from gridpact.scheduling.obligations.reading import read
from gridpact.scheduling.priorities.needs import Needs

CERTIFIED = ("certificate", "carbon")
"""Families of assets that no schedule moves."""


def bind_contracts(
    fleet: Fleet,
    prices: Prices,
    contracts: Sequence[Agreed],
    market: Market,
    needs: Needs | None = None,
) -> BoundContracts:
    """Bind contracts to a fleet, to be solved by levels.

    Parameters
    ----------
    fleet, prices, needs
        What is to be scheduled, at what prices, and what is asked of it already.
    contracts
        Contracts with their parties in place; identifiers are unique.
    market
        When the fleet's slots are, and what contracted energy is worth [µ¤/kWh].

    Returns
    -------
    BoundContracts
        With a contract refused where its terms cannot be said exactly, and why.

    Raises
    ------
    ValueError
        Slots or the prices of the market are not the fleet's, or an identifier is given twice.
    """
    if (market.slots.count, market.slots.step) != (fleet.slots, fleet.step_s):
        raise ValueError("the market's slots are not the fleet's")
    if np.shape(market.spot) != (fleet.slots,):
        raise ValueError(f"give a price for each of {fleet.slots} slots")
    if len({one.id for one in contracts}) < len(contracts):
        raise ValueError("a contract is given twice")
    left, refused = list(contracts), list[Fault]()
    while True:
        binder = _Binder(fleet, market)
        bound = binder.bound(prices, left, needs or Needs())
        refused += binder.refused
        out = {fault.where for fault in binder.refused}
        left = [one for one in left if one.id not in out]
        if not out:
            return msgspec.structs.replace(bound, refused=tuple(refused))


class _Binder:
    """Binds contract by contract, then what they share; what is refused is to be left out."""

    def __init__(self, fleet: Fleet, market: Market) -> None:
        self.market = market
        self.draft = Draft(fleet)
        self.served: dict[str, Served] = {}
        self.held: dict[str, Held] = {}
        self.columns: list[Column] = []
        self.refused: list[Fault] = []
        self.fixed = 0.0

    def bound(self, prices: Prices, contracts: Sequence[Agreed], needs: Needs) -> BoundContracts:
        """Put everything together; what is held comes last, as it narrows what is there."""
        for agreed in contracts:
            try:
                reading = read(agreed, self.market.slots)
                self._check(agreed, reading)
            except (GridpactError, ValueError) as refused:
                self._refuse(agreed.id, str(refused))
                continue
            self._bind(agreed, reading)
        self._share()
        draft, portfolio = self.draft, self.draft.fleet.portfolio
        bound_fleet = msgspec.structs.replace(
            draft.fleet,
            zones=draft.zones(),
            curtailable=draft.curtailable(),
            generators=draft.generators(),
            portfolio=draft.portfolio(),
        )
        return BoundContracts(
            fleet=bound_fleet,
            prices=draft.priced(prices),
            needs=draft.leveled(needs),
            slots=self.market.slots,
            fixed_nano=self.fixed,
            columns=tuple(self.columns),
            first_row=0 if portfolio is None else len(portfolio.set_of_row),
            row_of=tuple(row.contracts for row in draft.rows),
            refused=(),
        )

    def _refuse(self, name: str, reason: str) -> None:
        text, fix = f"cannot be planned for: {reason}", "settle it by hand, or change its terms"
        self.refused.append(Fault("contracts", 0, name, text, fix))

    def _check(self, agreed: Agreed, reading: Reading) -> None:
        """Refuse what nothing serves, before anything of a contract is bound."""
        for label in (one.key.removeprefix(CHOICE_PREFIX) for one in reading.choices if one.limit):
            raise IllFormed(f"a limit looks at {label!r} over several slots")
        moved = [*reading.given, *((one.asset, one.given) for one in reading.choices if one.asset)]
        for asset, amounts in moved:
            backing = agreed.served.get(asset)
            if backing is None:
                if _needs_backing(asset) and asset not in agreed.waived and np.any(amounts):
                    raise IllFormed(f"nothing is named that serves {asset}")
            elif ASSET_UNITS[asset.partition(":")[0]] == "W":
                if np.ndim(amounts) == 2:
                    raise IllFormed(f"how much {asset} is held is still open")
                check_storage(backing, self.draft.fleet.storage, amounts, self.draft.fleet.slots)
            self._check_same(backing)

    def _check_same(self, backing: Backing | None) -> None:
        """Refuse a second backing of the same name that says something else."""
        if backing is None:
            return
        known = self.served.get(backing.name) or self.held.get(backing.name)
        if known is not None and _plain(known.backing) != _plain(backing):
            raise IllFormed(f"backing {backing.name!r} was described otherwise before")

    def _bind(self, agreed: Agreed, reading: Reading) -> None:
        self.fixed += float(reading.paid_nano.sum())
        for asset, amounts in reading.given:
            backing = agreed.served.get(asset)
            self.fixed += float(self._worth(asset, backing) @ amounts)
            if backing is None or not amounts.any():
                continue
            if ASSET_UNITS[asset.partition(":")[0]] == "W":
                self._held(backing).add(asset, amounts, agreed.id)
            else:
                self._served(backing).add(amounts, agreed)
        for choice in reading.choices:
            self._choose(agreed, choice)

    def _choose(self, agreed: Agreed, choice: OwnChoice) -> None:
        backing = agreed.served.get(choice.asset)
        worth = self._worth(choice.asset, backing)
        column, fixed = add_choice(self.draft, agreed, choice, worth)
        self.fixed += fixed
        self.columns.append(column)
        if backing is not None:
            self._served(backing).add_choice(column)

    def _worth(self, asset: str, backing: Backing | None) -> Floats:
        """What a kWh given has to be bought for [slots] µ¤/kWh."""
        spot = np.asarray(self.market.spot, np.float64)
        bought = asset == "energy" and (backing is None or backing.beside_meter)
        return spot if bought else np.zeros(len(spot))

    def _served(self, backing: Backing) -> Served:
        none = np.zeros(self.draft.fleet.slots)
        return self.served.setdefault(backing.name, Served(backing, none, [], []))

    def _held(self, backing: Backing) -> Held:
        none = np.zeros(self.draft.fleet.slots)
        return self.held.setdefault(backing.name, Held(backing, none, none, []))

    def _share(self) -> None:
        """Add what contracts share: rows of backings, and capacity. Those that came first stay."""
        for served in self.served.values():
            both = mixed_slots(served)
            if both.size:
                reason = f"backing {served.backing.name!r} may give and take in slot {both[0]}"
                self._refuse(served.contracts[-1], reason)
            else:
                add_rows(self.draft, served)
        for held in self.held.values():
            try:
                hold(self.draft, held)
            except IllFormed as refused:
                self._refuse(held.contracts[-1], str(refused))


def _needs_backing(asset: str) -> bool:
    return asset != "energy" and asset.partition(":")[0] not in CERTIFIED


def _plain(backing: Backing) -> tuple[object, ...]:
    """A backing as values that can be compared."""
    parts = [(table, np.asarray(rows).tolist()) for table, rows in backing.assets]
    rest = (backing.exactly, backing.beside_meter, backing.sustained_s)
    return backing.zones.tolist(), parts, np.asarray(backing.baseline_wh).tolist(), rest
