"""``gridpact doctor``: what it finds on a machine that is fit, and on ones that are not."""

import importlib.metadata
import importlib.util
import json
import shutil
import sqlite3
from collections import namedtuple

import pytest

from gridpact.app.cli import doctor


def test_a_fit_machine(called, place):
    done = called("doctor")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert all(line.startswith(("✓", "- dask", "- grid", "- s3", "- simbench")) for line in lines)
    named = {line.split()[1] for line in lines}
    assert {"Python", "SQLite", "HiGHS", *doctor.NEEDED} <= named
    assert list(place.glob("tmp*")) == []


def test_json_names_every_finding(called, place):
    done = called("doctor", "--json")
    found = json.loads(done.out)
    assert done.code == 0
    assert all(each["fit"] for each in found["findings"])
    assert set(found) == {"extras", "findings", "gridpact"}


def test_quiet_says_nothing(called, place):
    done = called("doctor", "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize(
    ("extra", "module"),
    [
        ("dask", "distributed"),
        ("grid", "power_grid_model"),
        ("payments", "sepaxml"),
        ("postgres", "pg8000"),
        ("s3", "s3fs"),
        ("simbench", "simbench"),
        ("web", "fastapi"),
    ],
)
def test_an_extra_is_there_or_told_how_to_get(called, place, monkeypatch, extra, module, there):
    before = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, package=None: there or None if name == module else before(name, package),
    )
    done = called("doctor")
    assert done.code == 0
    line = next(line for line in done.out.splitlines() if line.split()[1] == extra)
    assert line.startswith("✓" if there else "-")
    assert (f"pip install 'gridpact[{extra}]'" in line) == (not there)
    extras = json.loads(called("doctor", "--json").out)["extras"]
    assert (set(extras), extras[extra]) == (set(doctor.EXTRAS), there)


def test_extras_are_those_that_the_package_declares():
    declared = importlib.metadata.metadata("gridpact").get_all("Provides-Extra")
    assert set(doctor.EXTRAS) == set(declared)


def test_a_solver_that_does_not_load_or_finds_no_optimum(called, place, monkeypatch):
    with monkeypatch.context() as patch:
        refuse(patch, "highspy", ImportError("libhighs.so: cannot open"))
        lines = called("doctor", "--quiet").out.splitlines()
    assert lines[0].startswith("✗ HiGHS          does not load: libhighs.so: cannot open. Fix: ")
    monkeypatch.setattr(doctor, "run", lambda highs: "Infeasible")
    done = called("doctor", "--quiet")
    assert done.code == 1
    assert done.out.startswith("✗ HiGHS          does not find a known optimum: Infeasible")


def refuse(monkeypatch, name, error):
    """Let the import of one library fail."""
    before = importlib.import_module

    def import_module(wanted, package=None):
        if wanted == name:
            raise error
        return before(wanted, package)

    monkeypatch.setattr(importlib, "import_module", import_module)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ModuleNotFoundError("No module named 'polars'", name="polars"), "missing"),
        (ImportError("libpolars.so: cannot open"), "does not load: libpolars.so: cannot open"),
    ],
)
def test_a_library_that_is_missing_or_broken(called, place, monkeypatch, error, said):
    refuse(monkeypatch, "polars", error)
    done = called("doctor", "--quiet")
    assert done.code == 1
    assert done.out == f"✗ polars         {said}. Fix: install gridpact and its libraries again.\n"
    found = json.loads(called("doctor", "--json").out)["findings"]
    assert [each["name"] for each in found if not each["fit"]] == ["polars"]


def test_an_old_sqlite_and_python(called, place, monkeypatch):
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 8, 0))
    monkeypatch.setattr(doctor.sys, "version_info", (3, 9, 1))
    done = called("doctor", "--quiet")
    assert done.code == 1
    assert [line.split()[1] for line in done.out.splitlines()] == ["Python", "SQLite"]
    assert done.out.count("Fix: ") == 2


def test_a_full_disk(called, place, monkeypatch):
    usage = namedtuple("usage", "total used free")(10**9, 10**9 - 5, 5)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    done = called("doctor", "--quiet")
    assert done.code == 1
    assert "this folder    0.0 GB free. Fix: free space" in done.out


def test_a_folder_that_cannot_be_written(called, place, monkeypatch):
    def refuse(*arguments, **options):
        raise PermissionError(13, "Permission denied", str(place))

    monkeypatch.setattr(doctor.tempfile, "TemporaryDirectory", refuse)
    done = called("doctor", "--quiet")
    assert done.code == 1
    assert "this folder" in done.out
    assert "Permission denied" in done.out
