"""The report of a community: its energy and money over a period, who gained, and how evenly."""

from __future__ import annotations

from gridpact.app.certificates.rules_file import ResidualMix
from gridpact.app.explaining.sources import RunReadings
from gridpact.app.invoicing.issuing import check_members
from gridpact.app.report.parts import Tile
from gridpact.app.report.text import MISSING, Money, counted, percent
from gridpact.app.reporting import bookings, carbon, energy, even, members
from gridpact.app.reporting.followed import Followed, follow
from gridpact.app.reporting.report import Chapter, Report
from gridpact.app.reporting.settled import Settled
from gridpact.app.reporting.sheets import shown

GLOSSARY = (
    ("withdrawn, injected", "the two registers of a meter: energy from and to the grid"),
    ("stayed within", "injected and withdrawn in one slot: it never left the community"),
    ("self-sufficiency", "what stayed within as a share of consumption"),
    ("self-consumption", "what stayed within as a share of production"),
    ("owes", "all lines of a member in sum; negative is received"),
    ("saving", "what a member owes less than with the supplier alone; negative for who lost"),
    ("–", "not known or not applicable; never zero"),
)

FEW = 5
WARNING = (
    "The community has so few members that what it comes to, less one’s own, tells about others."
)
"""Of fewer members than this, sums over all say much about each."""


def month_report(settled: Settled, member: str = "", mix: ResidualMix | None = None) -> Report:
    """Report on a period; for one ``member`` with nobody else named.

    CO₂ is told by the figures of a residual ``mix``, and not at all without them. Raises BadInput
    where there is no such member, or the readings of the run are gone.
    """
    if member:
        check_members(settled.rules, (member,))
    readings = RunReadings(settled.book.folder, settled.made)
    followed = follow(settled, readings=readings)
    found = members.standings(settled, readings)
    told = mix.carbon if mix else None
    few = bool(member) and len(found.names) < FEW
    return Report(
        name=f"month-{settled.run.period}{f'-{member}' if member else ''}",
        kind=f"gridpact community report{f' for {member}' if member else ''}",
        title=settled.rules.name,
        period=settled.named,
        place=f"{settled.rules.timezone}, {counted(len(found.names), 'member', 'members')}",
        money=settled.money,
        tiles=(*_tiles(settled, followed, found), *((carbon.tile(settled, told),) if told else ())),
        chapters=(
            energy.chapter(settled, followed),
            *((carbon.chapter(settled, mix, told, member),) if mix and told else ()),
            members.chapter(settled, found, member),
            even.chapter(found),
            *((_own_money(settled, member),) if member else ()),
            _money(settled),
            bookings.chapter(settled),
        ),
        glossary=GLOSSARY,
        warnings=(WARNING,) if few else (),
    )


def _tiles(settled: Settled, followed: Followed, found: members.Standings) -> tuple[Tile, ...]:
    totals, stayed = energy.Totals(settled), followed.stayed_wh
    used, made = totals["metered:withdrawal"], totals["metered:injection"]
    saving = found.saving_minor
    money = settled.money
    gained = MISSING if saving is None else money.minor(int(saving.sum()))
    count = 0 if saving is None else int((saving > 0).sum())
    return (
        Tile("Consumption", shown("energy", used, money), "kWh", "withdrawn by all members"),
        Tile("Production", shown("energy", made, money), "kWh", "injected by all members"),
        Tile("Shared and traded", _within(totals, money), "kWh", "received from other members"),
        Tile("Self-sufficiency", percent(stayed, used), "",
             "of consumption stayed within"),
        Tile("Self-consumption", percent(stayed, made), "",
             "of production stayed within"),
        Tile("Saved", gained, money.currency,
             f"against the supplier alone; {counted(count, 'member gains', 'members gain')}"),
    )  # fmt: skip


def _within(totals: energy.Totals, money: Money) -> str:
    return shown("energy", totals["shared:in"] + totals["trade:bought"], money)


def _money(settled: Settled) -> Chapter:
    lead = "Lines are summed over members. Whatever is paid is received, to the unit."
    sheets = (bookings.lines_sheet(settled.made.lines), bookings.parties_sheet(settled))
    return Chapter("money", "Money of the community", lead, sheets)


def _own_money(settled: Settled, member: str) -> Chapter:
    mine = settled.made.lines.of(member)
    sheet = bookings.lines_sheet(mine, "own-lines", f"Lines of {member}")
    return Chapter("own", f"Money of {member}", "", (sheet,))
