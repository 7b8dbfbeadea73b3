"""What may come next on a ledger: acts are checked, entries folded in, all of a block or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from gridpact.base.errors import Fault
from gridpact.ledger.acts import ED25519, UNSIGNED, Claim, Scheme, digest_of
from gridpact.ledger.entries import fault
from gridpact.ledger.kinds import (
    assets,
    certificates,
    founding,
    money,
    participants,
    patches,
    roots,
    terms,
)
from gridpact.ledger.kinds.fields import Kind
from gridpact.ledger.kinds.founding import Act, LedgerFounded
from gridpact.ledger.state import agreed, holdings, standing
from gridpact.ledger.state import patches as patching
from gridpact.ledger.state.rights import RIGHTS, may_do, without_right
from gridpact.ledger.state.state import Problem, Problems, State

PLAIN: tuple[type[Kind], ...] = (
    participants.ParticipantAuthorised,
    terms.TermsCommitted,
    terms.AgreementSigned,
    roots.RootAnchored,
    money.NetSettled,
)
"""Kinds that a ledger of one key takes; it keeps no state, so nothing is asked of them."""

_FOLDS: dict[type[Kind], Callable[[State, Any], Problems]] = {
    founding.AuthorityAdded: standing.authority_added,
    founding.AuthorityRemoved: standing.authority_removed,
    founding.QuorumSet: standing.quorum_set,
    participants.ParticipantAuthorised: standing.authorised,
    participants.RoleWithdrawn: standing.role_withdrawn,
    participants.ParticipantSuspended: standing.suspended,
    participants.ParticipantReinstated: standing.reinstated,
    participants.ParticipantBarred: standing.barred,
    participants.KeyBound: standing.key_bound,
    participants.WalletBound: standing.wallet_bound,
    participants.SubjectErased: standing.erased,
    assets.AssetAttested: agreed.attested,
    assets.AttestationEnded: agreed.attestation_ended,
    terms.FormCertified: agreed.form_certified,
    terms.FormWithdrawn: agreed.form_withdrawn,
    terms.TermsCommitted: agreed.terms_committed,
    terms.AgreementSigned: agreed.agreement_signed,
    terms.AgreementCommitted: agreed.agreement_committed,
    terms.AgreementEnded: agreed.agreement_ended,
    roots.RootAnchored: agreed.anchored,
    roots.PeriodClosed: agreed.period_closed,
    money.NetSettled: holdings.net_settled,
    money.TokensMinted: holdings.minted,
    money.TokensBurnt: holdings.burnt,
    money.TokensTransferred: holdings.tokens_transferred,
    certificates.CertificateIssued: holdings.issued,
    certificates.CertificateTransferred: holdings.certificate_transferred,
    certificates.CertificateCancelled: holdings.ended,
    certificates.CertificateExpired: holdings.ended,
    certificates.CertificateWithdrawn: holdings.ended,
    patches.PatchActivated: patching.activated,
    patches.PatchUndone: patching.undone,
}
_FOLDS_BY: dict[type[Kind], Callable[[State, Any, str], Problems]] = {
    patches.PatchProposed: patching.proposed,
    patches.PatchApproved: patching.approved,
}
_FOLDS_ALL: dict[type[Kind], Callable[[State, Any, set[str]], Iterator[tuple[int, Problems]]]] = {
    money.TokensTransferred: holdings.all_tokens_transferred,
}
"""Kinds that come by thousands, folded in many at once; none of them changes who may do what."""

_WHO_MAY = frozenset(
    kind for kind in RIGHTS if kind.__module__ in (founding.__name__, participants.__name__)
)
"""Kinds that change who may do what, within an act too."""


class Offered(NamedTuple):
    """A block that is to be: entries with their leaf hashes, its time [epoch s], who seals it.

    ``sealer`` is an Ed25519 public key [32 bytes].
    """

    entries: Sequence[Kind]
    leaves: Sequence[bytes]
    at: int
    sealer: bytes


class Admission:
    """Takes blocks into a state.

    ``ledger`` is the genesis hash [32 bytes]; ``scheme`` says how acts are signed.
    """

    def __init__(
        self,
        ledger: bytes,
        state: State | None = None,
        scheme: Scheme = ED25519,
    ) -> None:
        self.ledger = ledger
        self.state = state or State()
        self._scheme = scheme
        self._fit = set[str]()  # found able, until an entry changes who takes part

    def take(self, block: Offered) -> tuple[Fault, ...]:
        """Fold a block into the state, or return all that is wrong and leave the state alone.

        Each entry is sound by itself: whoever offers it has looked.
        """
        found = self._fold(block)
        if found:
            self._undo()
            return found
        self.state.log.keep()
        self.state.size += len(block.entries)
        return ()

    def tried(self, block: Offered) -> tuple[Fault, ...]:
        """Return all that is wrong with a block, and leave the state alone."""
        found = self._fold(block)
        self._undo()
        return found

    def _undo(self) -> None:
        self.state.log.undo()
        self._fit.clear()

    def _fold(self, block: Offered) -> tuple[Fault, ...]:
        first = block.entries[0]
        if isinstance(first, LedgerFounded) and not self.state.size:
            self._found(first, block.at)
            beside = self._acts(block, 1) if len(block.entries) > 1 else []
            return tuple(self._sealed(block) + beside)
        if not self.state.founded:
            return _beyond_plain(block.entries)
        return tuple(self._sealed(block) + self._acts(block, 0))

    def _found(self, entry: LedgerFounded, at: int) -> None:
        settings = self.state.settings
        for name, key in entry.authorities:
            self.state.seat(name, key)
        settings.put("quorum", entry.quorum)
        settings.put("skew_s", entry.skew_s)
        settings.put("at", at)

    def _sealed(self, block: Offered) -> list[Fault]:
        """Check who seals, and the clock; note the time."""
        found = list[Fault]()
        before = self.state.settings.rows["at"]
        if block.sealer not in self.state.sealers:
            fix = "let an authority that stands seal it, with its own key"
            found.append(Fault("block", 0, "sealer", "is no authority's key", fix))
        if block.at < before - self.state.skew_s:
            said = f"is {before - block.at} s before the last block"
            found.append(Fault("block", 0, "at", said, "set the clock"))
        self.state.settings.put("at", max(before, block.at))
        return found

    def _acts(self, block: Offered, start: int) -> list[Fault]:
        found, claims = list[Fault](), list[tuple[int, str, Claim]]()
        place, entries = start, block.entries
        while place < len(entries):
            act = entries[place]
            if not isinstance(act, Act):
                fix = "let an act cover it, signed by whoever acts"
                found.append(fault(place, act, ("", "is covered by no act", fix)))
                place += 1
                continue
            end = place + 1 + act.count
            wrong = self._act(block, place, act, claims)
            found += wrong
            covered = entries[place + 1 : end]
            for at, problems in self._covered(act, covered):
                found += [fault(place + 1 + at, covered[at], each) for each in problems]
            place = end
        held = self._scheme.check([claim for _, _, claim in claims])
        return found + [
            fault(at, entries[at], ("signatures", _unsigned(name, claim), _RESIGN))
            for (at, name, claim), good in zip(claims, held, strict=True)
            if not good
        ]

    def _act(
        self, block: Offered, place: int, act: Act, claims: list[tuple[int, str, Claim]]
    ) -> list[Fault]:
        """Check an act but for its signatures, which are added to ``claims``."""
        leaves = block.leaves[place + 1 : place + 1 + act.count]
        found = list[Problem]()
        if len(leaves) < act.count or digest_of(leaves) != act.digest:
            found.append(("digest", "is not of the entries that follow", "draft the act again"))
        apart = abs(act.at - block.at)
        if apart > self.state.skew_s:
            said = f"is {apart} s from the block's time, more than {self.state.skew_s} s"
            found.append(("at", said, "set the clocks"))
        first, due = act.by[0], self.state.sequences.at(act.by[0], 0) + 1
        if act.sequence != due:
            said = f"{act.sequence} where {due} is next for {first}"
            found.append(("sequence", said, "an act counts once, in its turn"))
        self.state.sequences.put(first, act.sequence)
        covered = block.entries[place + 1 : place + 1 + act.count]
        message = self._scheme.message(self.ledger, act, covered)
        for name, signature in zip(act.by, act.signatures, strict=True):
            key = self.state.key_of(name)
            if key:
                claims.append((place, name, Claim(key, message, signature)))
            else:
                said = f"{name} may not sign here: no authority, or no key, role or standing"
                found.append(("by", said, "let those sign who may act"))
        return [fault(place, act, problem) for problem in found]

    def _covered(self, act: Act, entries: Sequence[Kind]) -> Iterator[tuple[int, Problems]]:
        """Fold in what an act covers, in order; yield the place and problems of what is refused."""
        may, at = set[type[Kind]](), 0
        for kind, run in groupby(entries, type):
            own, fold_all = list(run), _FOLDS_ALL.get(kind)
            if fold_all is not None and may_do(self.state, act, kind):
                for place, problems in fold_all(self.state, own, self._fit):
                    yield at + place, problems
            else:
                for place, entry in enumerate(own, at):
                    if problems := self._entry(act, entry, may):
                        yield place, problems
            at += len(own)

    def _entry(self, act: Act, entry: Kind, may: set[type[Kind]]) -> Problems:
        """Fold an entry in; ``may`` remembers kinds that whoever acts may do, for the next."""
        kind = type(entry)
        if kind not in may:
            if kind not in RIGHTS:
                return (("", "is nothing that an act does", "keep acts apart"),)
            if may_do(self.state, act, kind):
                may.add(kind)
            elif problems := without_right(self.state, act, entry):
                return problems
        if kind in _WHO_MAY:
            may.clear()
            self._fit.clear()
        fold = _FOLDS.get(kind)
        if fold is not None:
            return fold(self.state, entry)
        return _FOLDS_BY[kind](self.state, entry, act.by[0])


_RESIGN = "let it sign this act, on this ledger"


def _unsigned(name: str, claim: Claim) -> str:
    if claim.signature == UNSIGNED:
        return f"{name} has not signed"
    return f"the one of {name} does not hold under its key"


def _beyond_plain(entries: Sequence[Kind]) -> tuple[Fault, ...]:
    fix = "found a ledger of authorities, whose first entry is ledger_founded"
    return tuple(
        fault(place, entry, ("", "needs a ledger of authorities", fix))
        for place, entry in enumerate(entries)
        if not isinstance(entry, PLAIN)
    )
