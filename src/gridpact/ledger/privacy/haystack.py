"""Everything that a ledger leaves, as bytes with their places."""

from __future__ import annotations

import bz2
import gzip
import lzma
import sqlite3
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from gridpact.base.errors import StoreError

_PIECE = 1 << 24
_SQLITE = b"SQLite format 3\0"
_PACKED: dict[bytes, Callable[[Path], object]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\0": lzma.open,
}


class Piece(NamedTuple):
    """Bytes at a place; ``first`` is the number of their first byte there."""

    place: str
    first: int
    data: bytes


def pieces(path: Path, overlap: int) -> Iterator[Piece]:
    """Yield a file, or all files of a folder: raw, and what they hold packed or in tables.

    Raw bytes of a database hold what was deleted from it too; rows are read as well, because
    a long value lies in pieces on several pages. Pieces of one file overlap by ``overlap`` bytes,
    so that nothing is missed at their seams. StoreError where a file cannot be read.
    """
    files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
    for file in files:
        try:
            with file.open("rb") as stream:
                begin = stream.read(16)
                stream.seek(0)
                yield from _read(stream, str(file), overlap)
            if begin == _SQLITE:
                yield from _rows(file)
            for magic, opener in _PACKED.items():
                if begin.startswith(magic):
                    with cast("BinaryIO", opener(file)) as stream:
                        yield from _read(stream, f"{file}, unpacked", overlap)
        except (OSError, EOFError, zlib.error, lzma.LZMAError, sqlite3.Error) as error:
            raise StoreError(f"{file} cannot be read to its end: {error}") from error


def _read(stream: BinaryIO, place: str, overlap: int) -> Iterator[Piece]:
    first, kept = 0, b""
    while data := stream.read(_PIECE):
        yield Piece(place, first - len(kept), kept + data)
        first += len(data)
        kept = (kept + data)[-overlap:] if overlap else b""


def _rows(file: Path) -> Iterator[Piece]:
    """Yield every value of every table of a SQLite file, numbers as text."""
    address = f"{file.absolute().as_uri()}?mode=ro"
    if not Path(f"{file}-wal").exists():
        address += "&immutable=1"  # also where its folder cannot be written
    with closing(sqlite3.connect(address, uri=True)) as database:
        database.text_factory = bytes
        tables = database.execute("SELECT name FROM sqlite_schema WHERE type='table'").fetchall()
        for (name,) in tables:
            table = name.decode()
            cursor = database.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - its own names
            columns = [each[0] for each in cursor.description]
            for number, row in enumerate(cursor):
                for column, value in zip(columns, row, strict=True):
                    data = value if isinstance(value, bytes) else str(value).encode()
                    yield Piece(f"{file}, table {table}, row {number}, {column}", 0, data)
