"""The photo: records with the wrong lengths of real passports, and pictures that must not be decoded."""

from __future__ import annotations

import dataclasses
import io
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from crypto.errors import WireError
from crypto.wire.tlv import encode_tlv
from reader import errors
from reader.lds.dg2 import parse_dg2
from reader.lds.face_image import MAX_SCANS, MAX_SIDE, decode_image, image_size
from reader.lds.face_record import FaceImage, parse_face_record
from reader.lds.image_encoding import ImageEncoding, detect_encoding


def picture(kind: str, size: tuple[int, int] = (12, 16), mode: str = "RGB") -> bytes:
    image = Image.new(mode, size, 128 if mode == "L" else (200, 40, 90))
    buffer = io.BytesIO()
    if kind in ("jpeg", "png"):
        image.save(buffer, kind.upper(), quality=90)
    else:
        image.save(buffer, "JPEG2000", no_jp2=kind == "j2k", irreversible=False)
    return buffer.getvalue()


def block(image: bytes, *, points: int = 0, deviation: int = 0, stated_type: int = 0) -> bytes:
    """Facial information, feature points, image information, image: ISO/IEC 19794-5 §5.5 to §5.8."""
    length = 20 + 8 * points + 12 + len(image) - deviation
    information = struct.pack(">IH", length, points) + bytes([1, 2, 3]) + bytes(11)
    feature_points = b"".join(struct.pack(">BBHHH", 1, 0x3B, 10 + i, 20 + i, 0) for i in range(points))
    return information + feature_points + struct.pack(">BBHHBBHH", 1, stated_type, 12, 16, 1, 2, 0, 0) + image


def record(*blocks: bytes, deviation: int = 0, count: int | None = None) -> bytes:
    body = b"".join(blocks)
    number = len(blocks) if count is None else count
    return struct.pack(">4s4sIH", b"FAC\x00", b"010\x00", 14 + len(body) - deviation, number) + body


def group(*records: bytes, announced: bytes | None = None, data_tag: int = 0x5F2E) -> bytes:
    header = encode_tlv(0xA1, bytes.fromhex("8101028201008702010188020008"))
    templates = [encode_tlv(0x7F60, header + encode_tlv(data_tag, data)) for data in records]
    count = encode_tlv(0x02, bytes([len(records)]) if announced is None else announced)
    return encode_tlv(0x75, encode_tlv(0x7F61, [count, *templates]))


def only_face(octets: bytes) -> FaceImage:
    (face,) = parse_dg2(octets).face_images()
    return face


@pytest.mark.parametrize(
    ("kind", "encoding"),
    [
        ("jpeg", ImageEncoding.JPEG),
        ("jp2", ImageEncoding.JPEG2000),
        ("j2k", ImageEncoding.JPEG2000_CODESTREAM),
        ("png", ImageEncoding.PNG),
    ],
)
@pytest.mark.parametrize("stated_type", [0, 1, 7])
def test_the_picture_says_what_it_is_not_the_record(kind: str, encoding: ImageEncoding, stated_type: int) -> None:
    image = picture(kind)
    face = only_face(group(record(block(image, stated_type=stated_type))))
    assert face.image == image
    assert (face.encoding, face.stated_type) == (encoding, stated_type)
    assert image_size(image) == (12, 16)
    decoded = decode_image(image)
    assert (decoded.width, decoded.height, len(decoded.rgb)) == (12, 16, 12 * 16 * 3)
    red, green, blue = decoded.rgb[:3]
    assert abs(red - 200) < 12
    assert abs(green - 40) < 12
    assert abs(blue - 90) < 12
    with Image.open(io.BytesIO(decoded.to_png())) as shown:
        assert (shown.format, shown.size) == ("PNG", (12, 16))


def test_grey_pictures_become_rgb() -> None:
    for kind in ("jpeg", "jp2", "png"):
        assert len(decode_image(picture(kind, mode="L")).rgb) == 12 * 16 * 3


@pytest.mark.parametrize("deviation", [-8, -1, 0, 1, 8])
def test_lengths_wrong_by_up_to_eight_are_read_over(deviation: int) -> None:
    image = picture("jpeg")
    of_record = parse_face_record(record(block(image), deviation=deviation))
    assert of_record.length_deviation == deviation
    assert of_record.images[0].image == image
    of_block = parse_face_record(record(block(image, deviation=deviation)))
    assert of_block.images[0].length_deviation == deviation
    assert of_block.images[0].image == image


