"""What can go wrong at the terminal, with stable codes. The tree is drawn in :mod:`crypto.errors`."""

from __future__ import annotations

from crypto.errors import ChipIdError, ErrorCode, Hint

__all__ = [
    "Cancelled",
    "CardStatusError",
    "DocumentError",
    "ProtocolError",
    "TerminalError",
    "TransportError",
    "TrustError",
]


class TransportError(ChipIdError):
    """The link failed: no reader, no card, card taken away, another program holds it."""


class CardStatusError(ChipIdError):
    """The chip answered a command with a status word that ends the attempt."""


class ProtocolError(ChipIdError):
    """Access control, secure messaging or an authentication protocol failed."""


class DocumentError(ChipIdError):
    """A file of the chip, or typed or scanned input, is not what it should be."""


class TrustError(ChipIdError):
    """Trust anchors are missing or cannot be used."""


class TerminalError(ChipIdError):
    """The terminal's own certificates or key: they cannot be used, or the chip does not admit them."""


class Cancelled(Exception):  # noqa: N818 - it is no error: somebody asked to stop
    """The person or the program asked to stop. Stands outside the tree so that no handler swallows it."""


# ------------------------------------------------------------------------------------- the link
READER_NOT_FOUND = ErrorCode(
    "reader.not_found",
    Hint.CALL_STAFF,
    "The card reader was not found. Check its cable, then run 'chipid readers'.",
)
READER_AMBIGUOUS = ErrorCode(
    "reader.ambiguous",
    Hint.CALL_STAFF,
    "The name fits more than one card reader. Give more of the name of the one that is meant.",
)
PCSC_NOT_RUNNING = ErrorCode(
    "reader.service_down",
    Hint.CALL_STAFF,
    "The smart-card service (pcscd) is not running. Start it, then try again.",
)
PCSC_NOT_PERMITTED = ErrorCode(
    "reader.not_permitted",
    Hint.CALL_STAFF,
    "This user may not use the smart-card service. Allow it in polkit's rules for pcscd (docs/readers.md).",
)
PCSC_NOT_INSTALLED = ErrorCode(
    "reader.support_missing",
    Hint.CALL_STAFF,
    "PC/SC support is not installed. Install the 'pcsc' extra, or run 'chipid doctor' to see what is missing.",
)
CARD_ABSENT = ErrorCode("card.absent", Hint.RETRY_CARD, "There is no card on the reader. Lay the card on it.")
CARD_REMOVED = ErrorCode("card.removed", Hint.RETRY_CARD, "The card was taken away while it was read. Put it back.")
CARD_MUTE = ErrorCode("card.mute", Hint.RETRY_CARD, "The card does not answer. Lift it and lay it down again.")
CARD_IN_USE = ErrorCode(
    "card.in_use", Hint.CALL_STAFF, "Another program is using this card reader. Close it, then try again."
)
LINK_FAILED = ErrorCode(
    "card.link_failed", Hint.RETRY_CARD, "The connection to the card broke. Lay the card down again."
)
CARD_ENDLESS = ErrorCode(
    "card.endless", Hint.CALL_STAFF, "The chip keeps this reader busy without an end. Do not trust this card."
)
EMULATED_NOT_FOUND = ErrorCode(
    "emulated.not_found",
    Hint.NOT_SUPPORTED,
    "There is no emulated card of that name. 'chipid cards' lists them.",
)

LABORATORY_NOT_FOUND = ErrorCode(
    "emulated.no_laboratory",
    Hint.NOT_SUPPORTED,
    "No emulator that makes chips to order is installed. Install the whole package, then try again.",
)

