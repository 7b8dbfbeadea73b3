"""The programme of one home, and its best answers to prices."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from copy import copy
from typing import TYPE_CHECKING, NamedTuple, cast

import msgspec
import numpy as np

from gridpact.base.solver import OPTIMAL, load, quiet_solver, run
from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.branch import Relaxed, best_whole
from gridpact.scheduling.fleet.columns import TABLES, Fleet, Prices, Zones, narrow
from gridpact.scheduling.fleet.columns import per_asset as column_of

if TYPE_CHECKING:
    from highspy import Highs, HighsBasis

    from gridpact.scheduling.reference.draws import Draw
    from gridpact.scheduling.reference.model import Model

NEAR = 1e-8
"""An answer with whole numbers is proved within this of the least [¤]."""
NODES = 150
"""Relaxations our own search may solve before HiGHS searches with cuts."""
BOTH = 1e-8
"""Energy [kWh] from which a way counts as in use."""
KEPT = 64
"""Answers to other prices that a home remembers."""


class Answer(msgspec.Struct, frozen=True):
    """A home's best answer: ``energy`` [slots] and ``plan`` [channels, slots] kWh; costs in ¤.

    ``chosen`` are the values of columns that are whole; ``ways`` is net energy of storage where
    modes alone keep it from both ways at once.
    """

    energy: Floats
    own_cost: float
    slack: float
    plan: Floats
    chosen: Floats
    ways: Floats


class Drawn(msgspec.Struct, frozen=True):
    """What columns mean [entries]: ``factor`` kWh of net energy in ``slot``, ``sign`` of a channel.

    The two differ for what storage discharges alone, of which a channel holds a positive amount.
    """

    column: Ints
    slot: Ints
    channel: Ints
    factor: Floats
    sign: Floats


class Begun(NamedTuple):
    """A solver, and where its search at the home's own prices ended."""

    highs: Highs
    basis: HighsBasis
    values: Floats
    dual: Floats


class Modes(NamedTuple):
    """Pairs of binary columns that only keep storage from both ways at once, and the ways."""

    into: Ints
    out: Ints
    charge: Ints
    discharge: Ints


