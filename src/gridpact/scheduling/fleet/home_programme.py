"""The programme of one home, and its best answers to prices.

Answers without whole numbers are optimal. With them, an answer is one ``within`` so much of the
least [¤] as the gap of the whole solve leaves it, and comes with a bound that stays valid whatever
cut its search short.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from copy import copy
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from gridpact.base.solver import OPTIMAL, load, quiet_solver, run
from gridpact.base.units import Floats
from gridpact.scheduling.fleet.branch import Effort, Relaxed, Whole, best_whole
from gridpact.scheduling.fleet.columns import Fleet, Prices, Zones
from gridpact.scheduling.fleet.home_columns import drawn_of, modes_of, pairs_of, starts_of

if TYPE_CHECKING:
    from highspy import Highs, HighsBasis

NEAR = 1e-8
"""Answers with whole numbers are never asked to be closer to the least than this [¤]."""
NODES = 150
"""Relaxations our own search may solve before HiGHS searches with cuts."""
HASTY = 2
"""Relaxations of a search that is to end at once: a bound, and one whole point."""
CUT_NODES = 2_000
"""Nodes that HiGHS may search before it takes the best answer so far."""
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


class Searched(NamedTuple):
    """Values of all columns, a bound on their cost [¤], and whether they are within the gap."""

    values: Floats
    bound: float
    proven: bool


class Begun(NamedTuple):
    """A solver, and where its search at the home's own prices ended."""

    highs: Highs
    basis: HighsBasis
    values: Floats
    dual: Floats


class HomeProgramme:
    """A home's assets and meter as a programme, and what is known of it.

    ``tables`` are its assets, all in zone 0; ``meter`` its fixed load [slots] kWh and what selling
    earns less than buying [slots] ¤/kWh; ``buy`` [slots] its buying price, at which the search
    begins. ``whole``: plans cannot be mixed. ``within`` [¤]: how close to the least an answer with
    whole numbers is to be.
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
        modes, mixed = modes_of(fleet, buy - spread)
        prices = Prices(np.zeros(grid[0]), -spread * 1e6)
        model = build(fleet, prices, np.inf, modes)
        self.arrays, self.buy = model.arrays, np.array(buy)
        self._constant = model.constant - float((spread * np.maximum(-load_kwh, 0.0)).sum())
        self._fixed_cost = model.constant + float(buy @ load_kwh)
        self.drawn, self.sign = drawn_of(model)
        self._group = starts_of(model)
        self.whole: bool = bool(self.arrays.whole.any()) and not mixed
        self._pairs = pairs_of(model)
        self._kinked = bool((spread < 0).any())
        self.within = NEAR
        self._over: Callable[[], bool] = _never
        self.forget()

    def forget(self) -> None:
        """Know no answers, and have no solver."""
        self._known: dict[bytes, Answer] = {}
        self._answered: set[bytes] = set()
        self._hasty: dict[bytes, Answer] = {}
        self._solver: Begun | None = None

    def __getstate__(self) -> dict[str, object]:
        """All but the solver and what it answered to the end."""
        gone: dict[str, object] = {"_solver": None, "_known": {}, "_answered": set()}
        return {**self.__dict__, **gone, "_over": _never}

    @property
    def digest(self) -> int:
        """A number that differs where homes differ, or how well they answer."""
        told = hashlib.blake2b(np.float64(self.within).tobytes(), digest_size=8)
        for name in self.arrays.__struct_fields__:
            told.update(np.ascontiguousarray(getattr(self.arrays, name)).tobytes())
        return int.from_bytes(told.digest(), "little", signed=True)

    @property
    def searches(self) -> bool:
        """Whether answers take a search for whole numbers."""
        return bool(self.arrays.whole.any())

    @property
    def hasty(self) -> bool:
        """Whether any answer was cut short, so that another programme might answer otherwise."""
        return bool(self._hasty)

    def end_when(self, over: Callable[[], bool]) -> None:
        """Cut searches short once ``over`` says so; what was answered stays the answer."""
        self._over = over

    def least_cost(self) -> float:
        """Bound on what the home costs at its own prices, fixed load included [¤]."""
        return self._relaxed(self._cost(self.buy))[1] + self._fixed_cost

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
        home.forget()
        return home

    def answer(self, prices: Floats) -> Answer:
        """Best answer to prices [slots] ¤/kWh; the same prices always give the same answer."""
        key = np.ascontiguousarray(prices).tobytes()
        known = self._hasty.get(key, self._known.get(key))
        if known is None:
            known = self._solve(np.asarray(prices), _never if key in self._answered else self._over)
            self._remember(key, known)
        return known

    def _remember(self, key: bytes, answer: Answer) -> None:
        """Keep an answer that was cut short for good, of others the last ones."""
        if self.searches and key not in self._answered:
            if self._over():
                self._hasty[key] = answer
                return
            self._answered.add(key)
        if len(self._known) >= KEPT:
            del self._known[next(iter(self._known))]
        self._known[key] = answer

    def _solve(self, prices: Floats, over: Callable[[], bool]) -> Answer:
        cost = self._cost(prices)
        values, bound = self._searched(cost, over) if self.searches else self._relaxed(cost)
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

    def _searched(self, cost: Floats, over: Callable[[], bool]) -> tuple[Floats, float]:
        """Values with whole numbers, within the gap unless cut short, and a bound.

        The kink of a home that sells dearer than it buys asks for cuts, which HiGHS has.
        """
        from gridpact.scheduling.reference.highs import Search, minimise

        own = None
        if self.arrays.upper[self.arrays.whole].max() <= 1 and (not self._kinked or over()):
            own = self._branched(cost, over)
            if own is not None and (own.proven or over()):
                return own.values, own.bound
        near = Search(gap=0.0, nodes=CUT_NODES, near=self.within, cancelled=over)
        arrays = msgspec.structs.replace(self.arrays, cost=cost)
        found = minimise(arrays, near) or minimise(arrays, Search(gap=0.0, near=self.within))
        if found is None:
            raise RuntimeError("a home without faults cannot be planned")
        bound = found.bound if own is None else max(found.bound, own.bound)
        return self._settled(found.values, cost), bound

    def _branched(self, cost: Floats, over: Callable[[], bool]) -> Searched | None:
        """Search ourselves, from where the first search ended; None if nothing was found."""
        whole = np.flatnonzero(self.arrays.whole)
        highs, columns = self._again(cost), whole.astype(np.int32)
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

        effort = Effort(self.within, HASTY if over() else NODES, over)
        found: Whole = best_whole(solve, self._group, effort)
        if found.chosen is None:
            return None
        highs.changeColsBounds(len(columns), columns, found.chosen, found.chosen)
        _optimal(highs)
        values = np.array(highs.getSolution().col_value)
        values[whole] = found.chosen
        return Searched(values, found.bound - NEAR, found.proven)

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


def _never() -> bool:
    return False


def _optimal(highs: Highs) -> None:
    """Run to the optimum; again from scratch where that fails."""
    status = run(highs)
    if status != OPTIMAL:
        highs.clearSolver()
        status = run(highs)
    if status != OPTIMAL:
        raise RuntimeError(f"no optimum of a home: {status}")
