"""Bounds in the name of the agreement behind them, whatever stretch of time they are about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from gridpact.base.errors import Fault
from gridpact.scheduling.contracted.model import agreement_of, name_of
from gridpact.scheduling.needs.model import Need
from gridpact.scheduling.standing.bound_sums import Binding


def whole_name(name: str) -> str:
    """Name of the agreement for that of a stretch of it; any other name as it is."""
    agreement = agreement_of(name)
    return name_of(agreement) if agreement else name


def in_name_of(binding: Binding) -> Binding:
    """Return a binding in the name of its agreement, where it has one."""
    name = whole_name(binding.need)
    return binding if name == binding.need else binding._replace(need=name)


def by_agreement(refused: Sequence[Fault]) -> Iterator[str]:
    """Yield names of needs that cannot be bound, those of agreements as one."""
    for fault in refused:
        yield whole_name(fault.where)


def in_names(needs: Sequence[Need]) -> Iterator[Need]:
    """Yield one need for each agreement, in its name: the first that it makes."""
    seen = set[str]()
    for need in needs:
        name = whole_name(need.id)
        if name not in seen:
            seen.add(name)
            yield replace(need, id=name)
