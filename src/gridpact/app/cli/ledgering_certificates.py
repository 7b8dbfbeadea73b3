"""``gridpact ledger certificate``: guarantees of origin that a ledger keeps."""

from __future__ import annotations

from pathlib import Path

import click
from msgspec.structs import asdict

from gridpact.app.certificates.folder import RegisterFolder
from gridpact.app.cli.certifying_words import REGISTER, Faults
from gridpact.app.cli.layout import aligned, counted
from gridpact.app.cli.ledgering_options import LEDGER, Acting, act, acting_options, done_at
from gridpact.app.cli.output import harmless, output_options, say, say_json
from gridpact.app.ledgers import home
from gridpact.app.ledgers.carrying import carried, left
from gridpact.ledger.entries import Entry
from gridpact.ledger.kinds.certificates import (
    CertificateCancelled,
    CertificateExpired,
    CertificateIssued,
    CertificateTransferred,
    CertificateWithdrawn,
)
from gridpact.ledger.relations import MOST_IN_ACT

CERTIFICATE = click.argument("name", metavar="CERTIFICATE")
HOLDER = click.option("--from", "holder", required=True, metavar="HOLDER", help="Who has it.")
ENERGY = click.option("--energy", required=True, metavar="ENERGY", help="Such as 2MWh or 500kWh.")


@click.group(short_help="Issue, transfer and end guarantees of origin.")
def certificate() -> None:
    """Keep guarantees of origin: issued once for a device's period, moved, and ended once.

    A register ('gridpact certificates') knows serials, rules and readings. Here a certificate is
    what an issuer vouches for, by a name, and parts of it [Wh] have holders.
    """


def _energy(text: str) -> int:
    faults = Faults()
    found = faults.energy(text)
    faults.check()
    return found


@certificate.command(
    short_help="Certify what a device injected in a period.",
    epilog="""\b
Example:
  gridpact ledger certificate issue l g pv 2026 --to h --source s --energy 1MWh --as a=k --why x""",
)
@LEDGER
@CERTIFICATE
@click.argument("device")
@click.argument("period")
@click.option("--to", "holder", required=True, metavar="HOLDER", help="Who gets it.")
@click.option("--source", required=True, help="Of what, such as solar.")
@ENERGY
@acting_options
def issue(place: Path, name: str, energy: str, doing: Acting, **what: str) -> None:
    """Issue CERTIFICATE, a new name, for energy that DEVICE injected in PERIOD, such as 2026-06.

    A device's period is certified once.
    """
    entry = CertificateIssued(certificate=name, energy_wh=_energy(energy), **what)
    act(place, doing, [entry], f"{name} is issued to {entry.holder}, {entry.energy_wh} Wh")


@certificate.command(
    short_help="Move a part of a certificate.",
    epilog="""\b
Example:
  gridpact ledger certificate transfer l g --from h --to pub --energy 1MWh --as o=o.key --why x""",
)
@LEDGER
@CERTIFICATE
@HOLDER
@click.option("--to", "receiver", required=True, metavar="HOLDER", help="Who gets it.")
@ENERGY
@acting_options
def transfer(
    place: Path, name: str, holder: str, receiver: str, energy: str, doing: Acting
) -> None:
    """Move a part of CERTIFICATE to another participant."""
    entry = CertificateTransferred(name, holder, receiver, _energy(energy))
    act(place, doing, [entry], f"{entry.energy_wh} Wh of {name} go from {holder} to {receiver}")


@certificate.command(
    short_help="Use a part of a certificate up.",
    epilog="""\b
Example:
  gridpact ledger certificate cancel l g --from pub --energy 1MWh --for 2026 --as o=k --why used""",
)
@LEDGER
@CERTIFICATE
@HOLDER
@ENERGY
@click.option("--for", "purpose", required=True, metavar="NAME", help="What for, such as 2026-06.")
@acting_options
def cancel(place: Path, name: str, holder: str, energy: str, purpose: str, doing: Acting) -> None:
    """Use a part of CERTIFICATE up for a purpose; it never moves again."""
    entry = CertificateCancelled(name, holder, _energy(energy), purpose)
    act(place, doing, [entry], f"{entry.energy_wh} Wh of {name} are cancelled for {purpose}")


