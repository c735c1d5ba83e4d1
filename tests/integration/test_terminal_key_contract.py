"""One contract for the terminal's private key, kept by a key file and by a PKCS#11 token.

The token is SoftHSM with a folder of the test's own. Every signature is verified by a library that made none of them.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from crypto.pki.cvc import terminal_signature_algorithms
from crypto.signatures.algorithms import SignatureAlgorithm
from reader import errors
from reader.terminal_credentials import load_credentials
from reader.terminal_keys import FileSigner, TerminalSigner
from reader.terminal_token import ENVIRONMENT_MODULE, ENVIRONMENT_PIN, TokenSigner, parse_token_uri
from tests.unit.terminal_tree import ROOT, SYSTEM, VERIFIER, key, pem, plain_tree, write_folder

PIN: Final = "271828"
TOKEN: Final = "TEST kiosk terminal"
MODULES: Final = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so")
ALGORITHMS: Final = terminal_signature_algorithms()
RSA_OIDS: Final = [oid for oid in ALGORITHMS if re.search(r"\.1\.\d$", oid)]
ECDSA_OIDS: Final = [oid for oid in ALGORITHMS if re.search(r"\.2\.\d$", oid)]
CURVES: Final[dict[str, ec.EllipticCurve]] = {
    "secp256r1": ec.SECP256R1(),
    "secp384r1": ec.SECP384R1(),
    "secp521r1": ec.SECP521R1(),
    "brainpoolP256r1": ec.BrainpoolP256R1(),
    "brainpoolP512r1": ec.BrainpoolP512R1(),
}
HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "sha1": hashes.SHA1(),  # noqa: S303 - the standard has it
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
PRIVATE_KEYS: Final = {
    "rsa2048": rsa.generate_private_key(65537, 2048),
    **{name: ec.generate_private_key(curve) for name, curve in CURVES.items()},
}
Place = Callable[[str], TerminalSigner]


def unavailable() -> str | None:
    if shutil.which("softhsm2-util") is None or not any(Path(module).exists() for module in MODULES):
        return "SoftHSM is not installed (package softhsm2)."
    return None


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A SoftHSM token that holds every key by its name as label; gives the library's path."""
    if reason := unavailable():
        if os.environ.get("CI", "").lower() in {"1", "true", "yes"}:
            pytest.fail(f"CI must be able to use a token. {reason}", pytrace=False)
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\n")
    module = next(each for each in MODULES if Path(each).exists())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
        util("--init-token", "--free", "--label", TOKEN, "--so-pin", "31415926", "--pin", PIN)
        for number, (name, private) in enumerate({**PRIVATE_KEYS, "terminal": key(SYSTEM)}.items(), start=1):
            (folder / "key.pem").write_bytes(pem(private))
            ids = ["--label", name, "--id", f"{number:02X}"]
            util("--import", str(folder / "key.pem"), "--token", TOKEN, "--pin", PIN, *ids)
        (folder / "key.pem").unlink()
        yield module


