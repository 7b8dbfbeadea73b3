"""The cash flows of the ten kinds as one would write them in NumPy, knowing each product.

int64, a chunk of contracts at a time, into arrays that are used again; row views instead of copies;
what contracts share is computed once. What
the algebra finds out (which slots end a month, that a call is within bounds, that nothing
overflows) is known here from the start or, with ``checked``, read off the inputs' extremes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from contract_kinds.terms import DAY, KINDS, Data, row
from gridpact.base.slots import Calendar
from gridpact.base.units import Floats, Ints

Flows = tuple[Ints, ...]
MOST_WH = 10**9
READ = ((0,), (0,), (1,), (1,), (0, 3, 4), (0, 1), (0,), (0,), (1, 2), (0, 1))
"""Which metered series each kind reads."""
MILLION, KELVIN = 1_000_000, 1_000


class ByHand:
    """Computes every kind for a chunk of contracts; arrays returned are used again."""

    def __init__(self, data: Data, chunk: int) -> None:
        self._data = data
        self._chunk = chunk
        shape = (chunk, data.slots.count)
        self._arrays = [np.empty(shape, dtype=np.int64) for _ in range(3)]
        self._floats = np.empty(shape, dtype=np.float64)
        self._rests = [np.zeros(shape, dtype=np.int64) for _ in range(2)]  # all but the last slot
        local = Calendar("Europe/Berlin", data.slots.step).local_seconds(data.slots)
        days, second = np.divmod(local, 86_400)
        self._peak = (second >= 28_800) & (second < 72_000) & ((days + 3) % 7 < 5)
        self._cold = np.maximum(288_150 - data.shared["warm"], 0)
        self._kinds: Sequence[Callable[[Ints, int], Flows]] = (
            self.flat,
            self.time_of_use,
            self.indexed,
            self.virtual,
            self.response,
            self.take_and_pay,
            self.dynamic,
            self.subscription,
            self.imbalance,
            self.on_site,
        )

    def flows(self, checked: bool = False) -> Iterator[tuple[Ints, Flows]]:
        """Yield contracts' numbers and their cash flows in the order of their terms."""
        for kind, compute in enumerate(self._kinds):
            numbers = np.arange(kind, len(self._data.numbers), len(KINDS))
            for first in range(0, len(numbers), self._chunk):
                some = numbers[first : first + self._chunk]
                if checked:
                    self._check(some)
                yield some, compute(some, len(some))

    def totals(self, checked: bool = False) -> list[tuple[Ints, list[Ints]]]:
        """Return the sums over the slots of every chunk's flows."""
        return [
            (numbers, [flow.sum(axis=-1) for flow in flows])
            for numbers, flows in self.flows(checked)
        ]

    def _check(self, some: Ints) -> None:
        for which in READ[int(some[0]) % len(KINDS)]:
            metered = self._metered(some, which)
            if metered.max() > MOST_WH or metered.min() < -MOST_WH:
                raise OverflowError("a reading is beyond what the products were sized for")

    def _metered(self, some: Ints, which: int) -> Ints:
        source = len(self._data.metered)
        first, last = row(int(some[0]), which, source), row(int(some[-1]), which, source)
        if first <= last and last - first == some[-1] - some[0]:
            return self._data.metered[first : last + 1 : len(KINDS)]
        return self._data.metered[[row(number, which, source) for number in some.tolist()]]

    def _out(self, count: int) -> list[Ints]:
        return [array[:count] for array in self._arrays]

    def _at_end(self, which: int, count: int, amount: Ints) -> Ints:
        """Return zeros but for the last slot."""
        array = self._rests[which][:count]
        array[:, -1] = amount
        return array

    def _numbers(self, some: Ints) -> tuple[Ints, Ints, Ints, Ints]:
        first, second, third, energy = self._data.numbers[some].T[:, :, np.newaxis]
        return first, second, third, energy

    def _standing(self, which: int, some: Ints) -> Ints:
        return self._at_end(which, len(some), self._data.numbers[some, 3] * MILLION)

    def flat(self, some: Ints, count: int) -> Flows:
        """Load at a price; a standing charge."""
        price, *_ = self._numbers(some)
        paid = np.multiply(self._metered(some, 0), price, out=self._out(count)[0])
        return paid, self._standing(0, some)

    def time_of_use(self, some: Ints, count: int) -> Flows:
        """Load at the price of its band; a standing charge."""
        high, low, *_ = self._numbers(some)
        paid = self._out(count)[0]
        np.copyto(paid, low)
        np.copyto(paid, high, where=self._peak)
        np.multiply(paid, self._metered(some, 0), out=paid)
        return paid, self._standing(0, some)

    def indexed(self, some: Ints, count: int) -> Flows:
        """Generation in a window at base + share of gas + cold, floored and capped."""
        base, floor, more, energy = self._numbers(some)
        price, twin, paid = self._out(count)
        gas = self._data.shared["gas"]
        window = slice(3 * DAY, 28 * DAY)
        price, twin, scratch = price[:, window], twin[:, window], self._floats[:count, window]
        np.multiply(gas[window], 100 * energy, out=price)
        _rounded(price, MILLION, scratch)
        np.multiply(self._cold[window], energy // 4, out=twin)
        _rounded(twin, KELVIN, scratch)
        np.add(price, twin, out=price)
        np.add(price, base, out=price)
        np.minimum(price, floor + more, out=price)
        np.maximum(price, floor, out=price)
        paid[:, : window.start] = 0
        paid[:, window.stop :] = 0
        np.multiply(self._metered(some, 1)[:, window], price, out=paid[:, window])
        return (paid,)

    def virtual(self, some: Ints, count: int) -> Flows:
        """Generation at spot less strike."""
        strike, *_ = self._numbers(some)
        paid = np.subtract(self._data.shared["spot"], strike, out=self._out(count)[0])
        return (np.multiply(paid, self._metered(some, 1), out=paid),)

    def response(self, some: Ints, count: int) -> Flows:
        """Availability; what was delivered of a call; what was not."""
        availability, utilisation, penalty, energy = self._numbers(some)
        ready, used, lost = self._out(count)
        np.copyto(ready, (energy + 8_000) * availability)
        call = self._metered(some, 4)
        np.subtract(self._metered(some, 3), self._metered(some, 0), out=used)
        np.minimum(used, call, out=used)
        np.maximum(used, 0, out=used)  # called, or 0 as the call is
        np.subtract(call, used, out=lost)
        np.multiply(used, utilisation, out=used)
        np.multiply(lost, penalty, out=lost)
        return ready, used, lost

    def take_and_pay(self, some: Ints, count: int) -> Flows:
        """What is taken; what is not; damages at the month's end."""
        price, untaken, damages, volume = self._numbers(some)
        offered, taken, rest = self._out(count)
        np.minimum(self._metered(some, 1), volume, out=offered)
        np.minimum(self._metered(some, 0), offered, out=taken)
        np.subtract(offered, taken, out=rest)
        np.multiply(rest, untaken, out=rest)
        np.multiply(taken, price, out=taken)
        missing = np.maximum(2_500 * volume[:, 0] - offered.sum(axis=-1), 0)
        return taken, rest, self._at_end(0, count, missing * damages[:, 0])

    def dynamic(self, some: Ints, count: int) -> Flows:
        """Load at spot within bounds; a standing charge; a share of both as tax."""
        margin, floor, more, energy = self._numbers(some)
        paid, tax, _ = self._out(count)
        np.add(self._data.shared["spot"], margin, out=paid)
        np.minimum(paid, floor + more, out=paid)
        np.maximum(paid, floor, out=paid)
        np.multiply(paid, self._metered(some, 0), out=paid)
        np.copyto(tax, paid)
        tax[:, -1] += energy[:, 0] * MILLION
        np.multiply(tax, 190_000 + energy, out=tax)
        _rounded(tax, MILLION, self._floats[:count])
        return paid, self._standing(0, some), tax

    def subscription(self, some: Ints, count: int) -> Flows:
        """A profile at a price, the rest at spot; a fee."""
        price, _, _, profile = self._numbers(some)
        bought, rest, _ = self._out(count)
        np.copyto(bought, profile * price)
        np.subtract(self._metered(some, 0), profile, out=rest)
        np.multiply(rest, self._data.shared["spot"], out=rest)
        return bought, rest, self._standing(0, some)

    def imbalance(self, some: Ints, count: int) -> Flows:
        """Surplus and shortage against plan, each at its price."""
        surplus, shortage, _ = self._out(count)
        np.subtract(self._metered(some, 1), self._metered(some, 2), out=surplus)
        np.minimum(surplus, 0, out=shortage)
        np.negative(shortage, out=shortage)
        np.maximum(surplus, 0, out=surplus)
        np.multiply(surplus, self._data.shared["surplus"], out=surplus)
        np.multiply(shortage, self._data.shared["shortage"], out=shortage)
        return surplus, shortage

    def on_site(self, some: Ints, count: int) -> Flows:
        """What generation and load share; damages at the month's end."""
        price, damages, _, energy = self._numbers(some)
        generated = self._metered(some, 1)
        paid = np.minimum(generated, self._metered(some, 0), out=self._out(count)[0])
        np.multiply(paid, price, out=paid)
        missing = np.maximum(2_500 * energy[:, 0] - generated.sum(axis=-1), 0)
        return paid, self._at_end(0, count, missing * damages[:, 0])


def _rounded(values: Ints, divisor: int, scratch: Floats) -> None:
    """Divide in place, rounding half to even: exact in floats as no value here reaches 2⁵¹."""
    np.true_divide(values, divisor, out=scratch)
    np.rint(scratch, out=scratch)
    np.copyto(values, scratch, casting="unsafe")