class HomeProgramme:
    """A home's assets and meter as a programme, and what is known of it.

    ``tables`` are its assets, all in zone 0; ``meter`` its fixed load [slots] kWh and what selling
    earns less than buying [slots] ¤/kWh; ``buy`` [slots] its buying price, at which the search
    begins. ``whole``: plans cannot be mixed.
    """

    def __init__(
        self,
        grid: tuple[int, int],
        tables: Mapping[str, msgspec.Struct],
        meter: tuple[Floats, Floats],
        buy: Floats,
    ) -> None:
        from gridpact.scheduling.reference.model import build

        load_kwh, spread = meter
        zones = Zones(np.array([-1]), load_wh=load_kwh[None] * 1000)
        empty = Fleet(slots=grid[0], step_s=grid[1], zones=zones)
        fleet = msgspec.structs.replace(empty, **tables)
        modes, mixed = _modes(fleet, buy - spread)
        prices = Prices(np.zeros(grid[0]), -spread * 1e6)
        model = build(fleet, prices, np.inf, modes)
        self.arrays, self.buy = model.arrays, np.array(buy)
        self._constant = model.constant - float((spread * np.maximum(-load_kwh, 0.0)).sum())
        self.drawn, self.sign = _drawn(model)
        self._group = _starts(model)
        self.whole: bool = bool(self.arrays.whole.any()) and not mixed
        self._pairs = _pairs(model)
        self._known: dict[bytes, Answer] = {}
        self._solver: Begun | None = None

    def __getstate__(self) -> dict[str, object]:
        """All but the solver and what it answered."""
        return {**self.__dict__, "_solver": None, "_known": {}}

    @property
    def digest(self) -> int:
        """A number that differs where homes differ."""
        told = hashlib.blake2b(digest_size=8)
        for name in self.arrays.__struct_fields__:
            told.update(np.ascontiguousarray(getattr(self.arrays, name)).tobytes())
        return int.from_bytes(told.digest(), "little", signed=True)

    def held(self, prices: Floats, ways: Floats | None = None) -> HomeProgramme:
        """The same home with its whole numbers held at those of its answer to prices [slots].

        ``ways``: storage goes the way of this net energy, that of a mix, where that is possible.
        """
        answer, whole = self.answer(prices), self.arrays.whole
        values = np.zeros(len(whole))
        values[whole] = answer.chosen
        if ways is None or not ways.size:
            return self._fixed(values)
        pairs, used = self._pairs, np.abs(ways) > BOTH
        turned = values.copy()
        turned[pairs.into[used]], turned[pairs.out[used]] = (ways > 0)[used], (ways < 0)[used]
        home = self._fixed(turned)
        return home if home.possible else self._fixed(values)

    @property
    def possible(self) -> bool:
        """Whether any plan keeps all its rules."""
        highs = quiet_solver()
        load(highs, self.arrays, mixed=True)
        return run(highs) == OPTIMAL

    def _fixed(self, values: Floats) -> HomeProgramme:
        """The same home with its whole numbers held at these values of columns."""
        whole = self.arrays.whole
        lower, upper = self.arrays.lower.copy(), self.arrays.upper.copy()
        lower[whole] = upper[whole] = values[whole]
        home = copy(self)
        none = np.zeros(len(whole), np.bool_)
        home.arrays = msgspec.structs.replace(self.arrays, lower=lower, upper=upper, whole=none)
        home.whole = False
        return home

    def answer(self, prices: Floats) -> Answer:
        """Best answer to prices [slots] ¤/kWh; the same prices always give the same answer."""
        key = np.ascontiguousarray(prices).tobytes()
        if key not in self._known:
            if len(self._known) >= KEPT:
                del self._known[next(iter(self._known))]
            self._known[key] = self._solve(np.asarray(prices))
        return self._known[key]

    def _solve(self, prices: Floats) -> Answer:
        cost = self._cost(prices)
        values, bound = self._searched(cost) if self.arrays.whole.any() else self._relaxed(cost)
        drawn = self.drawn
        plan = np.zeros((len(self.sign), len(prices)))
        np.add.at(plan, (drawn.channel, drawn.slot), drawn.sign * values[drawn.column])
        energy = np.zeros(len(prices))
        np.add.at(energy, drawn.slot, drawn.factor * values[drawn.column])
        objective = float(cost @ values)
        own = objective + self._constant - float(prices @ energy)
        chosen = values[self.arrays.whole]
        ways = values[self._pairs.charge] - values[self._pairs.discharge]
        return Answer(energy, own, max(objective - bound, 0.0), plan, chosen, ways)

    def _cost(self, prices: Floats) -> Floats:
        """Cost of all columns at prices [slots]."""
        paid = prices[self.drawn.slot] * self.drawn.factor
        more = np.bincount(self.drawn.column, weights=paid, minlength=len(self.arrays.cost))
        return np.asarray(self.arrays.cost + more)

    def _first(self) -> Begun:
        """The search at the home's own prices."""
        if self._solver is None:
            highs = quiet_solver(presolve="off")
            load(highs, msgspec.structs.replace(self.arrays, cost=self._cost(self.buy)))
            _optimal(highs)
            found = highs.getSolution()
            values, dual = np.array(found.col_value), np.array(found.row_dual)
            self._solver = Begun(highs, highs.getBasis(), values, dual)
        return self._solver

    def _again(self, cost: Floats) -> Highs:
        """The solver with these costs, where the first search ended."""
        begun = self._first()
        begun.highs.clearSolver()
        columns = np.arange(len(cost), dtype=np.int32)
        begun.highs.changeColsBounds(len(cost), columns, self.arrays.lower, self.arrays.upper)
        begun.highs.changeColsCost(len(cost), columns, cost)
        begun.highs.setBasis(begun.basis)
        return begun.highs

    def _relaxed(self, cost: Floats) -> tuple[Floats, float]:
        """Optimum of a linear programme, and a bound that its duals prove."""
        from gridpact.scheduling.reference.highs import safe_bound

        begun = self._first()
        values, dual = begun.values, begun.dual
        if not np.array_equal(cost, self._cost(self.buy)):
            highs = self._again(cost)
            _optimal(highs)
            found = highs.getSolution()
            values, dual = np.array(found.col_value), np.array(found.row_dual)
        return values, safe_bound(msgspec.structs.replace(self.arrays, cost=cost), dual)

    def _searched(self, cost: Floats) -> tuple[Floats, float]:
        """Optimum with whole numbers, and a bound."""
        from gridpact.scheduling.reference.highs import Search, minimise

        whole = np.flatnonzero(self.arrays.whole)
        chosen = None
        if self.arrays.upper[whole].max() <= 1:
            highs = self._again(cost)
            columns = whole.astype(np.int32)

            least, most = self.arrays.lower[whole], self.arrays.upper[whole]

            def solve(lower: Floats, upper: Floats) -> Relaxed | None:
                low, high = np.maximum(lower, least), np.minimum(upper, most)
                if np.any(low > high):
                    return None
                highs.changeColsBounds(len(columns), columns, low, high)
                if run(highs) != OPTIMAL:
                    return None
                values = self._settled(np.array(highs.getSolution().col_value), cost)
                held = np.clip(values[whole], low, high)
                return Relaxed(float(cost @ values), held)

            chosen = best_whole(solve, self._group, NEAR, NODES)
            if chosen is not None:
                highs.changeColsBounds(len(columns), columns, chosen, chosen)
                _optimal(highs)
                values = np.array(highs.getSolution().col_value)
                values[whole] = chosen
                return values, float(cost @ values) - NEAR
        found = minimise(msgspec.structs.replace(self.arrays, cost=cost), Search())
        if found is None:
            raise RuntimeError("a home without faults cannot be planned")
        return self._settled(found.values, cost), found.bound

    def _settled(self, values: Floats, cost: Floats) -> Floats:
        """The same plan, with modes whole wherever storage does not work both ways at once.

        Storage that rests may go the way that is likelier to pay.
        """
        pairs = self._pairs
        into, out = values[pairs.charge] > BOTH, values[pairs.discharge] > BOTH
        dear = cost[pairs.charge] > cost[pairs.charge].mean() if into.size else into
        clear, rests = ~(into & out), ~(into | out)
        values[pairs.into[clear]] = (into | (rests & ~dear))[clear]
        values[pairs.out[clear]] = (out | (rests & dear))[clear]
        return values


