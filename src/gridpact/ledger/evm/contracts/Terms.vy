# pragma version 0.4.3
# pragma evm-version london
"""
@title What was agreed: contracts of sessions, certified forms, agreements with their signatures
@notice A version of an agreement counts with the signature of every party's wallet over its
        digest, in a form that is certified; versions follow one another and keep their parties.
        An agreement has 2 to 64 parties.
        Who may call: `take` is for the ledger, with operations that were signed; reading is for
        anybody. How it stops and how it is upgraded: as every room, see room.vy; its rows are
        sessions, forms that are or were certified, and agreements.
"""
import room

initializes: room
exports: (
    room.LEDGER,
    room.PREDECESSOR,
    room.stage,
    room.epoch,
    room.rows,
    room.total,
    room.set_stage,
)

interface Before:
    def session(name: bytes32) -> (uint256, bytes32, bool): view
    def forms(form: bytes32) -> uint8: view
    def agreement(name: bytes32) -> Agreement: view

event TermsCommitted:
    session: indexed(bytes32)
    count: uint256
    root: bytes32

event FormCertified:
    form: indexed(bytes32)
    name: bytes32

event FormWithdrawn:
    form: indexed(bytes32)

event AgreementCommitted:
    agreement: indexed(bytes32)
    revision: uint64
    form: bytes32
    terms_hash: bytes32
    digest: bytes32

event AgreementEnded:
    agreement: indexed(bytes32)
    at: int64
    reason: bytes32

struct Agreement:
    revision: uint64  # 0 where there is none
    ended: bool
    at: int64  # when it ended [epoch s]
    form: bytes32
    digest: bytes32
    parties: bytes32  # keccak-256 over that of the parties before and the next id, in ascending order

# kinds, by their place among all of a ledger
TERMS_COMMITTED: constant(uint8) = 15
AGREEMENT_SIGNED: constant(uint8) = 16
FORM_CERTIFIED: constant(uint8) = 17
FORM_WITHDRAWN: constant(uint8) = 18
AGREEMENT_COMMITTED: constant(uint8) = 19
AGREEMENT_ENDED: constant(uint8) = 20

MOST_PARTIES: constant(uint256) = 64
HEAD: constant(uint256) = 160  # bytes of an agreement before its parties
ROW: constant(uint256) = 97  # bytes of a party: id, r, s, v
MOST_WORDS: constant(uint256) = 6368
MOST_COUNT: constant(uint256) = 2**63 - 1
# half of the order of the group that secp256k1 generates (SEC 2)
HALF_ORDER: constant(uint256) = (
    57896044618658097711785492504343953926418782139537452191302581570759080747168
)
EMPTY_ROOT: constant(bytes32) = sha256(b"")

CERTIFIED: constant(uint8) = 1
WITHDRAWN: constant(uint8) = 2

counts: HashMap[bytes32, uint256]  # contracts of each session, and one
roots: HashMap[bytes32, bytes32]
forms: public(HashMap[bytes32, uint8])  # 0 unknown, 1 certified, 2 withdrawn
agreements: HashMap[bytes32, Agreement]


@deploy
def __init__(ledger: address, predecessor: address):
    room.__init__(ledger, predecessor)


@external
def take(actor: room.Actor, kind: uint8, words: Bytes[MOST_WORDS]):
    """
    @notice Take one operation of an act, or revert
    """
    room._enter()
    if kind == AGREEMENT_COMMITTED:
        assert room._may(actor, False, room.OPERATOR, empty(bytes32)), "not for you"
        self._commit(words)
    elif kind == TERMS_COMMITTED:
        assert room._may(actor, False, room.OPERATOR, empty(bytes32)), "not for you"
        self._close(
            extract32(words, 0), extract32(words, 32, output_type=uint256), extract32(words, 64)
        )
    elif kind == FORM_CERTIFIED:
        assert actor.authority, "not for you"
        form: bytes32 = extract32(words, 0)
        before: uint8 = self.forms[form]
        assert before != CERTIFIED, "certified"
        if before == 0:
            room.rows += 1
        self.forms[form] = CERTIFIED
        log FormCertified(form=form, name=extract32(words, 32))
    elif kind == FORM_WITHDRAWN:
        assert actor.authority, "not for you"
        form: bytes32 = extract32(words, 0)
        assert self.forms[form] == CERTIFIED, "not certified"
        self.forms[form] = WITHDRAWN
        log FormWithdrawn(form=form)
    elif kind == AGREEMENT_ENDED:
        assert room._may(actor, True, room.OPERATOR, empty(bytes32)), "not for you"
        self._end(
            extract32(words, 0), extract32(words, 32, output_type=int64), extract32(words, 64)
        )
    else:
        assert kind == AGREEMENT_SIGNED, "kind"
        raise "without signatures"


