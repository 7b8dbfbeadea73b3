"""What all tests share: the data folder if there is one, and whole runs in memory."""

from __future__ import annotations

import io
import os
import re
import sys
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from gridpact.app.bootstrap import Edges, build
from gridpact.app.record import Record
from gridpact.base.errors import StoreError
from gridpact.kernel.journal import Journal
from gridpact.kernel.loop import Loop
from gridpact.ledger.handlers import DAY
from gridpact.ledger.keys import demonstration_key
from gridpact.ledger.local import LocalLedger
from gridpact.ledger.messages import Committed
from gridpact.market.gates import day_ahead
from gridpact.market.messages import Session, SessionCleared, SessionTrades
from gridpact.registry import model
from gridpact.registry.messages import CommunityOpened
from gridpact.simulation.scenarios import load
from gridpact.simulation.scenarios.build import community as build_community
from gridpact.simulation.staging import world

ROOT = Path(__file__).parents[1]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
DEPTH = float(os.environ.get("DEPTH", "1"))
"""Part of their examples that property tests draw: ``make test`` draws some, ``DEPTH=1`` all."""
FEWEST = 15
DEEPEST = sys.getrecursionlimit()


def _drawing_a_part() -> None:
    """Let whatever says ``settings(max_examples=…)`` from now on draw its part."""
    whole = settings.__init__

    def part(self: settings, *parent: settings, **said: object) -> None:
        asked = said.get("max_examples")
        if isinstance(asked, int):
            said["max_examples"] = min(asked, max(FEWEST, round(asked * DEPTH)))
        whole(self, *parent, **said)

    settings.__init__ = part
    settings.register_profile("part", max_examples=settings.default.max_examples)
    settings.load_profile("part")


_drawing_a_part()


