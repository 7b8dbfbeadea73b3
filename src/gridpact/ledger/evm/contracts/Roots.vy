# pragma version 0.4.3
# pragma evm-version london
"""
@title Roots over what was measured and done, final periods, and net positions
@notice A root is revised by a later one until its period is final. A period is final once it, its
        month or its year is closed: 2026-03-01 lies in 2026-03 and in 2026. Net positions of a
        settlement sum to zero, which is checked here, and add up to a running position of each
        participant in each currency. A settlement has at most 384 parties.
        Who may call: `take` is for the ledger, with operations that were signed; reading is for
        anybody. How it stops and how it is upgraded: as every room, see room.vy; its rows are
        anchored periods, closed periods, participants and currencies with positions, and the
        words of four positions each that are not all zero, and what is carried.
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
    def places(who: bytes32) -> uint256: view
    def currencies(currency: bytes32) -> uint256: view
    def positions(key: uint256) -> uint256: view
    def carries(key: uint256) -> int256: view
    def anchors(key: bytes32) -> bytes32: view
    def closed(key: bytes32) -> bool: view

event RootAnchored:
    subject: indexed(bytes32)
    period: indexed(bytes32)
    kind: uint8
    count: uint256
    root: bytes32

event PeriodClosed:
    subject: indexed(bytes32)
    period: indexed(bytes32)

event NetSettled:
    currency: indexed(bytes32)
    period: indexed(bytes32)
    parties: uint256

# kinds, by their place among all of a ledger
ROOT_ANCHORED: constant(uint8) = 21
PERIOD_CLOSED: constant(uint8) = 22
NET_SETTLED: constant(uint8) = 23

DSO: constant(bytes32) = keccak256("dso")
ANYBODY: constant(bytes32) = keccak256("*")  # under whom a period is closed that is for anybody
EMPTY_ROOT: constant(bytes32) = sha256(b"")
LISTS: constant(uint256) = 5  # kinds of roots
MOST_COUNT: constant(uint256) = 2**63 - 1
PERIOD: constant(uint256) = 160  # bytes of a period: its length and its text, padded
LONGEST: constant(uint256) = 127  # bytes of that text
ROW: constant(uint256) = 40  # bytes of a position: id and amount
MOST_PARTIES: constant(uint256) = 384
MOST_WORDS: constant(uint256) = 15552
DASH: constant(uint256) = 45

# four positions of 64 bits (two's complement) share a word of storage; what goes beyond is carried
MASK: constant(uint256) = 2**64 - 1
LEAST: constant(int256) = -(2**63)  # no amount: it has no opposite

anchors: public(HashMap[bytes32, bytes32])  # by keccak-256 of kind, subject and period
closed: public(HashMap[bytes32, bool])  # by keccak-256 of subject and period
places: public(HashMap[bytes32, uint256])  # of participants, from 1
currencies: public(HashMap[bytes32, uint256])  # their numbers, from 1
positions: public(HashMap[uint256, uint256])  # four each, by currency << 128 | place >> 2
carries: public(HashMap[uint256, int256])  # multiples of 2^64, by currency << 128 | place
parties: uint256  # how many have places
listed: uint256  # how many currencies have numbers


@deploy
def __init__(ledger: address, predecessor: address):
    room.__init__(ledger, predecessor)


@external
def take(actor: room.Actor, kind: uint8, words: Bytes[MOST_WORDS]):
    """
    @notice Take one operation of an act, or revert
    """
    room._enter()
    if kind == ROOT_ANCHORED:
        assert room._has_role(actor.first, room.OPERATOR) or room._has_role(
            actor.first, DSO
        ), "not for you"
        self._anchor(
            extract32(words, 0, output_type=uint256),
            extract32(words, 32),
            extract32(words, 224, output_type=uint256),
            extract32(words, 256),
            self._period(
                extract32(words, 64, output_type=uint256),
                extract32(words, 96),
                extract32(words, 128),
                extract32(words, 160),
                extract32(words, 192),
            ),
        )
        return
    assert room._has_role(actor.first, room.OPERATOR), "not for you"
    if kind == PERIOD_CLOSED:
        self._close(
            extract32(words, 0),
            self._period(
                extract32(words, 32, output_type=uint256),
                extract32(words, 64),
                extract32(words, 96),
                extract32(words, 128),
                extract32(words, 160),
            ),
        )
        return
    assert kind == NET_SETTLED, "kind"
    row: uint256 = PERIOD + 32
    number: uint256 = (len(words) - row) // ROW
    assert len(words) == row + ROW * number, "words"
    period: Bytes[128] = self._period(
        extract32(words, 0, output_type=uint256),
        extract32(words, 32),
        extract32(words, 64),
        extract32(words, 96),
        extract32(words, 128),
    )
    assert not self._final(ANYBODY, period), "final"
    currency: bytes32 = extract32(words, PERIOD)
    base: uint256 = self._number(currency) << 128
    people: room.People = room.People(room._people())
    last: uint256 = 0
    total: int256 = 0  # cannot leave 256 bits
    grown: uint256 = 0  # words of storage that came to be, and
    gone: uint256 = 0  # that went
    for _: uint256 in range(number, bound=MOST_PARTIES):
        who: uint256 = extract32(words, row, output_type=uint256)
        assert who > last, "order"
        last = who
        # the amount is the last 8 of the 32 bytes that end with it
        added: uint256 = extract32(words, unsafe_add(row, 8), output_type=uint256) & MASK
        amount: int256 = convert(convert(added << 192, bytes32), int256) >> 192
        assert amount != LEAST, "amount"
        total = unsafe_add(total, amount)
        row = unsafe_add(row, ROW)
        place: uint256 = self.places[convert(who, bytes32)]
        if place == 0:
            assert staticcall people.known(convert(who, bytes32)), "unknown"
            place = self._place(convert(who, bytes32))
        key: uint256 = base | (place >> 2)
        at: uint256 = (place & 3) << 6
        packed: uint256 = self.positions[key]
        had: uint256 = (packed >> at) & MASK
        has: uint256 = unsafe_add(had, added) & MASK
        if ((had ^ has) & (added ^ has)) >> 63 != 0:
            self._carry(base | place, 1 if amount > 0 else -1)
        merged: uint256 = packed ^ ((had ^ has) << at)
        if packed == 0:
            grown = unsafe_add(grown, 1)
        if merged == 0:
            gone = unsafe_add(gone, 1)
        self.positions[key] = merged
    assert total == 0, "sum"
    if grown != gone:
        room.rows = room.rows + grown - gone
    log NetSettled(currency=currency, period=keccak256(period), parties=number)


@internal
@pure
def _period(length: uint256, a: bytes32, b: bytes32, c: bytes32, d: bytes32) -> Bytes[128]:
    """
    @dev The text of a period
    """
    assert length != 0 and length <= LONGEST, "period"
    return slice(concat(a, b, c, d), 0, length)


@internal
def _anchor(kind: uint256, subject: bytes32, count: uint256, root: bytes32, text: Bytes[128]):
    """
    @dev Note a root; a later one of the same period revises it until the period is final
    """
    assert kind < LISTS, "kind"
    assert count <= MOST_COUNT and (count == 0) == (root == EMPTY_ROOT), "count"
    assert room._known(subject), "unknown"
    assert not self._final(subject, text), "final"
    period: bytes32 = keccak256(text)
    key: bytes32 = keccak256(abi_encode(kind, subject, period))
    before: bytes32 = self.anchors[key]
    assert root != before and root != empty(bytes32), "same root"
    if before == empty(bytes32):
        room.rows += 1
    self.anchors[key] = root
    log RootAnchored(
        subject=subject, period=period, kind=convert(kind, uint8), count=count, root=root
    )


@internal
def _close(subject: bytes32, text: Bytes[128]):
    assert room._known(subject), "unknown"
    assert not self._final(subject, text), "final"
    period: bytes32 = keccak256(text)
    for whose: bytes32 in [subject, ANYBODY]:
        key: bytes32 = keccak256(concat(whose, period))
        if not self.closed[key]:
            self.closed[key] = True
            room.rows += 1
    log PeriodClosed(subject=subject, period=period)


@internal
@view
def _final(subject: bytes32, text: Bytes[128]) -> bool:
    """
    @dev Whether a period, or one that it lies in, is closed: its text up to each dash
    """
    for n: uint256 in range(len(text), bound=128):
        if convert(slice(text, n, 1), uint256) == DASH:
            if self.closed[keccak256(concat(subject, keccak256(slice(text, 0, n))))]:
                return True
    return self.closed[keccak256(concat(subject, keccak256(text)))]


@internal
def _place(who: bytes32) -> uint256:
    found: uint256 = self.parties + 1
    self.parties = found
    self.places[who] = found
    room.rows += 1
    return found


@internal
def _carry(key: uint256, by: int256):
    """
    @dev Note that a position has left 64 bits, upwards or downwards
    """
    before: int256 = self.carries[key]
    if before == 0:
        room.rows += 1
    if before + by == 0:
        room.rows -= 1
    self.carries[key] = before + by


@internal
def _number(currency: bytes32) -> uint256:
    found: uint256 = self.currencies[currency]
    if found == 0:
        found = self.listed + 1
        self.listed = found
        self.currencies[currency] = found
        room.rows += 1
    return found


@external
@view
def position(currency: bytes32, who: bytes32) -> int256:
    """
    @notice What somebody is paid in all settlements together, negative where they pay [minor units]
    """
    place: uint256 = self.places[who]
    base: uint256 = self.currencies[currency] << 128
    packed: uint256 = self.positions[base | (place >> 2)]
    low: bytes32 = convert((packed >> ((place & 3) << 6)) << 192, bytes32)
    return (convert(low, int256) >> 192) + self.carries[base | place] * 2**64


@external
@view
def anchor(kind: uint256, subject: bytes32, period: bytes32) -> bytes32:
    """
    @notice The root that stands for a period, empty where there is none
    """
    return self.anchors[keccak256(abi_encode(kind, subject, period))]


@external
@view
def is_closed(subject: bytes32, period: Bytes[128]) -> bool:
    """
    @notice Whether a subject's period is final, given as its text
    """
    return self._final(subject, period)


@external
def adopt_places(
    people: DynArray[bytes32, room.MOST_ADOPTED], currencies: DynArray[bytes32, room.MOST_ADOPTED]
):
    """
    @notice Take places of participants and numbers of currencies over
    """
    room._adopt()
    for who: bytes32 in people:
        found: uint256 = staticcall Before(room.PREDECESSOR).places(who)
        assert found != 0, "unknown"
        assert self.places[who] == 0, "adopted before"
        self.places[who] = found
        self.parties += 1
        room.rows += 1
    for currency: bytes32 in currencies:
        found: uint256 = staticcall Before(room.PREDECESSOR).currencies(currency)
        assert found != 0, "unknown"
        assert self.currencies[currency] == 0, "adopted before"
        self.currencies[currency] = found
        self.listed += 1
        room.rows += 1


@external
def adopt_positions(keys: DynArray[uint256, room.MOST_ADOPTED]):
    """
    @notice Take positions over, four of them a word: currency << 128 | place >> 2
    """
    room._adopt()
    for key: uint256 in keys:
        found: uint256 = staticcall Before(room.PREDECESSOR).positions(key)
        assert found != 0, "all zero"
        assert self.positions[key] == 0, "adopted before"
        self.positions[key] = found
        room.rows += 1


@external
def adopt_carries(keys: DynArray[uint256, room.MOST_ADOPTED]):
    """
    @notice Take over what positions have beyond 64 bits: currency << 128 | place
    """
    room._adopt()
    for key: uint256 in keys:
        found: int256 = staticcall Before(room.PREDECESSOR).carries(key)
        assert found != 0, "none"
        assert self.carries[key] == 0, "adopted before"
        self.carries[key] = found
        room.rows += 1


@external
def adopt_roots(
    anchors: DynArray[bytes32, room.MOST_ADOPTED], closed: DynArray[bytes32, room.MOST_ADOPTED]
):
    """
    @notice Take roots and closed periods over, by the hashes under which they are kept
    """
    room._adopt()
    for key: bytes32 in anchors:
        found: bytes32 = staticcall Before(room.PREDECESSOR).anchors(key)
        assert found != empty(bytes32), "unknown"
        assert self.anchors[key] == empty(bytes32), "adopted before"
        self.anchors[key] = found
        room.rows += 1
    for key: bytes32 in closed:
        assert staticcall Before(room.PREDECESSOR).closed(key), "unknown"
        assert not self.closed[key], "adopted before"
        self.closed[key] = True
        room.rows += 1
