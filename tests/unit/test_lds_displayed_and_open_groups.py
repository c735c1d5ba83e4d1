"""DG5 and DG7 (pictures as they are), and the groups whose content is the issuer's: DG6, DG8, DG9, DG10, DG13."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crypto.errors import WireError
from crypto.wire.tlv import encode_tlv
from reader import errors
from reader.lds import files
from reader.lds.dg5 import parse_dg5
from reader.lds.dg7 import parse_dg7
from reader.lds.face_image import decode_image
from reader.lds.image_encoding import ImageEncoding
from reader.lds.open_groups import OPEN_GROUPS, DataGroup8, DataGroup13, parse_open_group

VECTORS = Path(__file__).parents[1] / "vectors"
CASES = {case["name"]: case for case in json.loads((VECTORS / "lds_mapping.json").read_text(encoding="utf-8"))["cases"]}
SPECIMEN = VECTORS / "specimen" / "bsi_mustermann"


def test_dg5_of_the_standard() -> None:
    case = CASES["a4_dg5_header"]
    octets = bytes.fromhex(case["prefix"]) + b"\xa5" * case["image_length"]
    group = parse_dg5(octets)
    assert group.announced == case["expected"]["number_of_instances"] == len(group.portraits)
    assert group.portraits[0].image == b"\xa5" * 2000
    assert group.portraits[0].encoding is ImageEncoding.UNKNOWN
    assert group.encoded == octets


def test_portrait_and_signature_of_the_specimen() -> None:
    (portrait,) = parse_dg5((SPECIMEN / "EF_DG5.bin").read_bytes()).portraits
    decoded = decode_image(portrait.image)
    assert (portrait.encoding, decoded.width, decoded.height) == (ImageEncoding.JPEG2000, 413, 531)
    group = parse_dg7((SPECIMEN / "EF_DG7.bin").read_bytes())
    (signature,) = group.signatures
    decoded = decode_image(signature.image)
    assert (group.announced, decoded.width, decoded.height) == (1, 550, 142)


def test_several_signatures_with_and_without_a_number() -> None:
    images = [encode_tlv(0x5F43, b"\xff\xd8\xff" + bytes([index])) for index in range(3)]
    for start, announced in ((b"\x02\x01\x03", 3), (b"", None), (b"\x02\x01\x01", 1), (b"\x02\x02\x00\x03", 3)):
        group = parse_dg7(encode_tlv(0x67, [start, *images]))
        assert group.announced == announced
        assert [signature.image[3] for signature in group.signatures] == [0, 1, 2]
        assert {signature.encoding for signature in group.signatures} == {ImageEncoding.JPEG}
    assert parse_dg7(b"\x67\x00").signatures == ()
    assert parse_dg7(encode_tlv(0x67, encode_tlv(0x5F43, b""))).signatures[0].image == b""


def test_pictures_without_end_and_impossible_numbers_are_refused() -> None:
    for octets in (
        encode_tlv(0x67, [encode_tlv(0x5F43, b"x")] * 17),
        encode_tlv(0x67, [encode_tlv(0x02, b""), encode_tlv(0x5F43, b"x")]),
        encode_tlv(0x67, [encode_tlv(0x02, bytes(200)), encode_tlv(0x5F43, b"x")]),
    ):
        with pytest.raises(errors.DocumentError) as caught:
            parse_dg7(octets)
        assert caught.value.code is errors.FILE_MALFORMED
    with pytest.raises(WireError):
        parse_dg7((SPECIMEN / "EF_DG5.bin").read_bytes())


@pytest.mark.parametrize("number", sorted(OPEN_GROUPS))
def test_groups_of_the_issuers_own(number: int) -> None:
    tag = files.data_group(number).tag
    assert tag is not None
    structured = encode_tlv(tag, [b"\x02\x01\x02", encode_tlv(0xA1, b"\x80\x01\x05")])
    group = parse_open_group(number, structured)
    assert type(group).__name__ == f"DataGroup{number}"
    assert group.announced == 2
    assert [tlv.tag for tlv in group.objects or ()] == [0x02, 0xA1]
    assert group.encoded == structured
    text = parse_open_group(number, encode_tlv(tag, b"anything, even this"))
    assert (text.objects, text.announced, text.content) == (None, None, b"anything, even this")
    empty = parse_open_group(number, encode_tlv(tag, b""))
    assert (empty.objects, empty.announced, empty.content) == ((), None, b"")
    assert "anything" not in repr(text)
    with pytest.raises(WireError):
        parse_open_group(number, b"\x61\x00")


def test_only_these_groups_are_open() -> None:
    assert {6, 8, 9, 10, 13} == OPEN_GROUPS
    assert isinstance(parse_open_group(8, b"\x68\x00"), DataGroup8)
    assert isinstance(parse_open_group(13, b"\x6d\x00"), DataGroup13)
    with pytest.raises(KeyError):
        parse_open_group(1, b"\x61\x00")
