#pragma version 0.4.3
#pragma evm-version london
"""
@title Collateral, and delivery against payment
@notice Does: holds collateral that settlement draws on where a net position is unpaid, up to what
        is owed; and swaps a certificate, or energy that a receipt shows, against tokens: both
        or neither.
        Who may call: `lock`, `give_notice`, `deliver` and `pay` who acts for the holder;
        `take_back` and `refund` anybody, to whom it belongs; `draw` and `acknowledge` whoever
        brings the signatures of a quorum of the council.
        Stops: council.govern; while it is paused nothing comes in and nothing is drawn, but
        collateral can be given notice for and taken back, and trades are refunded.
        Upgraded: never in place. Retired, everybody takes their collateral back and locks it at
        the successor; nobody can move it for them.
@dev For each asset, what this contract holds is the sum of collateral, of the parts of open
     trades that are in, and of what is owed (purse).
"""
import council
import purse
import Holdings

initializes: council
initializes: purse
exports: (
    council.govern,
    council.is_member,
    council.members,
    council.quorum,
    council.nonce,
    council.stage,
    purse.collect,
    purse.owed,
)

struct Trade:
    seller: bytes32
    buyer: bytes32
    goods: bytes32
    quantity: uint256
    asset: bytes32
    price: uint256
    deadline: uint256
    receipt: bool
    salt: bytes32

event Locked:
    holder: indexed(bytes32)
    asset: indexed(bytes32)
    units: uint256

event NoticeGiven:
    holder: indexed(bytes32)
    asset: indexed(bytes32)
    units: uint256
    free_at: uint256

event TakenBack:
    holder: indexed(bytes32)
    asset: indexed(bytes32)
    units: uint256

event Drawn:
    debtor: indexed(bytes32)
    creditor: indexed(bytes32)
    period: indexed(bytes32)
    asset: bytes32
    units: uint256
    missing: uint256

event Delivered:
    trade: indexed(bytes32)
    seller: indexed(bytes32)

event Paid:
    trade: indexed(bytes32)
    buyer: indexed(bytes32)

event Settled:
    trade: indexed(bytes32)

event Refunded:
    trade: indexed(bytes32)

UNPAID_TYPE: constant(bytes32) = keccak256(
    "Unpaid(bytes32 period,bytes32 asset,bytes32 debtor,bytes32 creditor,uint256 units)"
)
RECEIVED_TYPE: constant(bytes32) = keccak256("Received(bytes32 trade)")
GOODS_IN: constant(uint256) = 1
MONEY_IN: constant(uint256) = 2
BOTH: constant(uint256) = 3
BACK: constant(uint256) = 4

MONEY: immutable(address)
GOODS: immutable(address)
NOTICE: immutable(uint256)

collateral: public(HashMap[bytes32, HashMap[bytes32, uint256]])
leaving: public(HashMap[bytes32, HashMap[bytes32, uint256]])
free_at: public(HashMap[bytes32, HashMap[bytes32, uint256]])
drawn: public(HashMap[bytes32, uint256])
parts: public(HashMap[bytes32, uint256])


@deploy
def __init__(
    members: DynArray[address, council.MOST],
    quorum: uint256,
    ledger: address,
    money: address,
    goods: address,
    notice: uint256,
):
    """
    @param money Where tokens are (Holdings)
    @param goods Where certificates are (Holdings)
    @param notice Seconds between notice and release of collateral
    """
    council.__init__("gridpact escrow", members, quorum, ledger)
    assert money.is_contract and goods.is_contract, "escrow: deployment"
    MONEY = money
    GOODS = goods
    NOTICE = notice


@external
def lock(asset: bytes32, holder: bytes32, units: uint256):
    """
    @notice Put tokens up as collateral, or more of them
    """
    council._running()
    assert units > 0, "escrow: nothing"
    self.collateral[holder][asset] += units
    log Locked(holder=holder, asset=asset, units=units)
    purse._take(MONEY, asset, holder, msg.sender, units)


@external
def give_notice(asset: bytes32, holder: bytes32, units: uint256):
    """
    @notice Say that collateral is to be released; replaces an earlier notice
    """
    assert staticcall Holdings(MONEY).acts(holder, msg.sender), "escrow: not the holder"
    assert units <= self.collateral[holder][asset], "escrow: not so much"
    self.leaving[holder][asset] = units
    self.free_at[holder][asset] = block.timestamp + NOTICE
    log NoticeGiven(holder=holder, asset=asset, units=units, free_at=block.timestamp + NOTICE)


