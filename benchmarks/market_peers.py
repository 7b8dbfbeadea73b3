"""Our mechanisms beside those of pymarket on the same books: what is kept, and how fast.

pymarket (Kiedanski and Kofman, MIT licence) is no dependency. Where it is missing, the script
says how to install it and ends. Three of its mechanisms run: ``huang`` and ``muda``, which give up
trades and let buyers pay more than sellers receive, so that telling the truth pays; and ``p2p``, in
which bids and offers meet at random. For each: the time; energy bought; the share it has of the
greatest welfare there is (more energy with less welfare is possible: dear offers serve bids that
cheaper ones could have served); the prices buyers pay; what buyers pay beyond what sellers
receive, fees included; and what it does not keep: energy bought is energy sold, nobody trades
beyond its limit price or size, and the volume is the one it reports.

Run ``python benchmarks/market_peers.py``. Times are those of the mechanism alone, on a book that
is already in the library's own form; the best of three runs where a run is short.
"""

from __future__ import annotations

import importlib
import importlib.util
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from gridpact.base.randomness import stream
from gridpact.base.units import Floats
from gridpact.market.clearing.mechanisms import MECHANISMS, match
from gridpact.market.orders import Orders, Side

PEER = "pymarket"
INSTALL = (
    f"{PEER} is not installed; in an environment of its own: python -m venv peers && "
    f"peers/bin/pip install . {PEER} 'pandas<3' && peers/bin/python benchmarks/market_peers.py"
)
PEER_MECHANISMS = ("huang", "muda", "p2p")
OURS = ("uniform-price", "pay-as-offer", "k-pricing", "continuous")
SIZES = (100, 1_000)
SHORT_S, REPEATS = 1.0, 3
MICRO_PER_CENT = 10_000
ROUNDING = 1e-6  # [kWh or ct] below it, a float library's sums count as equal


@dataclass(frozen=True)
class Outcome:
    """Fills by order and price: rows of the orders, kWh and ct/kWh.

    ``claimed`` [kWh] is the volume that the mechanism reports, ``fees`` [ct] what it takes on top.
    """

    order: list[int]
    energy: Floats
    price: Floats
    claimed: float | None = None
    fees: float = 0.0


def columns(rows: Sequence[tuple[int, float, float]]) -> Orders:
    """Orders of one slot from (side, kWh, ct/kWh); every order has an owner of its own."""
    side, energy, price = (np.array(column) for column in zip(*rows, strict=True))
    number = np.arange(len(rows), dtype=np.int64)
    return Orders(
        number,
        number,
        np.zeros_like(number),
        side.astype(np.int64),
        np.rint(energy * 1000).astype(np.int64),
        np.rint(price * MICRO_PER_CENT).astype(np.int64),
    )


