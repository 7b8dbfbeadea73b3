"""Members as people name them: who is none is told who there is."""

from __future__ import annotations

from pathlib import Path

from gridpact.base.errors import BadInput, Fault
from gridpact.registry.model import Community

_SHOWN = 20


def check_member(community: Community, member: str, path: Path) -> None:
    """Raise BadInput where a community, that of the run in ``path``, has no such member."""
    members = community.members.ids
    if member not in members:
        problem = f"{member[:80]!r} is no member of this run"
        fix = f"there are {', '.join(members[:_SHOWN])}{', …' if len(members) > _SHOWN else ''}"
        raise BadInput([Fault(str(path), 0, "--member", problem, fix)])