@external
def take_back(asset: bytes32, holder: bytes32):
    """
    @notice Release what notice was given for, less what was drawn meanwhile
    """
    units: uint256 = min(self.leaving[holder][asset], self.collateral[holder][asset])
    assert units > 0, "escrow: no notice"
    assert block.timestamp >= self.free_at[holder][asset], "escrow: notice runs"
    self.leaving[holder][asset] = 0
    self.collateral[holder][asset] -= units
    log TakenBack(holder=holder, asset=asset, units=units)
    purse._pay(MONEY, asset, holder, units)


@external
def draw(
    period: bytes32,
    asset: bytes32,
    debtor: bytes32,
    creditor: bytes32,
    units: uint256,
    signatures: DynArray[council.Signature, council.MOST],
):
    """
    @notice Pay a creditor from collateral what a quorum says the debtor has not paid for a
            period; again after more was locked, until that much was drawn
    @param units What is owed for the period in all
    """
    council._running()
    claim: bytes32 = keccak256(abi_encode(period, asset, debtor, creditor))
    council._agree(
        keccak256(abi_encode(UNPAID_TYPE, period, asset, debtor, creditor, units)), signatures
    )
    before: uint256 = self.drawn[claim]
    assert debtor != creditor and before < units, "escrow: nothing owed"
    paid: uint256 = min(units - before, self.collateral[debtor][asset])
    assert paid > 0, "escrow: no collateral"
    self.drawn[claim] = before + paid
    self.collateral[debtor][asset] -= paid
    log Drawn(
        debtor=debtor,
        creditor=creditor,
        period=period,
        asset=asset,
        units=paid,
        missing=units - before - paid,
    )
    purse._pay(MONEY, asset, creditor, paid)


@external
def deliver(trade: Trade):
    """
    @notice Hand in the certificate of a trade; the seller's part
    """
    assert not trade.receipt, "escrow: needs a receipt"
    id: bytes32 = self._enter(trade, GOODS_IN)
    log Delivered(trade=id, seller=trade.seller)
    purse._take(GOODS, trade.goods, trade.seller, msg.sender, trade.quantity)
    self._settle(id, trade)


@external
def acknowledge(trade: Trade, signatures: DynArray[council.Signature, council.MOST]):
    """
    @notice Show that a quorum vouches for the receipt of a trade's energy; the seller's part
    """
    assert trade.receipt, "escrow: needs no receipt"
    id: bytes32 = self._enter(trade, GOODS_IN)
    council._agree(keccak256(abi_encode(RECEIVED_TYPE, id)), signatures)
    log Delivered(trade=id, seller=trade.seller)
    self._settle(id, trade)


@external
def pay(trade: Trade):
    """
    @notice Hand in the price of a trade; the buyer's part
    """
    id: bytes32 = self._enter(trade, MONEY_IN)
    log Paid(trade=id, buyer=trade.buyer)
    purse._take(MONEY, trade.asset, trade.buyer, msg.sender, trade.price)
    self._settle(id, trade)


@external
def refund(trade: Trade):
    """
    @notice Give back the one part of a trade that came, once the other did not in time; or at
            once when this contract is retired
    """
    id: bytes32 = self._id(trade)
    parts: uint256 = self.parts[id]
    assert parts == GOODS_IN or parts == MONEY_IN, "escrow: nothing to refund"
    assert block.timestamp > trade.deadline or council._stage() == council.RETIRED, "escrow: in time yet"
    self.parts[id] = parts | BACK
    log Refunded(trade=id)
    if parts == MONEY_IN:
        purse._pay(MONEY, trade.asset, trade.buyer, trade.price)
    elif not trade.receipt:
        purse._pay(GOODS, trade.goods, trade.seller, trade.quantity)


@external
@view
def id_of(trade: Trade) -> bytes32:
    """
    @notice The name of a trade: the hash of its terms
    """
    return self._id(trade)


@internal
@pure
def _id(trade: Trade) -> bytes32:
    return keccak256(abi_encode(trade))


@internal
def _enter(trade: Trade, part: uint256) -> bytes32:
    """Note that one part comes in; once, and in time."""
    council._running()
    id: bytes32 = self._id(trade)
    parts: uint256 = self.parts[id]
    assert trade.price > 0 and trade.quantity > 0, "escrow: nothing"
    assert trade.seller != trade.buyer, "escrow: one party"
    assert parts & (part | BACK) == 0, "escrow: in already"
    assert block.timestamp <= trade.deadline, "escrow: too late"
    self.parts[id] = parts | part
    return id


@internal
def _settle(id: bytes32, trade: Trade):
    """Hand both parts over as soon as both are in."""
    if self.parts[id] != BOTH:
        return
    log Settled(trade=id)
    purse._pay(MONEY, trade.asset, trade.seller, trade.price)
    if not trade.receipt:
        purse._pay(GOODS, trade.goods, trade.buyer, trade.quantity)
