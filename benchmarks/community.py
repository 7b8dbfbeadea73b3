"""One day of a community with bills and commitments: CPU seconds, growth, and replay.

Every home has a plant and a battery; 96 slots, four gates, statements, Merkle roots, signed ledger
and a journal on disk. Prints CPU seconds after imports, the growth from size to size, and how
much faster a replay of the journal is than the run.

For comparison: gsy-e (markets alone, no bills) was measured at 1.8 CPU-seconds a home-day.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from gridpact.app import exports, folder
from gridpact.app.bootstrap import Edges, build
from gridpact.app.record import Record
from gridpact.app.vocabulary import VOCABULARY
from gridpact.app.watch import Stopwatch
from gridpact.kernel.codec import Codec
from gridpact.kernel.journal import Journal
from gridpact.ledger.handlers import DAY
from gridpact.ledger.messages import Committed
from gridpact.market.gates import day_ahead
from gridpact.registry.messages import CommunityOpened
from gridpact.simulation.scenarios import load
from gridpact.simulation.scenarios.build import community as build_community
from gridpact.simulation.staging import world

PEER_CPU_S_PER_HOME_DAY = 1.8
SCENARIO = """\
gridpact: 1
community: {{name: benchmark, timezone: Europe/Berlin}}
run: {{from: 2026-06-15, days: 1, seed: 1}}
generate: {{homes: {homes}, pv_percent: 100, battery_percent: 100, car_percent: 0,
  heat_pump_percent: 0, tank_percent: 0, appliance_percent: 0}}
"""


def one_day(path: Path) -> tuple[float, float, list[tuple[str, float, int]]]:
    """Run the scenario in a folder; CPU seconds of run and of replay, and time by phase."""
    watch = Stopwatch()
    began = time.process_time()
    scenario = load(path)
    community, seed, first = build_community(scenario), scenario.run.seed, scenario.run.first_day
    journal = folder.journal(path.parent, writable=True)
    ledger = folder.ledger(path.parent, seed, writable=True)
    edges = Edges(world(scenario, community, seed), ledger, None, watch)
    loop = build(community, seed, journal, edges)
    gate = day_ahead(community.market, community.calendar, first).gate
    opening = CommunityOpened(community=community, seed=seed, first_day=str(first), gridpact="")
    loop.submit(opening, gate - community.market.opens_s)
    loop.run(lambda message: isinstance(message, Committed) and message.key == f"{DAY}{first}")
    exports.write(path.parent, Record(journal))
    ran = time.process_time() - began
    replayed = replay(journal, loop.state_hash())
    journal.close()
    ledger.close()
    return ran, replayed, watch.summary()


def replay(journal: Journal, expected: bytes) -> float:
    """CPU seconds to recompute the state from the journal alone, its opening read included."""
    began = time.process_time()
    opening = Codec(VOCABULARY).decode(next(journal.rows()).body)
    if not isinstance(opening, CommunityOpened):
        raise SystemExit("the journal does not begin with a community")
    loop = build(opening.community, opening.seed, journal, Edges())
    loop.recover(from_snapshot=False)
    if loop.state_hash() != expected:
        raise SystemExit("the replay ended in another state")
    return time.process_time() - began


def measure(homes: int, rounds: int) -> tuple[float, float, list[tuple[str, float, int]]]:
    """Median over rounds."""
    runs: list[float] = []
    replays: list[float] = []
    phases: list[tuple[str, float, int]] = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / "scenario.yaml"
            path.write_text(SCENARIO.format(homes=homes))
            ran, again, phases = one_day(path)
            runs.append(ran)
            replays.append(again)
    return statistics.median(runs), statistics.median(replays), phases


def main() -> None:
    """Measure every size and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--homes", type=int, nargs="+", default=[100, 1000, 10_000])
    parser.add_argument("--rounds", type=int, default=3, help="runs of each size up to 1000 homes")
    parser.add_argument("--quick", action="store_true", help="10 and 100 homes, once each")
    parser.add_argument("--phases", action="store_true", help="print wall time by phase")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.homes, arguments.rounds = [10, 100], 1
    one = SCENARIO.format(homes=2)
    with tempfile.TemporaryDirectory() as place:  # imports and caches are not what is measured
        path = Path(place) / "scenario.yaml"
        path.write_text(one)
        one_day(path)
    print("  homes   run CPU s   ms/home  growth  replay CPU s  run/replay  peer/run")
    last = None
    for homes in arguments.homes:
        ran, again, phases = measure(homes, arguments.rounds if homes <= 1000 else 1)
        exponent = "" if last is None else f"×{ran / last[1]:.1f} for ×{homes / last[0]:.0f}"
        print(
            f"{homes:7,} {ran:11.2f} {1000 * ran / homes:9.2f}  {exponent:>6}"
            f" {again:13.3f} {ran / again:11.1f} {PEER_CPU_S_PER_HOME_DAY * homes / ran:9.0f}"
        )
        last = homes, ran
        if arguments.phases:
            for name, spent, turns in phases:
                print(f"          {spent:9.2f} s  {turns:6} turns  {name}")


if __name__ == "__main__":
    main()
