"""Messages of agreements: what parties ask for, and what came of it.

``party`` is who sends a request, as authenticated where it entered the platform.
"""

from __future__ import annotations

from typing import ClassVar

from gridpact.agreements.model import Agreement, Ending
from gridpact.agreements.outcomes import Refused
from gridpact.agreements.record import State
from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.kernel.messages import Message
from gridpact.kernel.phases import Phase


class ProposeAgreement(Message, frozen=True, kw_only=True, tag="propose-agreement"):
    """Offer an agreement, or the next version of one, signed by who offers it [65 bytes]."""

    phase: ClassVar[Phase] = Phase.PLAN
    party: str
    agreement: Agreement
    signature: bytes


class CountersignAgreement(Message, frozen=True, kw_only=True, tag="countersign-agreement"):
    """Sign a version that was offered [65 bytes]."""

    phase: ClassVar[Phase] = Phase.PLAN
    party: str
    agreement: str
    version: int
    signature: bytes


class RejectAgreement(Message, frozen=True, kw_only=True, tag="reject-agreement"):
    """Turn an offer down."""

    phase: ClassVar[Phase] = Phase.PLAN
    party: str
    agreement: str
    version: int


class WithdrawAgreement(Message, frozen=True, kw_only=True, tag="withdraw-agreement"):
    """Take one's own offer back."""

    phase: ClassVar[Phase] = Phase.PLAN
    party: str
    agreement: str
    version: int


class ExerciseChoice(Message, frozen=True, kw_only=True, tag="exercise-choice"):
    """Decide a choice: ``values`` int64 [slots.count] in the choice's unit."""

    phase: ClassVar[Phase] = Phase.PLAN
    party: str
    agreement: str
    version: int
    label: str
    slots: Slots
    values: Ints


class DelegateChoices(Message, frozen=True, kw_only=True, tag="delegate-choices"):
    """Let plans exercise the choices of ``party`` in an agreement, in its name; or no longer."""

    phase: ClassVar[Phase] = Phase.PLAN
    party: str
    agreement: str
    to_plans: bool = True


class SuspendAgreement(Message, frozen=True, kw_only=True, tag="suspend-agreement"):
    """Let an agreement stand still from the next slot on."""

    phase: ClassVar[Phase] = Phase.PLAN
    party: str
    agreement: str
    reason: str


class ResumeAgreement(Message, frozen=True, kw_only=True, tag="resume-agreement"):
    """Let a suspended agreement go on from the next slot on."""

    phase: ClassVar[Phase] = Phase.PLAN
    party: str
    agreement: str
    reason: str


class AgreeToEnd(Message, frozen=True, kw_only=True, tag="agree-to-end"):
    """Sign [65 bytes] that an agreement ends at an instant; it takes all parties."""

    phase: ClassVar[Phase] = Phase.PLAN
    party: str
    ending: Ending
    signature: bytes


class GiveNotice(Message, frozen=True, kw_only=True, tag="give-notice"):
    """Leave alone, with the notice agreed."""

    phase: ClassVar[Phase] = Phase.PLAN
    party: str
    agreement: str


class EndAgreement(Message, frozen=True, kw_only=True, tag="end-agreement"):
    """End an agreement by authority, at an instant [s since the epoch]."""

    phase: ClassVar[Phase] = Phase.PLAN
    party: str
    agreement: str
    at: int
    reason: str


class AgreementDue(Message, frozen=True, kw_only=True, tag="agreement-due"):
    """A timer: an offer runs out, or a version begins or ends."""

    phase: ClassVar[Phase] = Phase.OPEN
    agreement: str


class AgreementChanged(Message, frozen=True, kw_only=True, tag="agreement-changed"):
    """A version went from one state to another; ``before`` is None for one that is new."""

    phase: ClassVar[Phase] = Phase.PLAN
    agreement: str
    version: int
    digest: bytes
    before: State | None
    after: State


class ChoiceExercised(Message, frozen=True, kw_only=True, tag="choice-exercised"):
    """A choice was decided, or revised: ``values`` int64 [slots.count] in its unit."""

    phase: ClassVar[Phase] = Phase.PLAN
    agreement: str
    version: int
    label: str
    slots: Slots
    values: Ints


class ChoicesDelegated(Message, frozen=True, kw_only=True, tag="choices-delegated"):
    """Plans may exercise the choices of ``party`` in an agreement, or may no longer."""

    phase: ClassVar[Phase] = Phase.PLAN
    party: str
    agreement: str
    to_plans: bool


class EndingSet(Message, frozen=True, kw_only=True, tag="ending-set"):
    """A version will end at another instant [s since the epoch] than agreed, in a state."""

    phase: ClassVar[Phase] = Phase.PLAN
    agreement: str
    version: int
    at: int
    ending: State


class AgreementRefused(Message, frozen=True, kw_only=True, tag="agreement-refused"):
    """A request that changed nothing; ``request`` is its tag."""

    phase: ClassVar[Phase] = Phase.PLAN
    agreement: str
    party: str
    request: str
    refused: Refused


class TermsSigned(Message, frozen=True, kw_only=True, tag="terms-signed"):
    """All parties have signed: what the ledger is to hold of a version.

    ``terms_hash`` is the keccak-256 of the terms and ``digest`` what the wallets signed; both 32
    bytes.
    """

    phase: ClassVar[Phase] = Phase.LEDGER
    agreement: str
    version: int
    terms_hash: bytes
    digest: bytes
