"""What is written into the chips, against published values, the field's samples and other programs."""

from __future__ import annotations

import datetime
import hashlib
import io
import json
import os
import struct
import subprocess
import sys
import time
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from PIL import Image

from crypto.wire.tlv import encode_tlv, parse_tlv
from emulator.cards import catalogue, chip_content, trust_anchors
from emulator.personalise.dg13 import encode_dg13
from emulator.personalise.document import card_access, data_groups
from emulator.personalise.holder import Holder
from emulator.personalise.issuer import Authority, authority_certificate, sign_security_object
from emulator.personalise.mrz import check_digit, mrz_information, mrz_lines, mrz_name
from emulator.personalise.profile import load_profile, profile_names

VECTORS = Path(__file__).parents[1] / "vectors"
SAMPLES = json.loads((VECTORS / "vietnam_samples.json").read_text(encoding="utf-8"))
NAMES = profile_names()
VIETNAMESE = [spec for spec in catalogue(laboratory=True) if load_profile(spec.name).travel_document is None]


def day(text: str) -> datetime.date | None:
    if "/" not in text:
        return None  # Không thời hạn
    date, month, year = (int(part) for part in text.split("/"))
    return datetime.date(year, month, date)


def holder(person: dict[str, str]) -> Holder:
    born, issued = day(person["dob"]), day(person["issue"])
    assert born is not None
    assert issued is not None
    return Holder(
        number=person["num"],
        full_name=person["name"],
        born=born,
        issued=issued,
        expires=day(person["exp"]),
        sex=person["sex"],
        ethnic=person["ethnic"],
        religion=person["religion"],
        origin=person["origin"],
        residence=person["addr"],
        features=person["mark"],
        father=person["father"],
        mother=person["mother"],
        spouse=person["spouse"],
        former_number=person["old"],
        field_16=person["tag16"],
    )


@pytest.mark.parametrize("sample", SAMPLES["persons"], ids=lambda sample: sample["can"])
def test_samples_of_the_field_are_reproduced(sample: dict[str, Any]) -> None:
    person = holder(sample["person"])
    lines = mrz_lines(person.number, person.full_name, person.born, person.mrz_sex, person.expires)
    assert list(lines) == sample["mrz"]
    assert mrz_information(lines) == sample["bac_key_input"]
    assert encode_dg13(person).hex().upper() == sample["dg13_hex"]
    assert person.can == sample["can"]
    dg1 = encode_tlv(0x61, encode_tlv(0x5F1F, "".join(lines).encode()))
    assert dg1.hex().upper() == sample["dg1_hex"]


def test_card_access_of_the_citizen_card_is_the_observed_one() -> None:
    assert card_access(load_profile("an")).hex() == SAMPLES["ef_cardaccess_hex"]


def test_check_digits_are_the_published_ones() -> None:
    cases = json.loads((VECTORS / "mrz_check_digits.json").read_text(encoding="utf-8"))["cases"]
    fields = [case for case in cases if case.get("kind") == "field"]
    assert fields
    for case in fields:
        assert check_digit(case["data"]) == case["check_digit"], case["name"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("H'Ƀlĭ Niê Kđăm", "HBLI<<NIE<KDAM<<<<<<<<<<<<<<<<"),
        ("Y Čŏ Mlô", "Y<<CO<MLO<<<<<<<<<<<<<<<<<<<<<"),
        ("Trương Đức Nghĩa", "TRUONG<<DUC<NGHIA<<<<<<<<<<<<<"),
        ("Ma-li Thử", "MA<<LI<THU<<<<<<<<<<<<<<<<<<<<"),
        ("Đặng Thị Quý", "DANG<<THI<QUY<<<<<<<<<<<<<<<<<"),
        ("Công Huyền Tôn Nữ Thị Hồng Ngọc Phương Thảo Nguyên", "CONG<<HUYEN<TON<NU<THI<HONG<NG"),
    ],
)
def test_names_become_capital_letters_without_marks(name: str, expected: str) -> None:
    assert mrz_name(name) == expected
    assert mrz_name(unicodedata.normalize("NFD", name)) == expected


