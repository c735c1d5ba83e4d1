"""What can go wrong in the kiosk itself, with stable codes. The tree is drawn in :mod:`crypto.errors`."""

from __future__ import annotations

from crypto.errors import ChipIdError, ErrorCode, Hint

__all__ = ["GatewayError", "KioskError", "PrinterError", "SettingsError", "StoreError"]


class KioskError(ChipIdError):
    """The kiosk cannot do what was asked: store, settings, printer, relay, input."""


class StoreError(KioskError):
    """The store of check-ins cannot be opened, read or written."""


class GatewayError(KioskError):
    """The hospital relay did not give a usable answer. Nobody is turned away because of it."""


class PrinterError(KioskError):
    """The ticket could not be printed. The number is valid all the same and stands on the screen."""


class SettingsError(KioskError):
    """The settings cannot be used.

    Attributes:
        problems: one plain sentence for each thing to put right.
    """

    def __init__(self, code: ErrorCode, problems: tuple[str, ...]) -> None:
        super().__init__(code, problems=len(problems))
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *(f"- {problem}" for problem in self.problems)])


# ------------------------------------------------------------------------------------------ input
NUMBER_NOT_12_DIGITS = ErrorCode(
    "kiosk.number_malformed", Hint.REENTER_KEY, "The number on the card has 12 digits. Enter it again."
)

# ------------------------------------------------------------------------------------------- flow
READING_STALLED = ErrorCode(
    "kiosk.reading_stalled", Hint.RETRY_CARD, "Reading the card took too long. Lift the card and lay it down again."
)
READING_BROKEN = ErrorCode(
    "kiosk.reading_broken", Hint.CALL_STAFF, "The card reader's program stopped unexpectedly. Staff can help."
)
TOO_MANY_TRIES = ErrorCode(
    "kiosk.too_many_tries", Hint.CALL_STAFF, "The number did not open the card several times. Staff can help."
)
NOT_ADMITTED = ErrorCode(
    "kiosk.not_admitted", Hint.CALL_STAFF, "The card was read, but staff must confirm the person. Go to the counter."
)
INSURANCE_SLOW = ErrorCode(
    "relay.no_answer_in_time",
    Hint.RETRY_LATER,
    "The insurance service did not answer in time. It is asked again later.",
)

# ------------------------------------------------------------------------------------------ store
STORE_UNAVAILABLE = ErrorCode(
    "store.unavailable", Hint.RETRY_LATER, "The check-in could not be written down. Try again, or call staff."
)
STORE_SLOW = ErrorCode(
    "store.no_answer_in_time", Hint.RETRY_LATER, "Writing down the check-in takes too long. Try again, or call staff."
)
STORE_TOO_NEW = ErrorCode(
    "store.too_new", Hint.CALL_STAFF, "The store was written by a newer version of this program. Install that version."
)
STORE_BUSY = ErrorCode("store.busy", Hint.RETRY_LATER, "Too many kiosks are drawing a queue number at once. Try again.")
CHECK_IN_CONFLICT = ErrorCode(
    "store.check_in_conflict",
    Hint.CALL_STAFF,
    "Another check-in is already stored under this identifier. Start again.",
)

# ------------------------------------------------------------------------------------------ relay
RELAY_UNREACHABLE = ErrorCode(
    "relay.unreachable", Hint.RETRY_LATER, "The hospital's insurance relay cannot be reached. It is asked again later."
)
RELAY_NOT_SET = ErrorCode(
    "relay.not_set", Hint.RETRY_LATER, "No insurance relay is set, so insurance is not looked up. Set relay.url."
)
RELAY_REFUSED = ErrorCode(
    "relay.refused", Hint.RETRY_LATER, "The hospital's insurance relay answered with an error. It is asked again later."
)
RELAY_ANSWER_UNUSABLE = ErrorCode(
    "relay.answer_unusable",
    Hint.RETRY_LATER,
    "The hospital's insurance relay sent something that is no insurance answer. It is asked again later.",
)
RELAY_ANSWER_TOO_LARGE = ErrorCode(
    "relay.answer_too_large",
    Hint.RETRY_LATER,
    "The hospital's insurance relay sent more than is allowed. It is asked again later.",
)
RELAY_ANSWER_CONTRADICTORY = ErrorCode(
    "relay.answer_contradictory",
    Hint.RETRY_LATER,
    "The insurance answer contradicts itself: it says valid and names a day that has passed. Staff check it.",
)
BIRTH_DATE_INCOMPLETE = ErrorCode(
    "relay.birth_date_incomplete",
    Hint.CALL_STAFF,
    "The card gives no full date of birth, so insurance cannot be looked up. Staff check it.",
)

# ------------------------------------------------------------------------- authentication service
ONLINE_UNREACHABLE = ErrorCode(
    "online.unreachable",
    Hint.RETRY_LATER,
    "The authentication service cannot be reached, so whether the card is lost or cancelled is not known.",
)
ONLINE_SLOW = ErrorCode(
    "online.no_answer_in_time",
    Hint.RETRY_LATER,
    "The authentication service did not answer in time, so whether the card is lost or cancelled is not known.",
)
ONLINE_REFUSED = ErrorCode(
    "online.refused",
    Hint.RETRY_LATER,
    "The authentication service answered with an error, so whether the card is lost or cancelled is not known.",
)
ONLINE_ANSWER_UNUSABLE = ErrorCode(
    "online.answer_unusable",
    Hint.RETRY_LATER,
    "The authentication service sent something that is no answer to the question, so nothing is known.",
)
ONLINE_ANSWER_TOO_LARGE = ErrorCode(
    "online.answer_too_large",
    Hint.RETRY_LATER,
    "The authentication service sent more than is allowed, so whether the card is lost or cancelled is not known.",
)

# ---------------------------------------------------------- hand-over to the hospital system's own tool
HANDOVER_UNREACHABLE = ErrorCode(
    "handover.unreachable",
    Hint.CALL_STAFF,
    "The hospital system does not listen for readings. Start its card tool, or check handover.url in the settings.",
)
HANDOVER_SLOW = ErrorCode(
    "handover.no_answer_in_time",
    Hint.CALL_STAFF,
    "The hospital system did not take the reading in time. Enter it there.",
)
HANDOVER_REFUSED = ErrorCode(
    "handover.refused", Hint.CALL_STAFF, "The hospital system did not accept the reading. Enter it there."
)

# ---------------------------------------------------------------------------------------- printer
PRINTER_FAILED = ErrorCode(
    "printer.failed", Hint.CALL_STAFF, "The ticket could not be printed. The number on the screen is valid."
)

# --------------------------------------------------------------------------------------- settings
SETTINGS_UNUSABLE = ErrorCode(
    "settings.unusable", Hint.CALL_STAFF, "The settings cannot be used. Put right what is listed, then start again."
)
