"""Card-verifiable certificates of the openpace tools are read here, and ours are read and verified by those tools."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import os
import pathlib
import shutil
import subprocess
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from crypto.pki.cvc import CvCertificate, CvRole, TerminalType, parse_cv_certificate
from crypto.primitives.curves import curve
from crypto.primitives.secret import Secret
from crypto.signatures.public_key import PublicKey
from emulator.chip.access_rules import AccessCondition
from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipAuthenticationKey, ChipContent, ElementaryFile, PaceOffer
from emulator.chip.trust_points import TrustedKey
from emulator.personalise.cv_issuer import CV_ALGORITHMS, CvSuite, Validity
from emulator.personalise.terminal_folder import terminal_chain
from kiosk_ui.cli import main
from reader.terminal_credentials import TerminalCredentials
from tests.interop.libeac import CAN, missing, running_libeac
from tests.interop.libeac_eac import EacTerminal
from tests.interop.test_libeac_chip_authentication import PACE, StaticKey

TODAY = dt.datetime.now(dt.UTC).date()
LAST = TODAY + dt.timedelta(days=30)
ROLES = {"cvca": CvRole.CVCA, "dv_domestic": CvRole.DV_DOMESTIC, "terminal": CvRole.TERMINAL}
SCHEMES = {
    "ECDSA_SHA_1": ("ecdsa-sha1", "prime192v1"),
    "ECDSA_SHA_224": ("ecdsa-sha224", "secp224r1"),
    "ECDSA_SHA_256": ("ecdsa-sha256", "brainpoolP256r1"),
    "ECDSA_SHA_384": ("ecdsa-sha384", "secp384r1"),
    "ECDSA_SHA_512": ("ecdsa-sha512", "brainpoolP512r1"),
    "RSA_v1_5_SHA_1": ("rsa-sha1", "1024"),
    "RSA_v1_5_SHA_256": ("rsa-sha256", "1536"),
    "RSA_v1_5_SHA_512": ("rsa-sha512", "1280"),
    "RSA_PSS_SHA_1": ("rsa-pss-sha1", "1024"),
    "RSA_PSS_SHA_256": ("rsa-pss-sha256", "1024"),
    "RSA_PSS_SHA_512": ("rsa-pss-sha512", "1280"),
}


def tool(*arguments: str, folder: pathlib.Path) -> str:
    """What a command prints; it must succeed."""
    environment = {"PATH": os.environ.get("PATH", ""), "TZ": "UTC", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module", autouse=True)
def openpace() -> None:
    if not (shutil.which("cvc-create") and shutil.which("cvc-print")):
        missing("openpace (cvc-create, cvc-print) is not installed")


# -- theirs, read by us --------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Tree:
    """Certificates of cvc-create from the authority down, and the terminal's private key (PKCS#8, DER)."""

    certificates: tuple[bytes, bytes, bytes]
    terminal_key: bytes

    @property
    def parsed(self) -> tuple[CvCertificate, ...]:
        return tuple(map(parse_cv_certificate, self.certificates))


@pytest.fixture(scope="module")
def make_tree(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Tree]:
    @functools.cache
    def make(scheme: str) -> Tree:
        folder = tmp_path_factory.mktemp(scheme)
        kind = SCHEMES[scheme][1]
        rsa = kind.isdecimal()
        option = f"rsa_keygen_bits:{kind}" if rsa else f"ec_paramgen_curve:{kind}"
        algorithm = "RSA" if rsa else "EC"
        tool(
            *("openssl", "genpkey", "-outform", "DER", "-out", "cvca.key", "-algorithm", algorithm),
            "-pkeyopt",
            option,
            folder=folder,
        )
        above = "cvca"
        for name, role, days in (("cvca", "cvca", 300), ("dv", "dv_domestic", 60), ("is", "terminal", 30)):
            expires = (TODAY + dt.timedelta(days=days)).strftime("%y%m%d")
            signer = ["--key", "cvca.key", "--type", "is"] if name == "cvca" else ["--sign-as", f"{above}.cv"]
            new_key = [] if name == "cvca" else ["--out-key", f"{name}.key"]
            rights = ["--read-finger"] if name == "is" else ["--read-finger", "--read-iris"]
            tool(
                *("cvc-create", "--role", role, "--chr", f"UTTEST{name.upper()}00001", "--scheme", scheme),
                *("--issued", TODAY.strftime("%y%m%d"), "--expires", expires, "--sign-with", f"{above}.key"),
                *(*signer, *new_key, *rights, "--out-cert", f"{name}.cv"),
                folder=folder,
            )
            above = name
        first, second, third = ((folder / f"{name}.cv").read_bytes() for name in ("cvca", "dv", "is"))
        return Tree((first, second, third), (folder / "is.key").read_bytes())

    return make