@pytest.mark.parametrize("spec", VIETNAMESE, ids=lambda spec: spec.name)
def test_every_person_is_consistent(spec: Any) -> None:
    """Number, sex, birth, milestones of validity and document fit together (vietnam.md C and A.4)."""
    person = load_profile(spec.name).holder
    assert len(spec.number) == 12
    assert spec.number[:3] in {
        "001",
        "020",
        "031",
        "036",
        "038",
        "040",
        "042",
        "046",
        "048",
        "056",
        "064",
        "066",
        "075",
    } | {
        "079",
        "092",
        "096",
    }
    century, female = divmod(int(spec.number[3]), 2)
    assert 1900 + 100 * century <= person.born.year < 2000 + 100 * century
    assert bool(female) is (person.sex == "Nữ")
    assert spec.number[4:6] == f"{person.born:%y}"
    assert (spec.can, spec.mrz[0][5:14]) == (spec.number[-6:], spec.number[-9:])
    assert all(len(line) == 30 for line in spec.mrz)
    assert spec.mrz[1][29] == check_digit(spec.mrz[0][5:30] + spec.mrz[1][0:7] + spec.mrz[1][8:15] + spec.mrz[1][18:29])
    assert person.features.startswith("MẪU THỬ")
    if person.expires is not None:
        age = person.expires.year - person.born.year
        assert age in (14, 25, 40, 60)
        issued_at = (person.issued - person.born).days / 365.25
        milestones = [stone for stone in (14, 25, 40, 60) if stone > issued_at]
        assert age == (milestones[1] if milestones[0] - issued_at < 2 else milestones[0])


def test_numbers_and_names_are_unique() -> None:
    specs = catalogue(laboratory=True)
    for value in ("name", "number", "can", "full_name"):
        assert len({getattr(spec, value) for spec in specs}) == len(specs)


# -- the authority and EF.SOD, judged by OpenSSL -----------------------------------------------------------


def openssl(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["openssl", *arguments], input=given, capture_output=True, check=False)


def pem(der: bytes) -> bytes:
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)


def security_object(name: str) -> bytes:
    file = next(file for file in chip_content(name).application_files if file.identifier == 0x011D)
    return parse_tlv(file.content, 0x77).value


@pytest.mark.parametrize("name", ["an", "tdes-pace", "can-cuoc-2024", "unknown-csca", "expired"])
def test_openssl_verifies_the_security_object_up_to_the_right_authority_only(name: str, tmp_path: Path) -> None:
    unknown = name == "unknown-csca"
    right, wrong = (Authority.UNKNOWN, Authority.TEST) if unknown else (Authority.TEST, Authority.UNKNOWN)
    for authority, succeeds in ((right, True), (wrong, False)):
        anchor = tmp_path / f"{authority}.pem"
        anchor.write_bytes(pem(authority_certificate(authority)))
        done = openssl(
            *("cms", "-verify", "-inform", "DER", "-CAfile", str(anchor), "-purpose", "any", "-binary"),
            given=security_object(name),
        )
        assert (done.returncode == 0) is succeeds, done.stderr.decode()
        if succeeds:
            signed = done.stdout
            digests = list(signed_digests(signed).values())
            groups = data_groups(load_profile(name))
            assert digests == [hashlib.sha256(groups[number]).digest() for number in sorted(groups)]


def signed_digests(lds_security_object: bytes) -> dict[int, bytes]:
    values = parse_tlv(lds_security_object, 0x30).children()[2].children()
    return {value.children()[0].value[0]: value.children()[1].value for value in values}


@pytest.mark.parametrize(("name", "with_null"), [("an", False), ("can-cuoc-2024", False), ("nested-parents", True)])
def test_digest_algorithms_omit_null_as_the_standard_demands_but_for_one_card(name: str, with_null: bool) -> None:
    """Doc 9303-10 §4.6.2.3 note 2; many states write NULL all the same, so a reader must meet both."""
    identifier = bytes.fromhex("0609608648016503040201")
    bare, null = b"\x30\x0b" + identifier, b"\x30\x0d" + identifier + b"\x05\x00"
    sod = security_object(name)
    assert (sod.count(null), sod.count(bare)) == ((3, 0) if with_null else (0, 3))


