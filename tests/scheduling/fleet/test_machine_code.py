"""Machine code follows the source of every kernel it is made from, wherever it is kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

import gridpact
from gridpact.scheduling.fleet import machine_code as module
from gridpact.scheduling.fleet import piecewise, state_kernels
from gridpact.scheduling.fleet.machine_code import Kernel, read_only

INNER = """
from __future__ import annotations
from typing import NamedTuple
from gridpact.scheduling.fleet.machine_code import machine_code

RATE = 2.0

class Pair(NamedTuple):
    one: float
    other: float

class Both(NamedTuple):
    pair: Pair
    third: float

@machine_code
def inner(x: float) -> float:
    return x + 1.0
"""
MIDDLE = """
from gridpact.scheduling.fleet.machine_code import machine_code
from inner import inner

@machine_code
def middle(x: float) -> float:
    return 10.0 * inner(x)
"""
OUTER = """
from gridpact.scheduling.fleet.machine_code import machine_code
from inner import RATE, Both
from middle import middle

@machine_code
def outer(x: float) -> float:
    return RATE * middle(x)

@machine_code
def apart(both: Both) -> float:
    return both.pair.one - both.pair.other
"""
CALL = """
import outer, inner
print(outer.outer(3.0), outer.apart(inner.Both(inner.Pair(5.0, 2.0), 0.0)))
"""


@pytest.fixture
def kernels(tmp_path: Path) -> Path:
    """Three modules whose kernels call each other, in a folder of their own."""
    place = tmp_path / "kernels"
    place.mkdir()
    for name, text in (("inner", INNER), ("middle", MIDDLE), ("outer", OUTER)):
        (place / f"{name}.py").write_text(text)
    return place


def start(place: Path, code: str, **settings: str) -> subprocess.Popen[str]:
    """Start Python that finds modules in ``place`` first."""
    paths = [str(place), str(Path(gridpact.__file__).parents[1])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **settings}
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=place,
    )


def printed(run: subprocess.Popen[str]) -> str:
    """What a process printed; it must have ended well."""
    out, err = run.communicate(timeout=300)
    assert run.returncode == 0, err
    return out.strip()


def edit(path: Path, old: str, new: str) -> None:
    """Change one place of a file."""
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def kept_code(place: Path) -> dict[Path, int]:
    """Files of machine code, and when each was written."""
    return {path: path.stat().st_mtime_ns for path in place.rglob("*.nb[ic]")}


def test_callers_in_other_files_follow_and_other_code_is_kept(kernels: Path) -> None:
    at_once = [start(kernels, CALL) for _ in range(2)]
    assert [printed(run) for run in at_once] == ["80.0 3.0"] * 2
    before = kept_code(kernels)
    assert len(before) == 8  # an index and code for each of four kernels
    assert printed(start(kernels, CALL)) == "80.0 3.0"
    assert kept_code(kernels) == before
    edit(kernels / "inner.py", "x + 1.0", "x + 2.0")
    assert printed(start(kernels, CALL)) == "100.0 3.0"
    after = kept_code(kernels)
    assert before.items() <= after.items()
    assert len(after) == 8 + 6  # inner, middle and outer anew; apart calls none of them


def test_a_kernel_knows_whether_its_code_is_kept(kernels: Path, tmp_path: Path) -> None:
    ask = "from outer import outer\nprint(outer.kept(), outer(3.0), outer.kept())"
    assert printed(start(kernels, ask)) == "False 80.0 True"
    assert printed(start(kernels, ask)) == "True 80.0 True"
    edit(kernels / "inner.py", "x + 1.0", "x + 2.0")
    assert printed(start(kernels, ask)) == "False 100.0 True"
    nowhere = tmp_path / "nowhere"
    nowhere.write_text("a file, so that nothing can be kept here")
    shutil.rmtree(kernels / "__pycache__")
    (kernels / "__pycache__").write_text("nor here")
    settings = {"HOME": str(nowhere), "XDG_CACHE_HOME": str(nowhere / "cache")}
    assert printed(start(kernels, ask, **settings)) == "False 100.0 False"


def test_kernels_run_from_a_read_only_place_without_a_home(kernels: Path, tmp_path: Path) -> None:
    (kernels / "__pycache__").write_text("a file, so that nothing can be kept here")
    nowhere = tmp_path / "nowhere"
    nowhere.write_text("a file, so that nothing can be kept here either")
    settings = {"HOME": str(nowhere), "XDG_CACHE_HOME": str(nowhere / "cache")}
    assert printed(start(kernels, CALL, **settings)) == "80.0 3.0"
    assert not kept_code(tmp_path)
    named = tmp_path / "named"
    assert printed(start(kernels, CALL, NUMBA_CACHE_DIR=str(named), **settings)) == "80.0 3.0"
    assert len(kept_code(named)) == len(kept_code(tmp_path)) == 8


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("x + 1.0", "x + 2.0", "outer"),
        ("RATE = 2.0", "RATE = 3.0", "outer"),
        ("one: float\n    other: float", "other: float\n    one: float", "apart"),
        ("one: float", "one: int", "apart"),
        ("third: float", "third: int", "apart"),
    ],
)
def test_digests_tell_changes_in_other_files(
    kernels: Path, old: str, new: str, changed: str
) -> None:
    before = digests(kernels)
    assert digests(kernels) == before
    edit(kernels / "inner.py", old, new)
    after = digests(kernels)
    assert {name for name in before if before[name] != after[name]} == {changed}


def digests(place: Path) -> dict[str, str]:
    """Digests of the kernels of ``outer``, loaded anew."""
    names = ("inner", "middle", "outer")
    with pytest.MonkeyPatch.context() as patch:
        for name in names:
            loaded = types.ModuleType(name)
            patch.setitem(sys.modules, name, loaded)
            exec((place / f"{name}.py").read_text(), vars(loaded))  # noqa: S102 - files of ours
        return {name: vars(loaded)[name].digest() for name in ("outer", "apart")}


PIECE = """
import numpy as np
from gridpact.scheduling.fleet import piecewise, state_kernels

