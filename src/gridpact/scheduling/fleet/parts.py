"""Parts of an oracle: some of its groups, with their assets alone."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from gridpact.base.units import Ints

Columns = TypeVar("Columns", bound=tuple[NDArray[np.generic], ...])


def groups_of(first: Ints, columns: Columns, groups: slice) -> tuple[Ints, Columns]:
    """Cut a named tuple of arrays [assets, ...] down to groups: where each begins, and the rows.

    ``groups`` is a slice with both ends given, of whole groups in order.
    """
    own = first[groups.start : groups.stop + 1]
    rows = slice(int(own[0]), int(own[-1]))
    kept = [column[rows] for column in columns]
    return own - own[0], type(columns)(*kept)
