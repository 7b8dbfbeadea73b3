"""Files for other programs: statement lines, bills, trades, readings, schedules.

Every file is written under another name first and then renamed, so that a reader finds a whole
file or none. The same record gives the same bytes. Amounts are whole numbers (nano, minor units)
with a decimal column beside them for people.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gridpact.app.outputs import BILLS, BILLS_JSON, READINGS, SCHEDULES, STATEMENTS, TRADES
from gridpact.app.record import Record
from gridpact.app.report.axis import axis_of
from gridpact.app.report.series import devices, planned
from gridpact.app.report.text import Money, money_of
from gridpact.app.trades_table import trades
from gridpact.base.errors import StoreError
from gridpact.base.files import write_whole
from gridpact.base.units import Floats, Ints, checked_multiply
from gridpact.metering.messages import DayMetered
from gridpact.registry.model import Community
from gridpact.settlement.billing import MEMBER, Bills, bills, name_of
from gridpact.settlement.messages import DaySettled, LineKind

if TYPE_CHECKING:
    import polars as pl

SIGN = "a positive amount is paid by the member, a positive saving stays with the member"


def line_id(day: str, party: str, kind: LineKind) -> str:
    """Name one line of a statement, such as ``2026-06-15/home-07/supplier.import``.

    ``party`` is the member, or the operator for its own lines.
    """
    return f"{day}/{party}/{name_of(kind)}"


def parse_line_id(text: str) -> tuple[str, str, str, str]:
    """Return day, party, contract and kind of a line's name; ValueError for anything else."""
    parts = text.split("/")
    contract, dot, kind = parts[-1].rpartition(".")
    if len(parts) != 3 or not dot or not all([*parts, contract, kind]):
        raise ValueError(f"{text!r} is no line: use DAY/MEMBER/CONTRACT.KIND")
    return parts[0], parts[1], contract, kind


def write(folder: Path, record: Record) -> list[Path]:
    """Write all files into a folder and return their paths.

    Raises StoreError in one line where a file cannot be written; files written before stay whole.
    """
    community, settled = record.opening().community, record.all(DaySettled)
    found = bills(community, settled)
    table = bills_table(community, found)
    contents: dict[str, Callable[[], bytes]] = {
        STATEMENTS: lambda: _csv(statements(community, settled)),
        BILLS: lambda: _csv(table),
        BILLS_JSON: lambda: _json(community, found, table),
        READINGS: lambda: _parquet(readings(record)),
        SCHEDULES: lambda: _parquet(schedules(record)),
        TRADES: lambda: _parquet(_timed(trades(record))),
    }
    return [_keep(folder / name, content()) for name, content in contents.items()]


def _keep(path: Path, content: bytes) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(
            f"cannot write {path}: {reason}; free space or make the folder writable, then repeat"
        ) from error
    return path


def _csv(table: pl.DataFrame) -> bytes:
    return table.write_csv(line_terminator="\n").encode()


