"""Tokens and certificates: what is made once, moved among those authorised, and ended once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from gridpact.base.units import INT64_MAX
from gridpact.ledger.kinds.certificates import (
    CertificateCancelled,
    CertificateExpired,
    CertificateIssued,
    CertificateTransferred,
    CertificateWithdrawn,
)
from gridpact.ledger.kinds.money import NetSettled, TokensBurnt, TokensMinted, TokensTransferred
from gridpact.ledger.state.standing import able, known
from gridpact.ledger.state.state import ANYBODY, FINE, Issue, Problems, State
from gridpact.ledger.state.tables import ABSENT, Table


def net_settled(state: State, entry: NetSettled) -> Problems:
    """Note net positions of those known, in a period that is open for them."""
    problems = known(state, "positions", *(name for name, _ in entry.positions))
    if state.is_closed(ANYBODY, entry.period):
        fix = "what comes later belongs in a period that is open"
        return (*problems, ("period", f"{entry.period} is final", fix))
    return problems


def minted(state: State, entry: TokensMinted) -> Problems:
    """Issue tokens for a deposit that was not used before."""
    supply = state.supply.at(entry.token, 0) + entry.units
    problems = (
        able(state, "holder", entry.holder)
        or _once(state, "deposit", entry.token, entry.deposit)
        or _beyond(supply)
    )
    if problems:
        return problems
    state.payments.put((entry.token, f"in/{entry.deposit}"), entry.units)
    state.supply.put(entry.token, supply)
    _add(state.balances, (entry.token, entry.holder), entry.units)
    return FINE


def burnt(state: State, entry: TokensBurnt) -> Problems:
    """Take tokens back for a withdrawal that was not used before."""
    problems = (
        known(state, "holder", entry.holder)
        or _once(state, "withdrawal", entry.token, entry.withdrawal)
        or _short(state.balances, (entry.token, entry.holder), entry.units, entry.token)
    )
    if problems:
        return problems
    state.payments.put((entry.token, f"out/{entry.withdrawal}"), entry.units)
    state.supply.put(entry.token, state.supply.rows[entry.token] - entry.units)
    _add(state.balances, (entry.token, entry.holder), -entry.units)
    return FINE


def tokens_transferred(state: State, entry: TokensTransferred) -> Problems:
    """Move tokens between two who are authorised."""
    token, sender, receiver = entry.token, entry.sender, entry.receiver
    return (able(state, "sender", sender) + able(state, "receiver", receiver)) or _move(
        state.balances, (token, sender), (token, receiver), entry.units, token
    )


def all_tokens_transferred(
    state: State, entries: Sequence[TokensTransferred], fit: set[str]
) -> Iterator[tuple[int, Problems]]:
    """Move tokens of many transfers in order; yield the place and problems of those refused.

    ``fit`` are names found able and still so, to which others are added. What leaves something and
    moves among them is written here, at a third of the time; all else as by
    :func:`tokens_transferred`.
    """
    rows, note = state.balances.rows, state.log.note
    for place, entry in enumerate(entries):
        token, names = entry.token, (entry.sender, entry.receiver)
        sender, receiver = (token, names[0]), (token, names[1])
        has = rows.get(sender, 0)
        left = has - entry.units
        if left > 0 and fit.issuperset(names):
            note((rows, sender, has))
            rows[sender] = left
            before = rows.get(receiver)
            note((rows, receiver, ABSENT if before is None else before))
            rows[receiver] = (before or 0) + entry.units
        elif problems := tokens_transferred(state, entry):
            yield place, problems
        else:
            fit.update(names)


def issued(state: State, entry: CertificateIssued) -> Problems:
    """Certify a device's period, once, under a name of its own."""
    problems = able(state, "holder", entry.holder)
    if problems:
        return problems
    if entry.certificate in state.issues:
        return (("certificate", f"{entry.certificate} is taken", "choose another name"),)
    before = state.certified.get((entry.device, entry.period))
    if before is not None:
        problem = f"{entry.period} of {entry.device} is certified by {before}"
        return (("period", problem, "energy is certified once"),)
    row = Issue(entry.device, entry.period, entry.source, entry.energy_wh)
    state.issues.put(entry.certificate, row)
    state.certified.put((entry.device, entry.period), entry.certificate)
    _add(state.holdings, (entry.certificate, entry.holder), entry.energy_wh)
    return FINE


def certificate_transferred(state: State, entry: CertificateTransferred) -> Problems:
    """Move a part of a certificate between two who are authorised."""
    problems = (
        able(state, "sender", entry.sender) + able(state, "receiver", entry.receiver)
    ) or _held(state, entry.certificate, entry.sender, entry.energy_wh)
    if problems:
        return problems
    _add(state.holdings, (entry.certificate, entry.sender), -entry.energy_wh)
    _add(state.holdings, (entry.certificate, entry.receiver), entry.energy_wh)
    return FINE


def ended(
    state: State, entry: CertificateCancelled | CertificateExpired | CertificateWithdrawn
) -> Problems:
    """End a part of a certificate, once."""
    problems = _held(state, entry.certificate, entry.holder, entry.energy_wh)
    if problems:
        return problems
    _add(state.holdings, (entry.certificate, entry.holder), -entry.energy_wh)
    issue = state.issues.rows[entry.certificate]
    gone = replace(issue, ended_wh=issue.ended_wh + entry.energy_wh)
    state.issues.put(entry.certificate, gone)
    return FINE


def _held(state: State, certificate: str, holder: str, energy_wh: int) -> Problems:
    if certificate not in state.issues:
        return (("certificate", f"{certificate} was never issued", "see the certificates"),)
    return _short(state.holdings, (certificate, holder), energy_wh, f"Wh of {certificate}")


def _short(
    table: Table[tuple[str, str], int], key: tuple[str, str], amount: int, what: str
) -> Problems:
    has = table.at(key, 0)
    if amount > has:
        field = "energy_wh" if what.startswith("Wh") else "units"
        return ((field, f"{key[1]} has {has} {what}, not {amount}", f"at most {has}"),)
    return FINE


def _move(
    table: Table[tuple[str, str], int],
    sender: tuple[str, str],
    receiver: tuple[str, str],
    amount: int,
    what: str,
) -> Problems:
    left = table.at(sender, 0) - amount
    if left < 0:
        return _short(table, sender, amount, what)
    if left:
        table.put(sender, left)
    else:
        table.drop(sender)
    table.put(receiver, table.at(receiver, 0) + amount)
    return FINE


def _once(state: State, field: str, token: str, name: str) -> Problems:
    way = "in" if field == "deposit" else "out"
    if (token, f"{way}/{name}") in state.payments:
        return ((field, f"{name} was used before", "each payment counts once"),)
    return FINE


def _beyond(supply: int) -> Problems:
    if supply > INT64_MAX:
        return (("units", "the supply would leave 64 bits", "mint less"),)
    return FINE


def _add(table: Table[tuple[str, str], int], key: tuple[str, str], amount: int) -> None:
    """Add to a holding; one of nothing has no row."""
    after = table.at(key, 0) + amount
    if after:
        table.put(key, after)
    elif key in table:
        table.drop(key)
