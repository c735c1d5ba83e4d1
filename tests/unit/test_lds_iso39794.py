"""DG2, DG3 and DG4 in the extensible encodings of ISO/IEC 39794, put together from Doc 9303-10 §4.5.6 and the modules' tags."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from PIL import Image

from crypto.errors import ChipIdError
from crypto.wire.tlv import encode_tlv
from reader import errors
from reader.lds import files
from reader.lds.dg2 import parse_dg2
from reader.lds.dg3 import parse_dg3
from reader.lds.dg4 import parse_dg4
from reader.lds.document import IdDocument, RawDocument
from reader.lds.face_image import decode_image
from reader.lds.image_encoding import ImageEncoding
from reader.lds.iso39794 import BlockVersion, CaptureTime
from reader.lds.iso39794_face import ExtensibleFaceImage, parse_face_data_block
from reader.lds.iso39794_finger import ExtensibleFingerImage, parse_finger_data_block
from reader.lds.iso39794_iris import ExtensibleIrisImage, parse_iris_data_block

VERSION = encode_tlv(0xA0, b"\x80\x01\x03\x81\x02\x07\xe3")  # generation 3, year 2019
TAKEN = b"\x80\x02\x07\xea\x81\x01\x03\x82\x01\x0f\x83\x01\x0c"  # 15 March 2026, noon


def jpeg() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (12, 16), (200, 40, 90)).save(buffer, "JPEG")
    return buffer.getvalue()


def code(number: int, value: int) -> bytes:
    """A code of the base standard: CHOICE { code [0] }."""
    return encode_tlv(0xA0 + number, encode_tlv(0x80, bytes([value])))


def extension(number: int, fallback: int) -> bytes:
    """The same as an extension: CHOICE { extensionBlock [1] { fallback [0], something newer [1] } }."""
    block = encode_tlv(0x80, bytes([fallback])) + encode_tlv(0x81, b"\x55")
    return encode_tlv(0xA0 + number, encode_tlv(0xA1, block))


def block(tag: int, *representations: bytes, version: bytes = VERSION, enveloped: bool = True) -> bytes:
    listed = encode_tlv(0xA1, [encode_tlv(0x30, content) for content in representations])
    data = encode_tlv(tag, version + listed)
    return encode_tlv(0xA1, data) if enveloped else data


def face(image: bytes, *, information: bytes | None = None, tail: bytes = b"") -> bytes:
    if information is None:
        information = code(0, 2) + code(1, 0) + encode_tlv(0xA7, b"\x80\x02\x01\x9d\x81\x02\x02\x13")
    picture = encode_tlv(0x80, image) + encode_tlv(0xA1, information)
    return encode_tlv(0x80, b"\x00") + encode_tlv(0xA1, encode_tlv(0xA0, encode_tlv(0xA0, picture))) + tail


def finger(image: bytes, *, position: bytes = b"", tail: bytes = b"") -> bytes:
    return (position or code(0, 7)) + code(1, 0) + code(2, 1) + encode_tlv(0x83, image) + tail


def iris(image: bytes, *, tail: bytes = b"") -> bytes:
    fields = [
        encode_tlv(0x80, b"\x02"),
        code(1, 3),
        encode_tlv(0x82, b"\x08"),
        code(3, 4),
        *(encode_tlv(0x80 + number, b"\x01") for number in (4, 5, 6)),
        encode_tlv(0xA7, b"\x80\x01\x02"),
        encode_tlv(0xA8, TAKEN),
        encode_tlv(0x89, image),
    ]
    return b"".join(fields) + tail


def group(outer: int, *blocks: bytes) -> bytes:
    templates = [
        encode_tlv(0x7F60, encode_tlv(0xA1, b"\x87\x02\x01\x01") + encode_tlv(0x7F2E, octets)) for octets in blocks
    ]
    return encode_tlv(outer, encode_tlv(0x7F61, [encode_tlv(0x02, bytes([len(blocks)])), *templates]))


# -------------------------------------------------------------------------------------------- faces
def test_a_face() -> None:
    quality = encode_tlv(0xA3, encode_tlv(0x30, b"\x80\x01\x01"))
    content = face(jpeg(), tail=encode_tlv(0xA2, TAKEN) + quality + encode_tlv(0x85, b"\x09"))
    group2 = parse_dg2(group(0x75, block(0x65, content)))
    assert group2.templates[0].is_iso_39794
    (image,) = group2.face_images()
    assert isinstance(image, ExtensibleFaceImage)
    assert (image.image, image.encoding) == (jpeg(), ImageEncoding.JPEG)
    assert (image.stated_format, image.kind, image.representation_id) == (2, 0, 0)
    assert (image.width, image.height) == (413, 531)
    assert image.captured == CaptureTime(2026, 3, 15, 12, None, None, None)
    assert image.others == {3: quality, 5: encode_tlv(0x85, b"\x09")}
    assert image.encoded == encode_tlv(0x30, content)
    assert parse_face_data_block(group2.templates[0].data).version == BlockVersion(3, 2019)
    with pytest.raises(TypeError):
        image.others[3] = b""  # type: ignore[index]


def test_both_encodings_in_one_group_and_the_portrait_of_a_document() -> None:
    octets = group(0x75, block(0x65, face(jpeg())), block(0x65, face(jpeg()), enveloped=False))
    assert len(parse_dg2(octets).face_images()) == 2
    document = IdDocument(RawDocument({files.data_group(2): octets}))
    assert document.portrait == jpeg()
    assert decode_image(document.portrait).width == 12


def test_codes_as_extensions_give_their_fallback() -> None:
    # The application profile for travel documents writes every extensible code so
    (image,) = parse_face_data_block(block(0x65, face(jpeg(), information=extension(0, 3) + extension(1, 0)))).images
    assert (image.stated_format, image.kind) == (3, 0)
    (image,) = parse_face_data_block(block(0x65, face(jpeg(), information=b""))).images
    assert (image.stated_format, image.kind, image.width, image.height, image.captured) == (None,) * 5
    only_newer = encode_tlv(0xA0, encode_tlv(0xA1, encode_tlv(0x81, b"\x55")))
    (image,) = parse_face_data_block(block(0x65, face(jpeg(), information=only_newer))).images
    assert image.stated_format is None


def test_what_is_newer_is_passed_over_and_kept() -> None:
    newer = encode_tlv(0x9F20, b"new") + encode_tlv(0xBF8148, encode_tlv(0x30, b""))
    (image,) = parse_face_data_block(block(0x65, face(jpeg(), tail=newer))).images
    assert image.others == {32: encode_tlv(0x9F20, b"new"), 200: encode_tlv(0xBF8148, encode_tlv(0x30, b""))}


def test_a_shape_or_an_unknown_representation_is_no_picture() -> None:
    shape = encode_tlv(0xA0, encode_tlv(0xA1, b"\x80\x01\x00"))
    unknown = encode_tlv(0xA1, b"\x80\x01\x00")
    for representation in (shape, unknown):
        content = encode_tlv(0x80, b"\x00") + encode_tlv(0xA1, representation)
        with pytest.raises(errors.DocumentError) as caught:
            parse_face_data_block(block(0x65, content))
        assert caught.value.code is errors.FORMAT_UNSUPPORTED


# --------------------------------------------------------------------------------- fingers and irises
def test_a_finger() -> None:
    rate = encode_tlv(0xA7, b"\x80\x02\x01\xf4")
    content = finger(b"\xff\xa0\xff\xa4", tail=encode_tlv(0xA4, TAKEN) + rate)
    (image,) = parse_dg3(group(0x63, block(0x64, content))).finger_images()
    assert isinstance(image, ExtensibleFingerImage)
    assert (image.image, image.encoding) == (b"\xff\xa0\xff\xa4", ImageEncoding.WSQ)
    assert (image.position, image.impression, image.stated_format) == (7, 0, 1)
    assert image.captured is not None
    assert image.captured.year == 2026
    assert image.others == {7: rate}
    (extended,) = parse_finger_data_block(block(0x64, finger(b"x", position=extension(0, 6)))).images
    assert extended.position == 6


def test_an_iris() -> None:
    (image,) = parse_dg4(group(0x76, block(0x66, iris(b"\xff\x4f\xff\x51")))).iris_images()
    assert isinstance(image, ExtensibleIrisImage)
    assert (image.image, image.encoding) == (b"\xff\x4f\xff\x51", ImageEncoding.JPEG2000_CODESTREAM)
    assert (image.eye, image.kind, image.bit_depth, image.stated_format) == (2, 3, 8, 4)
    assert image.captured is not None
    assert (image.captured.year, image.captured.month, image.captured.day) == (2026, 3, 15)
    assert set(image.others) == {4, 5, 6, 7}


def test_several_representations() -> None:
    images = parse_finger_data_block(block(0x64, finger(b"one"), finger(b"two", position=code(0, 2)))).images
    assert [(image.position, image.image) for image in images] == [(7, b"one"), (2, b"two")]


PARSERS: list[tuple[Callable[[bytes], object], int, bytes]] = [
    (parse_face_data_block, 0x65, face(b"image")),
    (parse_finger_data_block, 0x64, finger(b"image")),
    (parse_iris_data_block, 0x66, iris(b"image")),
]


@pytest.mark.parametrize(("parse", "tag", "content"), PARSERS, ids=["face", "finger", "iris"])
def test_blocks_that_cannot_be(parse: Callable[[bytes], object], tag: int, content: bytes) -> None:
    parse(block(tag, content))
    other_part = 0x64 if tag == 0x66 else tag + 1
    malformed = {
        "no representation": block(tag),
        "a crowd": block(tag, *[content] * 17),
        "no version": block(tag, content, version=b""),
        "half a version": block(tag, content, version=encode_tlv(0xA0, b"\x80\x01\x03")),
        "a negative version": block(tag, content, version=encode_tlv(0xA0, b"\x80\x01\x83\x81\x01\x01")),
        "a version without digits": block(tag, content, version=encode_tlv(0xA0, b"\x80\x00\x81\x01\x01")),
        "a version without end": block(
            tag, content, version=encode_tlv(0xA0, b"\x80\x09" + bytes(9) + b"\x81\x01\x01")
        ),
        "a field twice": block(tag, content + encode_tlv(0x80, b"\x01") + encode_tlv(0x80, b"\x01")),
        "no picture": block(tag, b"\x80\x01\x00"),
        "no list": encode_tlv(0xA1, encode_tlv(tag, VERSION)),
    }
    for name, octets in malformed.items():
        with pytest.raises(errors.DocumentError) as caught:
            parse(octets)
        assert caught.value.code is errors.FILE_MALFORMED, name
    for octets in (block(other_part, content), encode_tlv(0x5F2E, b"FAC")):
        with pytest.raises(errors.DocumentError) as caught:
            parse(octets)
        assert caught.value.code is errors.FORMAT_UNSUPPORTED
    whole = block(tag, content)
    for end in range(len(whole)):
        with pytest.raises(ChipIdError):
            parse(whole[:end])


def test_nothing_is_shown_in_a_repr() -> None:
    images = (
        *parse_dg2(group(0x75, block(0x65, face(b"CANARY")))).face_images(),
        *parse_dg3(group(0x63, block(0x64, finger(b"CANARY")))).finger_images(),
        *parse_dg4(group(0x76, block(0x66, iris(b"CANARY")))).iris_images(),
    )
    assert len(images) == 3
    assert "CANARY" not in repr(images)
