"""Readings of a line held against the records that devices signed."""

from __future__ import annotations

from pathlib import Path

import msgspec

from gridpact.app.explaining.told import Reading, Signature
from gridpact.app.readings.signed_files import read_key, read_statements, read_stream
from gridpact.metering.edge.records import Records
from gridpact.metering.edge.verification import verify


class SignedFile:
    """A file of signed readings, verified: signatures, sequences and the chain of hashes.

    Raises BadInput for files that are none.
    """

    def __init__(self, path: Path, statements: Path, authority: Path) -> None:
        stream = read_stream(path)
        known = read_statements(statements, read_key(authority))
        self._records: Records = stream.records
        self._sound = verify(stream, known).sound
        body = stream.records["body"]
        names = [name.decode() for name in body["point"].tolist()]
        starts = body["slot_start"].tolist()
        self._place: dict[tuple[str, int], int] = {}
        for place, key in enumerate(zip(names, starts, strict=True)):
            self._place.setdefault(key, place)

    def held(self, point: str, readings: tuple[Reading, ...]) -> tuple[Reading, ...]:
        """Return readings of a point, each with its signature where the file has one of its slot.

        One is sound where the chain holds and the device signed the value that counted.
        """
        return tuple(self._held(point, reading) for reading in readings)

    def _held(self, point: str, reading: Reading) -> Reading:
        place = self._place.get((point, reading.slot_s))
        if place is None:
            return reading
        record = self._records[place]
        body = record["body"]
        said = int(body[f"{reading.register}_wh"]), int(body["step"])
        signature = Signature(
            record=place,
            sequence=int(body["sequence"]),
            device=f"ed25519:{bytes(body['device']).hex()}",
            previous=bytes(body["previous"]).hex(),
            signature=bytes(record["signature"]).hex(),
            sound=bool(self._sound[place]) and said == (reading.wh, reading.step_s),
        )
        return msgspec.structs.replace(reading, signed=signature)
