"""Typed identifiers. They are plain strings at run time, so columns of them stay cheap."""

from __future__ import annotations

import re
from typing import NewType

ParticipantId = NewType("ParticipantId", str)
MeteringPointId = NewType("MeteringPointId", str)
AssetId = NewType("AssetId", str)
ZoneId = NewType("ZoneId", str)
ContractId = NewType("ContractId", str)
LineId = NewType("LineId", str)

PATTERN = r"^[a-z0-9][a-z0-9._-]{0,62}$"
_SHAPE = re.compile(PATTERN)


def well_formed(text: str) -> bool:
    """Tell whether a text may be an identifier: lower-case ASCII, digits, dot, dash, underscore."""
    return _SHAPE.fullmatch(text) is not None
