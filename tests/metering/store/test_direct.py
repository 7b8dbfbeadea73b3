"""Others read the parts of a store as they are: Polars and DuckDB agree with the store."""

import numpy as np
import pytest

from gridpact.base.slots import Slots

duckdb = pytest.importorskip("duckdb")


@pytest.fixture
def written(stores, tmp_path):
    store = stores.fresh(str(tmp_path / "store"))
    rng = np.random.default_rng(5)
    for known_s in (100, 200, 300):
        cells = {(stores.BAKERY, int(s)): int(rng.integers(9)) for s in rng.integers(0, 96, 40)}
        cells |= {(stores.SCHOOL, int(s)): int(rng.integers(9)) for s in rng.integers(0, 96, 40)}
        store.commit(stores.readings(f"{known_s}", cells), known_s)
    return store


def expected(stores, store):
    found = store.intervals((stores.BAKERY, stores.SCHOOL), Slots(stores.DAY, 1800, 96))
    return {"bakery": int(found.wh[0].sum()), "school": int(found.wh[1].sum())}


IN_FORCE = """
    SELECT point, sum(wh) FROM (
        SELECT *, row_number() OVER (
            PARTITION BY point, register, slot_start ORDER BY known_at DESC) AS place
        FROM read_parquet(?)) WHERE place = 1
    GROUP BY point ORDER BY point
"""
PARTITIONS = """
    SELECT DISTINCT community, day FROM read_parquet(?, hive_partitioning = true) ORDER BY ALL
"""


def glob(store):
    return [f"{store.url}/intervals/*/*/*.parquet"]


def test_duckdb_reads_what_is_in_force(stores, written):
    rows = duckdb.execute(IN_FORCE, glob(written)).fetchall()
    assert dict(rows) == expected(stores, written)


def test_polars_reads_what_is_in_force(stores, written):
    import polars as pl

    rows = pl.scan_parquet(written.parts()).sort("known_at")
    last = rows.unique(["point", "register", "slot_start"], keep="last", maintain_order=True)
    found = last.group_by(pl.col("point").cast(pl.String)).agg(pl.col("wh").sum()).collect()
    assert dict(found.rows()) == expected(stores, written)


def test_partitions_are_community_and_day(written):
    rows = duckdb.execute(PARTITIONS, glob(written)).fetchall()
    assert [(name, str(day)) for name, day in rows] == [
        (name, day) for name in ("community", "north") for day in ("2026-03-01", "2026-03-02")
    ]
