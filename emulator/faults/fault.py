"""The kinds of fault and one declared fault."""

from __future__ import annotations

import dataclasses
import enum

__all__ = ["Fault", "FaultKind"]


class FaultKind(enum.Enum):
    """What goes wrong. Value: a stable name, the id of BSI TR-03105-5.1 if its topic is the same, and what happens."""

    # the link
    CARD_REMOVED = ("card_removed", "", "the card is gone before the command (ConnectionError)")
    ANSWER_EMPTY = ("answer_empty", "", "not even a status word comes back")
    ANSWER_TRUNCATED = ("answer_truncated", "", "the answer ends in the middle, the status word is kept")
    COMMAND_REFUSED = ("command_refused", "", "a plain status word instead of the answer")
    # secure messaging; `at` counts protected answers
    SM_REFUSED = ("sm_refused", "ISO7816_B_04", "the chip reports a secure-messaging error, 6988 in plain")
    SM_MAC_MISSING = ("sm_mac_missing", "ISO7816_B_05", "DO'8E' is absent")
    SM_CRYPTOGRAM_MISSING = ("sm_cryptogram_missing", "ISO7816_B_06", "DO'87' is absent, the MAC fits what is left")
    SM_STATUS_MISSING = ("sm_status_missing", "ISO7816_B_07", "DO'99' is absent, the MAC fits what is left")
    SM_MAC_WRONG = ("sm_mac_wrong", "ISO7816_B_08", "one bit of the MAC differs")
    SM_CRYPTOGRAM_WRONG = (
        "sm_cryptogram_wrong",
        "ISO7816_B_09",
        "the cryptogram is not what was encrypted, the MAC fits",
    )
    SM_STRIPPED = ("sm_stripped", "", "nothing but a bare 9000")
    SM_STATUS_DIFFERS = ("sm_status_differs", "", "the outer status word says 6A82, the protected one something else")
    SM_REPLAYED = ("sm_replayed", "", "the previous protected answer once more")
    SM_UNPROTECTED_DATA = ("sm_unprotected_data", "", "data and 9000 without any protection")
    # basic access control
    BAC_MAC_WRONG = ("bac_mac_wrong", "ISO7816_B_01", "M_IC is wrong")
    BAC_CRYPTOGRAM_WRONG = ("bac_cryptogram_wrong", "ISO7816_B_02", "E_IC is wrong")
    BAC_REFUSED = ("bac_refused", "ISO7816_B_03", "EXTERNAL AUTHENTICATE is refused with 6300")
    CHALLENGE_SHORT = ("challenge_short", "", "GET CHALLENGE brings one byte too few, also in terminal authentication")
    # terminal authentication
    TA_CERTIFICATE_REFUSED = ("ta_certificate_refused", "", "a certificate is refused with 6300")
    TA_REFUSED = ("ta_refused", "", "the terminal's signature is refused with 6300")
    # files
    FILE_NOT_SELECTED = ("file_not_selected", "ISO7816_C_01", "SELECT answers 6A82")
    # PACE; `at` counts the answers of that step
    PACE_MSE_REFUSED = ("pace_mse_refused", "ISO7816_G_08", "MSE:Set AT is refused with 6A80")
    PACE_NONCE_CHANGED = (
        "pace_nonce_changed",
        "ISO7816_G_09",
        "the encrypted nonce differs from the one that the chip uses",
    )
    PACE_NONCE_TAG = ("pace_nonce_tag", "ISO7816_G_11", "tag 90 instead of 80")
    PACE_MAPPING_TAG = ("pace_mapping_tag", "ISO7816_G_13", "tag 92 instead of 82")
    PACE_MAPPING_REFUSED = ("pace_mapping_refused", "ISO7816_G_14", "the second step is refused with 6300")
    PACE_MAPPING_POINT = ("pace_mapping_point", "ISO7816_G_16", "the mapping key is no point of the curve")
    PACE_KEY_TAG = ("pace_key_tag", "ISO7816_G_19", "tag 94 instead of 84")
    PACE_KEY_REFUSED = ("pace_key_refused", "ISO7816_G_20", "the third step is refused with 6300")
    PACE_KEY_POINT = ("pace_key_point", "ISO7816_G_21", "the ephemeral key is no point of the curve")
    PACE_KEY_MIRRORED = ("pace_key_mirrored", "ISO7816_G_23", "the terminal's own ephemeral key comes back")
    PACE_TOKEN_WRONG = ("pace_token_wrong", "", "the chip's token is wrong")
    PACE_TOKEN_TAG = ("pace_token_tag", "ISO7816_G_25", "tag 96 instead of 86")
    PACE_TOKEN_REFUSED = ("pace_token_refused", "ISO7816_G_26", "the fourth step is refused with 6300")
    # chip and active authentication
    CA_REFUSED = ("ca_refused", "ISO7816_D_15", "the key reference is refused, 6A88")
    CA_KEPT_OLD_KEYS = ("ca_kept_old_keys", "ISO7816_D_09", "the chip goes on with the old session keys")
    CA_NONCE_CHANGED = ("ca_nonce_changed", "", "version 2: the nonce differs from the one that the chip uses")
    CA_TOKEN_WRONG = ("ca_token_wrong", "", "version 2: one bit of the chip's token differs")
    CA_TOKEN_MISSING = ("ca_token_missing", "", "version 2: the nonce comes without a token")
    AA_WRONG = ("aa_wrong", "", "one bit of the signature differs")
    AA_RECORDED = ("aa_recorded", "", "a good signature over another challenge")
    AA_TRUNCATED = ("aa_truncated", "", "the signature is cut in half, with 9000")
    AA_EMPTY = ("aa_empty", "", "no signature, with 9000")
    AA_WRONG_TRAILER = ("aa_wrong_trailer", "ISO7816_F_08", "the RSA signature's trailer names no hash function")

    def __init__(self, label: str, conformance_id: str, meaning: str) -> None:
        self.label = label
        self.conformance_id = conformance_id
        self.meaning = meaning


@dataclasses.dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Attributes:
        kind: what goes wrong.
        at: at which fitting exchange, counted from 1. For faults of the link every command counts (for
            ``ANSWER_TRUNCATED`` every answer with data), for those of secure messaging every protected answer (for
            DO'87' every one with data), for the others every answer of that step.
        repeated: also at every later fitting exchange.
        status: the status word where the kind has a choice: ``COMMAND_REFUSED`` (default 6A82).
    """

    kind: FaultKind
    at: int = 1
    repeated: bool = False
    status: int = 0x6A82

    def __post_init__(self) -> None:
        if self.at < 1 or not 0 <= self.status <= 0xFFFF:
            raise ValueError("a fault counts from 1 and has a status word of two bytes")