@pytest.mark.parametrize("deviation", [-9, 9, 1 << 20, -(1 << 20)])
def test_other_lengths_are_not(deviation: int) -> None:
    image = picture("jpeg")
    whole = record(block(image))
    of_record = struct.pack(">I", (len(whole) - deviation) & 0xFFFFFFFF)
    of_block = struct.pack(">I", (len(whole) - 14 - deviation) & 0xFFFFFFFF)
    for octets in (whole[:8] + of_record + whole[12:], whole[:14] + of_block + whole[18:]):
        with pytest.raises(errors.DocumentError) as caught:
            parse_face_record(octets)
        assert caught.value.code is errors.FILE_MALFORMED


def test_several_pictures_points_and_templates() -> None:
    one, two, three = picture("jpeg"), picture("j2k"), picture("jp2")
    octets = group(record(block(one, points=2), block(two)), record(block(three)))
    group2 = parse_dg2(octets)
    faces = group2.face_images()
    assert [face.image for face in faces] == [one, two, three]
    assert group2.announced == 2
    assert group2.encoded == octets
    assert [(point.kind, point.point, point.x, point.y) for point in faces[0].feature_points] == [
        (1, 0x3B, 10, 20),
        (1, 0x3B, 11, 21),
    ]
    assert (faces[0].information.gender, faces[0].information.eye_colour, faces[0].information.hair_colour) == (1, 2, 3)
    assert (faces[0].width, faces[0].height, faces[0].face_type) == (12, 16, 1)
    header = dataclasses.asdict(group2.templates[0].header)
    assert header["format_owner"] == b"\x01\x01"
    assert header["created"] is None


def test_a_document_without_a_photo() -> None:
    assert parse_dg2(group()).face_images() == ()
    assert parse_dg2(group(record())).face_images() == ()
    nothing_said = encode_tlv(0x75, encode_tlv(0x7F61, b""))
    assert parse_dg2(nothing_said).announced is None


def test_the_newer_encoding_is_named_and_a_broken_one_is_refused() -> None:
    octets = group(encode_tlv(0xA1, encode_tlv(0x65, b"\x80\x01\x03")), data_tag=0x7F2E)
    (template,) = parse_dg2(octets).templates
    assert template.is_iso_39794
    assert template.data == encode_tlv(0xA1, encode_tlv(0x65, b"\x80\x01\x03"))
    with pytest.raises((errors.DocumentError, WireError)):
        parse_dg2(octets).face_images()


MALFORMED_RECORDS = {
    "empty": b"",
    "header cut short": record(block(b"x"))[:13],
    "more pictures than there are": record(block(picture("jpeg")), count=2),
    "more pictures than are allowed": record(*[block(b"")] * 17),
    "sixty-five thousand pictures": record(block(b""), count=0xFFFF),
    "points beyond the end": record(struct.pack(">IH", 32, 0xFFFF) + bytes(26)),
    "first block of no length": record(b"\x00" * 32, block(b"")),
    "information cut short": record(bytes(10)),
}


@pytest.mark.parametrize("octets", MALFORMED_RECORDS.values(), ids=MALFORMED_RECORDS.keys())
def test_malformed_records(octets: bytes) -> None:
    with pytest.raises(errors.DocumentError) as caught:
        parse_face_record(octets)
    assert caught.value.code is errors.FILE_MALFORMED


def test_another_format_is_named_as_such() -> None:
    for octets in (b"FIR\x00" + record()[4:], b"FAC\x00030\x00" + record()[8:]):
        with pytest.raises(errors.DocumentError) as caught:
            parse_face_record(octets)
        assert caught.value.code is errors.FORMAT_UNSUPPORTED


def test_malformed_groups() -> None:
    no_data = encode_tlv(0x75, encode_tlv(0x7F61, encode_tlv(0x7F60, encode_tlv(0xA1, b""))))
    crowd = group(*[record()] * 17)
    for octets in (no_data, crowd, group(announced=b""), group(announced=b"\x00\x01")):
        with pytest.raises(errors.DocumentError):
            parse_dg2(octets)
    for octets in (b"", encode_tlv(0x75, b""), encode_tlv(0x61, encode_tlv(0x7F61, b"")), b"\x75\x84\xff\xff\xff\xff"):
        with pytest.raises(WireError):
            parse_dg2(octets)


# ------------------------------------------------------------------------- pictures that are attacks
def with_jpeg_size(image: bytes, width: int, height: int) -> bytes:
    start = image.index(b"\xff\xc0")
    return image[: start + 5] + struct.pack(">HH", height, width) + image[start + 9 :]