space = state_kernels.make_space(2)
space.work[1, 0] = 0.0, 1.0, 5.0, 0.0
print(piecewise.__file__, state_kernels.add_term(space, 0, 1, piecewise.UP), space.work[0, 0])
"""


def test_kernels_of_the_package_follow_those_they_call(tmp_path: Path) -> None:
    copy = tmp_path / "copy" / "gridpact"
    here = Path(gridpact.__file__).parent
    shutil.copytree(here, copy, ignore=shutil.ignore_patterns("__pycache__"))
    called = copy / "scheduling" / "fleet" / "piecewise.py"
    assert printed(start(copy.parent, PIECE)) == f"{called} 1 [0. 1. 5. 0.]"
    edit(called, "out[count, SLOPE] = value, slope", "out[count, SLOPE] = value + 1.0, slope")
    assert printed(start(copy.parent, PIECE)).endswith(" 1 [0. 1. 6. 0.]")


def test_digests_depend_on_what_goes_into_code_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(state_kernels.backward, Kernel)
    function = state_kernels.backward.function
    digest = Kernel(function).digest()
    assert digest == state_kernels.backward.digest()
    monkeypatch.setattr(module, "REORDERED", ())
    assert Kernel(function).digest() != digest
    monkeypatch.undo()
    assert Kernel(function).digest() == digest
    monkeypatch.setattr(piecewise, "TOUCH", 1.0)  # backward's kernels have a copy of their own
    assert isinstance(piecewise.append, Kernel)
    assert Kernel(piecewise.append.function).digest() != piecewise.append.digest()


def test_arrays_however_made_are_one_kind_to_the_compiler():
    whole = np.arange(6.0).reshape(2, 3)
    made = (whole, whole.T.copy().T, np.broadcast_to(whole, (2, 3)), np.broadcast_to(5.0, (2, 3)))
    for array in made:
        seen = read_only(array)
        assert (seen.flags.c_contiguous, seen.flags.writeable) == (True, False)
        np.testing.assert_array_equal(seen, array)
    assert whole.flags.writeable
