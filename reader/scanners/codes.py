"""What can go wrong with scanners and document readers, with stable codes. The tree is drawn in :mod:`crypto.errors`."""

from __future__ import annotations

from crypto.errors import ErrorCode, Hint

# ------------------------------------------------------------------------------------ ports and codes
SCANNER_NOT_FOUND = ErrorCode(
    "scanner.not_found", Hint.CALL_STAFF, "The code scanner cannot be opened. Check its cable and the port's name."
)
SCANNER_GONE = ErrorCode("scanner.gone", Hint.CALL_STAFF, "The code scanner was unplugged. Check its cable.")
SCAN_TOO_LONG = ErrorCode(
    "scanner.line_too_long", Hint.RETRY_CARD, "The scanner sent more than a code can hold. Scan the code again."
)
SCANNER_BUSY = ErrorCode(
    "scanner.busy", Hint.CALL_STAFF, "Another program is using the port of the code scanner. Close it, then try again."
)
SCANNER_DENIED = ErrorCode(
    "scanner.denied",
    Hint.CALL_STAFF,
    "This user may not open the port of the code scanner. Allow it ('chipid doctor' says how), then log in again.",
)
SCAN_GARBAGE = ErrorCode(
    "scanner.garbage",
    Hint.CALL_STAFF,
    "What the scanner sends is no text. Set the speed and parity that the scanner uses, or change its cable.",
)
SCAN_UNENDED = ErrorCode(
    "scanner.no_line_end",
    Hint.CALL_STAFF,
    "The scanner sent a code without an end. Set it to send CR or CR LF after each code.",
)
SCAN_KEYBOARD_DAMAGE = ErrorCode(
    "scanner.keyboard_damage",
    Hint.CALL_STAFF,
    "The scanner types like a keyboard, and the input method changed its letters. Switch the scanner to USB-COM mode.",
)
INSURANCE_QR_MALFORMED = ErrorCode(
    "qr.insurance_malformed",
    Hint.REENTER_KEY,
    "The QR code of an insurance card did not come through whole. Scan it again, or use the ID card.",
)

# --------------------------------------------------------------------------------- document readers
DEVICE_UNREACHABLE = ErrorCode(
    "device.unreachable",
    Hint.CALL_STAFF,
    "The document reader cannot be reached. Check its cable, its power and the address in the settings.",
)
DEVICE_SILENT = ErrorCode(
    "device.silent", Hint.CALL_STAFF, "The document reader stopped answering. Switch it off and on again."
)
DEVICE_REFUSED = ErrorCode(
    "device.refused", Hint.CALL_STAFF, "The document reader does not speak the expected protocol. Check its address."
)
DEVICE_FRAME_CUT = ErrorCode(
    "device.frame_cut", Hint.RETRY_CARD, "A message of the document reader was cut off. Read the document again."
)
DEVICE_MESSAGE_UNUSABLE = ErrorCode(
    "device.message_unusable",
    Hint.RETRY_CARD,
    "The document reader sent something that is none of its messages. Read the document again.",
)
DEVICE_MESSAGE_TOO_LARGE = ErrorCode(
    "device.message_too_large",
    Hint.CALL_STAFF,
    "The document reader sent more than a document can hold. Switch it off and on again.",
)
DEVICE_READ_FAILED = ErrorCode(
    "device.read_failed",
    Hint.RETRY_CARD,
    "The document reader could not read the card. Lift the card and lay it down again.",
)
