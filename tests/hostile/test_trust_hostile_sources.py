"""Files that nobody should import: wrong, cut off, huge, malicious. Each is one plain error, and nothing is changed."""

from __future__ import annotations

import base64
import contextlib
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.errors import ChipIdError, CryptoError
from crypto.pki.deviation_list import parse_deviation_list
from crypto.pki.master_list import parse_master_list
from crypto.wire.tlv import encode_tlv
from reader.errors import TrustError
from reader.trust.folder import load_folder
from reader.trust.import_plan import ImportOptions, plan_import
from reader.trust.importing import import_files
from reader.trust.manifest import parse_manifest
from reader.trust.sources import read_source
from reader.trust.store_folder import open_store
from tests.unit import trust_lists as utopia
from tests.unit.trust_lists import NOW, csca, list_signer

ACCEPTING = ImportOptions(accept_signers=frozenset({list_signer().fingerprint}))
LIST = utopia.master_list(csca(1), csca(2))


def code_of(path: Path) -> str:
    with pytest.raises(TrustError) as refusal:
        read_source(path)
    assert str(refusal.value).startswith(refusal.value.code.text), "a sentence for people"
    return refusal.value.code.name


def test_wrong_files_are_named_as_what_they_are(tmp_path: Path) -> None:
    files = {
        "empty": (b"", "trust.source_unknown"),
        "text": (b"These are not the certificates that you look for.\n", "trust.source_unknown"),
        "picture": (b"\xff\xd8\xff\xe0" + bytes(900), "trust.source_unknown"),
        "list cut off": (LIST[: len(LIST) // 2], "trust.source_truncated"),
        "certificate cut off": (csca().der[:-1], "trust.source_truncated"),
        "pem cut off": (utopia.pem(csca().der)[:-10], "trust.source_truncated"),
        "pem damaged": (utopia.pem(csca().der).replace(b"MII", b"M!!", 1), "trust.source_malformed"),
        "only a key": (utopia.pem(b"\x30\x03\x02\x01\x01", label="PRIVATE KEY"), "trust.source_unknown"),
        "ldif of people": (b"dn: cn=nobody\ncn: nobody\n", "trust.source_unknown"),
        "ldif damaged": (b"dn: cn=1\nuserCertificate;binary:: MII*\n", "trust.source_malformed"),
        "ldif torn": (b"dn: cn=1\nno attribute at all\n", "trust.source_malformed"),
        "document's signed data": (
            utopia.signed(b"\x30\x00", list_signer(), content_type="2.23.136.1.1.1"),
            "trust.source_unknown",
        ),
    }
    for name, (octets, expected) in files.items():
        path = tmp_path / name
        path.write_bytes(octets)
        assert code_of(path) == expected, name


@pytest.mark.timeout(20)
def test_what_is_no_plain_file_is_never_waited_for(tmp_path: Path) -> None:
    assert code_of(tmp_path) == "trust.source_unreadable"
    assert code_of(tmp_path / "nothing there") == "trust.source_unreadable"
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        assert code_of(tmp_path / "pipe") == "trust.source_unreadable"


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / "huge.ml").open("wb") as file:
        file.write(LIST)
        file.truncate(1 << 40)
    assert code_of(tmp_path / "huge.ml") == "trust.source_too_large"


def test_ldif_never_fetches_anything(tmp_path: Path) -> None:
    secret = tmp_path / "secret.cer"
    secret.write_bytes(csca().der)
    (tmp_path / "evil.ldif").write_bytes(f"dn: cn=1\nuserCertificate;binary:< file://{secret}\n".encode())
    assert code_of(tmp_path / "evil.ldif") == "trust.source_unknown"


@pytest.mark.timeout(20)
def test_ldif_of_endless_continuations_takes_no_endless_time(tmp_path: Path) -> None:
    path = tmp_path / "long.ldif"
    path.write_bytes(b"dn: cn=1\nuserCertificate;binary:: QUJD\n" + b" QUJD\n" * 400_000)
    assert code_of(path) == "trust.source_unknown"


@pytest.mark.timeout(60)
def test_a_list_of_thousands_of_one_name_takes_no_endless_time(tmp_path: Path) -> None:
    """Each may have been signed by any of them; not every key is tried for every one."""
    template = csca(1).der
    members = {template}
    point = csca(1).certificate.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    place = template.index(point)
    for number in range(1500):
        spoilt = bytearray(template)
        spoilt[place + 1 : place + 5] = number.to_bytes(4, "big")
        members.add(bytes(spoilt))
    octets = utopia.signed(utopia.master_list_content(members), list_signer(), [csca()])
    (tmp_path / "many.ml").write_bytes(octets)
    plan = plan_import(None, {}, [read_source(tmp_path / "many.ml")], ACCEPTING, NOW, lambda what, done, total: None)
    assert len(plan.report.unusable) >= 1490


def test_a_list_longer_than_any_file_of_a_chip_is_read() -> None:
    filler = [csca().der[:-4] + number.to_bytes(4, "big") for number in range(2600)]
    octets = utopia.signed(utopia.master_list_content(filler), list_signer(), [csca()])
    assert len(octets) > 1 << 20
    assert len(parse_master_list(octets).certificates) == 2600


def test_versions_of_tomorrow_are_not_guessed() -> None:
    tomorrow = utopia.signed(utopia.master_list_content([csca().der], version=1), list_signer())
    with pytest.raises(CryptoError, match="version_unsupported"):
        parse_master_list(tomorrow)


@given(st.integers(min_value=0, max_value=len(LIST) - 1), st.integers(min_value=1, max_value=255))
@settings(max_examples=60)
def test_one_octet_changed_anywhere_is_noticed(place: int, difference: int) -> None:
    """Nothing that the signer did not sign comes into a store; and nothing but our own errors comes out."""
    changed = bytearray(LIST)
    changed[place] ^= difference
    from reader.trust.sources import ItemKind, SourceFile, SourceItem, SourceKind

    source = SourceFile("x.ml", SourceKind.MASTER_LIST, "0" * 64, (SourceItem(ItemKind.MASTER_LIST, bytes(changed)),))
    try:
        plan = plan_import(None, {}, [source], ACCEPTING, NOW, lambda what, done, total: None)
    except ChipIdError:
        return
    assert set(plan.entries) == {csca(1).fingerprint, csca(2).fingerprint}


@given(st.binary(max_size=400))
def test_octets_of_any_kind_are_lists_or_our_errors(octets: bytes) -> None:
    for content_type, parse in ((utopia.MASTER_LIST, parse_master_list), (utopia.DEVIATION_LIST, parse_deviation_list)):
        for candidate in (octets, utopia.signed(octets, list_signer(), content_type=content_type)):
            with contextlib.suppress(CryptoError):
                parse(candidate)  # type: ignore[operator]


@pytest.mark.parametrize("depth", [30, 5000])
def test_nesting_without_end_ends(depth: int) -> None:
    content = b""
    for _ in range(depth):
        content = encode_tlv(0x31, content)
    documents = encode_tlv(0x30, encode_tlv(0xA5, content))
    deviation = encode_tlv(0x30, [documents, encode_tlv(0x31)])
    whole = encode_tlv(0x30, [encode_tlv(0x02, b"\0"), encode_tlv(0x31, deviation)])
    octets = utopia.signed(whole, list_signer(), content_type=utopia.DEVIATION_LIST)
    with pytest.raises(CryptoError, match="deviation_list"):
        parse_deviation_list(octets)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["format", "id", "counter", "written_at", "provenances", "entries"]), JSON))
