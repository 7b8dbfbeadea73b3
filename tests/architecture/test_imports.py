"""Who may import whom: the contracts in pyproject.toml hold, and can fail.

Heavy libraries are imported where they are used, so that the command line starts at once.
"""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    *("pandas", "pvlib", "polars", "highspy", "matplotlib", "scipy", "demandlib", "simbench"),
    *("coincurve", "numba", "power_grid_model", "fastapi", "uvicorn"),
)


def lint(root, folder):
    """Check the contracts on the package found in ``folder``; return status and output."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    command += ["--config", str(root / "pyproject.toml")]
    environment = {**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment)
    return done.returncode, done.stdout + done.stderr


def test_the_contracts_hold(root):
    status, output = lint(root, root / "src")
    assert status == 0, output
    assert "8 kept, 0 broken" in output


@pytest.mark.parametrize(
    ("module", "line", "broken"),
    [
        ("base/units.py", "import gridpact.kernel.clock", "Rooms import downwards only"),
        ("kernel/clock.py", "import gridpact.contracts.terms", "Rooms import downwards only"),
        ("contracts/terms.py", "import gridpact.kernel.clock", "Rooms import downwards only"),
        ("contracts/terms.py", "import gridpact.registry.model", "Rooms import downwards only"),
        ("metering/messages.py", "import gridpact.ledger.port", "Rooms import downwards only"),
        ("ledger/port.py", "import gridpact.simulation.world", "Rooms import downwards only"),
        ("simulation/world.py", "import gridpact.app.record", "Rooms import downwards only"),
        ("market/gates.py", "import gridpact.settlement.day", "market knows"),
        ("settlement/day.py", "import gridpact.market.book", "settlement knows"),
        ("scheduling/problem.py", "import gridpact.forecasting.handlers", "scheduling knows"),
        ("registry/model.py", "import gridpact.metering.handlers", "registry knows"),
        ("agreements/model.py", "import gridpact.market.book", "agreements knows"),
    ],
)
def test_a_forbidden_import_is_found(root, tmp_path, module, line, broken):
    copy = tmp_path / "gridpact"
    shutil.copytree(root / "src" / "gridpact", copy, ignore=shutil.ignore_patterns("__pycache__"))
    with (copy / module).open("a", encoding="utf-8") as stream:
        stream.write(f"\n{line}\n")
    status, output = lint(root, tmp_path)
    assert status == 1
    verdicts = [text for text in output.splitlines() if " BROKEN" in text]
    assert any(broken in text for text in verdicts), output


def test_a_new_room_must_be_given_its_place(root, tmp_path):
    copy = tmp_path / "gridpact"
    shutil.copytree(root / "src" / "gridpact", copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "garage").mkdir()
    (copy / "garage" / "__init__.py").write_text('"""New."""\n', encoding="utf-8")
    status, output = lint(root, tmp_path)
    assert status == 1
    assert "garage" in output


def at_top(tree):
    """Yield the packages that a module imports as it is loaded, outside type checking."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_no_module_loads_a_heavy_library_at_once(modules):
    wrong = [
        f"{path}: {name}"
        for path, tree in modules.items()
        for name in at_top(tree)
        if name in HEAVY
    ]
    assert wrong == []
    assert "pandas" in at_top(ast.parse("import pandas as pd"))
    assert "polars" in at_top(ast.parse("from polars.io import csv"))


def test_loading_every_module_loads_no_heavy_library(modules):
    """Also by way of others; measured in a fresh process."""
    names = [
        "gridpact." + path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for path in modules
        if path != "__init__.py" and not path.endswith("__main__.py")
    ]
    script = (
        "import importlib, sys\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules])"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
