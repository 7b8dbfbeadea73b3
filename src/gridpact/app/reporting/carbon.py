"""The CO₂ of what a community drew from suppliers, by published figures alone."""

from __future__ import annotations

from gridpact.app.certificates.rules_file import Carbon, ResidualMix
from gridpact.app.report.parts import Tile
from gridpact.app.reporting.energy import Totals
from gridpact.app.reporting.report import Chapter
from gridpact.app.reporting.settled import Settled
from gridpact.app.reporting.sheets import Cell, Column, Sheet, shown
from gridpact.settlement.periods.energy import SOURCES

_COLUMNS = (
    Column("who", "energy from suppliers of"),
    Column("energy", "energy", "energy"),
    Column("co2_per_energy", "CO₂ per energy", "factor"),
    Column("co2", "CO₂", "mass"),
)
_BOUGHT = "supplier:in"


def chapter(settled: Settled, mix: ResidualMix, carbon: Carbon, only: str = "") -> Chapter:
    """All members in sum, and the one whom ``only`` names."""
    rows = [_row("all members", Totals(settled)[_BOUGHT], carbon)]
    if only:
        of = settled.made.energy_wh[SOURCES.index(_BOUGHT)]
        rows.append(_row(only, int(of[settled.members.index(only)]), carbon))
    lead = (
        f"By the residual mix “{mix.name}”; its CO₂ is told by {carbon.source}, of {carbon.date}."
    )
    note = (
        "What was shared or traded within came from members’ own plants, whose sources the book "
        "does not know: no CO₂ is told of it. Nor are cancelled certificates counted here, as "
        "they are in a member’s disclosure."
    )
    sheet = Sheet("co2", "CO₂ of energy from suppliers", _COLUMNS, tuple(rows), note=note)
    return Chapter("carbon", "CO₂", lead, (sheet,))


def tile(settled: Settled, carbon: Carbon) -> Tile:
    """The CO₂ of all members in sum."""
    grams = carbon.of_residual(Totals(settled)[_BOUGHT])
    told = shown("mass", grams, settled.money)
    return Tile("CO₂", told, "kg", "of energy from suppliers, by the residual mix")


def _row(who: str, energy_wh: int, carbon: Carbon) -> tuple[Cell, ...]:
    return who, energy_wh, carbon.residual_mg, carbon.of_residual(energy_wh)
