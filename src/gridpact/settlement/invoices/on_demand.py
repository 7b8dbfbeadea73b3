"""Sequences of documents that are made when they are asked for."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import overload

from gridpact.settlement.invoices.document import Document


class OnDemand(Sequence[Document]):
    """What all such sequences share: places counted from either end, and slices."""

    @abstractmethod
    def _made(self, place: int) -> Document:
        """Make the document of a place, counted from 0."""

    @overload
    def __getitem__(self, place: int) -> Document: ...
    @overload
    def __getitem__(self, place: slice) -> list[Document]: ...
    def __getitem__(self, place: int | slice) -> Document | list[Document]:
        if isinstance(place, slice):
            return [self._made(each) for each in range(len(self))[place]]
        return self._made(range(len(self))[place])