@pytest.mark.parametrize(("name", "version"), [("an", b"0107"), ("can-cuoc-2024", b"0108"), ("child-2024", b"0108")])
def test_com_names_the_lds_version_that_came_with_the_security_object(name: str, version: bytes) -> None:
    com = next(file.content for file in chip_content(name).application_files if file.identifier == 0x011E)
    assert parse_tlv(com, 0x60).require(0x5F01).value == version
    assert (b"0108" in security_object(name)) is (version == b"0108")


def test_openssl_verifies_the_signer_certificate(tmp_path: Path) -> None:
    anchor = tmp_path / "csca.pem"
    anchor.write_bytes(pem(trust_anchors()[0]))
    printed = openssl("pkcs7", "-inform", "DER", "-print_certs", given=security_object("an"))
    signer = tmp_path / "ds.pem"
    signer.write_bytes(printed.stdout)
    done = openssl("verify", "-x509_strict", "-CAfile", str(anchor), str(signer))
    assert done.returncode == 0, done.stderr.decode()
    assert openssl("verify", "-x509_strict", "-CAfile", str(anchor), str(anchor)).returncode == 0


def test_certificates_say_test_and_follow_the_profile() -> None:
    anchor = x509.load_der_x509_certificate(trust_anchors()[0])
    assert "TEST ONLY" in anchor.subject.rfc4514_string()
    assert "C=VN" in anchor.subject.rfc4514_string()
    usage = anchor.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.key_cert_sign
    constraints = anchor.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert constraints.value.ca
    assert constraints.value.path_length == 0
    assert anchor.not_valid_before_utc < datetime.datetime(2021, 1, 1, tzinfo=datetime.UTC)
    assert anchor.not_valid_after_utc > datetime.datetime(2045, 1, 1, tzinfo=datetime.UTC)
    assert authority_certificate(Authority.UNKNOWN) not in trust_anchors()


def test_no_signer_before_its_time() -> None:
    with pytest.raises(ValueError, match="no TEST document signer"):
        sign_security_object({1: b"x"}, authority=Authority.TEST, issued=datetime.date(2019, 1, 1))


DIGEST = """
import hashlib, sys
from emulator.cards import chip_content, trust_anchors
state = hashlib.sha256(b"".join(trust_anchors()))
for name in sys.argv[1:]:
    content = chip_content(name)
    for file in content.master_files + content.application_files:
        state.update(file.content)
print(state.hexdigest())
"""


@pytest.mark.slow
def test_every_process_makes_the_same_cards() -> None:
    names = ("an", "aes256", "rsa-active", "child-2024", "unknown-csca", "pace-cam", "passport-td3", "id-td2")
    here = hashlib.sha256(b"".join(trust_anchors()))
    for name in names:
        for file in chip_content(name).master_files + chip_content(name).application_files:
            here.update(file.content)
    other = {**os.environ, "PYTHONHASHSEED": "1", "TZ": "Pacific/Kiritimati"}
    there = subprocess.run(
        [sys.executable, "-c", DIGEST, *names], capture_output=True, check=True, text=True, env=other
    )
    assert there.stdout.strip() == here.hexdigest()


# -- files ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_data_groups_are_those_that_com_and_sod_list(name: str) -> None:
    files = {file.identifier: file.content for file in chip_content(name).application_files}
    ef_cvca = chip_content(name).ef_cvca
    groups = {identifier & 0xFF for identifier in files if identifier not in (ef_cvca, 0x011D, 0x011E)}
    tags = {
        1: 0x61,
        2: 0x75,
        3: 0x63,
        4: 0x76,
        5: 0x65,
        7: 0x67,
        11: 0x6B,
        12: 0x6C,
        13: 0x6D,
        14: 0x6E,
        15: 0x6F,
        16: 0x70,
    }
    listed = [tags[number] for number in sorted(groups)]
    unknown = load_profile(name).lds.unknown_tags
    assert list(parse_tlv(files[0x011E], 0x60).require(0x5C).value) == listed + list(unknown)
    for number in groups:
        assert parse_tlv(files[0x0100 | number]).tag == tags[number]
    if name in {spec.name for spec in VIETNAMESE}:
        assert (2 in groups) is (name != "child-2024")
        assert (13 in groups) is (name not in ("child-2024", "can-cuoc-2024"))