def _parquet(table: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    table.write_parquet(out, compression="zstd", statistics=True)
    return out.getvalue()


def _decimal(name: str, money: Money) -> pl.Expr:
    """Write a column of minor units as exact decimals, such as ``-12.34``."""
    import polars as pl

    nano = pl.col(name) * money.minor_nano
    whole, rest = nano.abs() // 10**9, nano.abs() % 10**9
    sign = pl.when(nano < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    if not money.digits:
        return pl.concat_str(sign, whole.cast(pl.String))
    digits = (rest // 10 ** (9 - money.digits)).cast(pl.String).str.zfill(money.digits)
    return pl.concat_str(sign, whole.cast(pl.String), pl.lit("."), digits)


def statements(community: Community, settled: list[DaySettled]) -> pl.DataFrame:
    """One row per line of every statement, from payer to payee; negative flows back.

    The operator's own lines have no energy.
    """
    import polars as pl

    days = [
        piece
        for day in settled
        for piece in (_member_lines(community, day), _own_lines(community, day))
    ]
    table = pl.concat(days) if days else _member_lines(community, None)
    money = money_of(community)
    checked_multiply(table["amount_minor"].to_numpy(), np.asarray(money.minor_nano))
    return table.with_columns(
        _decimal("amount_minor", money).alias("amount"), pl.lit(money.currency).alias("currency")
    )


def _member_lines(community: Community, day: DaySettled | None) -> pl.DataFrame:
    """Lines of one day ordered by member, then as on the statement."""
    members = community.members.ids
    kinds = day.kinds if day else ()
    payer = [kind.payer for kind in kinds] * len(members)
    payee = [kind.payee for kind in kinds] * len(members)
    nothing = np.zeros((0, len(members)), np.int64)
    columns = (day.energy_wh, day.nano, day.minor) if day else (nothing,) * 3
    return _lines(
        day.day if day else "",
        [member for member in members for _ in kinds],
        [kind for _ in members for kind in kinds],
        (payer, payee),
        tuple(column.T.ravel() for column in columns),
    )


def _own_lines(community: Community, day: DaySettled) -> pl.DataFrame:
    """Lines between the operator and others; named after the operator."""
    import polars as pl

    kinds, operator = day.operator_kinds, community.parties.operator
    payer, payee = [kind.payer for kind in kinds], [kind.payee for kind in kinds]
    empty = np.zeros(len(kinds), np.int64)
    columns = (empty, day.operator_nano, day.operator_minor)
    table = _lines(day.day, [operator] * len(kinds), list(kinds), (payer, payee), columns)
    return table.with_columns(pl.lit(None, pl.Int64).alias("energy_wh"))


def _lines(
    day: str,
    parties: list[str],
    kinds: list[LineKind],
    flow: tuple[list[str], list[str]],
    amounts: tuple[Ints, ...],
) -> pl.DataFrame:
    import polars as pl

    text = pl.String
    table = pl.DataFrame(
        {
            "party": pl.Series(parties, dtype=text),
            "contract": pl.Series([kind.contract for kind in kinds], dtype=text),
            "kind": pl.Series([kind.kind for kind in kinds], dtype=text),
            "payer": pl.Series(flow[0], dtype=text),
            "payee": pl.Series(flow[1], dtype=text),
            "energy_wh": pl.Series(amounts[0], dtype=pl.Int64),
            "amount_nano": pl.Series(amounts[1], dtype=pl.Int64),
            "amount_minor": pl.Series(amounts[2], dtype=pl.Int64),
        }
    )
    name = pl.format("{}/{}/{}.{}", pl.lit(day), "party", "contract", "kind").alias("line_id")
    table = table.select(name, pl.lit(day).alias("day"), pl.all())
    return table.with_columns(
        pl.when(pl.col(side) == MEMBER).then(pl.col("party")).otherwise(pl.col(side)).alias(side)
        for side in ("payer", "payee")
    )


def bills_table(community: Community, found: Bills) -> pl.DataFrame:
    """One row per member: minor units by line, total, supplier alone and saving.

    Without a settled day there are no bills, so no rows.
    """
    import polars as pl

    members, money = community.members, money_of(community)
    count = len(members.ids) if found.days else 0
    sums = {
        "total": found.total_minor,
        "supplier_only": found.supplier_only_minor,
        "saving": found.saving_minor,
    }
    columns: dict[str, pl.Series] = {
        "member": pl.Series(members.ids[:count], dtype=pl.String),
        "role": pl.Series(members.roles[:count], dtype=pl.String),
    }
    for kind, row in zip(found.kinds, found.paid_minor, strict=True):
        name = f"{name_of(kind)}_minor"
        columns[name] = columns[name] + row if name in columns else pl.Series(row)
    columns |= {f"{name}_minor": pl.Series(values[:count]) for name, values in sums.items()}
    table = pl.DataFrame(columns)
    decimals = [_decimal(f"{name}_minor", money).alias(name) for name in sums]
    return table.with_columns(*decimals, pl.lit(money.currency).alias("currency"))


def _json(community: Community, found: Bills, table: pl.DataFrame) -> bytes:
    lines = list(dict.fromkeys(name_of(kind) for kind in found.kinds))
    rest = [name for name in table.columns if name.removesuffix("_minor") not in lines]
    rows = [
        {
            **{name: row[name] for name in rest if name != "currency"},
            "lines_minor": {name: row[f"{name}_minor"] for name in lines},
        }
        for row in table.iter_rows(named=True)
    ]
    whole = {
        "community": community.name,
        "currency": community.currency,
        "days": list(found.days),
        "minor_nano": community.settlement.minor_nano,
        "sign": SIGN,
        "members": rows,
    }
    return (json.dumps(whole, indent=1, ensure_ascii=True) + "\n").encode()


def readings(record: Record) -> pl.DataFrame:
    """Both registers as settled on, one row per slot and metering point; estimates are marked."""
    import polars as pl

    points = record.opening().community.members.metering_points
    schema = {
        "slot_start": pl.Int64,
        "metering_point": pl.String,
        "withdrawal_wh": pl.Int64,
        "injection_wh": pl.Int64,
        "estimated": pl.Boolean,
    }
    days = [
        pl.DataFrame(
            {
                "slot_start": np.repeat(day.slots.starts(), len(points)),
                "metering_point": list(points) * day.slots.count,
                "withdrawal_wh": day.withdrawal_wh.T.ravel(),
                "injection_wh": day.injection_wh.T.ravel(),
                "estimated": day.estimated.T.ravel(),
            },
            schema=schema,
        )
        for day in record.all(DayMetered)
    ]
    return _timed(pl.concat(days) if days else pl.DataFrame(schema=schema))


def schedules(record: Record) -> pl.DataFrame:
    """Storage, one row per asset and slot: planned and reported Wh; null where there is none.

    The plan is the one in force in the slot. ``state`` is stored energy after the slot.
    """
    import polars as pl

    axis = axis_of(record)
    plan, told = planned(record, axis), devices(record, axis)
    storage = record.opening().community.storage
    assets, slots = len(storage.ids), axis.slots
    columns = {
        "planned_charge_wh": plan.charge,
        "planned_discharge_wh": plan.discharge,
        "planned_state_wh": plan.state,
        "actual_charge_wh": told.charge,
        "actual_discharge_wh": told.discharge,
        "actual_state_wh": told.state,
    }
    table = pl.DataFrame(
        {
            "asset": pl.Series(
                np.repeat(np.array(storage.ids, np.str_), slots.count).tolist(), dtype=pl.String
            ),
            "slot_start": np.tile(slots.starts(), assets),
            **{name: _nullable(values) for name, values in columns.items()},
        }
    )
    return _timed(table)


def _nullable(values: Floats) -> pl.Series:
    """Whole numbers, null where NaN; exact below 2⁵³."""
    import polars as pl

    return pl.Series(values.ravel(), dtype=pl.Float64).fill_nan(None).cast(pl.Int64)


def _timed(table: pl.DataFrame) -> pl.DataFrame:
    """Turn epoch seconds into UTC instants."""
    import polars as pl

    return table.with_columns(
        pl.from_epoch("slot_start", time_unit="s")
        .dt.replace_time_zone("UTC")
        .dt.cast_time_unit("ms")
    )