def with_png_size(image: bytes, width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">II", width, height) + image[24:29]
    return image[:12] + header + struct.pack(">I", zlib.crc32(header)) + image[33:]


def with_codestream_size(image: bytes, width: int, height: int) -> bytes:
    start = image.index(b"\xff\x4f\xff\x51")
    return image[: start + 8] + struct.pack(">II", width, height) + image[start + 16 :]


@pytest.mark.parametrize("size", [(65535, 65535), (MAX_SIDE + 1, 16), (4096, 4096), (12, 4097)])
def test_pixel_bombs_are_refused_before_decoding(size: tuple[int, int]) -> None:
    # (4096, 4096) is within the sides but more than six million pixels
    for image in (
        with_jpeg_size(picture("jpeg"), *size),
        with_codestream_size(picture("j2k"), *size),
        with_codestream_size(picture("jp2"), *size),
        with_png_size(picture("png"), *size),
    ):
        with pytest.raises(errors.DocumentError) as caught:
            decode_image(image)
        assert caught.value.code is errors.IMAGE_TOO_LARGE


def test_two_headers_that_disagree() -> None:
    image = picture("jp2")
    box = image.index(b"ihdr") + 4
    lying = image[:box] + struct.pack(">II", 4000, 4000) + image[box + 8 :]
    frame = picture("jpeg")[2:]
    start, stop = frame.index(b"\xff\xc0"), frame.index(b"\xff\xc4")
    second_frame = b"\xff\xd8" + with_jpeg_size(frame[start:stop], 99, 99) + frame
    for octets in (lying, second_frame):
        with pytest.raises(errors.DocumentError) as caught:
            decode_image(octets)
        assert caught.value.code is errors.IMAGE_UNREADABLE


def test_too_many_scans_tiles_components_or_bytes() -> None:
    jpeg, codestream = picture("jpeg"), picture("j2k")
    scan = jpeg[jpeg.index(b"\xff\xda") : -2]
    tiny_tiles = codestream[:24] + struct.pack(">II", 1, 1) + codestream[32:]
    many_tiles = with_codestream_size(tiny_tiles, 1000, 1000)
    components = codestream[:40] + struct.pack(">H", 5) + codestream[42:]
    for octets in (jpeg[:-2] + scan * MAX_SCANS + jpeg[-2:], many_tiles, components, jpeg + bytes(1 << 20)):
        with pytest.raises(errors.DocumentError) as caught:
            decode_image(octets)
        assert caught.value.code is errors.IMAGE_TOO_LARGE


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"GIF89a" + bytes(20),
        b"\x89PNG\r\n\x1a\n" + bytes(40),
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xe0\x00\x00",
        b"\xff\xd8\xff\xc0\x00\x11\x08\x00\x00\x00\x00\x03",
        b"\x00\x00\x00\x0cjP  \r\n\x87\n",
        b"\x00\x00\x00\x0cjP  \r\n\x87\n" + b"\x00\x00\x00\x00free",
        b"\x00\x00\x00\x0cjP  \r\n\x87\n" + b"\x00\x00\x00\x01jp2h" + b"\xff" * 8,
        b"\xff\x4f\xff\x51" + bytes(60),
    ],
)
def test_what_is_no_picture(octets: bytes) -> None:
    with pytest.raises(errors.DocumentError) as caught:
        decode_image(octets)
    assert caught.value.code is errors.IMAGE_UNREADABLE


@settings(deadline=None, max_examples=25)  # each starts a process
@given(st.sampled_from(["jpeg", "jp2", "j2k", "png"]), st.data())
def test_damaged_pictures_are_shown_or_refused_but_never_anything_else(kind: str, data: st.DataObject) -> None:
    image = bytearray(picture(kind))
    for _ in range(data.draw(st.integers(0, 4))):
        image[data.draw(st.integers(0, len(image) - 1))] = data.draw(st.integers(0, 255))
    octets = bytes(image[: data.draw(st.integers(0, len(image)))])
    code = None
    try:
        decoded = decode_image(octets)
    except errors.DocumentError as error:
        code = error.code
    else:
        assert len(decoded.rgb) == 3 * decoded.width * decoded.height
    assert code in (None, errors.IMAGE_UNREADABLE, errors.IMAGE_TOO_LARGE)
    assert detect_encoding(octets) in ImageEncoding
