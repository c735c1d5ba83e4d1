"""Mistakes in the conversation with the chip: the protected channel and access control."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import pytest

from crypto.primitives import block_cipher, curves, dh_groups
from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.mac import mac
from crypto.primitives.padding import pad
from crypto.wire.apdu import ResponseApdu
from crypto.wire.tlv import iter_tlvs
from emulator.faults import FaultKind
from reader import errors, session
from reader.link import Link
from reader.protocols import pace, secure_messaging
from reader.protocols.pace_domain import EcdhDomain
from reader.protocols.secure_messaging import SecureChannel
from tests.unit.mistake_register import PUBLISHED, STATES, document, noticed_by

MESSAGING = "tests/unit/test_secure_messaging_properties.py"
AES128 = SymmetricCipher.AES128


def _pace_case(module: ModuleType) -> Mapping[str, object]:
    return {"pace_case": module.cases("pace_gm_ecdh.json")[0]}


# -- the protected channel ----------------------------------------------------------------------------------------------

Unprotect = Callable[[SecureChannel, ResponseApdu], ResponseApdu]


def _unprotect_so(
    patch: pytest.MonkeyPatch, change: Callable[[Unprotect, SecureChannel, ResponseApdu], ResponseApdu]
) -> None:
    genuine = SecureChannel.unprotect
    patch.setattr(SecureChannel, "unprotect", lambda self, response: change(genuine, self, response))


@noticed_by(f"{MESSAGING}::test_a_bare_status_word_closes_the_channel", cipher=AES128, status="9000")
def bare_status_believed(patch: pytest.MonkeyPatch) -> None:
    """An answer without DO'99' and DO'8E' counts as one."""

    def believe(genuine: Unprotect, channel: SecureChannel, response: ResponseApdu) -> ResponseApdu:
        if response.data:
            return genuine(channel, response)
        channel._awaiting_answer = False
        channel._count()
        return response

    _unprotect_so(patch, believe)


@noticed_by(f"{PUBLISHED}::test_the_status_word_outside_must_equal_the_protected_one")
def outer_status_ignored(patch: pytest.MonkeyPatch) -> None:
    """The status word outside is not held against DO'99'."""

    def ignore(genuine: Unprotect, channel: SecureChannel, response: ResponseApdu) -> ResponseApdu:
        inner = [tlv.value for tlv in iter_tlvs(response.data) if tlv.tag == 0x99]
        return genuine(channel, ResponseApdu(response.data, int.from_bytes(inner[0], "big")) if inner else response)

    _unprotect_so(patch, ignore)


@noticed_by(
    f"{MESSAGING}::test_one_flipped_bit_anywhere_in_a_protected_answer_closes_the_channel",
    cipher=AES128,
    answer=ResponseApdu(b"some octets of a file", 0x9000),
)
def checksum_not_compared(patch: pytest.MonkeyPatch) -> None:
    """DO'8E' must be there, and may say anything."""
    patch.setattr(secure_messaging, "macs_equal", lambda first, second: True)


@noticed_by(
    "tests/unit/test_terminal_secure_messaging.py::test_a_protected_error_keeps_the_channel_and_the_counter",
    says=(ValueError,),
    aes=True,
)
def refused_command_not_counted(patch: pytest.MonkeyPatch) -> None:
    """After a refusal, as of a block that was too long, the next command takes the numbers of the last one."""

    def take_back(genuine: Unprotect, channel: SecureChannel, response: ResponseApdu) -> ResponseApdu:
        plain = genuine(channel, response)
        if not plain.is_success:
            channel._counter -= 2
        return plain

    _unprotect_so(patch, take_back)


@noticed_by(STATES, lambda module: document("extended-uncounted"))
def long_command_counted_though_refused(patch: pytest.MonkeyPatch) -> None:
    """From extended to short length in the same session, with a counter that the chip has not moved."""

    def go_on(genuine: Unprotect, channel: SecureChannel, response: ResponseApdu) -> ResponseApdu:
        if response.data or response.sw != 0x6700:
            return genuine(channel, response)
        channel._awaiting_answer = False
        return response

    _unprotect_so(patch, go_on)


@noticed_by(
    f"{PUBLISHED}::test_secure_messaging_produces_and_opens_the_published_octets",
    lambda module: dict(zip(("name", "exchanges"), module.published_exchanges()[1], strict=True)),
)
def counter_raised_after_use(patch: pytest.MonkeyPatch) -> None:
    """The first command runs under the value that the counter starts from (Doc 9303-11 §9.8.2 wants one more)."""
    genuine = SecureChannel.__init__

    def one_less(self: SecureChannel, keys: secure_messaging.SessionKeys) -> None:
        genuine(self, keys)
        self._counter -= 1

    patch.setattr(SecureChannel, "__init__", one_less)


@noticed_by(
    "tests/hostile/test_nothing_personal_leaks.py::test_no_misbehaviour_makes_an_error_or_a_log_talk",
    kind=FaultKind.AA_WRONG,
)
def files_in_the_log(patch: pytest.MonkeyPatch) -> None:
    """What was read goes into a log for debugging."""

    def tell(genuine: Unprotect, channel: SecureChannel, response: ResponseApdu) -> ResponseApdu:
        plain = genuine(channel, response)
        logging.getLogger("reader").debug("answer %s", plain.data.decode("utf-8", "replace"))
        return plain

    _unprotect_so(patch, tell)


@noticed_by(
    "tests/hostile/test_nothing_personal_leaks.py::test_no_misbehaviour_makes_an_error_or_a_log_talk",
    kind=FaultKind.PACE_TOKEN_REFUSED,
)
def password_in_an_error(patch: pytest.MonkeyPatch) -> None:
    """The error of a wrong password repeats it, to be helpful."""
    genuine = pace._authenticate

    def repeat(suite: Any, key: Any, *arguments: Any) -> Any:
        try:
            return (yield from genuine(suite, key, *arguments))
        except errors.ProtocolError as error:
            raise errors.ProtocolError(error.code, tried=key.pace_seed.reveal().decode("ascii")) from error

    patch.setattr(pace, "_authenticate", repeat)


@noticed_by(
    "tests/unit/test_reading_through_a_selected_application.py::test_a_card_is_read_wherever_an_earlier_program_left_it",
    name="select-mf-6982",
    begun="",
)
def earlier_program_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Whoever had the card before may have left an application selected, and nobody starts it anew."""
    patch.setattr(Link, "reset", lambda self: None)