def keys(certificates: tuple[CvCertificate, ...]) -> list[PublicKey]:
    curve_of_authority = certificates[0].public_key.curve
    return [certificate.public_key.on(curve_of_authority) for certificate in certificates]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_certificates_of_cvc_create_say_here_what_they_were_made_to_say(
    make_tree: Callable[[str], Tree], scheme: str
) -> None:
    found = make_tree(scheme).parsed
    assert [certificate.role for certificate in found] == list(ROLES.values())
    assert [certificate.holder_reference for certificate in found] == [
        "UTTESTCVCA00001",
        "UTTESTDV00001",
        "UTTESTIS00001",
    ]
    assert [certificate.authority_reference for certificate in found] == [
        "UTTESTCVCA00001",
        "UTTESTCVCA00001",
        "UTTESTDV00001",
    ]
    for certificate in found:
        assert certificate.terminal_type is TerminalType.INSPECTION_SYSTEM
        assert certificate.effective == TODAY
        assert certificate.public_key.oid == CV_ALGORITHMS[SCHEMES[scheme][0]]
    assert [certificate.allows(0) for certificate in found] == [True, True, True]
    assert [certificate.allows(1) for certificate in found] == [True, True, False]
    assert found[2].expiration == LAST


@pytest.mark.parametrize("scheme", [scheme for scheme in SCHEMES if "PSS" not in scheme])
def test_a_chain_of_cvc_create_verifies_here(make_tree: Callable[[str], Tree], scheme: str) -> None:
    found = make_tree(scheme).parsed
    authority, verifier, _ = keys(found)
    for certificate, issuer, by in (
        (found[0], authority, found[0]),
        (found[1], authority, found[0]),
        (found[2], verifier, found[1]),
    ):
        assert certificate.is_signed_by(issuer, by.public_key.algorithm)
        wrong = dataclasses.replace(certificate, body=certificate.body[:-1] + bytes([certificate.body[-1] ^ 1]))
        assert not wrong.is_signed_by(issuer, by.public_key.algorithm)
    assert not found[2].is_signed_by(authority, found[0].public_key.algorithm)


