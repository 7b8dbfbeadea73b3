"""Net positions, and utility tokens that are money's stand-in among those authorised."""

from __future__ import annotations

from gridpact.ledger.kinds.fields import Currency, Identifier, Kind, Name, Positive


class NetSettled(Kind, frozen=True, tag="net_settled"):
    """Net positions of one period [minor units, such as cents]; positive means is paid.

    ``positions`` are ``(participant, amount)`` in ascending order of participant, each once; they
    sum to zero.
    """

    period: Name
    currency: Currency
    positions: tuple[tuple[str, int], ...]


class TokensMinted(Kind, frozen=True, tag="tokens_minted"):
    """The operator issues tokens for fiat that came in; ``deposit`` names the payment, once."""

    token: Identifier
    holder: Identifier
    units: Positive
    deposit: Name


class TokensBurnt(Kind, frozen=True, tag="tokens_burnt"):
    """The operator takes tokens back for fiat that went out; ``withdrawal`` names it, once."""

    token: Identifier
    holder: Identifier
    units: Positive
    withdrawal: Name


class TokensTransferred(Kind, frozen=True, tag="tokens_transferred"):
    """Tokens move between two participants who are both authorised."""

    token: Identifier
    sender: Identifier
    receiver: Identifier
    units: Positive
