"""What is wrong with some contracts of a portfolio, all of it at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gridpact.base.errors import GridpactError

_SHOWN = 20  # problems in a message; ``faults`` holds all


@dataclass(frozen=True, slots=True, eq=False)
class ContractFault:
    """Contract number ``contract`` cannot be evaluated, and the error that tells why.

    The error is the one that :func:`gridpact.contracts.cashflows.cashflows` raises for it alone.
    """

    contract: int
    error: GridpactError


class PortfolioFaults(GridpactError):  # noqa: N818 - reads as what it is
    """Some contracts cannot be evaluated. ``faults`` has one entry for each, in their order."""

    def __init__(self, faults: Iterable[ContractFault]) -> None:
        self.faults = tuple(sorted(faults, key=lambda fault: fault.contract))
        alike: dict[str, list[int]] = {}
        for fault in self.faults:
            alike.setdefault(str(fault.error), []).append(fault.contract)
        lines = [f"  {_listed(contracts)}: {problem}" for problem, contracts in alike.items()]
        more = len(lines) - _SHOWN
        if more > 0:
            lines[_SHOWN:] = [f"  and {more} other problem{'s' if more > 1 else ''}"]
        count = len(self.faults)
        head = f"{count} contract{'s' if count != 1 else ''} cannot be evaluated"
        super().__init__("\n".join([head, *lines]))

    def __reduce__(self) -> tuple[type[PortfolioFaults], tuple[tuple[ContractFault, ...]]]:
        """Pickle by the faults, so that a worker process can raise it."""
        return type(self), (self.faults,)


def _listed(contracts: list[int]) -> str:
    shown = ", ".join(map(str, contracts[:5]))
    more = f" and {len(contracts) - 5} more" if len(contracts) > 5 else ""
    return f"contract{'s' if len(contracts) > 1 else ''} {shown}{more}"
