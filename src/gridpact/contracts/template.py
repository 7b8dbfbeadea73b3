"""Bytes of many contracts that differ only in party names and profile values.

A day of trades is thousands of contracts of one shape. The shape is written once; each contract
then costs little more than its digits. The result equals :func:`canonical.to_bytes`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np

from gridpact.base.units import INT64_MAX, Ints
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.observables import check_name
from gridpact.contracts.terms import Contract
from gridpact.contracts.wire import digits, to_bytes

_VALUES = r'(?<="values":\[")[^\]]*(?="\])'


class TermsTemplate:
    """The wire form of ``contract`` with its ``roles`` and its profiles' values left blank."""

    def __init__(self, contract: Contract, roles: Sequence[str]) -> None:
        if len(set(roles)) != len(roles) or any(role.isdigit() for role in roles):
            raise IllFormed(f"roles {tuple(roles)} must be distinct and not numbers")
        text = to_bytes(contract).decode("ascii")
        names = "|".join(map(re.escape, roles))
        party = rf'(?<="giver":")(?:{names})(?=")|(?<="taker":")(?:{names})(?=")'
        author = rf'(?<="by":")(?:{names})(?=")'
        pieces = re.split(f"({party}|{author}|{_VALUES})", text)
        self.roles = tuple(roles)
        self._fixed = pieces[0::2]
        self._blanks = [roles.index(blank) if blank in roles else -1 for blank in pieces[1::2]]
        self._lengths = [1 + blank.count(",") for blank in pieces[1::2] if blank not in roles]

    def documents(
        self, parties: Sequence[Sequence[str]], profiles: Sequence[Ints]
    ) -> Iterator[bytes]:
        """Yield the canonical bytes of one contract per row of ``parties``.

        ``parties[row]`` names the roles in their order. ``profiles`` has one int64 array per
        profile in order of appearance on the wire: [rows, values], or [values] where all rows
        share it. Raises IllFormed for a name, a count or a type that does not fit.
        """
        if len(profiles) != len(self._lengths):
            raise IllFormed(f"the template has {len(self._lengths)} profiles, got {len(profiles)}")
        for values, length in zip(profiles, self._lengths, strict=True):
            _check_values(values, len(parties), length)
        shared = [digits(values.tolist()) if values.ndim == 1 else "" for values in profiles]
        for row, names in enumerate(parties):
            own = [
                text or digits(values[row].tolist())
                for text, values in zip(shared, profiles, strict=True)
            ]
            yield self._document(names, own)

    def _document(self, names: Sequence[str], values: Sequence[str]) -> bytes:
        if len(names) != len(self.roles):
            raise IllFormed(f"the template has roles {self.roles}, got {tuple(names)}")
        for name in names:
            check_name(name, "party")
        following = iter(values)
        blanks = [names[role] if role >= 0 else next(following) for role in self._blanks]
        text = "".join(chain.from_iterable(zip(self._fixed, [*blanks, ""], strict=True)))
        return text.encode("ascii")


def _check_values(values: Ints, rows: int, length: int) -> None:
    if values.dtype != np.int64 or values.shape not in ((length,), (rows, length)):
        raise IllFormed(
            f"profile values must be int64 [{rows}, {length}] or [{length}], "
            f"got {values.dtype} {list(values.shape)}"
        )
    if values.min(initial=0) < -INT64_MAX:
        raise IllFormed("a profile's value must fit 64 bits with either sign")
