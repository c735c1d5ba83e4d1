"""Screens of the first step: who is this? One dataclass per screen; no ``repr`` shows anything personal."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from typing import ClassVar

from kiosk_ui.app.domain.identification import Identification
from kiosk_ui.app.domain.reading import ReadingStep
from kiosk_ui.app.domain.travel_document import TravelDocument
from kiosk_ui.app.domain.visitor import NumberKind
from reader.verification.identity import Assurance

__all__ = [
    "CardLifted",
    "CheckDocument",
    "Confirm",
    "ConfirmDeclared",
    "Emergency",
    "EnterNumber",
    "GuardianCard",
    "InputProblem",
    "NumberProblem",
    "OtherWays",
    "PersonShown",
    "PlaceCard",
    "Proof",
    "Reading",
    "Refused",
    "ScanPhone",
    "Stage",
    "TypeBirth",
    "TypeExpiry",
    "TypeName",
    "TypeNumber",
    "Welcome",
    "Whose",
    "WrongNumber",
]


class Stage(enum.Enum):
    """The three steps of the bar: card, insurance, queue number."""

    CARD = 1
    INSURANCE = 2
    NUMBER = 3


class NumberProblem(enum.StrEnum):
    """Why the number has to be given again."""

    NOT_12_DIGITS = "not_12_digits"
    SCAN_UNREADABLE = "scan_unreadable"  # the scanned code is no card's code: try again or type


class InputProblem(enum.StrEnum):
    """Why something that was typed has to be given again."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    NOT_12_DIGITS = "not_12_digits"
    NOT_9_OR_12_DIGITS = "not_9_or_12_digits"
    NOT_A_NUMBER = "not_a_number"  # letters, digits, hyphens and slashes are taken
    NOT_A_NAME = "not_a_name"  # letters, hyphens, dots and apostrophes are taken
    NO_SUCH_DAY = "no_such_day"
    IN_THE_FUTURE = "in_the_future"
    TOO_LONG_AGO = "too_long_ago"
    NOT_A_PHONE = "not_a_phone"
    NOT_A_CHILDS = "not_a_childs"  # a grown-up's citizen number where a child's is asked for
    NOT_A_DOCUMENTS = "not_a_documents"  # a passport's number has capitals and digits
    NOT_AN_EXPIRY = "not_an_expiry"  # no passport of today ends in that year
    SCAN_UNREADABLE = "scan_unreadable"


class Proof(enum.StrEnum):
    """What the card's chip has proven, in the patient's terms."""

    GENUINE = "genuine"  # "Genuine card — chip checked"
    ISSUER_NOT_VERIFIED = "issuer_not_verified"  # "Card read; issuer could not be checked"


class Whose(enum.StrEnum):
    """Whose data a screen asks for."""

    SELF = "self"
    CHILD = "child"
    HOLDER = "holder"  # of the passport that is typed: the visitor, or who brings a child


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class PersonShown:
    """The person as a confirm screen shows them to bystanders' eyes too.

    Attributes:
        full_name: never cut; may wrap.
        masked_number: ``040 *** *** 017``; empty if there is no number.
        date_of_birth: or ``None`` when only a part of it is known.
        portrait: JPEG or JPEG 2000 as on the chip, or ``None``.
        birth_year: when only the year is known.
    """

    full_name: str
    masked_number: str
    date_of_birth: dt.date | None
    portrait: bytes | None
    birth_year: int | None = None

    def __repr__(self) -> str:
        return "PersonShown(…)"


# -------------------------------------------------------------------------------- the card's own path
@dataclasses.dataclass(frozen=True, slots=True)
class Welcome:
    """Nobody is here. Nothing personal is held.

    Events: ``Started``, ``OtherWaysAsked``, ``PrivacyAsked``, or a scan (``NumberKnown``, ``MrzGiven``) at once.
    """

    name: ClassVar[str] = "welcome"
    stage: ClassVar[Stage | None] = None


