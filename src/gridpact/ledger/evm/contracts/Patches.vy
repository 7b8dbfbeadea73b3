# pragma version 0.4.3
# pragma evm-version london
"""
@title Patches of rules and software: proposed, approved by a quorum, activated, undone
@notice What a patch changes is known by its SHA-256. Approvals count as long as whoever gave them
        is an authority; at most 64 are noted for each step.
        Who may call: `take` is for the ledger, with operations that were signed; reading is for
        anybody. How it stops and how it is upgraded: as every room, see room.vy; its rows are
        patches and approvals.
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
    def patch(name: bytes32) -> (uint8, bytes32): view
    def approvals(name: bytes32, step: uint8) -> DynArray[bytes32, MOST_APPROVALS]: view

event PatchProposed:
    patch: indexed(bytes32)
    content: bytes32
    by: bytes32

event PatchApproved:
    patch: indexed(bytes32)
    step: uint8
    by: bytes32

event PatchTurned:
    patch: indexed(bytes32)
    status: uint8

# kinds, by their place among all of a ledger
PATCH_PROPOSED: constant(uint8) = 32
PATCH_APPROVED: constant(uint8) = 33
PATCH_ACTIVATED: constant(uint8) = 34
PATCH_UNDONE: constant(uint8) = 35

ACTIVATE: constant(uint8) = 0
UNDO: constant(uint8) = 1
MOST_APPROVALS: constant(uint256) = 64

UNKNOWN: constant(uint8) = 0
PROPOSED: constant(uint8) = 1
ACTIVE: constant(uint8) = 2
UNDONE: constant(uint8) = 3

status: HashMap[bytes32, uint8]
content: HashMap[bytes32, bytes32]
given: HashMap[bytes32, HashMap[uint8, DynArray[bytes32, MOST_APPROVALS]]]  # by patch and step


@deploy
def __init__(ledger: address, predecessor: address):
    room.__init__(ledger, predecessor)


@external
def take(actor: room.Actor, kind: uint8, words: Bytes[64]):
    """
    @notice Take one operation of an act, or revert
    """
    room._enter()
    assert actor.authority, "not for you"
    name: bytes32 = extract32(words, 0)
    if kind == PATCH_PROPOSED:
        assert self.status[name] == UNKNOWN, "taken"
        self.status[name] = PROPOSED
        self.content[name] = extract32(words, 32)
        self.given[name][ACTIVATE] = [actor.first]
        room.rows += 2
        log PatchProposed(patch=name, content=extract32(words, 32), by=actor.first)
    elif kind == PATCH_APPROVED:
        step: uint8 = extract32(words, 32, output_type=uint8)
        assert step <= UNDO, "step"
        assert self.status[name] == self._due(step), "status"
        assert actor.first not in self.given[name][step], "approved before"
        assert len(self.given[name][step]) < MOST_APPROVALS, "too many"
        self.given[name][step].append(actor.first)
        room.rows += 1
        log PatchApproved(patch=name, step=step, by=actor.first)
    else:
        assert kind == PATCH_ACTIVATED or kind == PATCH_UNDONE, "kind"
        step: uint8 = ACTIVATE if kind == PATCH_ACTIVATED else UNDO
        assert self.status[name] == self._due(step), "status"
        assert self._standing(name, step) >= actor.quorum, "no quorum"
        self.status[name] = ACTIVE if step == ACTIVATE else UNDONE
        log PatchTurned(patch=name, status=self.status[name])


@internal
@pure
def _due(step: uint8) -> uint8:
    return PROPOSED if step == ACTIVATE else ACTIVE


@internal
@view
def _standing(name: bytes32, step: uint8) -> uint256:
    """
    @dev How many approvals are of authorities that stand now
    """
    found: uint256 = 0
    for who: bytes32 in self.given[name][step]:
        if staticcall room.Front(room.LEDGER).is_authority(who):
            found += 1
    return found


@external
@view
def patch(name: bytes32) -> (uint8, bytes32):
    """
    @notice Status (0 unknown, 1 proposed, 2 active, 3 undone) and content of a patch
    """
    return self.status[name], self.content[name]


@external
@view
def approvals(name: bytes32, step: uint8) -> DynArray[bytes32, MOST_APPROVALS]:
    """
    @notice Who approved that a patch is activated (step 0) or undone (1), the first one first
    """
    return self.given[name][step]


@external
def adopt(names: DynArray[bytes32, room.MOST_ADOPTED]):
    """
    @notice Take patches over, with their approvals
    """
    room._adopt()
    before: Before = Before(room.PREDECESSOR)
    for name: bytes32 in names:
        found: uint8 = 0
        content: bytes32 = empty(bytes32)
        found, content = staticcall before.patch(name)
        assert found != UNKNOWN, "unknown"
        assert self.status[name] == UNKNOWN, "adopted before"
        self.status[name] = found
        self.content[name] = content
        room.rows += 1
        for step: uint8 in [ACTIVATE, UNDO]:
            self.given[name][step] = staticcall before.approvals(name, step)
            room.rows += len(self.given[name][step])
