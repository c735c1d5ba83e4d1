"""Terminal authentication, step by step, against a chip that the test plays straight from TR-03110-3 §B.3 and §B.11."""

from __future__ import annotations

import datetime as dt
import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from crypto.primitives.curves import curve
from crypto.primitives.dh_groups import DH_GROUPS
from crypto.wire.apdu import CommandApdu, ResponseApdu
from reader import errors
from reader.lds.security_infos import parse_card_access
from reader.protocols.access_key import MrzKey
from reader.protocols.exchange import run
from reader.protocols.pace_domain import DhDomain, EcdhDomain
from reader.protocols.terminal_authentication import (
    TerminalClaim,
    authority_references_terminal,
    terminal_authentication_terminal,
)
from reader.terminal_access import authenticate_terminal, authority_references
from reader.terminal_credentials import TerminalCredentials
from reader.terminal_keys import FileSigner
from tests.unit.terminal_tree import (
    CVCA,
    DV_DOMESTIC,
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
CHALLENGE = bytes.fromhex("0123456789abcdef")
CHIP, OWN = b"chip's identifier", b"terminal's key"
ECDSA_SHA256 = bytes.fromhex("04007f000702020202" + "03")


class Chip:
    """Answers 9000 and notes everything; ``answers`` has other status words by number of the command, from 0."""

    def __init__(self, answers: dict[int, int] | None = None, challenge: bytes = CHALLENGE) -> None:
        self.answers = answers or {}
        self.challenge = challenge
        self.commands: list[CommandApdu] = []

    def __call__(self, command: CommandApdu) -> ResponseApdu:
        self.commands.append(command)
        status = self.answers.get(len(self.commands) - 1, 0x9000)
        data = self.challenge if command.ins == 0x84 and status == 0x9000 else b""
        return ResponseApdu(data, status)


def credentials() -> TerminalCredentials:
    return TerminalCredentials.of([plain_tree().octets], FileSigner(pem(key(SYSTEM))))


def claim(version: int = 1, auxiliary: bytes = b"") -> TerminalClaim:
    own = credentials()
    chain = own.chain_from([ROOT], DAY)
    algorithm = chain.terminal.public_key.algorithm
    return TerminalClaim(
        chain.certificates, lambda data: own.signer.sign(data, algorithm), CHIP, OWN, version, auxiliary
    )


def signature_is_over(signature: bytes, data: bytes) -> bool:
    private = key(SYSTEM)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        private.public_key().verify(encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


# ------------------------------------------------------------------------------------ the exchange
def test_version_1_word_by_word() -> None:
    chip, tree = Chip(), plain_tree()
    run(terminal_authentication_terminal(claim()), chip)
    *first, external = chip.commands
    assert [(command.encode().hex()) for command in first] == [
        "002281b6" + "11" + "830f" + ROOT.encode().hex(),
        "002a00be" + _with_length(tree.verifier).hex(),
        "002281b6" + "0f" + "830d" + VERIFIER.encode().hex(),
        "002a00be" + _with_length(tree.terminal).hex(),
        "002281a4" + "0f" + "830d" + SYSTEM.encode().hex(),
        "0084000008",
    ]
    assert external.header.hex() == "00820000"
    assert len(external.data) == 64
    assert signature_is_over(external.data, CHIP + CHALLENGE + OWN)


def _with_length(octets: bytes) -> bytes:
    """Body and signature of a certificate, without DO'7F21' around them, behind their Lc (§B.11.5)."""
    inner = octets[octets.index(b"\x7f\x4e") :]
    return bytes([len(inner)]) + inner if len(inner) < 256 else b"\0" + len(inner).to_bytes(2, "big") + inner


def test_version_2_names_its_protocol_and_commits_to_the_key() -> None:
    chip = Chip()
    auxiliary = bytes.fromhex("67177315060904007f00070301040253083230323630363031")  # a date, §A.6.5.3
    run(terminal_authentication_terminal(claim(2, auxiliary)), chip)
    set_at, _, external = chip.commands[-3:]
    expected = tlv(0x80, ECDSA_SHA256) + tlv(0x83, SYSTEM.encode()) + auxiliary + tlv(0x91, OWN)
    assert (set_at.header.hex(), set_at.data.hex()) == ("002281a4", expected.hex())
    assert signature_is_over(external.data, CHIP + CHALLENGE + OWN + auxiliary)


def test_every_signature_is_over_the_fresh_challenge() -> None:
    for number in range(3):
        chip = Chip(challenge=bytes([number]) * 8)
        run(terminal_authentication_terminal(claim()), chip)
        assert signature_is_over(chip.commands[-1].data, CHIP + bytes([number]) * 8 + OWN)


@pytest.mark.parametrize(
    ("place", "facts"),
    [
        (0, {"step": "set_dst", "certificate": 1}),
        (1, {"step": "verify_certificate", "certificate": 1}),
        (2, {"step": "set_dst", "certificate": 2}),
        (3, {"step": "verify_certificate", "certificate": 2}),
        (4, {"step": "set_at"}),
        (5, {"step": "get_challenge"}),
        (6, {"step": "external_authenticate"}),
    ],
)
@pytest.mark.parametrize("status", [0x6300, 0x6982, 0x6A80, 0x6A88])
def test_a_refusal_says_where_and_ends_the_exchange(place: int, facts: dict[str, object], status: int) -> None:
    chip = Chip({place: status})
    with pytest.raises(errors.TerminalError) as caught:
        run(terminal_authentication_terminal(claim()), chip)
    assert caught.value.code is errors.TERMINAL_REFUSED
    assert caught.value.facts == {**facts, "status_word": f"{status:04X}"}
    assert len(chip.commands) == place + 1


@pytest.mark.parametrize("challenge", [b"", CHALLENGE[:7], CHALLENGE + b"\0", bytes(256)])
def test_nothing_is_signed_but_a_challenge_of_eight_bytes(challenge: bytes) -> None:
    """Whoever chooses what is signed could have the terminal sign for somebody else."""
    chip = Chip(challenge=challenge)
    with pytest.raises(errors.ProtocolError) as caught:
        run(terminal_authentication_terminal(claim()), chip)
    assert caught.value.code is errors.CHIP_DECEPTIVE
    assert chip.commands[-1].ins == 0x84


# ------------------------------------------------------------------- what the dates say afterwards
def attempt(own: TerminalCredentials, chip: Chip, day: dt.date | None) -> errors.TerminalError:
    chain = own.chain_from([ROOT], day)
    with pytest.raises(errors.TerminalError) as caught:
        authenticate_terminal(own, chain, chip, chip_identifier=CHIP, terminal_key=OWN, version=1, day=day)
    return caught.value


def test_a_refused_certificate_that_ended_before_another_one_began_has_expired_for_the_chip() -> None:
    """The chip's date is at least the newest effective date that it accepted (TR-03110-3 §2.5.1)."""
    tree = plain_tree()
    newer = certificate(VERIFIER, ROOT, DV_DOMESTIC, valid=("2026-05-01", "2027-05-01"))
    own = TerminalCredentials.of(
        [tree.root, newer, certificate(SYSTEM, VERIFIER, TERMINAL, valid=("2026-01-01", "2026-04-30"))],
        FileSigner(pem(key(SYSTEM))),
    )
    error = attempt(own, Chip({3: 0x6300}), None)
    assert error.code is errors.TERMINAL_CERTIFICATE_EXPIRED
    assert error.facts["certificate"] == 2
    assert attempt(own, Chip({1: 0x6300}), None).code is errors.TERMINAL_REFUSED, "the verifier is good till 2027"
    assert attempt(own, Chip({6: 0x6300}), None).code is errors.TERMINAL_REFUSED, "that was the signature"


def test_a_certificate_that_may_still_be_good_is_merely_refused() -> None:
    error = attempt(credentials(), Chip({3: 0x6982}), DAY)
    assert error.code is errors.TERMINAL_REFUSED
    assert attempt(credentials(), Chip({3: 0x6982}), None).code is errors.TERMINAL_REFUSED


def test_a_refused_link_has_not_expired() -> None:
    link = certificate("XXTESTCVCA00002", ROOT, CVCA, valid=("2020-01-01", "2021-01-01"))
    verifier = certificate(VERIFIER, "XXTESTCVCA00002", DV_DOMESTIC)
    own = TerminalCredentials.of(
        [link, verifier, certificate(SYSTEM, VERIFIER, TERMINAL)], FileSigner(pem(key(SYSTEM)))
    )
    assert attempt(own, Chip({1: 0x6982}), DAY).code is errors.TERMINAL_REFUSED


# ---------------------------------------------------------------------------------------- EF.CVCA
class FileChip:
    """A chip with one file; READ BINARY by short identifier or after SELECT."""

    def __init__(self, content: bytes, *, fid: int = 0x011C, sfi: int | None = 0x1C, end: int = 0x9000) -> None:
        self.content, self.fid, self.sfi, self.end = content, fid, sfi, end
        self.selected = False
        self.commands: list[str] = []

    def __call__(self, command: CommandApdu) -> ResponseApdu:
        self.commands.append(command.encode().hex())
        if command.ins == 0xA4:
            self.selected = command.data == self.fid.to_bytes(2, "big")
            return ResponseApdu(b"", 0x9000 if self.selected else 0x6A82)
        if command.p1 & 0x80:
            self.selected = self.sfi is not None and command.p1 == 0x80 | self.sfi
        if not self.selected:
            return ResponseApdu(b"", 0x6A82)
        if self.end >> 8 == 0x6C and command.ne != len(self.content):
            return ResponseApdu(b"", 0x6C00 | len(self.content))
        return ResponseApdu(self.content[: command.ne], 0x9000 if self.end >> 8 == 0x6C else self.end)


def ef_cvca(*references: str) -> bytes:
    """TR-03110-3 §A.6.2.4: 36 octets, zeros at the end."""
    return b"".join(tlv(0x42, reference.encode()) for reference in references).ljust(36, b"\0")


@pytest.mark.parametrize("references", [(ROOT,), (ROOT, "XXTESTCVCA00000"), ("A",), ()])
def test_the_chips_authorities_are_read_in_their_order(references: tuple[str, ...]) -> None:
    chip = FileChip(ef_cvca(*references))
    assert run(authority_references_terminal(), chip) == references
    assert chip.commands == ["00b09c0024"]


def test_a_chip_without_short_identifiers_is_asked_by_selection() -> None:
    chip = FileChip(ef_cvca(ROOT), sfi=None)
    assert run(authority_references_terminal(), chip) == (ROOT,)
    assert chip.commands == ["00b09c0024", "00a4020c02011c", "00b0000024"]


def test_where_the_file_lies_stands_in_dg14() -> None:
    """TerminalAuthenticationInfo with efCVCA: the usual place does not count, and without sfid it has to be selected."""
    oid = "060804007f0007020202"
    for more, sfi, first in (("040201" + "30", None, "00a4020c020130"), ("04020130" + "040110", 0x10, "00b0900024")):
        file_id = tlv(0x30, bytes.fromhex(more))
        infos = parse_card_access(tlv(0x31, tlv(0x30, bytes.fromhex(oid + "020101") + file_id)))
        chip = FileChip(ef_cvca(ROOT), fid=0x0130, sfi=sfi)
        assert authority_references(infos, chip) == (ROOT,)
        assert chip.commands[0] == first


@pytest.mark.parametrize("end", [0x6282, 0x6C11])
def test_a_shorter_file_than_the_standard_says_is_read_all_the_same(end: int) -> None:
    chip = FileChip(tlv(0x42, ROOT.encode()), end=end)
    assert run(authority_references_terminal(), chip) == (ROOT,)


def test_a_chip_without_the_file_names_nobody_and_no_other_file_is_taken_for_it() -> None:
    chip = FileChip(b"", fid=0x0101, sfi=None)
    chip.selected = True
    assert run(authority_references_terminal(), chip) == ()
    assert "00b0000024" not in chip.commands


@pytest.mark.parametrize(
    "content",
    ["42", "4205414243", "43034142430000", "4201414201424201430000", "420141304100", "428441424344", "ff" * 36],
)
def test_a_malformed_list_of_authorities_is_an_error(content: str) -> None:
    with pytest.raises(errors.DocumentError) as caught:
        run(authority_references_terminal(), FileChip(bytes.fromhex(content)))
    assert caught.value.code is errors.FILE_MALFORMED


@given(st.binary(max_size=40))
def test_an_arbitrary_list_of_authorities_is_read_or_refused(content: bytes) -> None:
    try:
        found = run(authority_references_terminal(), FileChip(content))
    except errors.DocumentError:
        return
    assert len(found) <= 2


# --------------------------------------------------------------------------------- what is signed
def test_the_chips_name_after_basic_access_control_is_its_document_number() -> None:
    """TR-03110-1 §3.5.1: as in the machine-readable zone, with its check digit; also where it overflows (TD1)."""
    passport = MrzKey.from_lines(
        ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"]
    )
    assert passport.document_number == b"L898902C36"
    # Doc 9303-11 appendix D.2, the example with a long document number
    card = MrzKey.from_lines(
        ["I<UTOD23145890<7349<<<<<<<<<<<", "3407127M9507122UTO<<<<<<<<<<<2", "STEVENSON<<PETER<JOHN<<<<<<<<<"]
    )
    assert card.document_number == b"D231458907349"


def test_a_compressed_key_is_a_coordinate_or_a_hash() -> None:
    """TR-03110-3 §A.2.2.3."""
    domain = curve("secp521r1")
    octets = domain.encode_point(domain.g)
    assert EcdhDomain(domain).compress(octets) == domain.g.x.to_bytes(66, "big")
    group = DH_GROUPS[0]
    assert DhDomain(group).compress(group.encode(group.g)) == hashlib.sha1(group.encode(group.g)).digest()  # noqa: S324 - the standard says so