@dataclasses.dataclass(frozen=True, slots=True)
class EnterNumber:
    """Scan the QR code or type twelve digits. Events: ``NumberKnown``, ``ScanUnreadable``, ``OtherWaysAsked``.

    Attributes:
        problem: why it is asked again, or ``None`` the first time.
        for_guardian: the number of a child's guardian; then also ``WithoutChip``, and a passport may be scanned.
    """

    name: ClassVar[str] = "enter_number"
    stage: ClassVar[Stage | None] = Stage.CARD
    problem: NumberProblem | None = None
    for_guardian: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class PlaceCard:
    """Lay the card on the lit field. Goes on by itself."""

    name: ClassVar[str] = "place_card"
    stage: ClassVar[Stage | None] = Stage.CARD


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """The card is being read; leave it. Goes on by itself.

    Attributes:
        step: what is being read, in plain words.
        steps_done: whole steps finished, 0 … ``steps_total``.
        steps_total: at least 1.
    """

    name: ClassVar[str] = "reading"
    stage: ClassVar[Stage | None] = Stage.CARD
    step: ReadingStep = ReadingStep.OPENING
    steps_done: int = 0
    steps_total: int = len(ReadingStep)


@dataclasses.dataclass(frozen=True, slots=True)
class CardLifted:
    """The card was taken away too early: put it back, reading goes on by itself.

    Attributes:
        is_awaited: whether the reading that was under way waits for it; if not, a new one has begun to.
    """

    name: ClassVar[str] = "card_lifted"
    stage: ClassVar[Stage | None] = Stage.CARD
    is_awaited: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class WrongNumber:
    """The number does not open this card. Events: ``TryAgain`` (once ``wait_seconds`` is 0), ``WithoutChip``.

    Attributes:
        tries_left: how often it can be tried before staff must help, at least 1.
        wait_seconds: pause before the next try; counts down to 0.
        without_chip: whether "go on without the chip" is offered: not at the first slip of a finger.
    """

    name: ClassVar[str] = "wrong_number"
    stage: ClassVar[Stage | None] = Stage.CARD
    tries_left: int
    wait_seconds: int = 0
    without_chip: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Confirm:
    """Is this you? Events: ``Confirmed``, ``NotMe``.

    Attributes:
        person: what is shown of the person.
        proof: what the chip has proven.
        assurance: the same in the house's vocabulary.
        for_guardian: this is the guardian of a child.
    """

    name: ClassVar[str] = "confirm"
    stage: ClassVar[Stage | None] = Stage.CARD
    person: PersonShown
    proof: Proof
    assurance: Assurance
    for_guardian: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Refused:
    """This card could not be confirmed (REJECT): do not go on, go to a counter. The only red screen. Event: ``GoOn``.

    Attributes:
        counter: where to go.
        reasons: stable codes, small at the bottom, for staff.
    """

    name: ClassVar[str] = "refused"
    stage: ClassVar[Stage | None] = Stage.CARD
    counter: str
    reasons: tuple[str, ...] = ()


# ------------------------------------------------------------------------------------- the other ways
@dataclasses.dataclass(frozen=True, slots=True)
class OtherWays:
    """No chip card? Events: ``WayChosen``, a scan (``NumberKnown``, ``MrzGiven``).

    Attributes:
        for_guardian: what else the guardian of a child may have; then only a passport, VNeID, or nothing.
    """

    name: ClassVar[str] = "other_ways"
    stage: ClassVar[Stage | None] = Stage.CARD
    for_guardian: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Emergency:
    """Go there at once; staff have been called already. Event: ``GoOn``.

    Attributes:
        place_vi: where the emergency department is; ``place_en`` the same in English.
    """

    name: ClassVar[str] = "emergency"
    stage: ClassVar[Stage | None] = None
    place_vi: str
    place_en: str


