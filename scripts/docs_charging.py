"""Measure the figures of docs/comparison-charging.md: the same charging sessions beside a peer.

Neither the peers nor the data are part of this repository, so this is run by hand, with the Python
of an environment that has the peers: ``benchmarks/charging_peer.py`` says how to make one.
"""

from __future__ import annotations

import importlib.metadata
import platform
import subprocess
import sys

from docs_blocks import ROOT, Pages, main, with_block

from gridpact import __version__

PAGE = ROOT / "docs" / "comparison-charging.md"
SCRIPT = ROOT / "benchmarks" / "charging_peer.py"
PEERS = ("acnportal", "adacharge", "cvxpy")


def measured() -> str:
    """What the benchmark prints, and with what it was measured."""
    try:
        versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PEERS)
    except importlib.metadata.PackageNotFoundError as missing:
        raise ValueError(f"{missing.name} is not installed; see {SCRIPT.name}") from None
    command = [sys.executable, "-W", "ignore", str(SCRIPT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode or "foresight" not in done.stdout:
        raise ValueError(f"{SCRIPT.name} did not print what was expected\n{done.stderr}")
    return (
        f"```text\n{done.stdout.rstrip()}\n```\n\n"
        f"Measured once with gridpact {__version__}, {versions}, Python "
        f"{platform.python_version()}, {platform.system()} {platform.machine()}.\n"
    )


def refreshed() -> Pages:
    """The page with newly measured figures: there is nothing to check."""
    return {PAGE: with_block(PAGE.read_text("utf-8"), "figures", measured())}


if __name__ == "__main__":
    main(__doc__, refreshed)
