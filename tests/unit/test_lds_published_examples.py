"""The mapping examples of Doc 9303-10 appendix A and a whole public specimen chip."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path

import pytest

from crypto.errors import WireError
from crypto.primitives.block_cipher import SymmetricCipher
from crypto.wire.tlv import parse_tlv
from reader import errors
from reader.lds import files
from reader.lds.com import parse_com
from reader.lds.dg1 import parse_dg1
from reader.lds.dg2 import parse_dg2
from reader.lds.dg14 import parse_dg14
from reader.lds.dg15 import parse_dg15
from reader.lds.document import IdDocument, RawDocument
from reader.lds.face_image import decode_image
from reader.lds.image_encoding import ImageEncoding
from reader.lds.security_infos import (
    ChipAuthenticationInfo,
    ChipAuthenticationPublicKeyInfo,
    PaceInfo,
    TerminalAuthenticationInfo,
    parse_card_access,
)
from reader.lds.sod import signed_data_of
from reader.verification.expiry import expiry_of

VECTORS = Path(__file__).parents[1] / "vectors"
CASES = {case["name"]: case for case in json.loads((VECTORS / "lds_mapping.json").read_text(encoding="utf-8"))["cases"]}
SAMPLES = json.loads((VECTORS / "vietnam_samples.json").read_text(encoding="utf-8"))
SPECIMEN = VECTORS / "specimen" / "bsi_mustermann"


def tags_of(octets: bytes) -> list[str]:
    return [f"{tlv.tag:x}" for tlv in parse_tlv(octets).children()]


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case["file"] == "EF.COM"])
def test_com(name: str) -> None:
    case = CASES[name]
    octets = bytes.fromhex(case["hex"])
    com = parse_com(octets)
    assert com.lds_version == case["expected"]["lds_version"]
    assert com.unicode_version == case["expected"]["unicode_version"]
    assert [f"{tag:x}" for tag in com.tags] == case["expected"]["tag_list"]
    assert list(com.data_groups) == case["expected"]["data_groups"]
    assert com.unknown_tags == ()
    assert com.encoded == octets
    assert files.announced_length(octets[: files.HEADER_BYTES]) == len(octets)


def test_com_keeps_tags_that_it_does_not_know() -> None:
    com = parse_com(bytes.fromhex("600a5c0861757f616d7e1f05"))
    assert com.data_groups == (1, 2, 13)
    assert com.unknown_tags == (0x7F61, 0x7E, 0x1F05)
    assert com.lds_version is None


def test_dg1_with_the_wrong_check_digit_of_the_standard() -> None:
    case = CASES["a21_dg1_td1"]
    mrz = parse_dg1(bytes.fromhex(case["hex"])).mrz
    assert mrz.format.value == case["expected"]["mrz_format"]
    assert list(mrz.lines) == case["expected"]["mrz_lines"]
    assert [digit.field.value for digit in mrz.wrong_check_digits] == ["composite"]


def test_dg1_as_printed_for_td2_is_refused() -> None:
    with pytest.raises(WireError) as caught:
        parse_dg1(bytes.fromhex(CASES["a22_dg1_td2_as_printed"]["hex"]))
    assert caught.value.code.name == "tlv.trailing"


def test_dg2_header() -> None:
    case = CASES["a3_dg2_header"]
    octets = bytes.fromhex(case["prefix"]) + bytes(case["biometric_data_length"])
    assert len(octets) == case["file_length"] == files.announced_length(octets[:6])
    group = parse_dg2(octets)
    assert group.announced == case["expected"]["number_of_instances"] == len(group.templates)
    header = group.templates[0].header
    assert header.version == bytes.fromhex(case["expected"]["icao_header_version"])
    assert header.biometric_type == bytes.fromhex(case["expected"]["biometric_type"])
    assert header.created == bytes.fromhex(case["expected"]["creation_date_time"])
    assert header.validity == bytes.fromhex(case["expected"]["validity_period"])
    assert header.creator == bytes.fromhex(case["expected"]["creator_of_biometric_reference_data"])
    assert header.format_owner == bytes.fromhex(case["expected"]["format_owner"])
    assert header.format_type == bytes.fromhex(case["expected"]["format_type"])
    with pytest.raises(errors.DocumentError) as caught:  # the payload is not in the standard: zeros are no record
        group.face_images()
    assert caught.value.code is errors.FORMAT_UNSUPPORTED


def test_groups_that_are_kept_as_octets() -> None:
    a4 = CASES["a4_dg5_header"]
    dg5 = bytes.fromhex(a4["prefix"]) + b"\xa5" * a4["image_length"]
    dg11 = bytes.fromhex(CASES["a5_dg11"]["hex"])
    dg16 = bytes.fromhex(CASES["a6_dg16"]["hex"])
    raw = RawDocument({files.data_group(5): dg5, files.data_group(11): dg11, files.data_group(16): dg16})
    for number, octets in ((5, dg5), (11, dg11), (16, dg16)):
        assert files.announced_length(octets[:6]) == len(octets)
        assert raw.require(files.data_group(number)) == octets
        assert raw.sha256(files.data_group(number)) == hashlib.sha256(octets).hexdigest()
        assert files.file_by_tag(octets[0]) == files.data_group(number)
    assert tags_of(dg5) == ["2", a4["expected"]["image_tag"]]
    assert tags_of(dg11)[1:] == CASES["a5_dg11"]["expected"]["tag_list"]
    assert len(tags_of(dg16)) == 1 + CASES["a6_dg16"]["expected"]["number_of_persons"]
    # As printed, a length inside DG11 runs over the end of the file
    with pytest.raises(WireError):
        tags_of(bytes.fromhex(CASES["a5_dg11"]["hex_with_printed_lengths"]))


def test_catalogue_of_files() -> None:
    assert (files.COM.fid, files.COM.sfi, files.COM.tag) == (0x011E, 0x1E, 0x60)
    assert (files.SOD.fid, files.SOD.sfi, files.SOD.tag) == (0x011D, 0x1D, 0x77)
    assert (files.CARD_ACCESS.fid, files.CARD_ACCESS.sfi) == (0x011C, 0x1C)
    assert (files.CARD_SECURITY.fid, files.CARD_SECURITY.in_application) == (0x011D, False)
    assert (files.DIR.fid, files.ATR_INFO.fid) == (0x2F00, 0x2F01)
    tags = ["61", "75", "63", "76", "65", "66", "67", "68", "69", "6A", "6B", "6C", "6D", "6E", "6F", "70"]
    for number, tag in enumerate(tags, start=1):
        group = files.data_group(number)
        assert (group.name, group.fid, group.sfi, group.tag) == (f"DG{number}", 0x100 + number, number, int(tag, 16))
        assert files.file_by_tag(int(tag, 16)) is group
        assert files.file_by_name(group.name) is group
        assert group.ef_name == f"EF.DG{number}"
    assert files.file_by_tag(0x62) is None
    assert files.file_by_name("DG17") is None
    assert len({file.name for file in files.ALL_FILES}) == len(files.ALL_FILES) == 22


@pytest.mark.parametrize(
    ("header", "length"), [("6105", 7), ("61815d", 96), ("7582319e7f61", 12706), ("6e83012345", 74570)]
)
def test_announced_length(header: str, length: int) -> None:
    assert files.announced_length(bytes.fromhex(header)) == length


@pytest.mark.parametrize("header", ["", "61", "7582", "6184ffffffff", "6180", "6185ffffffffff"])
def test_announced_length_that_cannot_be(header: str) -> None:
    with pytest.raises(WireError):
        files.announced_length(bytes.fromhex(header))


# ----------------------------------------------------------------------------------- specimen chip
@pytest.fixture(scope="module")
def specimen() -> IdDocument:
    contents = {}
    for file in (files.COM, files.SOD, *files.DATA_GROUPS):
        path = SPECIMEN / f"EF_{file.name}.bin"
        if path.exists():
            contents[file] = path.read_bytes()
    return IdDocument(RawDocument(contents))


def test_specimen_person(specimen: IdDocument) -> None:
    mrz = specimen.mrz
    assert mrz is not None
    assert mrz.wrong_check_digits == ()
    assert (mrz.format.value, mrz.issuing_state, mrz.nationality) == ("TD3", "D", "D")
    assert (mrz.name.primary, mrz.name.secondary) == ("MUSTERMANN", "ERIKA")
    assert specimen.number == mrz.document_number == "C11T002JM"
    assert specimen.personal == {}
    assert specimen.citizen_number is None
    assert not specimen.is_vietnamese
    assert not specimen.no_expiry
    assert str(expiry_of(specimen, None, dt.date(2010, 1, 1))) == "2013-10-31"
    assert str(specimen.date_of_birth()) == "1996-08-12"


def test_specimen_files(specimen: IdDocument) -> None:
    assert specimen.com is not None
    assert specimen.com.data_groups == (1, 2, 3, 14)
    assert [file.number for file in specimen.raw.data_groups] == [1, 2, 3, 4, 5, 7, 11, 12, 14, 15]
    for file in specimen.raw:
        octets = specimen.raw.require(file)
        assert files.announced_length(octets[:6]) == len(octets)
        assert octets[0] == file.tag
    assert specimen.signed_data == signed_data_of(specimen.raw.require(files.SOD))
    assert specimen.raw.require(files.SOD).endswith(specimen.signed_data)


def test_specimen_portrait(specimen: IdDocument) -> None:
    assert specimen.faces is not None
    (face,) = specimen.faces
    assert (face.encoding, face.stated_type) == (ImageEncoding.JPEG2000, 1)
    assert face.length_deviation == 0
    assert (face.width, face.height) == (337, 449)  # what the record says; the picture itself is larger
    decoded = decode_image(face.image)
    assert (decoded.width, decoded.height) == (413, 531)
    assert len(decoded.rgb) == 3 * 413 * 531
    assert decoded.to_png().startswith(b"\x89PNG")
    assert specimen.portrait == face.image


def test_specimen_security_infos(specimen: IdDocument) -> None:
    infos = specimen.security_infos
    assert infos is not None
    (key,) = infos.of(ChipAuthenticationPublicKeyInfo)
    assert key.is_elliptic
    assert key.public_key.curve is None  # explicit parameters: the octets are kept for crypto.pki
    assert key.public_key.encoded in specimen.raw.require(files.data_group(14))
    (chip_authentication,) = infos.of(ChipAuthenticationInfo)
    assert (chip_authentication.cipher, chip_authentication.version) == (SymmetricCipher.TDES, 1)
    assert len(infos.of(TerminalAuthenticationInfo)) == 1
    assert infos.unknown == ()
    assert specimen.active_authentication_key is not None
    assert specimen.active_authentication_key.public_key.algorithm.oid == "1.2.840.113549.1.1.1"


def test_card_access_of_the_vietnamese_card() -> None:
    infos = parse_card_access(bytes.fromhex(SAMPLES["ef_cardaccess_hex"]))
    assert [info.oid for info in infos.infos] == [oid for oid, _ in SAMPLES["ef_cardaccess_decoded"]]
    (pace,) = infos.of(PaceInfo)
    assert (pace.version, pace.parameter_id) == (2, 13)
    assert pace.protocol.name == "PACE-ECDH-GM-AES-CBC-CMAC-128"
    (chip_authentication,) = infos.of(ChipAuthenticationInfo)
    assert chip_authentication.is_elliptic
    assert chip_authentication.cipher is SymmetricCipher.AES128
    assert infos.of(TerminalAuthenticationInfo)[0].version == 1
    assert infos.encoded.hex() == SAMPLES["ef_cardaccess_hex"]


def test_files_of_the_wrong_kind_are_refused() -> None:
    dg15 = (SPECIMEN / "EF_DG15.bin").read_bytes()
    for parse in (parse_com, parse_dg1, parse_dg2, parse_dg14, signed_data_of):
        with pytest.raises(WireError):
            parse(dg15)
    with pytest.raises(WireError):
        parse_dg15((SPECIMEN / "EF_DG14.bin").read_bytes())
