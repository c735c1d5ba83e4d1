"""What can go wrong in the kiosk itself, with stable codes. The tree is drawn in :mod:`crypto.errors`."""

from __future__ import annotations

from crypto.errors import ChipIdError, ErrorCode, Hint

__all__ = ["GatewayError", "KioskError", "PrinterError", "QueueError", "SettingsError", "StoreError"]


class KioskError(ChipIdError):
    """The kiosk cannot do what was asked: store, settings, printer, relay, input."""


class StoreError(KioskError):
    """The store of check-ins cannot be opened, read or written."""


class GatewayError(KioskError):
    """The hospital relay did not give a usable answer. Nobody is turned away because of it."""


class PrinterError(KioskError):
    """The ticket could not be printed. The number is valid all the same and stands on the screen."""


class QueueError(KioskError):
    """The queue service cannot do what was asked of it."""


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
EMERGENCY = ErrorCode(
    "kiosk.emergency", Hint.CALL_STAFF, "Somebody at the kiosk asks for emergency help. Go there now."
)
CARD_LEFT = ErrorCode(
    "kiosk.card_left", Hint.CALL_STAFF, "A card was left on the reader. Take it into care and look for its owner."
)
NOT_COLLECTED = ErrorCode(
    "kiosk.not_collected",
    Hint.CALL_STAFF,
    "A number was stored after its owner had left the kiosk. Nobody holds it; its owner gets it by checking in again.",
)
INSURANCE_LATER = ErrorCode(
    "kiosk.insurance_asked_later",
    Hint.RETRY_LATER,
    "No chip has named this person, so insurance is asked for later, for staff.",
)
INSURANCE_NOT_ASKED = ErrorCode(
    "kiosk.insurance_not_asked",
    Hint.CALL_STAFF,
    "There is no citizen number or no full date of birth to ask the insurer with. A counter settles it.",
)
INSURANCE_SLOW = ErrorCode(
    "relay.no_answer_in_time",
    Hint.RETRY_LATER,
    "The insurance service did not answer in time. It is asked again later.",
)

# ------------------------------------------------------------------------------------------ store
STORE_UNAVAILABLE = ErrorCode(
    "store.unavailable",
    Hint.RETRY_LATER,
    "The store cannot be read or written. What was confirmed is safe. Put right what the cause says, then try again.",
)
STORE_SLOW = ErrorCode(
    "store.no_answer_in_time", Hint.RETRY_LATER, "Writing down the check-in takes too long. Try again, or call staff."
)
STORE_TOO_NEW = ErrorCode(
    "store.too_new", Hint.CALL_STAFF, "The store was written by a newer version of this program. Install that version."
)
STORE_BUSY = ErrorCode("store.busy", Hint.RETRY_LATER, "Too many kiosks are drawing a queue number at once. Try again.")
STORE_FULL = ErrorCode(
    "store.disk_full",
    Hint.CALL_STAFF,
    "The disk is full, so nothing can be written down. What was confirmed is safe. Make room, then go on.",
)
STORE_READ_ONLY = ErrorCode(
    "store.read_only",
    Hint.CALL_STAFF,
    "The store can be read but not written. Look at its owner and mode, and at the disk, then start again.",
)
STORE_DAMAGED = ErrorCode(
    "store.damaged",
    Hint.CALL_STAFF,
    "The store is damaged. Run 'chipid store check', and put the newest backup back with 'chipid store restore'.",
)
STORE_KEY_MISSING = ErrorCode(
    "store.key_missing",
    Hint.CALL_STAFF,
    "The store is encrypted and its key file is not there. Put the key file back; nothing was changed.",
)
STORE_KEY_WRONG = ErrorCode(
    "store.key_wrong",
    Hint.CALL_STAFF,
    "The key file does not hold the key of this store. Put the right key file back; nothing was changed.",
)
STORE_KEY_UNUSABLE = ErrorCode(
    "store.key_unusable",
    Hint.CALL_STAFF,
    "The key file of the store cannot be used. It must be readable by this program's user and by nobody else.",
)
STORE_NOT_THERE = ErrorCode(
    "store.not_there", Hint.CALL_STAFF, "There is no store in this place. Look at data_folder in the settings."
)
STORE_ON_SERVER = ErrorCode(
    "store.on_server",
    Hint.CALL_STAFF,
    "This store is on a database server, whose own tools copy it and put it back. See docs/store.md.",
)
STORE_IN_USE = ErrorCode(
    "store.in_use", Hint.CALL_STAFF, "The store is being used. Stop the kiosk first, then do this again."
)
BACKUP_UNUSABLE = ErrorCode(
    "store.backup_unusable",
    Hint.CALL_STAFF,
    "This is no whole backup of a store. Take another one; the store was left as it is.",
)
BACKUP_UNWRITABLE = ErrorCode(
    "store.backup_unwritable",
    Hint.CALL_STAFF,
    "The backup cannot be written there. Look at the folder, its rights and the room on the disk; the store is as it was.",
)
PERSONAL_DATA_GONE = ErrorCode(
    "store.personal_data_gone",
    Hint.CALL_STAFF,
    "The personal data of this check-in was deleted when its time was over, so nobody can be told about it any more.",
)
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

