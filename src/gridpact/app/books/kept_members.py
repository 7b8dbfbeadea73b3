"""Members of a run's rules as a book keeps them: a table, of which one can be read alone.

``rules.json`` has the rules without their members, and ``members.parquet`` a row for each of them,
in their order. Books before kept all in ``rules.json``.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from gridpact.settlement.periods.rules import Member, Rules, Span, Supply

if TYPE_CHECKING:
    import polars as pl

RULES, MEMBERS = "rules.json", "members.parquet"
ROWS = 1 << 14
"""Rows in a group of a file, which is what is read where one row is asked for."""
_SUPPLIES = tuple[Supply, ...]


def write_rules(folder: Path, rules: Rules) -> None:
    """Write rules; OSError where they cannot be written."""
    import polars as pl

    bare = msgspec.structs.replace(rules, members=())
    told = msgspec.json.format(msgspec.json.encode(bare), indent=1)
    (folder / RULES).write_bytes(told + b"\n")
    members, supplies = rules.members, dict[tuple[Supply, ...], str]()
    for some in {member.supplies for member in members}:
        supplies[some] = msgspec.json.encode(some).decode()
    frame = pl.DataFrame(
        {
            "id": [member.id for member in members],
            "point": [member.point for member in members],
            "first_s": np.array([member.span.first_s for member in members], np.int64),
            "end_s": np.array([member.span.end_s for member in members], np.int64),
            "registers": [",".join(member.registers) for member in members],
            "supplies": [supplies[member.supplies] for member in members],
            "deposit_minor": np.array([member.deposit_minor for member in members], np.int64),
            "prepaid_minor": np.array([member.prepaid_minor for member in members], np.int64),
        },
        schema_overrides=dict.fromkeys(("id", "point", "registers", "supplies"), pl.String),
    )
    frame.write_parquet(folder / MEMBERS, compression="zstd", row_group_size=ROWS, statistics=False)


class KeptRules:
    """Rules of a run: members are read when they are asked for.

    Raises OSError, msgspec.DecodeError or a PolarsError where a file is missing or damaged.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / MEMBERS
        self._found = msgspec.json.decode((folder / RULES).read_bytes(), type=Rules)
        self._within = bool(self._found.members)  # as books before kept them
        self.bare = msgspec.structs.replace(self._found, members=())

    @cached_property
    def whole(self) -> Rules:
        """Rules with all members."""
        if self._within:
            return self._found
        import polars as pl

        members = tuple(_members(pl.read_parquet(self._path)))
        return msgspec.structs.replace(self._found, members=members)

    def row(self, name: str) -> int | None:
        """Return the row of a member, None for who is none."""
        if self._within:
            return self._rows.get(name)
        found = self._ids.index_of(name)
        return None if found is None else int(found)

    def member(self, row: int) -> Member:
        """Return the member of a row."""
        if self._within:
            return self._found.members[row]
        import polars as pl

        return _members(pl.scan_parquet(self._path).slice(row, 1).collect())[0]

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {member.id: row for row, member in enumerate(self._found.members)}

    @cached_property
    def _ids(self) -> pl.Series:
        import polars as pl

        return pl.read_parquet(self._path, columns=["id"])["id"]


def _members(frame: pl.DataFrame) -> list[Member]:
    """Return members of a table; what many have in common is one value."""
    columns = [frame[name].to_list() for name in frame.columns]
    ids, points, first, end, registers, supplies, deposits, prepaid = columns
    spans = {pair: Span(*pair) for pair in {*zip(first, end, strict=True)}}
    meters = {text: tuple(filter(None, text.split(","))) for text in {*registers}}
    supplied = {text: msgspec.json.decode(text, type=_SUPPLIES) for text in {*supplies}}
    return [
        Member(name, point, spans[at], meters[meter], supplied[who], deposit, ahead)
        for name, point, at, meter, who, deposit, ahead in zip(
            ids, points, zip(first, end, strict=True), registers, supplies, deposits, prepaid,
            strict=True,
        )
    ]  # fmt: skip
