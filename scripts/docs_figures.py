"""Measure days of 100 to 10,000 homes, and portfolios of contracts, and quote the figures."""

from __future__ import annotations

import platform
import re
import subprocess
import sys
from typing import NamedTuple

from docs_blocks import ROOT, Pages, main, with_block

from gridpact import __version__

HOMES = (100, 1000, 10_000)
ROW = re.compile(
    r"^\s*(?P<homes>[\d,]+)\s+(?P<run>[\d.]+)\s+(?P<each>[\d.]+)\s+(?:×\S+ for ×\S+)?\s+"
    r"(?P<replay>[\d.]+)\s+(?P<ratio>[\d.]+)\s",
    re.MULTILINE,
)


class Figure(NamedTuple):
    """One size: CPU seconds of a run and of its replay."""

    homes: int
    run_s: float
    replay_s: float


def figures(output: str) -> list[Figure]:
    """Read what ``benchmarks/community.py`` printed."""
    return [
        Figure(int(row["homes"].replace(",", "")), float(row["run"]), float(row["replay"]))
        for row in ROW.finditer(output)
    ]


def measured() -> list[Figure]:
    """Run the benchmark once for each size."""
    script = str(ROOT / "benchmarks" / "community.py")
    command = [sys.executable, script, "--rounds", "1", "--homes", *map(str, HOMES)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = figures(done.stdout)
    if done.returncode or [figure.homes for figure in found] != list(HOMES):
        raise ValueError(
            f"the benchmark did not print what was expected\n{done.stdout}{done.stderr}"
        )
    return found


def portfolios() -> str:
    """Run the benchmark of contracts; return what it prints, for docs/contracts.md."""
    script = str(ROOT / "benchmarks" / "contracts.py")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    if done.returncode or "interpreter / portfolio" not in done.stdout:
        raise ValueError(
            f"the benchmark did not print what was expected\n{done.stdout}{done.stderr}"
        )
    return f"```text\n{done.stdout.rstrip()}\n```\n"


def table(found: list[Figure], machine: str) -> str:
    """Write the inside of README's block."""
    rows = "".join(
        f"| {homes:,} | {run:.1f} | {1000 * run / homes:.1f} | {again:.2f} | {run / again:.0f} |\n"
        for homes, run, again in found
    )
    head = "| homes | run, CPU s | CPU ms a home | replay, CPU s | run ÷ replay |"
    return f"{head}\n|---:|---:|---:|---:|---:|\n{rows}\n{machine}\n"


def _machine() -> str:
    return (
        f"Measured once with gridpact {__version__}, Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}, after imports, by `benchmarks/community.py`."
    )


def refreshed() -> Pages:
    """Pages with newly measured figures; there is nothing to check, for times always differ."""
    readme, contracts = ROOT / "README.md", ROOT / "docs" / "contracts.md"
    return {
        readme: with_block(readme.read_text("utf-8"), "figures", table(measured(), _machine())),
        contracts: with_block(contracts.read_text("utf-8"), "portfolios", portfolios()),
    }


if __name__ == "__main__":
    main(__doc__, refreshed)