# -------------------------------------------------------------------- hospital system (RETRY_LATER: it may work later)
HOSPITAL_NOT_SET = ErrorCode(
    "hospital.not_set", Hint.CALL_STAFF, "No hospital system is set, so nobody is looked up there. Set hospital.kind."
)
HOSPITAL_UNREACHABLE = ErrorCode(
    "hospital.unreachable", Hint.RETRY_LATER, "The hospital system cannot be reached. It is asked again later."
)
HOSPITAL_SLOW = ErrorCode(
    "hospital.no_answer_in_time",
    Hint.RETRY_LATER,
    "The hospital system did not answer in time. It is asked again later.",
)
HOSPITAL_REFUSED = ErrorCode(
    "hospital.refused", Hint.RETRY_LATER, "The hospital system answered with an error. It is asked again later."
)
HOSPITAL_ANSWER_UNUSABLE = ErrorCode(
    "hospital.answer_unusable",
    Hint.RETRY_LATER,
    "The hospital system sent something that is no answer to the question. It is asked again later.",
)
HOSPITAL_ANSWER_TOO_LARGE = ErrorCode(
    "hospital.answer_too_large",
    Hint.RETRY_LATER,
    "The hospital system sent more than is allowed. It is asked again later.",
)
HOSPITAL_PATIENT_AMBIGUOUS = ErrorCode(
    "hospital.patient_ambiguous",
    Hint.CALL_STAFF,
    "The hospital system has several records under this number, or one of somebody else. Staff settle it.",
)
HOSPITAL_RECORD_REFUSED = ErrorCode(
    "hospital.record_refused",
    Hint.CALL_STAFF,
    "The hospital system does not take this check-in as it is. Enter it there.",
)
HOSPITAL_DEPARTMENT_UNKNOWN = ErrorCode(
    "hospital.department_unknown",
    Hint.CALL_STAFF,
    "The hospital system knows no such department. Set hospital.department_ids, and enter this check-in there.",
)

