"""The TEST verifying authority's certificates, checked octet by octet and by OpenSSL, and the command that makes them."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from crypto.pki.cvc import CvRole, TerminalType, parse_cv_certificate
from crypto.primitives.block_cipher import SymmetricCipher
from crypto.wire.tlv import iter_tlvs, parse_tlv
from emulator.cli import main
from emulator.personalise.cv_issuer import (
    CV_ALGORITHMS,
    CvSuite,
    Validity,
    authority_certificate,
    certificate,
    holder,
    verifying_authority,
)
from emulator.personalise.terminal_folder import EXPIRED, ROOT_SUITES, terminal_chain
from tests.unit.emulator_extended_access import BRAINPOOL_256, ExtendedTerminal, opened_extended

SUITE = CvSuite("ecdsa-sha256", "brainpoolP256r1")
YEAR = Validity(dt.date(2026, 2, 3), dt.date(2027, 1, 31))
DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "1": hashes.SHA1(),  # noqa: S303 - what the guideline still has
    "224": hashes.SHA224(),
    "256": hashes.SHA256(),
    "384": hashes.SHA384(),
    "512": hashes.SHA512(),
}
FILES = {"cvca.cvcert", "dv.cvcert", "terminal.cvcert", "terminal.key", "README.txt"}


def test_the_body_is_what_the_profile_demands_octet_by_octet() -> None:
    """TR-03110-3 §C.1, §D.2, §D.3: written from the text, but for the key and the signature themselves."""
    issuer, subject = holder("VNTESTDV00001", SUITE), holder("VNTESTIS00001", SUITE)
    made = certificate(issuer, subject, role=CvRole.TERMINAL, rights=0b01, validity=YEAR)
    body, signature = iter_tlvs(parse_tlv(made, 0x7F21).value)
    key = subject.key_pair.public_key(domain=False)
    assert key.startswith(bytes.fromhex("7F494F" + "060A04007F00070202020203" + "864104"))
    assert body.value == b"".join(
        [
            bytes.fromhex("5F290100" + "420D"),
            b"VNTESTDV00001",
            key,
            bytes.fromhex("5F200D"),
            b"VNTESTIS00001",
            bytes.fromhex("7F4C0E" + "060904007F000703010201" + "530101"),
            bytes.fromhex("5F2506" + "020600020003" + "5F2406" + "020700010301"),
        ]
    )
    assert (signature.tag, len(signature.value)) == (0x5F37, 64)


def test_an_authority_spells_out_its_curve_in_the_standards_order() -> None:
    """TR-03110-3 table 27, with unsigned integers of no leading zero."""
    key = verifying_authority(CvSuite("ecdsa-sha512", "secp521r1")).key_pair.public_key(domain=True)
    parts = list(iter_tlvs(parse_tlv(key, 0x7F49).value))
    assert [part.tag for part in parts] == [0x06, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87]
    assert parts[1].value == ((1 << 521) - 1).to_bytes(66, "big")
    assert len(parts[3].value) == 65  # b of P-521 begins with a zero octet in 66
    assert parts[7].value == b"\x01"


@pytest.mark.parametrize(
    ("kind", "role", "rights", "expected"),
    [
        (TerminalType.INSPECTION_SYSTEM, CvRole.CVCA, 0b11, "c3"),
        (TerminalType.INSPECTION_SYSTEM, CvRole.DV_DOMESTIC, 0b10, "82"),
        (TerminalType.INSPECTION_SYSTEM, CvRole.DV_FOREIGN, 0b01, "41"),
        (TerminalType.AUTHENTICATION_TERMINAL, CvRole.DV_FOREIGN, 0x1F_FFFF_FF10, "5fffffff10"),
        (TerminalType.AUTHENTICATION_TERMINAL, CvRole.TERMINAL, 1 << 37, "2000000000"),
        (TerminalType.SIGNATURE_TERMINAL, CvRole.TERMINAL, 0b11, "03"),
    ],
)
def test_role_and_rights_share_the_octets_of_their_kind(
    kind: TerminalType, role: CvRole, rights: int, expected: str
) -> None:
    made = certificate(
        holder("A", SUITE), holder("B", SUITE), role=role, rights=rights, validity=YEAR, terminal_type=kind
    )
    parsed = parse_cv_certificate(made)
    assert (parsed.authorization.hex(), parsed.role, parsed.terminal_type) == (expected, role, kind)


@pytest.mark.parametrize("algorithm", CV_ALGORITHMS)
def test_openssl_finds_every_signature_right(algorithm: str) -> None:
    """Over the body with its tag and length (TR-03110-3 §C.1.8)."""
    suite = CvSuite(algorithm, rsa_bits=2048) if algorithm.startswith("rsa") else CvSuite(algorithm, "secp256r1")
    authority = verifying_authority(suite)
    body, signature = iter_tlvs(parse_tlv(authority_certificate(authority), 0x7F21).value)
    digest = DIGESTS[algorithm.rpartition("sha")[2]]
    public = serialization.load_pem_private_key(authority.key_pair.private_key_pem(), None).public_key()
    if isinstance(public, rsa.RSAPublicKey):
        pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
        public.verify(signature.value, body.encoded, pss if "pss" in algorithm else padding.PKCS1v15(), digest)
        return
    assert isinstance(public, ec.EllipticCurvePublicKey)
    r, s = (int.from_bytes(half, "big") for half in (signature.value[:32], signature.value[32:]))
    public.verify(encode_dss_signature(r, s), body.encoded, ec.ECDSA(digest))


def test_the_authoritys_keys_are_the_same_for_everybody() -> None:
    """Cards trust them, so they never change."""
    names = [verifying_authority(suite).reference for suite in ROOT_SUITES]
    assert names == ["VNTESTCVCAE3D01", "VNTESTCVCAR2401"]
    keys = [verifying_authority(suite).key_pair.public_key(domain=False) for suite in ROOT_SUITES]
    assert [hashlib.sha256(key).hexdigest()[:16] for key in keys] == ["304dd840cae22341", "2aac61539c64dc53"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ecdsa-sha256",
        "ecdsa-sha256/",
        "ecdsa-sha256/2048",
        "rsa-sha256/brainpoolP256r1",
        "rsa-sha256/2047",
        "md5/x",
    ],
)
def test_a_suite_that_does_not_exist_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=r"there is no algorithm|has one of|lies on one of"):
        CvSuite.parse(text)


def test_names_of_suites_are_told_apart() -> None:
    suites = [CvSuite(name, rsa_bits=bits) for name in CV_ALGORITHMS if name.startswith("rsa") for bits in (2048, 3072)]
    suites += [CvSuite(n, c) for n in CV_ALGORITHMS if n.startswith("ecdsa") for c in ("secp192r1", "brainpoolP512r1")]
    codes = [suite.code for suite in suites]
    assert len(set(codes)) == len(codes)
    assert all(len(code) == 3 and code.isalnum() and code.isascii() for code in codes)  # TR-03110-3 table 12


# -- the chain ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("link", [False, True])
@pytest.mark.parametrize(
    "suite", [SUITE, CvSuite("rsa-pss-sha256", rsa_bits=1280), CvSuite("ecdsa-sha384", "secp384r1")], ids=str
)
def test_every_chain_begins_at_a_key_that_cards_trust_and_each_certificate_verifies_the_next(
    suite: CvSuite, link: bool
) -> None:
    chain = terminal_chain(suite, rights=0b01, validity=YEAR, issued=YEAR.first, link=link)
    issuer = parse_cv_certificate(chain.authority)
    assert chain.authority in [authority_certificate(verifying_authority(root)) for root in ROOT_SUITES]
    domain = issuer.public_key.curve
    for octets in (*chain.links, chain.verifier, chain.terminal):
        subject = parse_cv_certificate(octets)
        assert subject.authority_reference == issuer.holder_reference
        assert subject.is_signed_by(issuer.public_key.on(domain), issuer.public_key.algorithm)
        domain = subject.public_key.curve or domain
        issuer = subject
    assert issuer.authorization == b"\x01"
    assert len(chain.links) == (suite not in ROOT_SUITES) + link


# -- the command ---------------------------------------------------------------------------------------------------


def made(folder: Path, *arguments: str) -> dict[str, bytes]:
    assert main(["terminal-certificates", "--out", str(folder), *arguments]) == 0
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_folder_has_the_promised_files_and_only_its_owner_reads_the_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new" / "terminal"
    files = made(folder)
    assert set(files) == FILES
    assert "TEST ONLY" in files["README.txt"].decode("ascii")
    assert set(capsys.readouterr().out.split()) == {str(folder / name) for name in FILES}
    key = serialization.load_pem_private_key(files["terminal.key"], None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    point = key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    terminal = parse_cv_certificate(files["terminal.cvcert"])
    assert terminal.public_key.point == point
    assert files["terminal.key"].startswith(b"-----BEGIN PRIVATE KEY-----")
    today = dt.datetime.now(dt.UTC).date()
    assert today - dt.timedelta(days=1) <= terminal.effective <= today  # midnight may pass
    assert terminal.expiration - terminal.effective == dt.timedelta(days=89)
    if os.name == "posix":
        assert stat.S_IMODE((folder / "terminal.key").stat().st_mode) == 0o600


def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = made(tmp_path / "folder")
    assert main(["terminal-certificates", "--out", str(tmp_path / "folder"), "--algorithm", "ecdsa-sha512"]) == 1
    assert "nothing is overwritten" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in (tmp_path / "folder").iterdir()} == before
    (tmp_path / "a-file").touch()
    assert main(["terminal-certificates", "--out", str(tmp_path / "a-file")]) == 1
    assert str(tmp_path / "a-file") in capsys.readouterr().err
    assert main(["terminal-certificates", "--out", str(tmp_path / "a-file" / "below")]) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--out"],
        ["--algorithm", "rsa-sha256", "--curve", "secp256r1"],
        ["--rsa-bits", "2048"],
        ["--algorithm", "rsa-sha256", "--rsa-bits", "2047"],
        ["--algorithm", "rsa-pss-sha512", "--rsa-bits", "1024"],
        ["--algorithm", "ecdsa"],
        ["--curve", "brainpoolP320r1"],
        ["--rights", "dg5"],
        ["--rights", ""],
        ["--rights", "dg3,,dg4"],
        ["--valid-days", "0"],
        ["--valid-days", "3651"],
        ["--valid-days", "-1"],
        ["--valid-days", "²"],
        ["surplus"],
    ],
)
def test_wrong_usage_ends_with_64_a_reason_and_no_folder(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = [] if arguments[:1] in ([], ["--out"]) else ["--out", str(tmp_path / "folder")]
    assert main(["terminal-certificates", *folder, *arguments]) == 64
    assert capsys.readouterr().err
    assert not (tmp_path / "folder").exists()


@pytest.mark.parametrize(
    ("name", "arguments", "granted"),
    [
        ("eac1-ecdh", [], {3, 4}),
        ("eac1-ecdh", ["--link"], {3, 4}),
        ("eac1-ecdh", ["--rights", "dg4"], {4}),
        ("eac1-ecdh", ["--rights", "dg3,dg3"], {3}),
        ("eac1-ecdh", ["--rights", "none"], set()),
        ("eac1-ecdh", ["--algorithm", "rsa-sha256"], {3, 4}),
        ("eac1-ecdh", ["--algorithm", "ecdsa-sha1", "--curve", "secp192r1", "--link"], {3, 4}),
        ("eac1-ecdh", ["--algorithm", "rsa-pss-sha512", "--rsa-bits", "1280", "--valid-days", "1"], {3, 4}),
    ],
)
def test_a_card_of_the_catalogue_opens_to_the_folder(
    name: str, arguments: list[str], granted: set[int], tmp_path: Path
) -> None:
    files = made(tmp_path / "folder", *arguments)
    terminal = at_eac1_card(name)
    links = [files[found] for found in sorted(files) if found.startswith("link-")]
    shown = terminal.show_chain(*links, files["dv.cvcert"], files["terminal.cvcert"])
    assert shown == ["9000"] * (len(links) + 2)
    assert sign_with_file(terminal, files) == "9000"
    assert {number for number in (3, 4) if terminal.can_read(number) == "9000"} == granted


def test_expired_certificates_are_expired_for_chips_as_well(tmp_path: Path) -> None:
    """A chip has no clock: it must be a date before the card was made."""
    files = made(tmp_path / "folder", "--expired")
    assert parse_cv_certificate(files["terminal.cvcert"]).expiration == EXPIRED.last
    for name in ("eac1-ecdh", "eac2"):
        terminal = opened_extended(name)
        assert terminal.show_chain(files["dv.cvcert"], files["terminal.cvcert"]) == ["6300", "6A88"]


def at_eac1_card(name: str) -> ExtendedTerminal:
    """PACE and chip authentication done, with the public key that DG14 shows."""
    terminal = opened_extended(name)
    assert terminal.send("00A4020C", b"\x01\x0e")[1] == "9000"
    head, _ = terminal.send("00B00000", le=b"\x04")
    group = terminal.read_selected(4 + int.from_bytes(head[2:4], "big"))
    public = next(
        info.children()[1].children()[1].value[1:]
        for info in parse_tlv(group, 0x6E).require(0x31).children()
        if info.children()[0].value.hex() == "04007f0007020201" + "02"
    )
    terminal.authenticate_chip(BRAINPOOL_256, public, SymmetricCipher.AES128, key_id=1)
    return terminal


def sign_with_file(terminal: ExtendedTerminal, files: dict[str, bytes]) -> str:
    """By the key file and OpenSSL alone, as a program that knows nothing of this one would."""
    inspector = parse_cv_certificate(files["terminal.cvcert"])
    assert terminal.choose_terminal(inspector.holder_reference) == "9000"
    signed = terminal.compressed_chip_key + terminal.challenge() + terminal.compressed_key
    key = serialization.load_pem_private_key(files["terminal.key"], None)
    name = next(name for name, oid in CV_ALGORITHMS.items() if oid == inspector.public_key.oid)
    digest = DIGESTS[name.rpartition("sha")[2]]
    if isinstance(key, rsa.RSAPrivateKey):
        pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
        signature = key.sign(signed, pss if "pss" in name else padding.PKCS1v15(), digest)
    else:
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        r, s = (part.value for part in iter_tlvs(parse_tlv(key.sign(signed, ec.ECDSA(digest)), 0x30).value))
        size = (key.key_size + 7) // 8
        signature = b"".join(int.from_bytes(half, "big").to_bytes(size, "big") for half in (r, s))
    return terminal.send("00820000", signature, extended=True)[1]
