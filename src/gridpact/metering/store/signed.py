"""Messages of devices that a store remembers, as parts of blocks of sequences.

They come with the commit that stores their readings, so that a chain is known exactly as far as
its readings are stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.metering.edge.chains import Chain, Key
from gridpact.metering.edge.records import HASH_BYTES, RECORD, Digests, Records
from gridpact.metering.edge.remembered import (
    BLOCK,
    Remembered,
    by_chain,
    keys_of,
    nothing_remembered,
    runs_of,
    times,
    wanted_blocks,
)
from gridpact.metering.store import rows
from gridpact.metering.store.known import read_part
from gridpact.metering.store.log import Log, Part
from gridpact.metering.store.places import Place
from gridpact.metering.store.points import MeteringPoint
from gridpact.metering.store.writing import write_part

if TYPE_CHECKING:
    import polars as pl

_NUMBERS = ("sequence", "slot_start", "step", "withdrawal_wh", "injection_wh")
_BYTES = ("device", "previous")


class Messages(msgspec.Struct, frozen=True):
    """New messages to be remembered with an import, and the chains as they then stand.

    ``side`` [messages] is as in :class:`~gridpact.metering.edge.remembered.Remembered`.
    """

    records: Records
    digest: Digests
    side: Bools
    chains: tuple[Chain, ...]


def write_messages(
    place: Place,
    messages: Messages,
    points: Mapping[str, MeteringPoint],
    known_s: int,
    numbers: tuple[int, int],
) -> Iterator[Part]:
    """Write messages as parts of a commit; ``numbers`` are the commit's and the import's."""
    communities = [points[point].community for point, _ in keys_of(messages.records)]
    block = messages.records["body"]["sequence"].astype(np.int64) // BLOCK
    for community in sorted(set(communities)):
        mine = np.array([each == community for each in communities], dtype=np.bool_)
        for number in np.unique(block[mine]).tolist():
            own = np.flatnonzero(mine & (block == number))
            frame = _frame(messages, own, known_s, numbers[1])
            yield write_part(place, "signed", (community, _label(number)), numbers[0], [frame])


def remembered(
    place: Place, log: Log, points: Iterable[MeteringPoint], records: Records
) -> Remembered:
    """Read the messages that readings are to be held against, of their chains in a store."""
    chains = {chain.key: chain for chain in log.chains}
    wanted = wanted_blocks(chains, records)
    community = {point.id: point.community for point in points}
    found = [nothing_remembered()]
    for part in log.parts:
        if part.table != "signed":
            continue
        number = int(part.day)
        keys = {
            key
            for key, blocks in wanted.items()
            if community.get(key[0]) == part.community and (blocks is None or number in blocks)
        }
        if keys:
            found.append(_read(place, part, keys))
    columns = zip(*((e.records, e.digest, e.side, e.known_s) for e in found), strict=True)
    return Remembered(*(np.concatenate(each) for each in columns))


def trimmed(
    place: Place, log: Log, first_s: int, number: int, made: list[Part]
) -> tuple[list[Part], tuple[Chain, ...]]:
    """Forget messages of slots before an instant, but each chain's last; return what is left.

    Parts that are written go to ``made`` as well.
    """
    ends = {chain.key: chain.sequence for chain in log.chains}
    parts, left = list[Part](), dict[Key, list[Records]]()
    for part in (part for part in log.parts if part.table == "signed"):
        frame = read_part(place, part)
        messages = _messages(frame)
        records = messages.records
        last = np.array([ends.get(key, -1) for key in keys_of(records)], dtype=np.int64)
        kept = (times(records)[0] >= first_s) | (records["body"]["sequence"] == last)
        for key, mine in by_chain(records[kept & ~messages.side]):
            left.setdefault(key, []).append(records[kept & ~messages.side][mine])
        if not kept.all():
            if not kept.any():
                continue
            where = (part.community, part.day)
            made.append(write_part(place, "signed", where, number, [frame.filter(kept)]))
            parts.append(made[-1])
        else:
            parts.append(part)
    return parts, tuple(_left(chain, left.get(chain.key, [])) for chain in log.chains)


def _left(chain: Chain, records: list[Records]) -> Chain:
    return msgspec.structs.replace(chain, runs=runs_of(np.concatenate(records)))


def _label(block: int) -> str:
    return f"{block:08d}"


def _frame(messages: Messages, own: Ints, known_s: int, number: int) -> pl.DataFrame:
    """Rows of some messages."""
    import polars as pl

    body = messages.records["body"][own]
    columns = [pl.Series("point", [name.decode() for name in body["point"].tolist()])]
    columns += [pl.Series(name, body[name].tolist(), dtype=pl.Binary) for name in _BYTES]
    columns += [pl.Series(name, body[name].astype(np.int64)) for name in _NUMBERS]
    columns.append(pl.Series("digest", messages.digest[own].tolist(), dtype=pl.Binary))
    columns.append(pl.Series("side", messages.side[own]))
    return pl.DataFrame([*columns, *rows.known_columns(known_s, number, len(own))])


def _read(place: Place, part: Part, keys: set[Key]) -> Remembered:
    """Messages of a part that are of some chains."""
    found = _messages(read_part(place, part))
    own = np.array([key in keys for key in keys_of(found.records)], dtype=np.bool_)
    return Remembered(found.records[own], found.digest[own], found.side[own], found.known_s[own])


def _messages(frame: pl.DataFrame) -> Remembered:
    records = np.zeros(frame.height, RECORD)
    body = records["body"]
    body["point"] = [name.encode() for name in frame["point"].to_list()]
    for name in _BYTES:
        body[name] = _hashes(frame[name])
    for name in _NUMBERS:
        body[name] = frame[name].to_numpy()
    side = frame["side"].to_numpy().astype(np.bool_)
    return Remembered(records, _hashes(frame["digest"]), side, rows.seconds_of(frame["known_at"]))


def _hashes(column: pl.Series) -> Digests:
    return np.frombuffer(b"".join(column.to_list()), f"V{HASH_BYTES}")