def test_the_changed_card_differs_from_what_was_signed_in_one_byte_of_dg13() -> None:
    files = {file.identifier: file.content for file in chip_content("changed").application_files}
    for number, signed in data_groups(load_profile("changed")).items():
        differing = [i for i, (a, b) in enumerate(zip(files[0x0100 | number], signed, strict=True)) if a != b]
        assert len(differing) == (1 if number == 13 else 0)


def test_the_nested_variant_holds_both_parents_in_one_sequence() -> None:
    fields = parse_tlv(data_groups(load_profile("nested-parents"))[13], 0x6D).require(0x30).require(0x31).children()
    parents = next(field for field in fields if field.children()[0].value == b"\x0d").children()[1:]
    assert len(parents) == 1
    assert [name.value.decode() for name in parents[0].children()] == ["Lê Đình Chắt", "Phạm Thị Mùi"]


@pytest.mark.parametrize("name", [spec.name for spec in VIETNAMESE if spec.name != "child-2024"])
def test_portraits_decode_and_the_face_record_is_exact(name: str) -> None:
    """ISO/IEC 19794-5:2005 §5.4 to §5.7, read back field by field."""
    template = parse_tlv(data_groups(load_profile(name))[2], 0x75).require(0x7F61).require(0x7F60)
    assert [child.tag for child in template.require(0xA1).children()] == [0x80, 0x81, 0x82, 0x83, 0x87, 0x88]
    record = template.require(0x5F2E).value
    assert record[:8] == b"FAC\x00010\x00"
    length, count = struct.unpack(">IH", record[8:14])
    block_length, points, gender = struct.unpack(">IHB", record[14:21])
    assert (length, count, points, block_length) == (len(record), 1, 0, len(record) - 14)
    assert gender == (2 if load_profile(name).holder.sex == "Nữ" else 1)
    kind, coding, width, height = struct.unpack(">BBHH", record[34:40])
    with Image.open(io.BytesIO(record[46:])) as picture:
        picture.load()
        assert picture.size == (width, height) == (480, 640)
        assert picture.format == {0: "JPEG", 1: "JPEG2000"}[coding]
    assert kind == 1
    assert 8_000 < len(record) < 25_000


@pytest.mark.slow
def test_portraits_differ_and_both_image_formats_are_met() -> None:
    groups = [data_groups(load_profile(name)).get(2) for name in NAMES]
    images = [group for group in groups if group]
    assert len(set(images)) == len(images)
    assert any(b"\xff\xd8\xff" in image for image in images)
    assert any(b"jP  " in image for image in images)


def test_bytes_of_a_signature_never_look_at_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    groups = {1: b"a", 2: b"b"}
    first = sign_security_object(groups, authority=Authority.TEST, issued=datetime.date(2022, 2, 2))
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert sign_security_object(groups, authority=Authority.TEST, issued=datetime.date(2022, 2, 2)) == first


def test_a_document_signer_may_write_its_curve_out() -> None:
    """OpenSSL verifies the signature with the explicit key but no chain with one, so the chain is checked by hand."""
    done = openssl("cms", "-verify", "-inform", "DER", "-noverify", "-binary", given=security_object("aes256"))
    assert done.returncode == 0, done.stderr.decode()
    content_info = cms.ContentInfo.load(security_object("aes256"))
    certificate = content_info["content"]["certificates"][0].chosen
    assert certificate.public_key["algorithm"]["parameters"].name == "specified"
    authority = x509.load_der_x509_certificate(trust_anchors()[0]).public_key()
    assert isinstance(authority, ec.EllipticCurvePublicKey)
    signed = certificate["tbs_certificate"].dump()
    authority.verify(certificate["signature_value"].native, signed, ec.ECDSA(hashes.SHA256()))
    named = cms.ContentInfo.load(security_object("an"))["content"]["certificates"][0].chosen
    assert named.public_key["algorithm"]["parameters"].name == "named"


@pytest.mark.parametrize("name", ["nobody", "../an", "an.toml", ""])
def test_there_is_no_card_of_an_unknown_name(name: str) -> None:
    with pytest.raises(KeyError, match=r"there are .*an, .*quy"):  # who mistypes a name learns the right ones
        load_profile(name)