@certificate.command(
    short_help="End a part that nobody used in time.",
    epilog="""\b
Example:
  gridpact ledger certificate expire l g --from pub --energy 1MWh --as a=a.key --why late""",
)
@LEDGER
@CERTIFICATE
@HOLDER
@ENERGY
@acting_options
def expire(place: Path, name: str, holder: str, energy: str, doing: Acting) -> None:
    """End a part of CERTIFICATE that nobody used in time."""
    entry = CertificateExpired(name, holder, _energy(energy))
    act(place, doing, [entry], f"{entry.energy_wh} Wh of {name} have expired")


@certificate.command(
    short_help="End a part that corrected readings do not show.",
    epilog="""\b
Example:
  gridpact ledger certificate withdraw l g --from pub --energy 1kWh --as a=a.key --why meter""",
)
@LEDGER
@CERTIFICATE
@HOLDER
@ENERGY
@acting_options
def withdraw(place: Path, name: str, holder: str, energy: str, doing: Acting) -> None:
    """End a part of CERTIFICATE that was issued for energy which corrected readings lack."""
    entry = CertificateWithdrawn(name, holder, _energy(energy))
    act(place, doing, [entry], f"{entry.energy_wh} Wh of {name} are withdrawn")


@certificate.command(
    short_help="Carry a register of certificates onto a ledger.",
    epilog="""\b
Example:
  gridpact ledger certificate carry lane-ledger -r register --as lane=lane.key --why monthly""",
)
@LEDGER
@REGISTER
@acting_options
def carry(place: Path, folder: Path, doing: Acting) -> None:
    """Put on LEDGER what a register ('gridpact certificates') did since it was carried last.

    Each lot of serials becomes a certificate REGISTER/SERIAL, with all its issues, transfers,
    cancellations, withdrawals and expiries. Who carries has the roles issuer and operator there,
    and all holders are admitted.
    """
    source = RegisterFolder.open(folder)
    name, at = source.rules().name, done_at(doing.moment)
    expected = list(carried(source.register().operations.values(), name, at))
    with home.opened(place) as ledger:
        rest = left(ledger.entries(), expected, name)
    if not rest and doing.as_json:
        say_json({"block": None, "entries": 0})
    elif not rest and not doing.quiet:
        say(harmless(f"all of {name} is on the ledger"))
    doing = doing._replace(once="")  # what is carried is carried once by itself
    for start in range(0, len(rest), MOST_IN_ACT):
        part: list[Entry] = [*rest[start : start + MOST_IN_ACT]]
        act(place, doing, part, f"{counted(len(part), 'operation')} of {name} are on the ledger")


@certificate.command(
    "list",
    short_help="List certificates and who has how much.",
    epilog="\b\nExample:\n  gridpact ledger certificate list lane-ledger",
)
@LEDGER
@output_options
def list_(place: Path, as_json: bool, quiet: bool) -> None:
    """List what was issued for which device and period, what has ended, and who has the rest."""
    with home.opened(place) as ledger:
        state = ledger.state()
    held: dict[str, dict[str, int]] = {name: {} for name in sorted(state.issues.rows)}
    for (name, holder), energy_wh in sorted(state.holdings.rows.items()):
        held[name][holder] = energy_wh
    if as_json:
        issues = state.issues.rows
        say_json([{"certificate": n, **asdict(issues[n]), "held": h} for n, h in held.items()])
    elif not quiet:
        rows = [("certificate", "device", "period", "issued Wh", "ended Wh", "held")]
        for name, found in held.items():
            one, has = state.issues.rows[name], ", ".join(f"{k} {v}" for k, v in found.items())
            rows.append((name, one.device, one.period, f"{one.energy_wh}", f"{one.ended_wh}", has))
        for line in aligned(rows, right=(3, 4)):
            say(harmless(line))