# --------------------------------------------------------------------------- what the chip refused
NOT_AN_EMRTD = ErrorCode(
    "card.not_an_identity_card",
    Hint.NOT_SUPPORTED,
    "This card has no ICAO identity application. Use a citizen-ID card with a chip.",
)
FILE_NOT_FOUND = ErrorCode(
    "card.file_not_found", Hint.NOT_SUPPORTED, "The chip does not hold a file that it should hold."
)
FILE_ACCESS_DENIED = ErrorCode(
    "card.access_denied", Hint.NOT_SUPPORTED, "The chip does not let this terminal read a file."
)
FILE_REFUSED_UNPROTECTED = ErrorCode(
    "card.file_refused_unprotected",
    Hint.NOT_SUPPORTED,
    "The chip refused a file by an answer without protection. The file was left out and the chip was opened again.",
)
COMMAND_REFUSED = ErrorCode(
    "card.command_refused",
    Hint.RETRY_CARD,
    "The chip refused a command. Lift the card and lay it down again.",
)
SHORT_ANSWER = ErrorCode(
    "card.short_answer", Hint.RETRY_CARD, "The chip sent less than it announced. Lay the card down again."
)
END_OUT_OF_REACH = ErrorCode(
    "card.end_out_of_reach",
    Hint.NOT_SUPPORTED,
    "The chip lacks the command by which the end of a long file is read. The file was left out.",
)
ANOTHER_CARD = ErrorCode(
    "card.another",
    Hint.RETRY_CARD,
    "This is another card than the one that was being read. Lay the first card down again.",
)

# ------------------------------------------------------------------------------------- protocols
WRONG_KEY = ErrorCode(
    "access.wrong_key",
    Hint.REENTER_KEY,
    "The number does not open this card. Check the digits and enter them again.",
)
WRONG_MRZ = ErrorCode(
    "access.wrong_key.mrz",
    Hint.REENTER_KEY,
    "The machine-readable lines do not open this card. Check them, or scan them again.",
)
WRONG_PIN = ErrorCode(
    "access.wrong_key.pin",
    Hint.REENTER_KEY,
    "The PIN is wrong. Too many wrong tries block it: make sure of it before the next.",
)
WRONG_PUK = ErrorCode(
    "access.wrong_key.puk", Hint.REENTER_KEY, "The PUK is wrong. Make sure of it before the next try."
)
KEY_BLOCKED = ErrorCode(
    "access.key_blocked", Hint.CALL_STAFF, "This card's access is blocked after too many wrong tries."
)
PIN_SUSPENDED = ErrorCode(
    "access.pin_suspended",
    Hint.REENTER_KEY,
    "The PIN is suspended: one try is left. Enter the card access number printed on the card as well as the PIN.",
)
PIN_BLOCKED = ErrorCode(
    "access.pin_blocked", Hint.CALL_STAFF, "The PIN is blocked after too many wrong tries. The PUK unblocks it."
)
PIN_DEACTIVATED = ErrorCode(
    "access.pin_deactivated", Hint.CALL_STAFF, "The card's PIN is switched off. The issuing office switches it on."
)
PUK_SUSPENDED = ErrorCode(
    "access.puk_suspended",
    Hint.REENTER_KEY,
    "The PUK is suspended: one try is left. Enter the card access number printed on the card as well as the PUK.",
)
PUK_BLOCKED = ErrorCode(
    "access.puk_blocked", Hint.CALL_STAFF, "The PUK is used up. Only the issuing office can help now."
)
PIN_CHANGE_REFUSED = ErrorCode(
    "pin.change_refused",
    Hint.CALL_STAFF,
    "The chip did not take the new PIN. It may want another length; the PIN stays as it was.",
)
PIN_OUTCOME_UNKNOWN = ErrorCode(
    "pin.outcome_unknown",
    Hint.CALL_STAFF,
    "The chip was told, but did not confirm: the PIN may be the old or the new one. Mind the tries left when you find out.",
)
PIN_UNBLOCK_REFUSED = ErrorCode(
    "pin.unblock_refused",
    Hint.CALL_STAFF,
    "The chip did not unblock the PIN. The PUK may have been used as often as it may.",
)
SECRET_UNUSABLE = ErrorCode(
    "access.secret_unusable",
    Hint.CALL_STAFF,
    "The chip does not take this PIN or PUK now: it is suspended, blocked or switched off, and the chip does not say which.",
)
ACCESS_NOT_SUPPORTED = ErrorCode(
    "access.not_supported",
    Hint.NOT_SUPPORTED,
    "The card does not open by this kind of key: it knows none such, or no protocol for it that this reader speaks.",
)
CHIP_DECEPTIVE = ErrorCode(
    "access.protocol_violation",
    Hint.CALL_STAFF,
    "The chip broke the rules of the access protocol. Do not trust this card.",
)
CHIP_AUTHENTICATION_REFUSED = ErrorCode(
    "chip_authentication.refused", Hint.CALL_STAFF, "The chip refused to prove that it is genuine."
)
CHIP_AUTHENTICATION_WRONG = ErrorCode(
    "chip_authentication.wrong",
    Hint.CALL_STAFF,
    "The chip does not hold the private key of the card whose data it shows. Do not trust this card.",
)
ACTIVE_AUTHENTICATION_REFUSED = ErrorCode(
    "active_authentication.refused", Hint.CALL_STAFF, "The chip refused to sign a challenge."
)
CHANNEL_BROKEN = ErrorCode(
    "channel.broken",
    Hint.RETRY_CARD,
    "The protected connection to the chip was disturbed and closed. Lay the card down again.",
)
CHANNEL_CLOSED = ErrorCode(
    "channel.closed",
    Hint.RETRY_CARD,
    "The protected connection to the chip is closed. Lay the card down again.",
)

