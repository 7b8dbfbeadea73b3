"""Draw the figure of docs/fleet-engine.md and measure the figures of its section on speed.

The figure is the page's own fleet, before and after its limits.
"""

from __future__ import annotations

import contextlib
import io
import platform
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from docs_blocks import ROOT, Pages, main, with_block

from gridpact import __version__
from gridpact.app.report.drawing import ACTUAL, DASHED, LIMIT, LOCAL, PLAN, QUIET, draw, legend
from gridpact.base.units import Floats
from gridpact.scheduling.fleet.columns import Fleet, Prices, Zones
from gridpact.scheduling.fleet.solution import Solution
from gridpact.scheduling.fleet.solve import solve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PAGE = ROOT / "docs" / "fleet-engine.md"
FIGURE = ROOT / "docs" / "fleet-engine.svg"
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
BENCHMARKS = (
    ("fleet.py", "Cars and batteries, N of each:", "--large"),
    ("fleet_mixed.py", "Eight kinds of assets, some of them indivisible:"),
    ("fleet_warm.py", "Solving again:"),
)
"""Benchmarks whose output is quoted, what it is called, and their arguments."""
SPACES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
LABELS = ["12:00", "16:00", "20:00", "00:00", "04:00", "08:00", "12:00"]


class Drawn(msgspec.Struct, frozen=True):
    """One fleet, its answer, and the answer without any shared limit."""

    fleet: Fleet
    prices: Prices
    before: Solution
    after: Solution


def example() -> Drawn:
    """Run the page's example of columns and solve its fleet once more without limits."""
    space: dict[str, Any] = {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(PYTHON.findall(PAGE.read_text("utf-8"))[1], space)  # noqa: S102 - the page's own code
    fleet: Fleet = space["fleet"]
    free = msgspec.structs.replace(fleet, zones=Zones(fleet.zones.parent), portfolio=None)
    return Drawn(fleet, space["prices"], solve(free, space["prices"]), space["solution"])


def paint(drawn: Drawn, panels: list[Axes]) -> None:
    """Paint prices, the weak feeder's power, and the bounds of every round."""
    _prices(panels[0], drawn)
    _power(panels[1], drawn)
    _bounds(panels[2], drawn.after)


def _steps(axes: Axes, values: Floats, label: str, **style: Any) -> None:
    hours = np.arange(len(values) + 1) / 4
    axes.step(hours, np.append(values, values[-1]), where="post", label=label, **style)


def _prices(axes: Axes, drawn: Drawn) -> None:
    """Price of energy, and what assets below the weak feeder see, ct/kWh."""
    price = np.asarray(drawn.prices.buy, dtype=np.float64) / 1e4
    limits = drawn.after.prices
    _steps(axes, price, "price of energy", color=ACTUAL)
    _steps(axes, price + limits.imports[0] / 1e4, "with that of the feeder's limit", color=LIMIT)
    portfolio = drawn.fleet.portfolio
    if portfolio is not None:
        worth = np.zeros(len(price))
        worth[portfolio.first] = limits.upper / 1e4
        dearer = np.where(worth > 0, price + worth, np.nan)
        _steps(axes, dearer, "with that of the delivery", color=PLAN, linestyle=DASHED)
    _clock(axes, "Prices below the weak feeder", "ct/kWh")


def _power(axes: Axes, drawn: Drawn) -> None:
    for solution, label, colour in (
        (drawn.before, "without limits", QUIET),
        (drawn.after, "with limits", LOCAL),
    ):
        _steps(axes, solution.net_wh[0] * 4 / 1000, label, color=colour)
    limit = float(np.asarray(drawn.fleet.zones.import_limit_w)[0]) / 1000
    axes.axhline(limit, color=LIMIT, linestyle=DASHED, label="limit")
    _clock(axes, "Its net power", "kW")


def _clock(axes: Axes, title: str, unit: str) -> None:
    axes.set_title(title)
    axes.set_ylabel(unit)
    axes.set_xlim(0, 24)
    axes.set_xticks(range(0, 25, 4), LABELS)
    legend(axes)


def _bounds(axes: Axes, solution: Solution) -> None:
    """Bounds on the least cost after every round, in thousands."""
    number = [each.number for each in solution.rounds]
    for name, label, colour in (
        ("upper_nano", "cost of the best mix", LOCAL),
        ("lower_nano", "proven least", LIMIT),
    ):
        values = [getattr(each, name) / 1e12 for each in solution.rounds]
        axes.plot(number, values, ".-", label=label, color=colour)
    least, most = solution.lower_nano / 1e12, solution.upper_nano / 1e12
    axes.set_ylim(least - 0.15 * abs(least), most + 0.15 * abs(most))
    axes.set_xlim(number[0], number[-1])
    axes.set_xticks(range(number[0], number[-1] + 1, 1 + len(number) // 12))
    axes.set_title("Bounds")
    axes.set_ylabel("1,000 ¤")
    axes.set_xlabel("round")
    legend(axes)


def figure() -> str:
    """Return the figure as an SVG file."""
    drawn = example()
    svg = draw("fleet", (1.6, 1.6, 1.6), lambda panels: paint(drawn, panels))
    return re.sub(r"^<svg", f"<svg {SPACES}", svg) + "\n"


def speed() -> str:
    """Run the benchmarks of the fleet engine that there are; return what they print."""
    printed = []
    for name, heading, *arguments in BENCHMARKS:
        script = ROOT / "benchmarks" / name
        if not script.exists():
            continue
        command = [sys.executable, str(script), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or not done.stdout:
            raise ValueError(f"{name} did not print what was expected\n{done.stderr}")
        printed.append(f"{heading}\n\n```text\n{done.stdout.rstrip()}\n```\n")
    measured = (
        f"Measured once with gridpact {__version__}, Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}.\n"
    )
    return "\n".join([*printed, measured])


def refreshed() -> Pages:
    """The figure as the code draws it now, and newly measured times: there is nothing to check."""
    return {FIGURE: figure(), PAGE: with_block(PAGE.read_text("utf-8"), "speed", speed())}


if __name__ == "__main__":
    main(__doc__, refreshed)
