"""The chart of accounts of a community: which accounts there are, and what their names mean.

An account is ``kind:holder``, such as ``member:bakery`` or ``supplier:power-co``. A debit is
positive and a credit negative: what a member owes is a debit of its account, what a supplier is
owed a credit of its. Money at the bank is a debit.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from gridpact.settlement.lines import Head
from gridpact.settlement.periods.rules import Rules

BANK, SUSPENSE = "bank:main", "suspense:bank"
ISSUED, BACKING = "token:issued", "token:backing"
OWN = ("deposit", "prepayment", "wallet")
"""Kinds that a member has beside its current account."""
UNBOUNDED = (BANK, ISSUED)
"""Accounts without a limit: they mirror what lies elsewhere."""
_PERCENT_PPM = 10_000


class Chart(msgspec.Struct, frozen=True):
    """Names and roles that accounts are made of: ``roles`` maps who there is to its role."""

    roles: Mapping[str, str]

    def current(self, name: str) -> str:
        """Return the current account of a member or party; KeyError where there is none."""
        return f"{self.roles[name]}:{name}"

    def problem(self, account: str) -> str:
        """Tell why there is no such account; ``""`` where there is one."""
        if account in (BANK, SUSPENSE, ISSUED, BACKING):
            return ""
        kind, _, rest = account.partition(":")
        holder = rest.partition(":")[0] or account
        if holder not in self.roles:
            return f"there is no member or party {holder!r}"
        role = self.roles[holder]
        if kind == role or (kind == "tax" and rest.count(":") == 2):
            return ""
        if kind in OWN:
            return "" if role == "member" else f"{holder} is no member: it has no {kind}"
        return f"{holder} is {role}, not {kind!r}"


def chart_of(rules: Rules) -> Chart:
    """Return the chart of a community's rules."""
    return Chart({**rules.parties, **{member.id: "member" for member in rules.members}})


def of_tax(account: str, head: Head) -> str:
    """Return the account of a tax's rate, held by who receives it on an account."""
    return f"tax:{holder_of(account)}:{head.clause}:{percent(head.rate_ppm)}" if account else ""


def holder_of(account: str) -> str:
    """Return whose an account is."""
    return account.split(":")[1]


def percent(ppm: int) -> str:
    """Write parts in a million as a percentage, exactly: 190000 is ``19``, 55000 ``5.5``."""
    rest = f"{ppm % _PERCENT_PPM:04}".rstrip("0")
    return f"{ppm // _PERCENT_PPM}" + (f".{rest}" if rest else "")