# ------------------------------------------------------------- the terminal's own certificates and key
TERMINAL_FOLDER_UNREADABLE = ErrorCode(
    "terminal.folder_unreadable",
    Hint.CALL_STAFF,
    "The folder of the terminal's certificates, or a file in it, cannot be read. Check the path and who may read it.",
)
TERMINAL_CERTIFICATE_UNREADABLE = ErrorCode(
    "terminal.certificate_unreadable",
    Hint.CALL_STAFF,
    "A certificate of the terminal cannot be used. Ask its issuer for another one.",
)
TERMINAL_CERTIFICATE_ABSENT = ErrorCode(
    "terminal.certificate_absent",
    Hint.CALL_STAFF,
    "The folder holds no terminal's certificate. Put the terminal's and its issuers' .cvcert files there.",
)
TERMINAL_KEY_UNREADABLE = ErrorCode(
    "terminal.key_unreadable",
    Hint.CALL_STAFF,
    "The terminal's private key is missing or cannot be used. It belongs in terminal.key, as PKCS#8 without a password.",
)
TERMINAL_KEY_WRONG = ErrorCode(
    "terminal.key_wrong",
    Hint.CALL_STAFF,
    "The terminal's private key does not fit its certificate. Put the key there for which the certificate was issued.",
)
TERMINAL_CERTIFICATE_EXPIRED = ErrorCode(
    "terminal.certificate_expired",
    Hint.CALL_STAFF,
    "A certificate of this terminal has expired. Ask its issuer for a new one.",
)
TERMINAL_NO_CHAIN = ErrorCode(
    "terminal.no_chain",
    Hint.NOT_SUPPORTED,
    "No certificates lead from an authority that this card admits to this terminal.",
)
TERMINAL_REFUSED = ErrorCode("terminal.refused", Hint.CALL_STAFF, "The chip did not accept this terminal.")
TERMINAL_RIGHT_MISSING = ErrorCode(
    "terminal.right_missing",
    Hint.NOT_SUPPORTED,
    "This terminal has no right to read that data group. Its certificates must give it.",
)
TOKEN_SUPPORT_MISSING = ErrorCode(
    "terminal.token_support_missing",
    Hint.CALL_STAFF,
    "Keys in hardware need the 'pkcs11' extra. Install it, or use a key file.",
)
TOKEN_URI_MALFORMED = ErrorCode(
    "terminal.token_uri_malformed",
    Hint.CALL_STAFF,
    "The terminal's key is not named by a usable pkcs11: URI. It needs a token, and an object or an id.",
)
TOKEN_PIN_IN_URI = ErrorCode(
    "terminal.token_pin_in_uri",
    Hint.CALL_STAFF,
    "A token's PIN does not belong on a command line. Use pin-source=file:… or the environment.",
)
TOKEN_PIN_UNREADABLE = ErrorCode(
    "terminal.token_pin_unreadable",
    Hint.CALL_STAFF,
    "The token's PIN cannot be read. Check the path of its file and who may read it, or CHIPID_TERMINAL_PIN.",
)
TOKEN_MODULE_UNUSABLE = ErrorCode(
    "terminal.token_module_unusable",
    Hint.CALL_STAFF,
    "The token's PKCS#11 library is not named or cannot be loaded. Check module-path in the URI, or CHIPID_PKCS11_MODULE.",
)
TOKEN_NOT_FOUND = ErrorCode(
    "terminal.token_not_found", Hint.CALL_STAFF, "The token with the terminal's key was not found. Plug it in."
)
TOKEN_KEY_NOT_FOUND = ErrorCode(
    "terminal.token_key_not_found",
    Hint.CALL_STAFF,
    "The token holds no such private key, or more than one. Check object and id in the URI, and the PIN.",
)
TOKEN_PIN_WRONG = ErrorCode(
    "terminal.token_pin_wrong",
    Hint.CALL_STAFF,
    "The token did not accept its PIN. Check it before the next try: too many wrong ones lock the token.",
)
TOKEN_FAILED = ErrorCode(
    "terminal.token_failed", Hint.CALL_STAFF, "The token did not make a signature. Check that it is still plugged in."
)

