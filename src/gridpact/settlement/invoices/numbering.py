"""Which numbers the documents of a run have, told from columns without making any of them."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

import numpy as np

from gridpact.base.units import Ints
from gridpact.settlement.invoices.drafting import codes_of, issuers_of, kinds_of
from gridpact.settlement.lines import Head


class Numbering:
    """Numbers of the documents of a run, for a period of which none were issued before.

    Parameters
    ----------
    heads : sequence of Head
        What lines are about.
    members : container of str
        Who is a member, among the parties of heads.
    owners : int
        How many owners there are.
    columns : tuple of Ints
        Head, owner and minor units of all lines of the run in their order, int64 [lines].
    """

    def __init__(
        self,
        heads: Sequence[Head],
        members: Container[str],
        owners: int,
        columns: tuple[Ints, Ints, Ints],
    ) -> None:
        head, owner, minor = columns
        kinds, of_head = kinds_of(heads)
        of_tax = np.array([each.category == "tax" for each in heads], np.bool_)
        said = np.flatnonzero(minor)
        said = said[~of_tax[head[said]]] if len(heads) else said
        stated = np.zeros((owners, len(kinds)), np.bool_)
        stated[owner[said], of_head[head[said]]] = True
        issuers = issuers_of(kinds, codes_of(kinds, members))
        self._before: dict[str, Ints] = {}
        for issuer in sorted({*issuers}):
            mine = stated[:, [name == issuer for name in issuers]].sum(axis=1)
            self._before[issuer] = np.append(0, np.cumsum(mine))

    @property
    def added(self) -> dict[str, int]:
        """How many documents each issuer issues."""
        counted = {name: int(before[-1]) for name, before in self._before.items()}
        return {name: count for name, count in counted.items() if count}

    def owner(self, issuer: str, place: int) -> int | None:
        """Return whose document an issuer's ``place``-th is, counted from 0; None beyond all."""
        before = self._before.get(issuer)
        if before is None or not 0 <= place < before[-1]:
            return None
        return int(np.searchsorted(before, place, side="right")) - 1

    def counts(self, owner: int, counts: Mapping[str, int]) -> dict[str, int]:
        """Return the documents of every issuer before an owner's, ``counts`` before all of them."""
        found = {name: int(before[owner]) for name, before in self._before.items()}
        return {name: counts.get(name, 0) + found.get(name, 0) for name in {*counts, *found}}
