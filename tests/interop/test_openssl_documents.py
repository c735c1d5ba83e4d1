"""The openssl command and this project judge the same signed documents, certificates and keys.

What the unit tests of ``crypto/pki`` show for keys of their own is shown here for whole countries that openssl made with
every scheme of signature that document signers use, and for everything that the TEST country puts on a card.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import pathlib
import shutil
import subprocess
from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from crypto.pki.cms import parse_signed_data
from crypto.pki.findings import FindingCode
from crypto.pki.passive_authentication import verify_security_object
from crypto.pki.trust_store import TrustStore
from crypto.wire.oid import encode_oid
from crypto.wire.tlv import encode_tlv
from emulator.personalise import keys as keys_module
from emulator.personalise.document import card_security, data_groups
from emulator.personalise.issuer import Authority, authority_certificate
from emulator.personalise.profile import CardProfile, load_profile, profile_names
from tests.interop.foreign_tlv import objects, only
from tests.interop.libeac import missing

PROFILES = {name: load_profile(name) for name in profile_names()}
AT = "1780315200"  # 2026-06-01 12:00 UTC
NO_CHAIN = ("cms", "-verify", "-inform", "DER", "-in", "signed", "-noverify", "-out", "content")
ID_SECURITY_OBJECT = "0.4.0.127.0.7.3.2.1"


@pytest.fixture(scope="module", autouse=True)
def openssl() -> None:
    if shutil.which("openssl") is None:
        missing("the openssl command is not installed")


def run(folder: pathlib.Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, check=False)


def make(folder: pathlib.Path, *arguments: str) -> bytes:
    done = run(folder, *arguments)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return done.stdout


def as_pem(der: bytes) -> bytes:
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)


# -- the TEST country, judged by openssl ------------------------------------------------------------------------------


@functools.cache
def anchor(authority: Authority) -> bytes:
    return authority_certificate(authority)


def verify_cms(folder: pathlib.Path, cms: bytes, profile: CardProfile, content_type: str) -> bool:
    """By ``openssl cms -verify``, the chain included; openssl has no chains with explicit parameters (RFC 5480 §2.1.1)."""
    (folder / "signed").write_bytes(cms)
    (folder / "csca.pem").write_bytes(as_pem(anchor(profile.authority)))
    arguments = ("cms", "-verify", "-inform", "DER", "-in", "signed", "-CAfile", "csca.pem", "-purpose", "any")
    done = run(folder, *arguments, "-attime", AT, "-out", "content")
    if profile.signer_explicit_parameters:
        assert b"explicit ECC parameters" in done.stderr
        done = run(folder, *NO_CHAIN)
    if done.returncode == 0:
        assert (folder / "content").read_bytes() == parse_signed_data(cms).content
        assert encode_tlv(0x06, encode_oid(content_type)) in cms
    return done.returncode == 0


def kinds_of_card_security() -> dict[tuple[object, ...], CardProfile]:
    """One card for each way in which EF.CardSecurity is written and signed."""
    found: dict[tuple[object, ...], CardProfile] = {}
    for profile in PROFILES.values():
        if profile.pace and profile.chip_authentication:
            key = (profile.authority, profile.signer_reference, profile.signer_explicit_parameters)
            found.setdefault((*key, profile.digest_null_parameters, profile.key_encoding), profile)
    return found


@pytest.mark.parametrize("profile", kinds_of_card_security().values(), ids=lambda profile: profile.name)
def test_openssl_verifies_our_ef_card_security(profile: CardProfile, tmp_path: pathlib.Path) -> None:
    """Without any template around it (Doc 9303-11 §9.2.12), signed by the same authority as EF.SOD."""
    signed = card_security(profile)
    assert verify_cms(tmp_path, signed, profile, ID_SECURITY_OBJECT)
    place = signed.index(parse_signed_data(signed).content) + 20
    changed = signed[:place] + bytes([signed[place] ^ 1]) + signed[place + 1 :]
    assert run(tmp_path, *NO_CHAIN).returncode == 0
    (tmp_path / "signed").write_bytes(changed)
    assert run(tmp_path, *NO_CHAIN).returncode != 0


@pytest.mark.parametrize("authority", Authority)
def test_openssl_verifies_the_certificates_of_our_countries(authority: Authority, tmp_path: pathlib.Path) -> None:
    """The signer's over the authority's, by all rules of RFC 5280 that openssl knows."""
    of_authority = (one for one in kinds_of_card_security().values() if one.authority is authority)
    profile = next(one for one in of_authority if not one.signer_explicit_parameters)
    (signer,) = parse_signed_data(card_security(profile)).certificates
    (tmp_path / "csca.pem").write_bytes(as_pem(anchor(authority)))
    (tmp_path / "ds.pem").write_bytes(as_pem(signer))
    strictly = ("verify", "-x509_strict", "-check_ss_sig", "-attime", AT, "-CAfile", "csca.pem")
    assert run(tmp_path, *strictly, "csca.pem").returncode == 0
    assert run(tmp_path, *strictly, "ds.pem").returncode == 0
    other = next(one for one in Authority if one is not authority)
    (tmp_path / "csca.pem").write_bytes(as_pem(anchor(other)))
    assert run(tmp_path, *strictly, "ds.pem").returncode != 0


def public_keys(profile: CardProfile) -> list[bytes]:
    """SubjectPublicKeyInfo of DG14 (id-PK) and of DG15."""
    groups = data_groups(profile)
    keys = [only(groups[15], 0x6F)] if 15 in groups else []
    for _, info in objects(only(groups[14], 0x6E, 0x31)) if 14 in groups else ():
        parts = list(objects(info))
        if parts[0][1].startswith(encode_oid("0.4.0.127.0.7.2.2.1")):
            keys.append(encode_tlv(*parts[1]))
    # domain parameters by number are BSI's (Doc 9303-11 §9.5.1), not openssl's
    return [key for key in keys if encode_oid("0.4.0.127.0.7.1.2") not in key]


#: Between them every way of writing a key, curves and fields, ECDSA and RSA. Not found by looking into all cards: that
#: would draw all their portraits.
WITH_KEYS = (
    "an",
    "aes256",
    "tdes-pace",
    "chip-auth-dh",
    "pace-bp320",
    "p384-short",
    "rsa-active-2048",
    "cut-signature",
)


@pytest.mark.parametrize("name", WITH_KEYS)
def test_openssl_reads_and_checks_the_public_keys_of_our_cards(name: str, tmp_path: pathlib.Path) -> None:
    found = public_keys(PROFILES[name])
    assert found
    for key in found:
        (tmp_path / "key").write_bytes(key)
        text = make(tmp_path, "pkey", "-pubin", "-inform", "DER", "-in", "key", "-noout", "-text", "-pubcheck")
        assert b"Key is valid" in text
        assert make(tmp_path, "pkey", "-pubin", "-inform", "DER", "-in", "key", "-outform", "DER") == key


# -- countries of openssl, judged by us ---------------------------------------------------------------------------------


NewKey = Callable[[pathlib.Path], bytes]
RSA_KEYS = pathlib.Path(keys_module.__file__).parent / "rsa_keys"


class Country:
    """A CSCA and a document signer that openssl made in a folder."""

    EXTENSIONS = (
        "[ca]\nbasicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n"
        "subjectKeyIdentifier=hash\n[ds]\nkeyUsage=critical,digitalSignature\nauthorityKeyIdentifier=keyid\n"
        "subjectKeyIdentifier=hash\n"
    )

    def __init__(self, folder: pathlib.Path, new_key: NewKey, signs: tuple[str, ...]) -> None:
        self.folder = folder
        (folder / "extensions").write_text(self.EXTENSIONS, encoding="ascii")
        options = [word for option in signs for word in ("-sigopt", option)]
        for who in ("csca", "ds"):
            (folder / f"{who}.key").write_bytes(new_key(folder))
            subject = f"/C=UT/O=Utopia TEST/CN={who.upper()} TEST"
            make(folder, "req", "-new", "-key", f"{who}.key", "-subj", subject, "-out", f"{who}.csr", *options)
        make(
            folder,
            *("x509", "-req", "-in", "csca.csr", "-signkey", "csca.key", "-days", "9000", "-extfile", "extensions"),
            *("-extensions", "ca", "-out", "csca.pem", *options),
        )
        make(
            folder,
            *(
                "x509",
                "-req",
                "-in",
                "ds.csr",
                "-CA",
                "csca.pem",
                "-CAkey",
                "csca.key",
                "-days",
                "5000",
                "-out",
                "ds.pem",
            ),
            *("-extfile", "extensions", "-extensions", "ds", "-set_serial", "77", *options),
        )

    def der(self, who: str) -> bytes:
        return make(self.folder, "x509", "-in", f"{who}.pem", "-outform", "DER")

    def sign(self, content: bytes, digest: str, options: tuple[str, ...]) -> bytes:
        """EF.SOD around a content."""
        (self.folder / "content").write_bytes(content)
        keyopts = [word for option in options for word in ("-keyopt", option)]
        signed = make(
            self.folder,
            *("cms", "-sign", "-binary", "-nodetach", "-nosmimecap", "-md", digest, "-econtent_type", "2.23.136.1.1.1"),
            *("-signer", "ds.pem", "-inkey", "ds.key", *keyopts, "-in", "content", "-outform", "DER"),
        )
        return encode_tlv(0x77, signed)


def rsa(bits: int) -> NewKey:
    """A shipped test key for both: to make one takes seconds."""
    return lambda _: (RSA_KEYS / f"test_only_{bits}.pem").read_bytes()


def pss(salt: str, digest: str = "") -> tuple[str, ...]:
    options = ("rsa_padding_mode:pss", f"rsa_pss_saltlen:{salt}")
    return (*options, f"rsa_mgf1_md:{digest}") if digest else options


def ec(name: str) -> NewKey:
    options = ("-pkeyopt", f"ec_paramgen_curve:{name}", "-pkeyopt", "ec_param_enc:named_curve")
    return lambda folder: make(folder, "genpkey", "-algorithm", "EC", *options)


SCHEMES: dict[str, tuple[NewKey, str, tuple[str, ...]]] = {
    # key, digest, options of the signatures
    "RSA PKCS #1 SHA-256": (rsa(2048), "sha256", ()),
    "RSA PKCS #1 SHA-512": (rsa(2048), "sha512", ()),
    "RSA PSS salt as the hash": (rsa(2048), "sha256", pss("digest")),
    "RSA PSS longest salt": (rsa(2048), "sha256", pss("max")),
    "RSA PSS no salt": (rsa(2048), "sha384", pss("0")),
    "RSA PSS another mask hash": (rsa(2048), "sha256", pss("32", "sha1")),
    "RSA of 3072 bits": (rsa(3072), "sha384", pss("48")),
    **{
        f"ECDSA {name} {digest}": (ec(name), digest, ())
        for name, digest in (
            ("secp224r1", "sha224"),
            ("prime256v1", "sha256"),
            ("secp384r1", "sha384"),
            ("secp521r1", "sha512"),
            ("brainpoolP224r1", "sha224"),
            ("brainpoolP256r1", "sha256"),
            ("brainpoolP320r1", "sha256"),
            ("brainpoolP512r1", "sha512"),
        )
    },
}
GROUPS = {1: b"\x61\x03TES", 2: b"\x75\x01T"}


def after_now() -> dt.datetime:
    """openssl dates its certificates with the machine's clock."""
    return dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)