# -- access control -----------------------------------------------------------------------------------------------------


@noticed_by(
    "tests/hostile/test_reader_against_faulty_chips.py::test_each_way_to_spoil_pace_has_its_reason_and_never_falls_back",
    kind=FaultKind.PACE_TOKEN_WRONG,
    code=errors.CHIP_DECEPTIVE,
)
def spoilt_pace_becomes_bac(patch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong in PACE, the next way in is tried."""
    genuine = session.CardSession._open_by_pace

    def go_on(self: session.CardSession, *arguments: Any) -> Any:
        try:
            return genuine(self, *arguments)
        except errors.ProtocolError:
            raise errors.ProtocolError(errors.ACCESS_NOT_SUPPORTED) from None

    patch.setattr(session.CardSession, "_open_by_pace", go_on)


@noticed_by("tests/unit/test_reader_foreign_chips.py::test_triple_des_where_the_chip_has_aes_is_a_finding")
def weaker_cipher_untold(patch: pytest.MonkeyPatch) -> None:
    """3DES is taken where AES was offered, and nobody is told."""
    patch.setattr(session, "weaker_than_offered", lambda suite, infos: ())


@noticed_by(f"{PUBLISHED}::test_pace_generic_mapping_speaks_the_published_conversation", _pace_case)
def token_over_the_own_key(patch: pytest.MonkeyPatch) -> None:
    """Each side's token is over the other side's public key."""
    genuine = pace._authenticate

    def exchanged(suite: Any, key: Any, keys: Any, own: bytes, chip: bytes) -> Any:
        return genuine(suite, key, keys, chip, own)

    patch.setattr(pace, "_authenticate", exchanged)


@noticed_by(f"{PUBLISHED}::test_pace_generic_mapping_speaks_the_published_conversation", _pace_case)
def token_padded(patch: pytest.MonkeyPatch) -> None:
    """CMAC pads by itself: tokens are not padded before, messages are."""
    patch.setattr(pace, "mac", lambda cipher, key, data: mac(cipher, key, pad(data, cipher.block_bytes)))


@noticed_by(f"{PUBLISHED}::test_integrated_mapping_sends_and_accepts_the_published_values", name="pace_im_ecdh.json")
def integrated_mapping_with_the_other_root(patch: pytest.MonkeyPatch) -> None:
    """Doc 9303-11 appendix B.3, read literally, gives the point with the opposite y."""
    genuine = EcdhDomain.map_integrated

    def opposite(self: EcdhDomain, *arguments: Any) -> curves.Point:
        point = genuine(self, *arguments)
        return curves.Point(point.x, -point.y % self.curve.p)

    patch.setattr(EcdhDomain, "map_integrated", opposite)


@noticed_by(f"{PUBLISHED}::test_chip_authentication_mapping_speaks_the_published_conversation_and_verifies_its_proof")
def mapping_proof_from_a_zero_vector(patch: pytest.MonkeyPatch) -> None:
    """The chip's data are enciphered from E(KSenc, FF…FF), not from zeros (Doc 9303-11 §4.4.3.5.3)."""
    patch.setattr(pace, "encrypt_block", lambda cipher, key, block: bytes(cipher.block_bytes))


@noticed_by(
    "tests/unit/test_crypto_pace_mappings.py::test_a_public_value_goes_out_without_leading_zeros_and_may_come_with_them"
)
def shared_secret_stripped(patch: pytest.MonkeyPatch) -> None:
    """A secret of a finite field that begins with 00 keeps that octet: it has the length of p."""
    genuine = dh_groups.DhPrivateKey.shared_octets
    patch.setattr(dh_groups.DhPrivateKey, "shared_octets", lambda self, value: genuine(self, value).lstrip(b"\0"))


@noticed_by("tests/unit/test_crypto_ciphers_and_macs.py::test_3des_data_is_encrypted_as_published")
def two_key_3des_filled_up_wrongly(patch: pytest.MonkeyPatch) -> None:
    """A library wants 24 octets of key: they are K1 K2 K1."""
    genuine = block_cipher._algorithm

    def wrongly(cipher: SymmetricCipher, key: bytes) -> Any:
        return genuine(cipher, key) if cipher.is_aes else block_cipher.TripleDES(key + key[8:])

    patch.setattr(block_cipher, "_algorithm", wrongly)