@internal
def _close(session: bytes32, count: uint256, root: bytes32):
    """
    @dev Note the contracts of a session, once
    """
    assert count <= MOST_COUNT and (count == 0) == (root == EMPTY_ROOT), "count"
    assert self.counts[session] == 0, "closed before"
    self.counts[session] = count + 1
    self.roots[session] = root
    room.rows += 1
    log TermsCommitted(session=session, count=count, root=root)


@internal
def _commit(words: Bytes[MOST_WORDS]):
    """
    @dev Note a version of an agreement that all its parties signed
    """
    name: bytes32 = extract32(words, 0)
    revision: uint256 = extract32(words, 32, output_type=uint256)
    form: bytes32 = extract32(words, 64)
    digest: bytes32 = extract32(words, 128)
    before: Agreement = self.agreements[name]
    assert not before.ended, "ended"
    assert revision == convert(before.revision, uint256) + 1, "revision"
    assert self.forms[form] == CERTIFIED, "not certified"
    parties: bytes32 = self._parties(digest, words)
    if before.revision == 0:
        room.rows += 1
    else:
        assert parties == before.parties, "parties"
    self.agreements[name] = Agreement(
        revision=before.revision + 1,
        ended=False,
        at=0,
        form=form,
        digest=digest,
        parties=parties,
    )
    log AgreementCommitted(
        agreement=name,
        revision=before.revision + 1,
        form=form,
        terms_hash=extract32(words, 96),
        digest=digest,
    )


@internal
@view
def _parties(digest: bytes32, words: Bytes[MOST_WORDS]) -> bytes32:
    """
    @dev That each party may act and its wallet signed; return the hash of who they are
    """
    number: uint256 = (len(words) - HEAD) // ROW
    assert len(words) == HEAD + ROW * number, "words"
    assert number >= 2 and number <= MOST_PARTIES, "parties"
    people: room.People = room.People(room._people())
    last: bytes32 = empty(bytes32)
    found: bytes32 = empty(bytes32)
    for n: uint256 in range(number, bound=MOST_PARTIES):
        row: uint256 = HEAD + ROW * n
        who: bytes32 = extract32(words, row)
        assert convert(who, uint256) > convert(last, uint256), "order"
        assert staticcall people.acts(who), "may not act"
        wallet: address = staticcall people.wallet(who)
        s: uint256 = extract32(words, row + 64, output_type=uint256)
        v: uint256 = convert(slice(words, row + 96, 1), uint256)
        assert wallet != empty(address), "no wallet"
        assert s <= HALF_ORDER and (v == 27 or v == 28), "signature"
        r: uint256 = extract32(words, row + 32, output_type=uint256)
        assert ecrecover(digest, v, r, s) == wallet, "signature"
        found = keccak256(concat(found, who))
        last = who
    return found


@internal
def _end(name: bytes32, at: int64, reason: bytes32):
    assert self.agreements[name].revision != 0, "unknown"
    assert not self.agreements[name].ended, "ended"
    self.agreements[name].ended = True
    self.agreements[name].at = at
    log AgreementEnded(agreement=name, at=at, reason=reason)


@external
@view
def session(name: bytes32) -> (uint256, bytes32, bool):
    """
    @notice How many contracts a session made, the root over their hashes, and whether it is closed
    """
    found: uint256 = self.counts[name]
    return found - min(found, 1), self.roots[name], found != 0


@external
@view
def agreement(name: bytes32) -> Agreement:
    """
    @notice The latest version of an agreement
    """
    return self.agreements[name]


@external
def adopt_sessions(names: DynArray[bytes32, room.MOST_ADOPTED]):
    """
    @notice Take sessions over
    """
    room._adopt()
    for name: bytes32 in names:
        count: uint256 = 0
        root: bytes32 = empty(bytes32)
        closed: bool = False
        count, root, closed = staticcall Before(room.PREDECESSOR).session(name)
        assert closed, "unknown"
        assert self.counts[name] == 0, "adopted before"
        self.counts[name] = count + 1
        self.roots[name] = root
        room.rows += 1


@external
def adopt_forms(forms: DynArray[bytes32, room.MOST_ADOPTED]):
    """
    @notice Take forms over, withdrawn ones too
    """
    room._adopt()
    for form: bytes32 in forms:
        found: uint8 = staticcall Before(room.PREDECESSOR).forms(form)
        assert found != 0, "unknown"
        assert self.forms[form] == 0, "adopted before"
        self.forms[form] = found
        room.rows += 1


@external
def adopt_agreements(names: DynArray[bytes32, room.MOST_ADOPTED]):
    """
    @notice Take agreements over, ended ones too
    """
    room._adopt()
    for name: bytes32 in names:
        found: Agreement = staticcall Before(room.PREDECESSOR).agreement(name)
        assert found.revision != 0, "unknown"
        assert self.agreements[name].revision == 0, "adopted before"
        self.agreements[name] = found
        room.rows += 1