@pytest.mark.parametrize("scheme", [scheme for scheme in SCHEMES if "PSS" in scheme])
def test_rsa_pss_of_cvc_create_verifies_with_the_salt_that_it_has(
    make_tree: Callable[[str], Tree], scheme: str
) -> None:
    """TR-03110-3 §A.6.3.1: as long as the hash. cvc-create 1.1.2 takes the longest salt that fits; a chip refuses that."""
    found = make_tree(scheme).parsed
    authority, algorithm = keys(found)[0], found[0].public_key.algorithm
    hash_bytes = algorithm.salt_bytes
    assert hash_bytes is not None
    longest = dataclasses.replace(algorithm, salt_bytes=int(SCHEMES[scheme][1]) // 8 - hash_bytes - 2)
    assert found[1].is_signed_by(authority, algorithm) != found[1].is_signed_by(authority, longest)


@pytest.mark.parametrize("scheme", ["ECDSA_SHA_256", "ECDSA_SHA_384", "RSA_v1_5_SHA_256"])
def test_our_reader_takes_certificates_and_key_of_cvc_create_as_its_own(
    make_tree: Callable[[str], Tree], scheme: str
) -> None:
    tree = make_tree(scheme)
    pem = load_der_private_key(tree.terminal_key, None).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    credentials = TerminalCredentials.from_octets(b"".join(tree.certificates), pem)
    assert [terminal.holder_reference for terminal in credentials.terminals] == ["UTTESTIS00001"]


@pytest.mark.parametrize("scheme", ["ECDSA_SHA_224", "ECDSA_SHA_256", "ECDSA_SHA_512", "RSA_v1_5_SHA_512"])
def test_our_chip_lets_in_a_terminal_that_is_all_openpace(make_tree: Callable[[str], Tree], scheme: str) -> None:
    """Certificates by cvc-create, the protocols by libeac: only the chip is ours. It knows one certificate of theirs."""
    tree = make_tree(scheme)
    static = StaticKey(13, 2)
    fingers = ElementaryFile(0x0103, b"\x63\x03\x02\x01\x00", 0x03, AccessCondition.FINGERPRINTS)
    content = ChipContent(
        application_files=(fingers,),
        can=Secret(b"123456"),
        pace=(PaceOffer(PACE, 12),),
        chip_authentication=(ChipAuthenticationKey(static.oid, static.cipher, static.key),),
        terminal_trust_points=(TrustedKey.at_personalisation(tree.parsed[0]),),
    )
    with running_libeac() as libeac, libeac.context() as context:
        terminal = EacTerminal(context, VirtualCard(content).transmit)
        terminal.pace(PACE.oid, 12, CAN, b"123456")
        identifier = terminal.chip_key[1 : 1 + curve("secp256r1").field_bytes]
        own_key = terminal.new_key(static.oid, 13)
        assert terminal.send(b"\0\xa4\x04\x0c", bytes.fromhex("A0000002471001")) == (b"", 0x9000)
        terminal.chip_authentication_1(static.key.public_octets)
        assert terminal.send(b"\0\xa4\x02\x0c", b"\x01\x03") == (b"", 0x6982)
        terminal.terminal_authentication(tree.certificates[1:], tree.terminal_key, own_key, identifier)
        assert terminal.file(0x0103) == fingers.content


# -- ours, read by them ------------------------------------------------------------------------------------------------


def printed(certificate: pathlib.Path, trusted: pathlib.Path) -> str:
    """By cvc-print; ``trusted`` is a folder with authorities' certificates named by their references."""
    return tool("cvc-print", "--cvc", str(certificate), "--cvc-dir", str(trusted), folder=certificate.parent)


@pytest.mark.parametrize("algorithm", CV_ALGORITHMS)
def test_cvc_print_reads_and_verifies_our_certificates(algorithm: str, tmp_path: pathlib.Path) -> None:
    """The chain from the authority that emulated cards trust: links, verifier and terminal."""
    size = next(size for name, size in SCHEMES.values() if name == algorithm)
    suite = CvSuite.parse(f"{algorithm}/{size.replace('prime192v1', 'secp192r1')}")
    chain = terminal_chain(suite, rights=0b01, validity=Validity(TODAY, LAST), issued=TODAY, link=True)
    octets = [chain.authority, *chain.links, chain.verifier, chain.terminal]
    trusted = tmp_path / "trusted"
    trusted.mkdir()
    for certificate in map(parse_cv_certificate, octets):
        if certificate.role is CvRole.CVCA:
            (trusted / certificate.holder_reference).write_bytes(certificate.encoded)
    for number, certificate in enumerate(map(parse_cv_certificate, octets)):
        file = tmp_path / f"{number}.cvcert"
        file.write_bytes(certificate.encoded)
        text = printed(file, trusted)
        assert f"CAR: {certificate.authority_reference}\n" in text
        assert f"CHR: {certificate.holder_reference}\n" in text
        assert f"Expiration Date: {certificate.expiration.isoformat()}\n" in text
        kind = {CvRole.CVCA: "CVCA", CvRole.DV_DOMESTIC: "DV", CvRole.TERMINAL: "Terminal"}[certificate.role]
        assert f"{kind} certificate\n" in text
        assert ("Read iris" in text) == (certificate.role is not CvRole.TERMINAL)
        assert "Read fingerprint" in text
        # the folder knows authorities only, so a terminal's issuer is not found (libeac follows whole chains elsewhere)
        assert text.rstrip().endswith("certificate verified") == (certificate.role is not CvRole.TERMINAL)


def test_the_command_that_makes_a_test_terminal_writes_what_cvc_print_reads(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "terminal"
    assert main(["terminal-certificates", "--out", str(folder), "--rights", "dg3", "--link"]) == 0
    trusted = tmp_path / "trusted"
    trusted.mkdir()
    for name in ("cvca", "link-1"):
        octets = (folder / f"{name}.cvcert").read_bytes()
        (trusted / parse_cv_certificate(octets).holder_reference).write_bytes(octets)
    for name in ("cvca", "link-1", "dv"):
        assert printed(folder / f"{name}.cvcert", trusted).rstrip().endswith("certificate verified")
    assert "Terminal certificate\n" in printed(folder / "terminal.cvcert", trusted)


@pytest.mark.parametrize("algorithm", ["ecdsa-sha256/brainpoolP256r1", "rsa-sha256/2048"])
def test_cvc_print_does_not_verify_a_changed_certificate(algorithm: str, tmp_path: pathlib.Path) -> None:
    """So that "certificate verified" above means something."""
    suite = CvSuite.parse(algorithm)
    chain = terminal_chain(suite, rights=0b01, validity=Validity(TODAY, LAST), issued=TODAY, link=False)
    (tmp_path / parse_cv_certificate(chain.authority).holder_reference).write_bytes(chain.authority)
    changed = bytearray(chain.verifier)
    changed[-1] ^= 1
    (tmp_path / "dv.cvcert").write_bytes(changed)
    assert "certificate not verified" in printed(tmp_path / "dv.cvcert", tmp_path)