# -------------------------------------------------------------------------------------- documents
FILE_MALFORMED = ErrorCode("document.malformed", Hint.CALL_STAFF, "A file on the chip is not well formed.")
FILE_ABSENT = ErrorCode("document.file_absent", Hint.NOT_SUPPORTED, "A file that is needed was not read from the chip.")
FILE_TOO_LARGE = ErrorCode("document.too_large", Hint.CALL_STAFF, "A file on the chip announces more than is allowed.")
MRZ_MALFORMED = ErrorCode(
    "mrz.malformed", Hint.REENTER_KEY, "The machine-readable lines are not complete. Enter them again."
)
MRZ_CHECK_DIGIT = ErrorCode(
    "mrz.check_digit",
    Hint.REENTER_KEY,
    "A check digit of the machine-readable lines is wrong. Enter them again.",
)
NUMBER_MALFORMED = ErrorCode("number.malformed", Hint.REENTER_KEY, "A citizen number has 12 digits. Enter it again.")
CAN_MALFORMED = ErrorCode("can.malformed", Hint.REENTER_KEY, "The card access number has 6 digits. Enter it again.")
PIN_MALFORMED = ErrorCode("pin.malformed", Hint.REENTER_KEY, "A PIN has 4 to 12 digits. Enter it again.")
PUK_MALFORMED = ErrorCode("puk.malformed", Hint.REENTER_KEY, "A PUK has 6 to 16 digits. Enter it again.")
IMAGE_UNREADABLE = ErrorCode("image.unreadable", Hint.NOT_SUPPORTED, "The photo on the chip cannot be shown.")
IMAGE_TOO_LARGE = ErrorCode("image.too_large", Hint.NOT_SUPPORTED, "The photo on the chip is larger than is allowed.")
FORMAT_UNSUPPORTED = ErrorCode(
    "document.format_unsupported", Hint.NOT_SUPPORTED, "A file on the chip has a format that this reader does not know."
)
INPUT_UNREADABLE = ErrorCode(
    "input.unreadable",
    Hint.REENTER_KEY,
    "Standard input is closed or holds no text. Pipe the number in, or give it as an argument.",
)
TEXT_UNDECODABLE = ErrorCode(
    "text.undecodable", Hint.CALL_STAFF, "The scanned text is in no known encoding. Set the scanner to UTF-8."
)
QR_MALFORMED = ErrorCode(
    "qr.malformed", Hint.REENTER_KEY, "This is not the QR code of a citizen card. Scan it again, or type the number."
)