def _optimal(highs: Highs) -> None:
    """Run to the optimum; again from scratch where that fails."""
    status = run(highs)
    if status != OPTIMAL:
        highs.clearSolver()
        status = run(highs)
    if status != OPTIMAL:
        raise RuntimeError(f"no optimum of a home: {status}")


def _modes(fleet: Fleet, selling: Floats) -> tuple[Bools, bool]:
    """Where storage must be kept from both ways at once; whether its plans may be mixed though.

    Besides least powers and steps that is where burning energy pays at the selling price [slots],
    and wherever a ramp holds storage: what it burns in one slot frees its power in others, and
    separating a mix would change net power.
    """
    from gridpact.scheduling.reference.model import no_modes

    table = fleet.storage
    if table is None:
        return no_modes(fleet), False
    count, slots = len(table.zone), fleet.slots
    inward = narrow(table.efficiency_in, count, slots)
    wear = column_of(table.wear, count)[:, None] * 1e-6
    outward = column_of(table.efficiency_out, count)[:, None]
    pays = selling / inward < (selling - wear) * outward
    two_way = [
        narrow(way, count, slots).max(axis=1) > 0 for way in (table.charge_w, table.discharge_w)
    ]
    ramped = np.isfinite(column_of(table.ramp_w, count)) & two_way[0] & two_way[1]
    stepped = no_modes(fleet)
    others = fleet.runs is not None or fleet.generators is not None
    return stepped | pays | ramped[:, None], not (stepped.any() or ramped.any() or others)


def _pairs(model: Model) -> Modes:
    """Modes that no least power or step of power is bound to."""
    from gridpact.scheduling.reference.model import no_modes

    ways = model.ways
    if ways is None:
        none = np.zeros(0, np.int64)
        return Modes(none, none, none, none)
    free = (ways.into >= 0) & (ways.out >= 0) & ~no_modes(model.fleet)
    return Modes(ways.into[free], ways.out[free], ways.charge[free], ways.discharge[free])


def _drawn(model: Model) -> tuple[Drawn, Floats]:
    """Columns by channel, and the sign of channels' energy.

    Channels are assets in the order of tables, two for storage: what it discharges is negative.
    """
    first: dict[str, int] = {}
    signs: list[float] = []
    for name in TABLES:
        table = getattr(model.fleet, name)
        first[name] = len(signs)
        if table is not None:
            signs += ((1.0, -1.0) if name == "storage" else (1.0,)) * len(table.zone)
    draws = model.draws
    factor = [draw.factor for draw in draws]
    sign = [np.abs(draw.factor) if draw.table == "storage" else draw.factor for draw in draws]
    drawn = Drawn(
        column=np.concatenate([draw.column for draw in draws]),
        slot=np.concatenate([draw.slot for draw in draws]),
        channel=np.concatenate([_channel(draw, first[draw.table]) for draw in draws]),
        factor=np.concatenate(factor),
        sign=np.concatenate(sign),
    )
    return drawn, np.array(signs)


def _channel(draw: Draw, first: int) -> Ints:
    """Channel of every entry."""
    if draw.table != "storage":
        return first + draw.asset
    return np.asarray(first + 2 * draw.asset + (draw.factor < 0))


def _starts(model: Model) -> Ints:
    """For whole columns, the run of which exactly one start is chosen; -1 for others."""
    arrays, runs = model.arrays, model.fleet.runs
    group = np.full(len(arrays.cost), -1)
    if runs is not None:
        apart = np.broadcast_to(np.asarray(runs.interruptible, np.bool_), (len(runs.zone),))
        once = np.broadcast_to(np.asarray(runs.times) == 1, (len(runs.zone),))
        must = np.isinf(column_of(runs.value, len(runs.zone)))
        for draw in model.draws:
            if draw.table == "runs":
                one = (~apart & once & must)[draw.asset]
                group[draw.column[one]] = draw.asset[one]
    return cast("Ints", group[arrays.whole])
