"""Terminal authentication with libeac: as a terminal that reads fingerprints from our chips, and as the chip that our
reader shows its certificates to. Every algorithm of TR-03110-3 tables 14 and 15, in both roles.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from crypto.pace.parameters import standardized_curve
from crypto.pki.cvc import parse_cv_certificate, terminal_signature_algorithm
from crypto.primitives.dh_groups import DH_GROUPS
from crypto.wire.apdu import CommandApdu, ResponseApdu
from emulator.cards import card, catalogue
from emulator.personalise.chip_authentication_keys import chip_authentication_keys
from emulator.personalise.cv_issuer import CV_ALGORITHMS, CvSuite, Validity
from emulator.personalise.document import data_groups
from emulator.personalise.profile import load_profile
from emulator.personalise.terminal_folder import TerminalChain, terminal_chain
from reader import errors
from reader.protocols.exchange import run
from reader.protocols.terminal_authentication import TerminalClaim, terminal_authentication_terminal
from reader.terminal_keys import FileSigner
from tests.interop.foreign_tlv import oid, tlv
from tests.interop.libeac import CAN, Libeac, Refused, running_libeac, whole
from tests.interop.libeac_eac import Doorkeeper, EacTerminal

DAY = dt.date(2026, 6, 1)
APPLICATION = bytes.fromhex("A0000002471001")
IDENTIFIER, TERMINAL_KEY = b"T220001293", bytes(range(1, 33))
INSPECTION_SYSTEM = "0.4.0.127.0.7.3.1.2.1"
CANS = {spec.name: spec.can.encode("ascii") for spec in catalogue(laboratory=True)}
SUITES = {
    "rsa-sha256": "rsa-sha256/2048",  # a key that chips trust from the start
    "rsa-pss-sha512": "rsa-pss-sha512/1280",
    "ecdsa-sha1": "ecdsa-sha1/secp192r1",
    "ecdsa-sha224": "ecdsa-sha224/secp224r1",
    "ecdsa-sha256": "ecdsa-sha256/brainpoolP256r1",  # the other one
    "ecdsa-sha384": "ecdsa-sha384/brainpoolP384r1",
    "ecdsa-sha512": "ecdsa-sha512/secp521r1",
}
ALGORITHMS = {name: SUITES.get(name, f"{name}/1024") for name in CV_ALGORITHMS}


@pytest.fixture(scope="module")
def libeac() -> Iterator[Libeac]:
    with running_libeac() as process:
        yield process


@functools.cache
def chain(algorithm: str, rights: int = 0b11) -> TerminalChain:
    validity = Validity(DAY, DAY + dt.timedelta(days=30))
    return terminal_chain(
        CvSuite.parse(ALGORITHMS[algorithm]), rights=rights, validity=validity, issued=DAY, link=False
    )


@functools.cache
def signed_group(name: str, number: int) -> bytes:
    return data_groups(load_profile(name))[number]


def to_show(found: TerminalChain) -> list[bytes]:
    return [*found.links, found.verifier, found.terminal]


def key_of(found: TerminalChain) -> bytes:
    key = load_pem_private_key(found.private_key_pem, None)
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def compressed(public_key: bytes, parameter_id: int) -> bytes:
    """TR-03110-3 §A.2.2.3."""
    if parameter_id in DH_GROUPS:
        return hashlib.sha1(public_key, usedforsecurity=False).digest()
    return public_key[1 : 1 + len(public_key) // 2]


# -- libeac is the terminal --------------------------------------------------------------------------------------


class Session:
    """libeac at one of our cards, PACE done, application selected where version 1 wants it."""

    def __init__(self, context: Any, name: str, template: bytes = b"") -> None:
        profile = load_profile(name)
        (offer,) = profile.pace
        key = chip_authentication_keys(profile)[0]
        self.parameter_id = next(
            number
            for number in (*range(3), *range(8, 19))
            if (DH_GROUPS.get(number) or standardized_curve(number)) == profile.chip_authentication[0].domain
        )
        self.chip_key, self.key_id = key.private_key.public_octets, key.key_id
        self.terminal = EacTerminal(context, card(name).transmit)
        self.terminal.pace(offer.protocol.oid, offer.parameter_id, CAN, CANS[name], template)
        self.identifier = compressed(self.terminal.chip_key, offer.parameter_id)
        self.own_key = self.terminal.new_key(key.oid, self.parameter_id)

    def select_application(self) -> None:
        assert self.terminal.send(b"\0\xa4\x04\x0c", APPLICATION) == (b"", 0x9000)

    def authenticated(self, found: TerminalChain, identifier: bytes | None = None) -> None:
        """Version 1: the chip first, then the terminal."""
        self.select_application()
        self.terminal.chip_authentication_1(self.chip_key, self.key_id)
        name = self.identifier if identifier is None else identifier
        self.terminal.terminal_authentication(to_show(found), key_of(found), self.own_key, name)


CONFORMANT = [name for name in CV_ALGORITHMS if "pss" not in name]


@pytest.mark.parametrize(
    ("name", "algorithm"),
    [*(("eac1-ecdh", name) for name in CONFORMANT), ("eac1-dh-rsa", "rsa-sha256"), ("eac1-dh-rsa", "ecdsa-sha256")],
)
def test_libeac_reads_fingerprints_by_version_1(libeac: Libeac, name: str, algorithm: str) -> None:
    """The chip learns other algorithms than those of its two trust points by a link certificate."""

    def read() -> None:
        with libeac.context() as context:
            session = Session(context, name)
            session.authenticated(chain(algorithm))
            assert session.terminal.file(0x0103) == signed_group(name, 3)

    whole(read)


def has_the_guidelines_salt(libeac: Libeac, found: TerminalChain, algorithm: str) -> bool:
    """Whether libeac's RSA-PSS salts are as long as the hash (TR-03110-3 §A.6.3.1); else they are the longest that fit."""
    key = load_pem_private_key(found.private_key_pem, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    digest = terminal_signature_algorithm(CV_ALGORITHMS[algorithm]).hash_algorithm.native
    with libeac.context() as context:
        context.ask("ta", key_of(found), found.terminal)
        context.ask("ta_set_challenge", b"8 octets")
        signature = context.ask("ta_signature", TERMINAL_KEY, IDENTIFIER)
    signed, mask = IDENTIFIER + b"8 octets" + TERMINAL_KEY, padding.MGF1(digest)
    try:
        key.public_key().verify(signature, signed, padding.PSS(mask, digest.digest_size), digest)
    except InvalidSignature:
        key.public_key().verify(signature, signed, padding.PSS(mask, padding.PSS.MAX_LENGTH), digest)
        return False
    return True


@pytest.mark.parametrize("algorithm", [name for name in CV_ALGORITHMS if "pss" in name])
def test_our_chip_takes_libeacs_rsa_pss_only_with_the_guidelines_salt(libeac: Libeac, algorithm: str) -> None:
    """libeac 1.1.2 has it too long, so it is refused. (What it verifies may have any salt: below it accepts ours.)"""
    found = chain(algorithm)
    with libeac.context() as context:
        session = Session(context, "eac1-ecdh")
        if has_the_guidelines_salt(libeac, found, algorithm):
            session.authenticated(found)
        else:
            with pytest.raises(Refused, match=r"^6300$"):
                session.authenticated(found)


@pytest.mark.parametrize("algorithm", ["ecdsa-sha256", "rsa-sha256"])
def test_libeac_reads_fingerprints_by_version_2(libeac: Libeac, algorithm: str) -> None:
    """The terminal announces its rights in PACE, proves them, and then has the chip prove itself, in the master file."""
    template = tlv(0x7F4C, tlv(0x06, oid(INSPECTION_SYSTEM)), tlv(0x53, b"\x03"))
    found = chain(algorithm)

    def read() -> None:
        with libeac.context() as context:
            session = Session(context, "eac2", template)
            announced = tlv(0x80, oid(CV_ALGORITHMS[algorithm])) + tlv(0x91, session.own_key)
            session.terminal.terminal_authentication(
                to_show(found), key_of(found), session.own_key, session.identifier, announced
            )
            session.terminal.chip_authentication_2(session.chip_key, session.key_id)
            session.select_application()
            assert session.terminal.file(0x0103) == signed_group("eac2", 3)

    whole(read)


def test_our_chip_refuses_libeacs_signature_over_another_chips_name(libeac: Libeac) -> None:
    with libeac.context() as context, pytest.raises(Refused, match=r"^6300$"):
        Session(context, "eac1-ecdh").authenticated(chain("ecdsa-sha256"), identifier=bytes(32))


def test_without_the_right_the_fingerprints_stay_closed(libeac: Libeac) -> None:
    with libeac.context() as context:
        session = Session(context, "eac1-ecdh")
        session.authenticated(chain("ecdsa-sha256", rights=0b10))  # irises only
        assert session.terminal.send(b"\0\xa4\x02\x0c", b"\x01\x03") == (b"", 0x6982)
        assert session.terminal.file(0x0104) == signed_group("eac1-ecdh", 4)


# -- libeac is the chip -------------------------------------------------------------------------------------------


def show(doorkeeper: Doorkeeper, found: TerminalChain, version: int, identifier: bytes = IDENTIFIER) -> None:
    signer = FileSigner(found.private_key_pem)
    certificates = tuple(map(parse_cv_certificate, to_show(found)))
    algorithm = certificates[-1].public_key.algorithm
    claim = TerminalClaim(certificates, lambda data: signer.sign(data, algorithm), identifier, TERMINAL_KEY, version)

    def transmit(command: CommandApdu) -> ResponseApdu:
        header = bytes([command.cla, command.ins, command.p1, command.p2])
        try:
            return ResponseApdu(doorkeeper.transmit(header, command.data), 0x9000)
        except Refused:
            return ResponseApdu(b"", 0x6300)

    run(terminal_authentication_terminal(claim), transmit)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("algorithm", CV_ALGORITHMS)
def test_libeac_lets_our_reader_in(libeac: Libeac, algorithm: str, version: int) -> None:
    """libeac follows the chain from the authority that our emulated cards trust, and verifies our reader's signature."""
    found = chain(algorithm)
    with libeac.context() as context:
        doorkeeper = Doorkeeper(context, found.authority, IDENTIFIER, TERMINAL_KEY)
        show(doorkeeper, found, version)
        assert doorkeeper.seen[-1] == b"\0\x82\0\0"


def test_our_reader_says_which_step_libeac_refused(libeac: Libeac) -> None:
    found = chain("ecdsa-sha256")
    with libeac.context() as context, pytest.raises(errors.TerminalError) as caught:
        show(Doorkeeper(context, found.authority, IDENTIFIER, TERMINAL_KEY), found, 1, b"T220001294")
    assert caught.value.facts["step"] == "external_authenticate"
    with libeac.context() as context, pytest.raises(errors.TerminalError) as caught:
        show(Doorkeeper(context, chain("rsa-sha256").authority, IDENTIFIER, TERMINAL_KEY), found, 1)
    assert (caught.value.facts["step"], caught.value.facts["certificate"]) == ("verify_certificate", 1)