def pytest_runtest_teardown() -> None:
    """Let recursion end as early as ever: py-evm raises the limit, and parsers in C overflow."""
    sys.setrecursionlimit(DEEPEST)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out a part of the seeds as well, evenly; the closing line counts what is left out."""
    drawn: dict[str, list[pytest.Item]] = {}
    for item in items:
        if "seed" in getattr(getattr(item, "callspec", None), "params", ()):
            drawn.setdefault(item.nodeid.partition("[")[0], []).append(item)
    left = set[str]()
    for own in drawn.values():
        keep = min(len(own), max(FEWEST, round(len(own) * DEPTH)))
        kept = {place * len(own) // keep for place in range(keep)}
        left |= {item.nodeid for place, item in enumerate(own) if place not in kept}
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid in left])
    items[:] = [item for item in items if item.nodeid not in left]


@dataclass
class Ran:
    """A finished run in memory."""

    loop: Loop
    journal: Journal
    ledger: LocalLedger

    def __del__(self) -> None:
        for store in (self.journal, self.ledger):
            with suppress(StoreError):  # the test itself has closed it
                store.close()

    @property
    def record(self) -> Record:
        return Record(self.journal)


def run_in_memory(path: Path, days: int = 1, data_root: Path | None = None) -> Ran:
    """Run a scenario file for some days, without a folder."""
    scenario = load(path, data_root)
    community, seed, first = build_community(scenario), scenario.run.seed, scenario.run.first_day
    journal, ledger = Journal(":memory:"), LocalLedger(":memory:", demonstration_key(seed))
    loop = build(community, seed, journal, Edges(world(scenario, community, seed), ledger))
    opening = CommunityOpened(community=community, seed=seed, first_day=str(first), gridpact="test")
    loop.submit(
        opening,
        day_ahead(community.market, community.calendar, first).gate - community.market.opens_s,
    )
    done: list[str] = []

    def stop(message: object) -> bool:
        if isinstance(message, Committed) and message.key.startswith(DAY):
            done.append(message.key)
        return len(done) == days

    loop.run(stop)
    return Ran(loop, journal, ledger)


def small_community(members=3, zones=((-1, -1, -1),), pv=(), storage=(), runs=(), **other):
    """Build a community from rows; ``other`` names fields of it, or of its member columns.

    Zones are (parent, import W, export W), plants (member, W), storage (kind, member, charge W,
    discharge W, capacity Wh, efficiency in, out, kept per hour), runs (member, W, duration s,
    earliest s, latest s).
    """
    own = {name: other.pop(name) for name in list(other) if name in model.Members.__struct_fields__}
    zeros = np.zeros(members, np.int64)
    people = {
        "ids": tuple(f"m{row:03}" for row in range(members)),
        "metering_points": tuple(f"mp-m{row:03}" for row in range(members)),
        "roles": ("prosumer",) * members,
        "zone": zeros,
        "discount_micro_per_kwh": zeros,
        "premium_micro_per_kwh": zeros,
        "static_share_ppm": zeros + 1_000_000 // max(members, 1),
    }
    fields = {
        "name": "test",
        "currency": "EUR",
        "timezone": "Europe/Berlin",
        "step_s": 900,
        "parties": model.Parties("operator", "supplier", "dso", "state", "authority"),
        "zones": model.Zones(*_columns("zone", zones, 3)),
        "members": model.Members(**{**people, **own}),
        "pv": model.Pv(*_columns("pv", pv, 2)),
        "storage": _storage(storage),
        "runs": model.Runs(*_columns("run", runs, 5)),
        "tariffs": model.Tariffs(1_000_000, 60_000, 1_000_000, -10_000, 90_000, 40_000, 20_000),
        "market": model.MarketRules(46_800, (21_600, 43_200), 1800, -500_000, 4_000_000),
        "sharing": model.SharingRules("default-dynamic", 500_000),
        "settlement": model.SettlementRules(7200, "half-even", 10_000_000),
    }
    return model.Community(**{**fields, **other})


def _columns(name, rows, width):
    table = np.array(list(rows), np.int64).reshape(-1, width)
    return tuple(f"{name}-{row:03}" for row in range(len(table))), *table.T.copy()


def _storage(rows):
    ids, *whole = _columns("storage", [row[1:5] for row in rows], 4)
    shares = np.array([row[5:] for row in rows], float).reshape(-1, 3).T.copy()
    return model.Storage(ids, tuple(row[0] for row in rows), *whole, *shares)


def matched_session(rows, members, window, day="2026-06-15", kind="day-ahead"):
    """Make a cleared session of trades with prices of their own.

    ``rows`` are (seller, buyer, slot of the window, Wh, seller's price, buyer's price).
    """
    columns = np.array(rows, np.int64).reshape(-1, 6).T
    order = np.arange(columns.shape[1])
    trades = SessionTrades(*columns, order, order)
    bought, sold = np.zeros((2, members, window.count), np.int64)
    np.add.at(bought, (trades.buyer, trades.slot), trades.quantity_wh)
    np.add.at(sold, (trades.seller, trades.slot), trades.quantity_wh)
    volume, value = [0] * window.count, [0] * window.count
    for _, _, slot, energy, _, paid in rows:
        volume[slot] += energy
        value[slot] += energy * paid
    mean = [round(Fraction(v, e)) if e else 0 for v, e in zip(value, volume, strict=True)]
    return SessionCleared(
        session=Session(f"{day}.{kind}", kind.split("-0")[0], day, 0, window, window),
        price_micro_per_kwh=np.array(mean, np.int64),
        traded=bought.any(axis=0),
        bought_wh=bought,
        sold_wh=sold,
        offered_wh=sold.sum(axis=0),
        asked_wh=bought.sum(axis=0),
        orders=2 * len(rows),
        trades=trades,
    )


class Page:
    """A page of the documentation: its text, and its fenced blocks (kind, body) in order."""

    def __init__(self, name: str) -> None:
        self.name, self.text = name, (ROOT / "docs" / name).read_text("utf-8")
        self.blocks = FENCE.findall(self.text)

    def of(self, kind: str) -> list[str]:
        """Bodies of all blocks of a kind."""
        return [body for own, body in self.blocks if own == kind]

    @property
    def examples(self) -> list[tuple[str, str]]:
        """Each block of Python, and what is shown right below it."""
        below = [*self.blocks[1:], ("", "")]
        return [
            (code, shown if other == "text" else "")
            for (kind, code), (other, shown) in zip(self.blocks, below, strict=True)
            if kind == "python"
        ]

    def run(self, code: str, space: dict[str, object] | None = None) -> str:
        """Run code of the page among these names; returns what it prints."""
        printed = io.StringIO()
        with redirect_stdout(printed):
            exec(compile(code, self.name, "exec"), {} if space is None else space)  # noqa: S102
        return printed.getvalue()


@pytest.fixture(scope="session")
def read_page():
    """Reads a page of the documentation by its name."""
    return Page


@pytest.fixture(name="matched_session", scope="session")
def _matched_session():
    return matched_session


@pytest.fixture(name="small_community", scope="session")
def _small_community():
    return small_community


@pytest.fixture(name="run_in_memory", scope="session")
def _run_in_memory():
    return run_in_memory


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder of real data; tests that read it are skipped where there is none."""
    folder = Path(os.environ.get("GRIDPACT_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("no real data: set GRIDPACT_DATA to the folder that holds it")
    return folder


GOING_DOWN = """\
gridpact: contract/1
title: Demand response
series: {metered:load: Wh}
product: demand-response
with:
  provider: PROVIDER
  aggregator: aggregator
  offered: OFFERED
  load: metered:load
  baseline: mean.v1
  availability_price: 5 EUR/MWh
  utilisation_price: 200 EUR/MWh
  penalty_price: 300 EUR/MWh
  notice: 15 min
  currency: EUR
"""


@pytest.fixture(scope="session")
def going_down():
    """The file of a contract under which a member takes less when an aggregator calls."""

    def text(provider, offered):
        return GOING_DOWN.replace("PROVIDER", provider).replace("OFFERED", offered)

    return text
