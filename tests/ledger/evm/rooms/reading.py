"""The state of a ledger as its contracts tell it, row by row as the rules in Python keep it."""

from gridpact.contracts.canonical import keccak256
from gridpact.ledger.evm.words import id_of
from gridpact.ledger.kinds.roots import ANCHORED

STATUS = ("", "authorised", "suspended", "barred", "erased")
TURN = ("", "proposed", "active", "undone")
TABLES = {}


def table(name):
    def put(read):
        TABLES[name] = read
        return read

    return put


def differences(ask, state, rows):
    """Yield what differs of rows ``(table, key)``; ``ask(contract, function, …)`` reads one."""
    for name, key in rows:
        if name in TABLES:
            said, due = TABLES[name](ask, key, getattr(state, name).get(key))
            if said != due:
                yield name, key, said, due


@table("settings")
def _settings(ask, key, row):
    found = ask("Ledger", "rules")
    return found[{"quorum": 1, "skew_s": 2, "at": 3}[key]], row


@table("authorities")
def _authority(ask, key, row):
    return ask("Ledger", "authorities", id_of(key)), _hex((row or bytes(32))[12:])


@table("sealed_by")
def _sealed_by(ask, key, row):
    return ask("Ledger", "sealed_by", key[12:]), id_of(row)


@table("sequences")
def _sequence(ask, key, row):
    return ask("Ledger", "sequences", id_of(key)), row or 0


@table("participants")
def _participant(ask, key, row):
    status, roles, signs, wallet = ask("Members", "participant", id_of(key))
    held = tuple(r for r in row.roles if ask("Members", "role", id_of(key), id_of(r)))
    said = STATUS[status], roles, held, signs, wallet
    signing = _hex((row.key or bytes(32))[12:])
    return said, (row.status, len(row.roles), row.roles, signing, _hex(row.wallet or bytes(20)))


@table("attestations")
def _attestation(ask, key, row):
    asset, credential = key
    until = row.until.to_bytes(32, "big", signed=True)
    what = keccak256(id_of(row.holder) + id_of(row.subject) + until)
    ended = id_of(row.ended) if row.ended else bytes(32)
    return ask("Members", "attestation", id_of(asset), credential), (what, ended)


@table("forms")
def _form(ask, key, row):
    return ask("Terms", "forms", key) == 1, bool(row)


@table("sessions")
def _session(ask, key, row):
    return ask("Terms", "session", id_of(key))[0], row


@table("agreements")
def _agreement(ask, key, row):
    revision, ended, at, form, digest, _ = ask("Terms", "agreement", id_of(key))
    return (revision, form, digest, at if ended else None), (
        row.revision, row.form, row.digest, row.ended,
    )  # fmt: skip


@table("anchors")
def _anchor(ask, key, row):
    kind, subject, period = key
    return ask("Roots", "anchor", ANCHORED.index(kind), id_of(subject), id_of(period)), row


@table("closed")
def _closed(ask, key, row):
    return ask("Roots", "is_closed", id_of(key[0]), key[1].encode()), bool(row)


@table("balances")
def _balance(ask, key, row):
    return ask("Tokens", "balance_of", id_of(key[0]), id_of(key[1])), row or 0


@table("supply")
def _supply(ask, key, row):
    return ask("Tokens", "supply", id_of(key)), row


@table("holdings")
def _holding(ask, key, row):
    return ask("Certificates", "holding", id_of(key[0]), id_of(key[1]))[0], row or 0


@table("certified")
def _certified(ask, key, row):
    return ask("Certificates", "certified", id_of(key[0]), id_of(key[1])), id_of(row)


@table("patches")
def _patch(ask, key, row):
    status, content = ask("Patches", "patch", id_of(key))
    return (TURN[status], content), (row.status, row.content)


@table("approvals")
def _approval(ask, key, row):
    step = ("activate", "undo").index(key[1])
    found = ask("Patches", "approvals", id_of(key[0]), step)
    return sorted(found), sorted(map(id_of, row))


def _hex(address):
    return "0x" + address.hex()