def test_a_manifest_of_any_content_is_a_manifest_or_our_error(body: dict[str, object]) -> None:
    with contextlib.suppress(TrustError):
        parse_manifest({"format": "chipid trust store 1", **body})


@pytest.mark.parametrize(
    "file", ["../../etc/passwd", "/etc/passwd", "certificates/../../x.cer", "certificates/.cer", ""]
)
def test_no_entry_leads_out_of_the_store(file: str) -> None:
    entry = {
        "sha256": "0" * 64, "kind": "csca", "file": file, "name": "", "country": "", "added_at": "2026-01-01T00:00:00Z",
        "expires_at": None, "sources": [], "is_test": False, "may_sign_lists": False, "own_signature": "verified",
    }  # fmt: skip
    body = {
        "format": "chipid trust store 1", "id": "0" * 32, "counter": 1, "written_at": "2026-01-01T00:00:00Z",
        "provenances": {}, "entries": [entry],
    }  # fmt: skip
    with pytest.raises(TrustError, match="store_damaged"):
        parse_manifest(body)


@pytest.mark.parametrize(
    "octets", [b"", b"[]", b"null", b"{", b'{"seal": 5}', b'{"a": ' * 50_000, b"\xff", b'{"seal": {"key": 1}}']
)
def test_a_store_json_that_is_none_is_damage(tmp_path: Path, octets: bytes) -> None:
    (tmp_path / "store.json").write_bytes(octets)
    with pytest.raises(TrustError, match="store_damaged"):
        open_store(tmp_path)
    with pytest.raises(TrustError):
        load_folder(tmp_path, test_mode=True)


def test_names_in_certificates_write_no_lines_of_their_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from reader.trust.command import trust_command

    evil = utopia.certificate(utopia.name("x\n\x1b[2JTrust store, sealed"), utopia.key(30))
    (tmp_path / "evil\n\x1b[2J.cer").write_bytes(evil.der)
    arguments = ["--store", str(tmp_path / "store"), "--seal-key", str(tmp_path / "key")]
    assert trust_command(["import", str(tmp_path / "evil\n\x1b[2J.cer"), *arguments]) == 0
    for action in (["list"], ["audit"], ["show", evil.fingerprint]):
        trust_command([*action, *arguments])
    shown = capsys.readouterr()
    assert "\x1b" not in shown.out + shown.err
    assert "\nTrust store, sealed" not in shown.out


def test_a_country_is_no_path(tmp_path: Path) -> None:
    """Names of files are made of a country that is letters, or of none."""
    certificate = csca().der.replace(b"\x13\x02UT", b"\x13\x02./")
    if certificate == csca().der:
        certificate = csca().der.replace(b"UT", b"./")
    (tmp_path / "odd.cer").write_bytes(certificate)
    report = import_files(
        [tmp_path / "odd.cer"], tmp_path / "store", ImportOptions(), key_file=tmp_path / "key", at=NOW
    )
    assert [one.file.startswith("certificates/XX-") for one in report.new] == [True]


def test_base64_in_a_line_is_no_certificate_by_itself(tmp_path: Path) -> None:
    (tmp_path / "naked.txt").write_bytes(base64.b64encode(csca().der))
    assert code_of(tmp_path / "naked.txt") == "trust.source_unknown"