@dataclasses.dataclass(frozen=True, slots=True)
class TypeNumber:
    """Type the number. Events: ``TextGiven``, ``Skipped`` (there is none at hand), a scan (``NumberKnown``).

    Attributes:
        kind: OLD_CARD: nine or twelve digits; BIRTH_CERTIFICATE: digits and letters; CITIZEN: twelve digits;
            DOCUMENT: of a passport, whose page may be scanned as well (``MrzGiven``).
        problem: why it is asked again.
        given: what was typed before, to be put right.
    """

    name: ClassVar[str] = "type_number"
    stage: ClassVar[Stage | None] = Stage.CARD
    kind: NumberKind
    problem: InputProblem | None = None
    given: str = dataclasses.field(default="", repr=False)


@dataclasses.dataclass(frozen=True, slots=True)
class TypeName:
    """Type the whole name. Event: ``TextGiven``.

    Attributes:
        whose: whose name.
        problem: why it is asked again.
        given: what was typed before, to be put right.
    """

    name: ClassVar[str] = "type_name"
    stage: ClassVar[Stage | None] = Stage.CARD
    whose: Whose = Whose.SELF
    problem: InputProblem | None = None
    given: str = dataclasses.field(default="", repr=False)


@dataclasses.dataclass(frozen=True, slots=True)
class TypeBirth:
    """Date of birth; the year alone will do. Event: ``BirthGiven``.

    Attributes:
        whose: whose.
        problem: why it is asked again.
        today: this kiosk's calendar, to be told with a day that is still to come; else ``None``.
        given: what was typed before, to be put right; ``None`` the first time.
    """

    name: ClassVar[str] = "type_birth"
    stage: ClassVar[Stage | None] = Stage.CARD
    whose: Whose = Whose.SELF
    problem: InputProblem | None = None
    today: dt.date | None = None
    given: TravelDocument | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class TypeExpiry:
    """Last day of a passport. Events: ``ExpiryGiven``, ``WithoutChip`` (it has no chip), a scan (``MrzGiven``).

    Attributes:
        problem: why it is asked again.
        given: what was typed before, to be put right; ``None`` the first time.
    """

    name: ClassVar[str] = "type_expiry"
    stage: ClassVar[Stage | None] = Stage.CARD
    problem: InputProblem | None = None
    given: TravelDocument | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class CheckDocument:
    """What was typed of a passport that did not open: put right what is wrong. Events: ``FieldChosen``, ``GoOn``
    (open it again), ``WithoutChip``, a scan (``MrzGiven``).

    Attributes:
        document: number, date of birth, last day.
        problem: why a scan in its place did not do.
    """

    name: ClassVar[str] = "check_document"
    stage: ClassVar[Stage | None] = Stage.CARD
    document: TravelDocument
    problem: InputProblem | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class ScanPhone:
    """Hold the code that VNeID shows to the scanner. Events: ``NumberKnown``, ``WithoutChip`` (type instead).

    Attributes:
        problem: why it is asked again.
        for_guardian: the phone of a child's guardian; then ``WithoutChip`` goes on without.
    """

    name: ClassVar[str] = "scan_phone"
    stage: ClassVar[Stage | None] = Stage.CARD
    problem: NumberProblem | None = None
    for_guardian: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class GuardianCard:
    """Take the guardian's card in hand. Events: ``GoOn``, a scan (``NumberKnown``, ``MrzGiven``), ``OtherWaysAsked``
    (a passport, a phone), ``WithoutChip`` (there is none)."""

    name: ClassVar[str] = "guardian_card"
    stage: ClassVar[Stage | None] = Stage.CARD


@dataclasses.dataclass(frozen=True, slots=True)
class ConfirmDeclared:
    """Is this right? Nobody has checked it; a counter will. Events: ``Confirmed``, ``NotMe`` (what was typed is to be
    put right; what a code says is somebody else's).

    Attributes:
        person: what is shown of the person; never a portrait.
        identification: what it came from.
    """

    name: ClassVar[str] = "confirm_declared"
    stage: ClassVar[Stage | None] = Stage.CARD
    person: PersonShown
    identification: Identification