# ------------------------------------------------------------------------------------------ trust
TRUST_FOLDER_UNREADABLE = ErrorCode(
    "trust.unreadable", Hint.CALL_STAFF, "The folder of trusted certificates cannot be read. Check the path."
)
TRUST_TAMPERED = ErrorCode(
    "trust.tampered",
    Hint.CALL_STAFF,
    "The trust store was changed without its seal key, or put back to an older state. Do not use it; import into a new folder.",
)
TRUST_STORE_DAMAGED = ErrorCode(
    "trust.store_damaged",
    Hint.CALL_STAFF,
    "The trust store's files and its store.json do not fit together. Restore it, or import into a new folder.",
)
TRUST_STORE_ABSENT = ErrorCode(
    "trust.store_absent",
    Hint.CALL_STAFF,
    "There is no trust store in this folder. 'chipid trust import' makes one; --store names another folder.",
)
TRUST_STORE_LOOSE = ErrorCode(
    "trust.store_loose",
    Hint.CALL_STAFF,
    "This folder holds other files and no trust store. Name a new or empty folder with --store, and import the files.",
)
TRUST_STORE_BUSY = ErrorCode(
    "trust.store_busy",
    Hint.RETRY_LATER,
    "Another import into this trust store is under way. Try again when it is done.",
)
TRUST_STORE_UNWRITABLE = ErrorCode(
    "trust.store_unwritable",
    Hint.CALL_STAFF,
    "The trust store could not be written and is as it was. Check free space, and who may write there.",
)
TRUST_STORE_LINKED = ErrorCode(
    "trust.store_linked",
    Hint.CALL_STAFF,
    "A folder or file in the trust store is a link to another place. Nothing was written; put the real one there, or begin anew.",
)
TRUST_STORE_COPY = ErrorCode(
    "trust.store_copy",
    Hint.CALL_STAFF,
    "This is a copy of a trust store in another place. Import there and copy again, or give --take-over to let this one count.",
)
TRUST_SEAL_FOREIGN = ErrorCode(
    "trust.seal_foreign",
    Hint.CALL_STAFF,
    "The trust store is not sealed by a key that is known here. Name its key with --seal-key, or import into a new folder.",
)
TRUST_SEAL_KEY_UNUSABLE = ErrorCode(
    "trust.seal_key_unusable",
    Hint.CALL_STAFF,
    "The key file of the trust store's seal cannot be used. Check its path, and who may read and write it.",
)
TRUST_SOURCE_UNREADABLE = ErrorCode(
    "trust.source_unreadable", Hint.CALL_STAFF, "A file to import cannot be read. Check the path and who may read it."
)
TRUST_SOURCE_UNKNOWN = ErrorCode(
    "trust.source_unknown",
    Hint.CALL_STAFF,
    "A file holds no certificate, bundle, revocation list, master list, deviation list or LDIF. Nothing was imported.",
)
TRUST_SOURCE_TRUNCATED = ErrorCode(
    "trust.source_truncated", Hint.CALL_STAFF, "A file ends too early. Get it again: the transfer was cut off."
)
TRUST_SOURCE_TOO_LARGE = ErrorCode(
    "trust.source_too_large", Hint.CALL_STAFF, "A file is larger than any list of certificates. Nothing was imported."
)
TRUST_SOURCE_MALFORMED = ErrorCode(
    "trust.source_malformed", Hint.CALL_STAFF, "A file to import is damaged. Get it again from who published it."
)
TRUST_SIGNER_NOT_ACCEPTED = ErrorCode(
    "trust.signer_not_accepted",
    Hint.CALL_STAFF,
    "Nobody here has said that this signer may speak for other countries. Compare the fingerprint with one that its "
    "country publishes elsewhere, then give it with --accept-signer.",
)
TRUST_LIST_FORGED = ErrorCode(
    "trust.list_not_genuine",
    Hint.CALL_STAFF,
    "The signature or the signer of a list is not right. Nothing was imported; get the list again from its country.",
)
TRUST_SIGNER_REVOKED = ErrorCode(
    "trust.signer_revoked",
    Hint.CALL_STAFF,
    "The signer of a list was revoked by its own country. Nothing was imported; get an edition by another signer.",
)
TRUST_LIST_OLDER = ErrorCode(
    "trust.list_older",
    Hint.CALL_STAFF,
    "A newer edition of this list is installed. Nothing was imported; --allow-older takes the older one all the same.",
)
TRUST_FINGERPRINT_UNKNOWN = ErrorCode(
    "trust.fingerprint_unknown",
    Hint.CALL_STAFF,
    "No entry, or more than one, has a fingerprint that begins so. 'chipid trust list' shows them.",
)
TRUST_FINGERPRINT_MALFORMED = ErrorCode(
    "trust.fingerprint_malformed",
    Hint.CALL_STAFF,
    "This is no SHA-256 fingerprint: 64 digits 0-9 and a-f; to show or remove an entry, the first 8 will do.",
)