def drawn(count: int) -> Orders:
    """Half bids of 8 to 30 ct/kWh, half offers of 5 to 25, 0.05 to 1 kWh each."""
    draw = stream(0, "benchmark", "market-peers", count)
    buys = [(1, draw.integers(50, 1001) / 1000, draw.integers(80, 301) / 10) for _ in range(count)]
    sells = [
        (-1, draw.integers(50, 1001) / 1000, draw.integers(50, 251) / 10) for _ in range(count)
    ]
    return columns([*buys[: count // 2], *sells[: count // 2]])


BOOKS: tuple[tuple[str, Callable[[], Orders]], ...] = (
    (
        "A: bids 10@30, 10@20; offer 15@10",
        lambda: columns([(1, 10, 30), (1, 10, 20), (-1, 15, 10)]),
    ),
    (
        "B: bid 15@30; offers 10@10, 10@20",
        lambda: columns([(1, 15, 30), (-1, 10, 10), (-1, 10, 20)]),
    ),
    ("tie: bid 10@20; offers 5@20, 5@20", lambda: columns([(1, 10, 20), (-1, 5, 20), (-1, 5, 20)])),
)


def ours(name: str, orders: Orders) -> tuple[Callable[[], object], Callable[[object], Outcome]]:
    """Return how to run one of our mechanisms, and how to read what it gives."""

    def read(_: object) -> Outcome:
        trades = match(MECHANISMS[name], orders, 1).trades
        energy = np.concatenate([trades.quantity_wh, trades.quantity_wh]) / 1000
        price = np.concatenate([trades.buyer_micro_per_kwh, trades.seller_micro_per_kwh])
        order = [*trades.buy.tolist(), *trades.sell.tolist()]
        return Outcome(order, energy, price / MICRO_PER_CENT)

    return lambda: match(MECHANISMS[name], orders, 1), read


def theirs(name: str, orders: Orders) -> tuple[Callable[[], Any], Callable[[Any], Outcome]]:
    """Return how to run one of pymarket's mechanisms, and how to read what it gives."""
    market = importlib.import_module(PEER).Market()
    for row in range(orders.count):
        energy, price = orders.quantity_wh[row] / 1000, orders.limit_micro_per_kwh[row]
        bid = float(energy), float(price / MICRO_PER_CENT), row
        market.accept_bid(*bid, bool(orders.side[row] == Side.BUY), 0, True)
    options = {} if name == "huang" else {"r": np.random.RandomState(0)}

    def read(found: Any) -> Outcome:
        table, extra = found[0].get_df(), found[1]
        said = extra.get("quantity_traded")
        return Outcome(
            [int(row) for row in table["bid"]],
            table["quantity"].to_numpy(dtype=np.float64),
            table["price"].to_numpy(dtype=np.float64),
            None if said is None else float(said),
            float(np.sum(extra.get("fees", 0.0))),
        )

    return lambda: market.run(name, **options), read


def worth(orders: Orders, outcome: Outcome) -> float:
    """Welfare: what buyers would have paid at most less what sellers asked at least [ct]."""
    rows = np.array(outcome.order, dtype=np.int64)
    limit = orders.limit_micro_per_kwh[rows] / MICRO_PER_CENT
    return float((orders.side[rows] * outcome.energy * limit).sum())


def judged(orders: Orders, outcome: Outcome, best: float) -> str:
    """Write down what an outcome comes to and what it does not keep; ``best`` welfare in ct."""
    rows = np.array(outcome.order, dtype=np.int64)
    side = orders.side[rows]
    paid = outcome.price[(side > 0) & (outcome.energy > 0)]
    bought = float(outcome.energy[side > 0].sum())
    money = float((side * outcome.energy * outcome.price).sum()) + outcome.fees
    prices = f"{paid.min():.2f}–{paid.max():.2f}" if paid.size else "–"
    share = f"{worth(orders, outcome) / best:.1%}" if best else "–"
    money = 0.0 if abs(money) < ROUNDING else money
    return f"{bought:>9.3f} {share:>8} {prices:>13} {money:>10.3f}  {faults(orders, outcome)}"


def faults(orders: Orders, outcome: Outcome) -> str:
    """Say what is not kept, or that all is."""
    rows = np.array(outcome.order, dtype=np.int64)
    side, energy = orders.side[rows], outcome.energy
    bought, sold = float(energy[side > 0].sum()), float(energy[side < 0].sum())
    limit = orders.limit_micro_per_kwh[rows] / MICRO_PER_CENT
    beyond = float(energy[side * (outcome.price - limit) > ROUNDING].sum())
    filled = np.bincount(rows, energy, orders.count) - orders.quantity_wh / 1000
    over = float(filled[filled > ROUNDING].sum())
    found = [
        f"buys {bought:.3f} and sells {sold:.3f} kWh" if abs(bought - sold) > ROUNDING else "",
        f"{beyond:.3f} kWh beyond its limit price" if beyond else "",
        f"{over:.3f} kWh beyond the order's size" if over else "",
        _claim(outcome, bought),
        "" if rows.size else "nothing trades",
    ]
    return "; ".join(fault for fault in found if fault) or "all kept"


def _claim(outcome: Outcome, bought: float) -> str:
    if outcome.claimed is None or abs(outcome.claimed - bought) <= ROUNDING:
        return ""
    return f"reports {outcome.claimed:.3f} kWh traded"


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Best time of a call [s], of several where it is short, and what its first run gave."""
    begin = perf_counter()
    result = call()
    best = perf_counter() - begin
    for _ in range(REPEATS - 1 if best < SHORT_S else 0):
        begin = perf_counter()
        call()
        best = min(best, perf_counter() - begin)
    return best, result


def compare(title: str, orders: Orders) -> None:
    """Run everything on one book and print a line for each."""
    print(f"\n{title}")
    print(
        f"{'mechanism':>16} {'ms':>9} {'× ours':>8} {'kWh':>9} {'welfare':>8} {'ct/kWh':>13}"
        f" {'market ct':>10}  kept"
    )
    auction, read_auction = ours("uniform-price", orders)
    best, reference = worth(orders, read_auction(auction())), 0.0
    runs = [(name, *ours(name, orders)) for name in OURS]
    runs += [(f"{PEER} {name}", *theirs(name, orders)) for name in PEER_MECHANISMS]
    for name, call, read in runs:
        try:
            spent, result = timed(call)
        except Exception as error:  # noqa: BLE001 - a peer may fail in any way, which is a result
            print(f"{name:>16} fails: {type(error).__name__}: {error}")
            continue
        reference = reference or spent
        line = judged(orders, read(result), best)
        print(f"{name:>16} {spent * 1000:>9.2f} {spent / reference:>8.1f} {line}")


def main() -> None:
    """Compare on small books with a known answer, then on drawn ones."""
    if importlib.util.find_spec(PEER) is None:
        print(INSTALL)
        return
    warnings.filterwarnings("ignore", category=FutureWarning, module=PEER)
    print("× ours: time against our uniform-price auction on the same book, trades included")
    print("market ct: what buyers pay beyond what sellers receive, fees included")
    for title, make in BOOKS:
        compare(title, make())
    for size in SIZES:
        compare(f"{size:,} orders", drawn(size))


if __name__ == "__main__":
    main()