def util(*arguments: str) -> None:
    done = subprocess.run(["softhsm2-util", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def uri(module: str, name: str, more: str = "") -> str:
    return f"pkcs11:token=TEST%20kiosk%20terminal;object={name};type=private?module-path={module}{more}"


@pytest.fixture(params=["file", "token"])
def place(request: pytest.FixtureRequest) -> Place:
    """Gives a signer for the key of that name."""
    if request.param == "file":
        return lambda name: FileSigner(pem(PRIVATE_KEYS[name]))
    module = request.getfixturevalue("token")
    return lambda name: TokenSigner.from_uri(uri(module, name), {ENVIRONMENT_PIN: PIN})


def verify(name: str, algorithm: SignatureAlgorithm, signature: bytes, data: bytes) -> None:
    public, native_hash = PRIVATE_KEYS[name].public_key(), HASHES[algorithm.hash_algorithm.label]
    if isinstance(public, ec.EllipticCurvePublicKey):
        half = len(signature) // 2
        r, s = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
        public.verify(encode_dss_signature(r, s), data, ec.ECDSA(native_hash))
        return
    # TR-03110-3 §A.6.3.1: MGF1 with the same hash, a salt as long as the hash
    pss = padding.PSS(padding.MGF1(native_hash), native_hash.digest_size)
    public.verify(signature, data, padding.PKCS1v15() if "PKCS1" in algorithm.scheme.value else pss, native_hash)


# ---------------------------------------------------------------------------------- the contract
@pytest.mark.parametrize("oid", RSA_OIDS)
def test_every_rsa_algorithm_of_terminal_authentication(place: Place, oid: str) -> None:
    signer = place("rsa2048")
    assert signer.curve is None
    signature = signer.sign(b"data", ALGORITHMS[oid])
    assert len(signature) == 256
    verify("rsa2048", ALGORITHMS[oid], signature, b"data")
    with pytest.raises(InvalidSignature):
        verify("rsa2048", ALGORITHMS[oid], signature, b"other data")


@pytest.mark.parametrize("oid", ECDSA_OIDS)
@pytest.mark.parametrize("name", list(CURVES))
def test_every_ecdsa_algorithm_of_terminal_authentication(place: Place, name: str, oid: str) -> None:
    signer = place(name)
    assert signer.curve is not None
    assert signer.curve.name == name
    signature = signer.sign(b"data", ALGORITHMS[oid])
    assert len(signature) == 2 * signer.curve.order_bytes, "plain r and s, each as long as the order"
    verify(name, ALGORITHMS[oid], signature, b"data")


def test_a_key_signs_more_than_once(place: Place) -> None:
    signer = place("secp256r1")
    for number in range(3):
        data = bytes([number])
        verify("secp256r1", ALGORITHMS[ECDSA_OIDS[2]], signer.sign(data, ALGORITHMS[ECDSA_OIDS[2]]), data)


@pytest.mark.parametrize(("name", "oid"), [("rsa2048", ECDSA_OIDS[0]), ("secp256r1", RSA_OIDS[0])])
def test_a_key_of_another_kind_is_the_wrong_key(place: Place, name: str, oid: str) -> None:
    with pytest.raises(errors.TerminalError) as caught:
        place(name).sign(b"data", ALGORITHMS[oid])
    assert caught.value.code is errors.TERMINAL_KEY_WRONG


def test_a_signer_shows_nothing_of_its_key(place: Place) -> None:
    signer = place("secp256r1")
    assert repr(signer) in ("FileSigner(…)", "TokenSigner(…)")
    assert PIN not in repr(signer)


# ------------------------------------------------------------------------------- what goes wrong
def code_of(text: str, environment: dict[str, str]) -> str:
    with pytest.raises(errors.TerminalError) as caught:
        TokenSigner.from_uri(text, environment)
    assert PIN not in str(caught.value)
    return caught.value.code.name


def test_what_is_wrong_with_a_token_is_told_by_its_own_name(token: str) -> None:
    right = {ENVIRONMENT_PIN: PIN}
    elsewhere = uri(token, "secp256r1").replace("kiosk", "other")
    assert code_of(elsewhere, right) == "terminal.token_not_found"
    assert code_of(uri(token, "nothing"), right) == "terminal.token_key_not_found"
    assert code_of(uri(token, "secp256r1"), {ENVIRONMENT_PIN: "000000"}) == "terminal.token_pin_wrong"
    assert code_of(uri(token, "secp256r1"), {}) == "terminal.token_key_not_found", "private keys need a login"
    assert code_of(uri("/nowhere/lib.so", "secp256r1"), right) == "terminal.token_module_unusable"
    assert code_of("pkcs11:token=a;object=b", right) == "terminal.token_module_unusable"


def test_the_library_may_be_named_by_the_environment_and_the_key_by_its_id(token: str) -> None:
    text = "pkcs11:token=TEST%20kiosk%20terminal;id=%02"
    signer = TokenSigner.from_uri(text, {ENVIRONMENT_MODULE: token, ENVIRONMENT_PIN: PIN})
    assert signer.curve is not None
    assert signer.curve.name == list(PRIVATE_KEYS)[1]


def test_the_pin_may_stand_in_a_file(token: str, tmp_path: Path) -> None:
    (tmp_path / "pin").write_text(f"{PIN}\n")
    for where in (f"file:{tmp_path}/pin", f"file://{tmp_path}/pin", f"{tmp_path}/pin"):
        assert TokenSigner.from_uri(uri(token, "secp256r1", f"&pin-source={where}"), {})
    (tmp_path / "empty").write_text("\n")
    for name in ("nowhere", "empty"):
        where = f"&pin-source=file:{tmp_path}/{name}"
        assert code_of(uri(token, "secp256r1", where), {ENVIRONMENT_PIN: PIN}) == "terminal.token_pin_unreadable"


def test_a_terminals_credentials_may_have_their_key_in_a_token(
    token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datetime as dt

    monkeypatch.setenv(ENVIRONMENT_PIN, PIN)
    folder = write_folder(tmp_path / "t", plain_tree().octets, private_key=None)
    own = load_credentials(folder, uri(token, "terminal"))
    names = [one.holder_reference for one in own.chain_from([ROOT], dt.date(2026, 6, 1)).certificates]
    assert names == [VERIFIER, SYSTEM]
    for other in ("secp256r1", "rsa2048", "brainpoolP512r1"):
        with pytest.raises(errors.TerminalError) as caught:
            load_credentials(folder, uri(token, other))
        assert caught.value.code is errors.TERMINAL_KEY_WRONG


def test_a_token_is_used_by_the_whole_command(token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key of a TEST terminal is moved into the token, and the fingerprints of an emulated card are opened with it."""
    from kiosk_ui.cli import main

    folder = tmp_path / "terminal"
    assert main(["terminal-certificates", "--out", str(folder), "--rights", "dg3"]) == 0
    util("--import", str(folder / "terminal.key"), "--token", TOKEN, "--pin", PIN, "--label", "moved", "--id", "AA")
    (folder / "terminal.key").unlink()
    monkeypatch.setenv(ENVIRONMENT_PIN, PIN)
    arguments = ["read", "--emulated", "eac1-ecdh", "--number", "001184002931", "--out", str(tmp_path / "files")]
    assert main([*arguments, "--terminal", str(folder), "--terminal-key", uri(token, "moved")]) == 0
    assert (tmp_path / "files" / "EF_DG3.bin").exists()
    assert not (tmp_path / "files" / "EF_DG4.bin").exists()


# ------------------------------------------------------------------------------------------- URIs
def test_the_parts_of_a_uri() -> None:
    found = parse_token_uri("pkcs11:token=My%20Kiosk;id=%01%02;serial=AB?module-path=/a/b.so&pin-source=file:/c/d")
    assert (found.token, found.key_id, found.serial) == ("My Kiosk", b"\x01\x02", "AB")
    assert (found.label, found.module_path, found.pin_source) == (None, "/a/b.so", "/c/d")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "token=a;object=b",
        "http:token=a;object=b",
        "pkcs11:",
        "pkcs11:token=a",
        "pkcs11:object=b",
        "pkcs11:token=a;object=b;object=c",
        "pkcs11:token=a;object=b;type=public",
        "pkcs11:token=a;object=b;nothing=c",
        "pkcs11:token;object=b",
        "pkcs11:token=%FF;object=b",
        "pkcs11:token=a;object=b?pin-source=|cat /etc/pin",
        "pkcs11:token=a;object=b?pin-source=",
        "pkcs11:token=a;object=b?pin-source=file:",
    ],
)
def test_a_uri_that_names_no_single_key_is_refused(text: str) -> None:
    with pytest.raises(errors.TerminalError) as caught:
        parse_token_uri(text)
    assert caught.value.code is errors.TOKEN_URI_MALFORMED


def test_a_pin_on_the_command_line_is_refused() -> None:
    with pytest.raises(errors.TerminalError) as caught:
        parse_token_uri("pkcs11:token=a;object=b?pin-value=271828")
    assert caught.value.code is errors.TOKEN_PIN_IN_URI
    assert "271828" not in str(caught.value)


def test_without_the_library_the_extra_is_named(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pkcs11", None)  # importing it raises ImportError
    assert code_of(uri(token, "secp256r1"), {ENVIRONMENT_PIN: PIN}) == "terminal.token_support_missing"