def security_object() -> bytes:
    """An LDS security object over two small groups (Doc 9303-10 §4.6.2.3), hashed with SHA-256."""
    algorithm = encode_tlv(0x30, encode_tlv(0x06, encode_oid("2.16.840.1.101.3.4.2.1")))
    hashes = [
        encode_tlv(0x30, encode_tlv(0x02, bytes([number])) + encode_tlv(0x04, hashlib.sha256(content).digest()))
        for number, content in GROUPS.items()
    ]
    return encode_tlv(0x30, encode_tlv(0x02, b"\0") + algorithm + encode_tlv(0x30, hashes))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_country_of_openssl_is_trusted_and_a_changed_signature_is_not(scheme: str, tmp_path: pathlib.Path) -> None:
    new_key, digest, options = SCHEMES[scheme]
    country = Country(tmp_path, new_key, options)
    store = TrustStore()
    store.add(country.der("csca"), "made by openssl")
    ef_sod = country.sign(security_object(), digest, options)
    trusted = verify_security_object(ef_sod, store, after_now())
    assert trusted.finding.code is FindingCode.TRUSTED
    signature = parse_signed_data(ef_sod[ef_sod.index(b"\x30", 1) :]).signers[0].signature
    place = ef_sod.rindex(signature) + len(signature) - 1
    changed = ef_sod[:place] + bytes([ef_sod[place] ^ 1]) + ef_sod[place + 1 :]
    assert verify_security_object(changed, store, after_now()).finding.code is FindingCode.SIGNATURE_WRONG
