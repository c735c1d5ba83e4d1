"""Version 2 of both authentications, against a chip that the test plays (TR-03110-2 §2.3, TR-03110-3 §B.2, §B.3)."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.curves import Point
from crypto.primitives.secret import Secret
from crypto.wire.apdu import CommandApdu, ResponseApdu
from crypto.wire.oid import encode_oid
from crypto.wire.tlv import parse_tlv
from emulator.cards import chip_content
from reader import errors
from reader.chip_proofs import ChipAnswer
from reader.general_authentication import GeneralAuthentication, TerminalIdentity, authenticate_generally
from reader.lds.security_infos import SecurityInfos, parse_card_access
from reader.protocols.pace import PaceResult
from reader.protocols.secure_messaging import SessionKeys
from reader.terminal_access import TerminalAnswer
from reader.terminal_credentials import TerminalCredentials
from reader.terminal_keys import FileSigner
from tests.unit.terminal_tree import (
    AT,
    DV_DOMESTIC,
    IS,
    ROOT,
    SYSTEM,
    TERMINAL,
    VERIFIER,
    certificate,
    key,
    pem,
    plain_tree,
    tlv,
)

DAY = dt.date(2026, 6, 1)
CONTENT = chip_content("eac2")
CARD_ACCESS = next(file.content for file in CONTENT.master_files if file.identifier == 0x011C)
CARD_SECURITY = next(file.content for file in CONTENT.master_files if file.identifier == 0x011D)
(CHIP_KEY,) = CONTENT.chip_authentication
NONCE = bytes(range(8))
PACE = PaceResult(
    SessionKeys(SymmetricCipher.AES128, Secret(bytes(16)), Secret(bytes(16))), None, b"chip's name", b"", (ROOT,)
)
IDENTITY = TerminalIdentity(TerminalCredentials.of([plain_tree().octets], FileSigner(pem(key(SYSTEM)))), DAY)


class Chip:
    """Admits every terminal and proves itself rightly, unless told otherwise by instruction and parameters."""

    def __init__(
        self,
        *,
        card_security: bytes | None = CARD_SECURITY,
        guarded: bool = False,
        says: dict[str, int | Callable[[], ResponseApdu]] | None = None,
        token: Callable[[bytes], bytes] = lambda token: token,
    ) -> None:
        self.card_security, self.guarded, self.says, self.token = card_security, guarded, says or {}, token
        self.log: list[str] = []
        self.committed = b""
        self.admitted = False

    def read(self) -> bytes | None:
        self.log.append("CardSecurity")
        return self.card_security if self.admitted or not self.guarded else None

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        name = command.header[1:].hex()
        self.log.append(name)
        said = self.says.get(name)
        if said is not None:
            return ResponseApdu(b"", said) if isinstance(said, int) else said()
        match name:
            case "840000":
                return ResponseApdu(bytes(8), 0x9000)
            case "2281a4":
                self.committed = command.data[-32:]
            case "820000":
                self.admitted = True
            case "860000":
                return self._prove(command.data)
        return ResponseApdu(b"", 0x9000)

    def _prove(self, data: bytes) -> ResponseApdu:
        public = parse_tlv(data, 0x7C).require(0x80).value
        assert public[1:33] == self.committed, "the key is the one that terminal authentication committed to"
        point = Point(int.from_bytes(public[1:33], "big"), int.from_bytes(public[33:], "big"))
        secret = CHIP_KEY.private_key.shared_x(point)  # type: ignore[union-attr, arg-type]
        code = CMAC(AES(hashlib.sha1(secret + NONCE + b"\0\0\0\2").digest()[:16]))  # noqa: S324
        code.update(tlv(0x7F49, tlv(0x06, encode_oid(CHIP_KEY.oid)) + tlv(0x86, public)))
        token = self.token(code.finalize()[:8])
        return ResponseApdu(tlv(0x7C, tlv(0x81, NONCE) + tlv(0x82, token)), 0x9000)


def authenticate(
    chip: Chip, *, identity: TerminalIdentity = IDENTITY, infos: SecurityInfos | None = None, pace: PaceResult = PACE
) -> GeneralAuthentication:
    return authenticate_generally(identity, infos or parse_card_access(CARD_ACCESS), pace, chip.transmit, chip.read)


def outcome(result: GeneralAuthentication) -> tuple[TerminalAnswer, ChipAnswer, bool]:
    return result.terminal.answer, result.chip.answer, result.keys is not None


def infos_without(arcs: str) -> SecurityInfos:
    """EF.CardAccess without the objects whose identifier ends so."""
    kept = [
        info.encoded
        for info in parse_tlv(CARD_ACCESS).children()
        if not info.children()[0].value.startswith(encode_oid(f"0.4.0.127.0.7.2.2.{arcs}"))
    ]
    return parse_card_access(tlv(0x31, b"".join(kept)))


def test_terminal_authentication_comes_before_chip_authentication() -> None:
    chip = Chip()
    result = authenticate(chip)
    assert outcome(result) == (TerminalAnswer.ADMITTED, ChipAnswer.GIVEN, True)
    assert (result.terminal.version, result.terminal.groups, result.chip.version) == (2, {3, 4}, 2)
    verify = ["2281b6", "2a00be"]
    assert chip.log == [*verify, *verify, "2281a4", "840000", "820000", "CardSecurity", "2241a4", "860000"]


def test_a_list_of_keys_for_admitted_terminals_only_is_read_when_it_opens() -> None:
    """TR-03110-3 table 2: EF.CardSecurity may be guarded by terminal authentication; EF.CardAccess has the parameters."""
    chip = Chip(guarded=True)
    assert outcome(authenticate(chip)) == (TerminalAnswer.ADMITTED, ChipAnswer.GIVEN, True)
    assert chip.log.count("CardSecurity") == 1


def test_an_open_list_of_keys_has_the_parameters_where_the_unsigned_one_has_not() -> None:
    chip = Chip()
    result = authenticate(chip, infos=infos_without("3"))
    assert outcome(result) == (TerminalAnswer.ADMITTED, ChipAnswer.GIVEN, True)
    assert chip.log[0] == "CardSecurity"
    assert chip.log.count("CardSecurity") == 1


def test_without_parameters_anywhere_nobody_is_asked() -> None:
    chip = Chip(guarded=True)
    result = authenticate(chip, infos=infos_without("3"))
    assert outcome(result) == (TerminalAnswer.NOT_POSSIBLE, ChipAnswer.NOT_SPOKEN, False)
    assert chip.log == ["CardSecurity"]


@pytest.mark.parametrize(
    "card_security", [None, b"", b"\x30\x00", CARD_SECURITY[:-1]], ids=["none", "empty", "no CMS", "cut"]
)
def test_a_key_that_is_not_shown_cannot_prove_anything(card_security: bytes | None) -> None:
    result = authenticate(Chip(card_security=card_security))
    assert outcome(result) == (TerminalAnswer.NOT_POSSIBLE, ChipAnswer.KEY_NOT_SHOWN, False)


def test_a_key_on_other_parameters_than_announced_is_not_the_key() -> None:
    """Nobody signed the announcement; what the terminal committed to would not fit."""
    changed = CARD_ACCESS.replace(bytes.fromhex("04007f0007010202010d"), bytes.fromhex("04007f0007010202010c"))
    assert changed != CARD_ACCESS
    result = authenticate(Chip(), infos=parse_card_access(changed))
    assert outcome(result) == (TerminalAnswer.NOT_POSSIBLE, ChipAnswer.KEY_NOT_SHOWN, False)


def broken() -> ResponseApdu:
    raise errors.ProtocolError(errors.CHANNEL_BROKEN, status_word="6982")


@pytest.mark.parametrize(
    ("says", "expected"),
    [
        ({"2241a4": 0x6A88}, ChipAnswer.REFUSED),
        ({"860000": 0x6A80}, ChipAnswer.REFUSED),
        ({"860000": 0x6300}, ChipAnswer.REFUSED),
        ({"2241a4": broken}, ChipAnswer.BROKE_OFF),
        ({"860000": broken}, ChipAnswer.BROKE_OFF),
        ({"860000": lambda: ResponseApdu(b"\x7c\x00", 0x9000)}, ChipAnswer.BROKE_OFF),
    ],
)
def test_a_chip_that_does_not_prove_itself_is_noted(says: dict[str, int], expected: ChipAnswer) -> None:
    assert outcome(authenticate(Chip(says=says))) == (TerminalAnswer.NOT_POSSIBLE, expected, False)


def test_a_wrong_token_is_that_of_a_copy() -> None:
    result = authenticate(Chip(token=lambda token: bytes(8)))
    assert outcome(result) == (TerminalAnswer.NOT_POSSIBLE, ChipAnswer.LOST, False)


@pytest.mark.parametrize(
    ("says", "code"),
    [
        ({"2a00be": 0x6982}, errors.TERMINAL_REFUSED),
        ({"820000": 0x6300}, errors.TERMINAL_REFUSED),
        ({"820000": 0x6985}, errors.TERMINAL_REFUSED),
        ({"2a00be": broken}, errors.CHANNEL_BROKEN),
        ({"840000": lambda: ResponseApdu(bytes(4), 0x9000)}, errors.CHIP_DECEPTIVE),
    ],
)
def test_a_terminal_that_is_not_admitted_is_noted_and_nothing_more_is_asked(says: dict[str, int], code: object) -> None:
    chip = Chip(says=says)
    result = authenticate(chip)
    assert outcome(result) == (TerminalAnswer.FAILED, ChipAnswer.NEEDS_TERMINAL, False)
    assert result.terminal.error is code
    assert "2241a4" not in chip.log


def test_an_authority_that_nobody_knows_is_told_before_anything_is_shown() -> None:
    chip = Chip()
    result = authenticate(chip, pace=dataclasses.replace(PACE, authority_references=("ZZTEST00001",)))
    assert result.terminal.error is errors.TERMINAL_NO_CHAIN
    assert chip.log == []


@pytest.mark.parametrize("valid", [("2026-01-01", "2026-12-31"), ("2025-01-01", "2025-02-01")], ids=["good", "expired"])
def test_the_certificate_is_of_the_kind_that_was_shown_in_pace(valid: tuple[str, str]) -> None:
    """The chip refuses another kind (TR-03110-3 §B.11.7, 6985), and only an inspection system may read fingerprints."""
    other_verifier = certificate("XXTESTDV00003", ROOT, DV_DOMESTIC, template=AT, rights=0)
    other = certificate(SYSTEM, "XXTESTDV00003", TERMINAL, template=AT, rights=0)
    inspection = certificate(SYSTEM, VERIFIER, TERMINAL, valid=valid)
    own = [other_verifier, other, plain_tree().verifier, inspection]
    identity = TerminalIdentity(TerminalCredentials.of(own, FileSigner(pem(key(SYSTEM)))), DAY)
    assert bytes.fromhex(IS) in identity.authorization
    result = authenticate(Chip(), identity=identity)
    if valid[0] < "2026":
        assert result.terminal.error is errors.TERMINAL_CERTIFICATE_EXPIRED
    else:
        assert result.terminal.groups == {3, 4}
