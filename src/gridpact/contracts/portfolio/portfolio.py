"""Portfolios: many contracts, evaluated together by shape, a bounded number at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.contracts.canonical import from_bytes
from gridpact.contracts.cashflows import cashflows
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.evaluate import Sheet, World
from gridpact.contracts.portfolio.errors import ContractFault, PortfolioFaults
from gridpact.contracts.portfolio.evaluation import Evaluation, Faults, Part
from gridpact.contracts.portfolio.groups import Collector, Group, grouped
from gridpact.contracts.portfolio.outline import Key, Outline, outline
from gridpact.contracts.portfolio.signed import Reader
from gridpact.contracts.portfolio.totals import Totals, TotalsMade
from gridpact.contracts.terms import Contract

CHUNK_BYTES = 1024 * 1024
"""Size of one array of a chunk: a handful of them fit a core's cache; measured to be best."""
_ARENA_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """One cash flow of some contracts of one shape.

    ``rows`` [n] are the contracts' numbers in the portfolio, ``payers`` and ``payees`` their n
    parties; ``amounts`` int64 [n, slots] nano-¤, to be read only: they may be shared.
    """

    rows: Ints
    payers: tuple[str, ...]
    payees: tuple[str, ...]
    currency: str
    kind: str
    amounts: Ints


class Portfolio:
    """Contracts grouped by shape: same structure, units and equalities, other numbers and names.

    Contracts that share a shape are evaluated in one pass over whole arrays; what shapes have in
    common, such as a price or a calendar, is computed once for all of them.
    """

    def __init__(
        self,
        contracts: Sequence[Contract | bytes],
        groups: Sequence[Group],
        parties: Sequence[str],
    ) -> None:
        self.contracts = contracts
        self.parties = tuple(parties)
        self._groups = tuple(groups)

    @classmethod
    def of(cls, contracts: Sequence[Contract | bytes]) -> Portfolio:
        """Group contracts, given as values or as their signed (canonical) bytes.

        Raises :class:`gridpact.base.errors.BadInput` listing every contract that is not canonical
        or ill-formed; its faults' file is ``contract <number>``.
        """
        collected, codes, reader = dict[Key, Collector](), dict[str, int](), Reader()
        faults: list[Fault] = []
        for row, contract in enumerate(contracts):
            try:
                key, found = _outlined(contract, reader)
            except (BadInput, IllFormed) as error:
                faults += _faults(row, error)
                continue
            collected.setdefault(key, Collector()).add(row, found, codes)
        groups = [
            grouped(
                some,
                lambda row: _contract(contracts[row]),
                lambda row, error: faults.extend(_faults(row, error)),
            )
            for some in collected.values()
        ]
        if faults:
            raise BadInput(faults)
        return cls(contracts, [group for group in groups if group], list(codes))

    @property
    def shapes(self) -> int:
        """How many distinct shapes the contracts have."""
        return len(self._groups)

    def cashflows(
        self, world: World, slots: Slots, *, chunk: int | None = None, cut_periods: bool = False
    ) -> Iterator[Batch]:
        """Yield every cash flow of every contract, as ``cashflows`` of each would return.

        Parameters
        ----------
        world : mapping of name to int64 [slots] or Known, such as a MatrixWorld
            Every series and choice that the contracts need; a name means the same in all.
        slots : Slots
            The slots evaluated.
        chunk : int, optional
            Most contracts at a time; it bounds memory and changes nothing else. By default as
            many as keep an array of a chunk within CHUNK_BYTES.
        cut_periods : bool
            As for :func:`gridpact.contracts.cashflows.cashflows`.

        Yields
        ------
        Batch
            By shape in order of first appearance, within it in the order of contracts.

        Raises
        ------
        PortfolioFaults
            Some contracts cannot be evaluated; lists each with its error. It comes last, when all
            have been tried: batches before it are right, and the portfolio is not settled.
        TypeError
            A series of the world is not int64 [slots].
        """
        for part in self._parts(world, slots, chunk, cut_periods):
            group, flow = part.group, part.flow
            rows = group.rows[part.where]
            amounts = part.by_slot(slots.count)
            payers, payees = (
                tuple([self.parties[code] for code in group.parties[place][part.where].tolist()])
                for place in (flow.payer, flow.payee)
            )
            yield Batch(rows, payers, payees, flow.currency, flow.kind, amounts)

    def totals(
        self, world: World, slots: Slots, *, chunk: int | None = None, cut_periods: bool = False
    ) -> Totals:
        """Return every cash flow summed over the slots, checked; arguments as ``cashflows``.

        Raises NumberOverflow where a sum does not fit 64 bits, else as ``cashflows``.
        """
        made = TotalsMade(slots.count)
        for part in self._parts(world, slots, chunk, cut_periods):
            made.add(part)
        return made.totals(self.parties)

    def _parts(
        self, world: World, slots: Slots, chunk: int | None, cut_periods: bool
    ) -> Iterator[Part]:
        if chunk is not None and chunk < 1:
            raise ValueError(f"a chunk has at least one contract, got {chunk}")
        # glibc hands freed blocks back to the system, and each chunk would fetch its pages anew;
        # freeing one larger block raises that threshold (mallopt(3), M_MMAP_THRESHOLD)
        np.empty(_ARENA_BYTES, dtype=np.uint8)
        chunk = chunk or max(1, CHUNK_BYTES // (8 * max(slots.count, 1)))
        common, faults = Sheet(world, slots, cut_periods=cut_periods), Faults()

        def alone(row: int) -> None:
            contract = _contract(self.contracts[row])
            cashflows(contract, world, slots, cut_periods=cut_periods)

        for group in self._groups:
            for part in Evaluation(group, common, faults, alone).parts(chunk):
                if not faults.errors:
                    yield part
        if faults.errors:
            raise PortfolioFaults(ContractFault(row, e) for row, e in faults.errors.items())


def _outlined(contract: Contract | bytes, reader: Reader) -> tuple[Key, Outline]:
    if isinstance(contract, bytes):
        return reader.read(contract)
    found = outline(contract)
    return tuple(found.key), found


def _contract(contract: Contract | bytes) -> Contract:
    return from_bytes(contract) if isinstance(contract, bytes) else contract


def _faults(row: int, error: BadInput | IllFormed) -> list[Fault]:
    file = f"contract {row}"
    if isinstance(error, BadInput):
        return [Fault(file, 0, fault.where, fault.problem, fault.fix) for fault in error.faults]
    return [Fault(file, 0, "", str(error), "correct the term")]