# --------------------------------------------------- the hospital's relay to the insurer (as the relay itself sees it)
INSURER_UNREACHABLE = ErrorCode(
    "insurer.unreachable", Hint.RETRY_LATER, "The insurer's gateway cannot be reached. Look at the relay's network."
)
INSURER_SLOW = ErrorCode(
    "insurer.no_answer_in_time", Hint.RETRY_LATER, "The insurer's gateway did not answer in time. Ask again later."
)
INSURER_REFUSED = ErrorCode(
    "insurer.refused", Hint.RETRY_LATER, "The insurer's gateway answered with an error. Ask again later."
)
INSURER_ANSWER_UNUSABLE = ErrorCode(
    "insurer.answer_unusable",
    Hint.RETRY_LATER,
    "The insurer's gateway sent something that is no answer to a check. Ask again later.",
)
INSURER_ANSWER_TOO_LARGE = ErrorCode(
    "insurer.answer_too_large", Hint.RETRY_LATER, "The insurer's gateway sent more than is allowed. Ask again later."
)
INSURER_ACCOUNT_REFUSED = ErrorCode(
    "insurer.account_refused",
    Hint.CALL_STAFF,
    "The insurer's gateway does not take the hospital's account. Check user name and password of the relay.",
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

# ------------------------------------------------------------------------------- the queue and its service
QUEUE_UNREACHABLE = ErrorCode(
    "queue.unreachable", Hint.RETRY_LATER, "The queue service cannot be reached. The number is sent again later."
)
QUEUE_SLOW = ErrorCode(
    "queue.no_answer_in_time",
    Hint.RETRY_LATER,
    "The queue service did not answer in time. The number is sent again later.",
)
QUEUE_REFUSED = ErrorCode(
    "queue.refused", Hint.RETRY_LATER, "The queue service answered with an error. The number is sent again later."
)
QUEUE_TOKEN_REFUSED = ErrorCode(
    "queue.token_refused",
    Hint.CALL_STAFF,
    "The queue service does not know this kiosk's token. Make one with `chipid service token`.",
)
QUEUE_TICKET_REFUSED = ErrorCode(
    "queue.ticket_refused",
    Hint.CALL_STAFF,
    "The queue service does not take this number, and sending it again cannot help. Staff must call it by hand.",
)
QUEUE_ANSWER_UNUSABLE = ErrorCode(
    "queue.answer_unusable",
    Hint.RETRY_LATER,
    "The queue service sent something that is no answer. The number is sent again later.",
)
QUEUE_ENTRY_UNKNOWN = ErrorCode(
    "queue.entry_unknown", Hint.REENTER_KEY, "There is no such number in the queues of this desk today."
)
QUEUE_ENTRY_CHANGED = ErrorCode(
    "queue.entry_changed", Hint.RETRY_LATER, "Somebody else was faster. The list is shown again as it is now."
)
QUEUE_ACTION_NOT_ALLOWED = ErrorCode(
    "queue.action_not_allowed", Hint.RETRY_LATER, "This cannot be done with the number as it stands now."
)
QUEUE_TICKET_CONFLICT = ErrorCode(
    "queue.ticket_conflict", Hint.CALL_STAFF, "Another number is already stored for this check-in."
)
QUEUE_TICKET_UNUSABLE = ErrorCode(
    "queue.ticket_unusable", Hint.CALL_STAFF, "What was sent is no ticket of this hospital's queues."
)

# ---------------------------------------------------------------------------------------- printer
PRINTER_FAILED = ErrorCode(
    "printer.failed", Hint.CALL_STAFF, "The ticket could not be printed. The number on the screen is valid."
)
PRINTER_UNREACHABLE = ErrorCode(
    "printer.unreachable",
    Hint.CALL_STAFF,
    "The printer cannot be reached, so nothing was printed. Look at its cable, its power and printer.* in the settings.",
)
PRINTER_NO_PAPER = ErrorCode(
    "printer.no_paper",
    Hint.CALL_STAFF,
    "The printer has no paper. Put in a new roll, then print the ticket again: its number stays the same.",
)
PRINTER_COVER_OPEN = ErrorCode(
    "printer.cover_open", Hint.CALL_STAFF, "The printer's cover is open. Close it, then print the ticket again."
)
PRINTER_OFF_LINE = ErrorCode(
    "printer.off_line",
    Hint.CALL_STAFF,
    "The printer is off line: jammed, too hot or paused. Look at its lamps, then print the ticket again.",
)
PRINTER_STALLED = ErrorCode(
    "printer.no_answer_in_time",
    Hint.CALL_STAFF,
    "The printer stopped taking the ticket, so it is not whole. Switch the printer off and on, then print it again.",
)
PRINTER_CUT_OFF = ErrorCode(
    "printer.cut_off",
    Hint.CALL_STAFF,
    "The printer hung up in the middle of the ticket, so it is not whole. Look at its cable, then print it again.",
)
PRINTER_OUTCOME_UNKNOWN = ErrorCode(
    "printer.outcome_unknown",
    Hint.CALL_STAFF,
    "Whether the ticket came out is not known: the printer does not say. If there is no paper, print it again.",
)
PRINTER_SUPPORT_MISSING = ErrorCode(
    "printer.support_missing",
    Hint.CALL_STAFF,
    "What this kind of printer needs is not installed. Install the extra 'printer', for CUPS the system's client.",
)
PRINTER_QUEUE_REFUSED = ErrorCode(
    "printer.queue_refused",
    Hint.CALL_STAFF,
    "The print queue did not take the ticket. Look at it with 'lpstat -t', and at printer.queue in the settings.",
)
PRINTER_DISK_FULL = ErrorCode(
    "printer.disk_full", Hint.CALL_STAFF, "The disk is full, so the ticket's files could not be written. Make room."
)

# -------------------------------------------------------------------------------------- operation
METRICS_PORT_TAKEN = ErrorCode(
    "operation.metrics_port_taken",
    Hint.CALL_STAFF,
    "The port of the figures for monitoring cannot be had. Choose another one for operation.metrics_port.",
)

# --------------------------------------------------------------------------------------- settings
SETTINGS_UNUSABLE = ErrorCode(
    "settings.unusable", Hint.CALL_STAFF, "The settings cannot be used. Put right what is listed, then start again."
)