# ------------------------------------------------------------------------------ evidence and device key
EVIDENCE_UNREADABLE = ErrorCode(
    "evidence.unreadable", Hint.CALL_STAFF, "The evidence file cannot be read. Check the path and who may read it."
)
EVIDENCE_FOREIGN = ErrorCode(
    "evidence.not_evidence", Hint.CALL_STAFF, "This is not an evidence file, or its first line was changed."
)
EVIDENCE_VERSION = ErrorCode(
    "evidence.version_unknown",
    Hint.NOT_SUPPORTED,
    "The evidence file has a version that this program does not know. Use a newer program, or ask for the file again.",
)
EVIDENCE_TOO_LARGE = ErrorCode(
    "evidence.too_large", Hint.NOT_SUPPORTED, "The evidence is larger than an evidence file may be."
)
EVIDENCE_DAMAGED = ErrorCode(
    "evidence.damaged",
    Hint.CALL_STAFF,
    "The evidence file is not as it was signed: it was changed or is incomplete. Ask for the original file.",
)
EVIDENCE_SIGNATURE_WRONG = ErrorCode(
    "evidence.signature_wrong",
    Hint.CALL_STAFF,
    "The evidence file was changed by somebody who could not sign it. Do not rely on anything in it.",
)
EVIDENCE_EXISTS = ErrorCode(
    "evidence.exists", Hint.CALL_STAFF, "The evidence file is there already. Name another one, or add --force."
)
EVIDENCE_UNWRITABLE = ErrorCode(
    "evidence.unwritable", Hint.CALL_STAFF, "The evidence file cannot be written. Check the path and the disk."
)
REPORT_EXISTS = ErrorCode(
    "report.exists", Hint.CALL_STAFF, "The report is there already. Name another file, or add --force."
)
REPORT_UNWRITABLE = ErrorCode(
    "report.unwritable", Hint.CALL_STAFF, "The report cannot be written. Check the path and the disk."
)
DEVICE_KEY_UNUSABLE = ErrorCode(
    "device_key.unusable",
    Hint.CALL_STAFF,
    "The device key cannot be read or is none. It must be an Ed25519 key as PKCS#8 in PEM without a password.",
)
DEVICE_KEY_EXPOSED = ErrorCode(
    "device_key.exposed",
    Hint.CALL_STAFF,
    "Others may read the device key. Take their right away (chmod 600), or make a new one if they may have used it.",
)
DEVICE_KEY_UNWRITABLE = ErrorCode(
    "device_key.unwritable",
    Hint.CALL_STAFF,
    "The device key cannot be made. Check the configuration folder, or name a key by --device-key.",
)
