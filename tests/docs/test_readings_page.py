"""The page on readings: the files shown are the examples, and what it shows in code works."""

import re
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from gridpact.app.cli.commands import run_command
from gridpact.metering.store.store import Store

duckdb = pytest.importorskip("duckdb")


@pytest.fixture(scope="module")
def blocks_of(texts):
    """Blocks of the page by language, in order."""

    def found(language):
        page = texts["docs/readings.md"]
        return re.findall(rf"^```{language}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)

    return found


@pytest.fixture
def lane(root, tmp_path, monkeypatch):
    """The store that the page makes, in the working folder."""
    monkeypatch.chdir(tmp_path)
    folder = root / "examples" / "readings"
    assert run_command(["readings", "init", "lane", "--points", str(folder / "points.yaml")]) == 0
    how = ["--map", str(folder / "map.yaml"), "--into", "lane", "--commit", "-q", "--known-at"]
    files = (("march-29.csv", "2026-03-30T06:00"), ("march-29-corrected.csv", "2026-04-02T09:30"))
    for name, known in files:
        assert run_command(["import", "readings", str(folder / name), *how, known]) == 0
    return Store.open("lane")


def test_the_files_shown_are_the_examples(root, blocks_of):
    folder = root / "examples" / "readings"
    shown = [(folder / name).read_text("utf-8") for name in ("points.yaml", "map.yaml")]
    *files, scenario = blocks_of("yaml")
    assert files == shown
    assert (folder / "lane.yaml").read_text("utf-8").endswith(scenario)


@pytest.mark.parametrize("state", ["plain", "killed", "compacted"])
def test_what_others_read_is_what_the_store_says(lane, blocks_of, state):
    if state == "killed":  # a part that no commit lists
        one = Path(lane.parts()[-1])
        later = pl.lit(datetime(2026, 5, 1, tzinfo=UTC)).cast(pl.Datetime("ms", "UTC"))
        frame = pl.read_parquet(one).with_columns(wh=pl.col("wh") + 5, known_at=later)
        frame.write_parquet(one.with_name("00000003-abc.parquet"))
    if state == "compacted":
        lane.compact()
    scope = {}
    for block in blocks_of("python"):
        exec(block, scope)  # noqa: S102 - the page's own code
    expected = {}
    for each in (("bakery", "withdrawal"), ("school", "withdrawal"), ("school", "injection")):
        channel = scope["Channel"](*each)
        whole = lane.intervals([channel], scope["march_29"])
        expected[each[0]] = expected.get(each[0], 0) + int(whole.wh.sum())
    (query,) = blocks_of("sql")
    assert dict(duckdb.sql(query).fetchall()) == expected
    assert int(scope["latest"]["wh"].sum()) == sum(expected.values())
    assert int((scope["found"].quality == 0).sum()) == 3
