"""DG3 and DG4 in the records of ISO/IEC 19794: a whole specimen chip, and records put together octet by octet."""

from __future__ import annotations

import io
import math
import struct
from pathlib import Path

import pytest
from PIL import Image

from crypto.errors import WireError
from crypto.wire.tlv import encode_tlv
from reader import errors
from reader.lds import finger_image
from reader.lds.dg3 import parse_dg3
from reader.lds.dg4 import parse_dg4
from reader.lds.face_image import MAX_SIDE, image_size
from reader.lds.finger_image import can_decode_wsq, decode_finger, decode_wsq, wsq_size
from reader.lds.finger_record import FingerCompression, FingerImage, parse_finger_record
from reader.lds.image_encoding import ImageEncoding
from reader.lds.iris_record import parse_iris_record

SPECIMEN = Path(__file__).parents[1] / "vectors" / "specimen" / "bsi_mustermann"
NEEDS_WSQ = pytest.mark.skipif(not can_decode_wsq(), reason="the extra 'biometrics' has no wheel for this machine")


def view(
    image: bytes,
    *,
    position: int = 2,
    views: int = 1,
    view: int = 1,
    deviation: int = 0,
    size: tuple[int, int] = (3, 2),
) -> bytes:
    """Finger image header and data: ISO/IEC 19794-4:2005 §7.2."""
    return struct.pack(">IBBBBBHHB", 14 + len(image) - deviation, position, views, view, 90, 0, *size, 0) + image


def finger_record(
    *views: bytes, fingers: int | None = None, compression: int = 2, depth: int = 8, deviation: int = 0
) -> bytes:
    """General record header (ISO/IEC 19794-4:2005 §7.1): 32 octets, with a length of six."""
    body = b"".join(views)
    length = (32 + len(body) - deviation).to_bytes(6, "big")
    number = len(views) if fingers is None else fingers
    header = (
        b"FIR\x00010\x00"
        + length
        + struct.pack(">HHBBHHHHBBH", 7, 31, number, 1, 500, 500, 500, 500, depth, compression, 0)
    )
    assert len(header) == 32
    return header + body


def iris_record(*eyes: tuple[int, list[bytes]], deviation: int = 0, header_bytes: int = 45) -> bytes:
    """Record, subtype and image headers of ISO/IEC 19794-6:2005 §6.5."""
    body = b""
    for eye, images in eyes:
        body += struct.pack(">BH", eye, len(images))
        for index, image in enumerate(images, start=1):
            body += struct.pack(">HBHHI", index, 80, 0xFFFF, 0xFFFF, len(image)) + image
    header = struct.pack(">HBHHHHHHBB16s", 0, len(eyes), header_bytes, 0, 150, 16, 163, 149, 24, 0, b"")
    header += bytes(header_bytes - 45) if header_bytes > 45 else b""
    length = 12 + len(header) + len(body) - deviation
    return b"IIR\x00010\x00" + struct.pack(">I", length) + header + body


def group(outer: int, *records: bytes, header: bytes = b"\x81\x01\x08\x82\x01\x0a", tail: bytes = b"") -> bytes:
    templates = [encode_tlv(0x7F60, encode_tlv(0xA1, header) + encode_tlv(0x5F2E, record)) for record in records]
    return encode_tlv(outer, encode_tlv(0x7F61, [encode_tlv(0x02, bytes([len(records)])), *templates]) + tail)


# -------------------------------------------------------------------------------------- a real chip
def test_fingers_of_the_specimen() -> None:
    dg3 = parse_dg3((SPECIMEN / "EF_DG3.bin").read_bytes())
    assert (dg3.announced, len(dg3.templates), dg3.issuer_defined) == (2, 2, None)
    assert [template.header.biometric_subtype for template in dg3.templates] == [
        b"\x09",
        b"\x0a",
    ]  # right, left pointer
    right, left = dg3.finger_images()
    assert isinstance(right, FingerImage)
    assert isinstance(left, FingerImage)
    assert (right.position, left.position) == (2, 7)
    for finger in (right, left):
        assert (finger.encoding, finger.compression, finger.pixel_depth) == (
            ImageEncoding.WSQ,
            FingerCompression.WSQ,
            8,
        )
        assert (finger.width, finger.height, finger.quality, finger.length_deviation) == (620, 620, 100, 0)
        assert wsq_size(finger.image) == (620, 620)
    record = parse_finger_record(dg3.templates[0].data)
    assert (record.resolution, record.dots_per_cm, record.acquisition_level) == ((500, 500), False, 31)


def test_irises_of_the_specimen() -> None:
    dg4 = parse_dg4((SPECIMEN / "EF_DG4.bin").read_bytes())
    right, left = dg4.iris_images()
    assert (right.eye, left.eye) == (1, 2)
    for iris, size, template in zip((right, left), ((163, 149), (160, 152)), dg4.templates, strict=True):
        assert iris.encoding is ImageEncoding.JPEG2000
        record = parse_iris_record(template.data)
        assert (record.width, record.height) == size == image_size(iris.image)
        assert (record.image_format, record.depth, record.length_deviation) == (16, 24, 0)


# ------------------------------------------------------------------------------------------ records
def test_several_fingers_and_views() -> None:
    dg3 = parse_dg3(
        group(
            0x63,
            finger_record(
                view(b"one", position=1),
                view(b"two-1", position=6, views=2, view=1),
                view(b"two-2", position=6, views=2, view=2),
                fingers=2,
            ),
            finger_record(view(b"three", position=10)),
        )
    )
    found = [(finger.position, finger.image) for finger in dg3.finger_images()]
    assert found == [(1, b"one"), (6, b"two-1"), (6, b"two-2"), (10, b"three")]
    assert parse_finger_record(finger_record()).images == ()


@pytest.mark.parametrize("deviation", [-8, -1, 1, 8])
def test_lengths_wrong_by_up_to_eight_are_read_over(deviation: int) -> None:
    of_record = parse_finger_record(finger_record(view(b"image"), deviation=deviation))
    assert (of_record.length_deviation, of_record.images[0].image) == (deviation, b"image")
    of_view = parse_finger_record(finger_record(view(bytes(20), deviation=deviation)))
    assert of_view.images[0].length_deviation == deviation
    of_iris = parse_iris_record(iris_record((1, [b"image"]), deviation=deviation))
    assert (of_iris.length_deviation, of_iris.images[0].image) == (deviation, b"image")


MALFORMED_FINGERS = {
    "empty": b"",
    "header cut short": finger_record()[:31],
    "length wrong by nine": finger_record(view(b"x"), deviation=9),
    "length of the view wrong by nine": finger_record(view(bytes(30), deviation=9)),
    "more fingers than there are": finger_record(view(b"x"), fingers=2),
    "more views than there are": finger_record(view(b"x", views=3)),
    "two hundred views": finger_record(view(b"x", views=200)),
    "two hundred fingers": finger_record(fingers=200),
    "a view shorter than its header": finger_record(view(b"x", deviation=8), view(b"y")),
    "a view beyond the end": finger_record(view(b"x", deviation=-9000), view(b"y")),
}


@pytest.mark.parametrize("octets", MALFORMED_FINGERS.values(), ids=MALFORMED_FINGERS.keys())
def test_malformed_finger_records(octets: bytes) -> None:
    with pytest.raises(errors.DocumentError) as caught:
        parse_finger_record(octets)
    assert caught.value.code is errors.FILE_MALFORMED


def test_both_eyes_in_one_record_and_a_longer_header() -> None:
    record = iris_record((1, [b"r1", b"r2"]), (2, [b"left"]))
    assert [(iris.eye, iris.image) for iris in parse_iris_record(record).images] == [
        (1, b"r1"),
        (1, b"r2"),
        (2, b"left"),
    ]
    longer = iris_record((2, [b"left"]), header_bytes=60)
    assert parse_iris_record(longer).images[0].image == b"left"
    assert parse_iris_record(iris_record()).images == ()


MALFORMED_IRISES = {
    "empty": b"",
    "header cut short": iris_record()[:44],
    "length wrong by nine": iris_record((1, [b"x"]), deviation=9),
    "a header that is too short": iris_record((1, [b"x"]), header_bytes=44),
    "a header beyond the end": iris_record()[:19] + b"\xff\xff" + iris_record((1, [b"x"]))[21:],
    "more pictures than there are": iris_record((1, [b"x"]))[:46] + b"\x00\x03" + iris_record((1, [b"x"]))[48:],
    "sixty-five thousand pictures": iris_record((1, [b"x"]))[:46] + b"\xff\xff" + iris_record((1, [b"x"]))[48:],
}


@pytest.mark.parametrize("octets", MALFORMED_IRISES.values(), ids=MALFORMED_IRISES.keys())
def test_malformed_iris_records(octets: bytes) -> None:
    with pytest.raises(errors.DocumentError) as caught:
        parse_iris_record(octets)
    assert caught.value.code is errors.FILE_MALFORMED


def test_another_format_is_named_as_such() -> None:
    for parse, octets in (
        (parse_finger_record, b"FMR\x00" + finger_record()[4:]),
        (parse_finger_record, b"FIR\x00030\x00" + finger_record()[8:]),
        (parse_iris_record, b"FIR\x00" + iris_record()[4:]),
        (parse_iris_record, b"IIR\x00020\x00" + iris_record()[8:]),
    ):
        with pytest.raises(errors.DocumentError) as caught:
            parse(octets)
        assert caught.value.code is errors.FORMAT_UNSUPPORTED


# ------------------------------------------------------------------------------------------- groups
def test_a_document_without_fingers() -> None:
    # Doc 9303-10 table 50: the object 53 beside the group template, so that no two such files have one hash
    beside = encode_tlv(0x63, bytes.fromhex("7f6103020100") + encode_tlv(0x53, b"random"))
    inside = encode_tlv(0x63, encode_tlv(0x7F61, b"\x02\x01\x00" + encode_tlv(0x53, b"random")))
    for octets in (beside, inside):
        dg3 = parse_dg3(octets)
        assert (dg3.announced, dg3.templates, dg3.issuer_defined) == (0, (), b"random")
        assert dg3.finger_images() == ()
    assert parse_dg3(bytes.fromhex("63067f6103020100")).issuer_defined is None
    assert parse_dg4(bytes.fromhex("76067f6103020100")).iris_images() == ()


def test_header_tags_that_count_on_and_enciphered_templates() -> None:
    template = encode_tlv(0x7F60, encode_tlv(0xA2, b"\x82\x01\x0a") + encode_tlv(0x5F2E, finger_record(view(b"x"))))
    dg3 = parse_dg3(encode_tlv(0x63, encode_tlv(0x7F61, b"\x02\x01\x01" + template)))
    assert dg3.templates[0].header.biometric_subtype == b"\x0a"
    enciphered = encode_tlv(0x7F60, encode_tlv(0xA1, b"") + encode_tlv(0x7D, b"\x85\x01\x00"))
    with pytest.raises(errors.DocumentError) as caught:
        parse_dg3(encode_tlv(0x63, encode_tlv(0x7F61, b"\x02\x01\x01" + enciphered)))
    assert caught.value.code is errors.FORMAT_UNSUPPORTED
    with pytest.raises(WireError):
        parse_dg3((SPECIMEN / "EF_DG4.bin").read_bytes())


# ------------------------------------------------------------------------------------------- pixels
def ridges(size: tuple[int, int] = (96, 64)) -> Image.Image:
    pixels = bytes(int(128 + 100 * math.sin((x + y * 0.6) / 3)) for y in range(size[1]) for x in range(size[0]))
    return Image.frombytes("L", size, pixels)


@NEEDS_WSQ
def test_wsq_gives_the_picture_that_went_in() -> None:
    import wsq  # noqa: F401 - registers the encoder with Pillow

    original = ridges()
    buffer = io.BytesIO()
    original.save(buffer, "WSQ")
    assert wsq_size(buffer.getvalue()) == (96, 64)
    decoded = decode_wsq(buffer.getvalue())
    assert (decoded.width, decoded.height) == (96, 64)
    assert decoded.rgb[0::3] == decoded.rgb[1::3] == decoded.rgb[2::3]
    square = sum((a - b) ** 2 for a, b in zip(original.tobytes(), decoded.rgb[0::3], strict=True))
    assert math.sqrt(square / len(original.tobytes())) < 20  # lossy at 12 to 1; another picture would be off by 100


@NEEDS_WSQ
def test_a_finger_of_the_specimen_can_be_shown() -> None:
    finger = parse_dg3((SPECIMEN / "EF_DG3.bin").read_bytes()).finger_images()[0]
    decoded = decode_finger(finger)
    grey = decoded.rgb[0::3]
    assert (decoded.width, decoded.height, len(grey)) == (620, 620, 620 * 620)
    corner, middle = grey[:50], grey[310 * 620 + 200 : 310 * 620 + 420]
    assert min(corner) > 230  # white paper around it
    assert max(middle) - min(middle) > 150  # ridges in the middle


@NEEDS_WSQ
def test_damaged_wsq_is_refused_and_harms_nobody() -> None:
    good = parse_dg3((SPECIMEN / "EF_DG3.bin").read_bytes()).finger_images()[0].image
    tables = good.index(b"\xff\xa5")
    for octets in (good[: len(good) // 2], good[:tables] + good[tables + 200 :], good[:700] + bytes(len(good) - 700)):
        code = None
        try:
            decode_wsq(octets)
        except errors.DocumentError as error:
            code = error.code
        assert code in (None, errors.IMAGE_UNREADABLE)  # the format has no checksum: some damage just looks odd


def test_without_the_extra_the_format_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    good = parse_dg3((SPECIMEN / "EF_DG3.bin").read_bytes()).finger_images()[0]
    monkeypatch.setattr(finger_image.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(errors.DocumentError) as caught:
        decode_finger(good)
    assert caught.value.code is errors.FORMAT_UNSUPPORTED
    assert wsq_size(good.image) == (620, 620)  # its size is known all the same


def wsq_header(width: int, height: int, *, before: bytes = b"", frames: int = 1) -> bytes:
    frame = b"\xff\xa2" + struct.pack(">HBBHHBHBHBH", 17, 0, 255, height, width, 0, 0, 0, 0, 0, 0)
    return b"\xff\xa0" + before + frame * frames + b"\xff\xa3\x00\x03\x00" + bytes(20) + b"\xff\xa1"


@pytest.mark.parametrize("size", [(65535, 65535), (MAX_SIDE + 1, 10), (4096, 4096)])
def test_pixel_bombs_are_refused_before_decoding(size: tuple[int, int]) -> None:
    with pytest.raises(errors.DocumentError) as caught:
        decode_wsq(wsq_header(*size))
    assert caught.value.code is errors.IMAGE_TOO_LARGE


def test_wsq_headers_that_cannot_be() -> None:
    comment = b"\xff\xa8\x00\x04hi"
    assert wsq_size(wsq_header(30, 20, before=comment)) == (30, 20)
    for octets in (
        b"",
        b"\xff\xa0",
        b"\xff\xa0\xff",
        wsq_header(30, 20)[:12],
        wsq_header(0, 20),
        wsq_header(30, 20, frames=0),
        wsq_header(30, 20, frames=2),  # two that may disagree
        wsq_header(30, 20, before=b"\xff\xd8\x00\x02"),
        b"\xff\xd8" + wsq_header(30, 20),
    ):
        with pytest.raises(errors.DocumentError) as caught:
            wsq_size(octets)
        assert caught.value.code is errors.IMAGE_UNREADABLE
    with pytest.raises(errors.DocumentError) as caught:
        wsq_size(wsq_header(30, 20) + bytes(1 << 20))
    assert caught.value.code is errors.IMAGE_TOO_LARGE


def test_uncompressed_rows_and_other_encodings() -> None:
    def finger(image: bytes, compression: int, *, depth: int = 8, size: tuple[int, int] = (3, 2)) -> FingerImage:
        return parse_finger_record(finger_record(view(image, size=size), compression=compression, depth=depth)).images[
            0
        ]

    decoded = decode_finger(finger(bytes([0, 50, 100, 150, 200, 250]), 0))
    assert (decoded.width, decoded.height) == (3, 2)
    assert decoded.rgb == bytes(value for value in (0, 50, 100, 150, 200, 250) for _ in range(3))
    buffer = io.BytesIO()
    ridges().save(buffer, "JPEG2000", irreversible=False)
    assert decode_finger(finger(buffer.getvalue(), 4)).rgb[0::3] == ridges().tobytes()
    png = io.BytesIO()
    ridges().save(png, "PNG")
    assert decode_finger(finger(png.getvalue(), 5)).rgb[0::3] == ridges().tobytes()
    assert decode_finger(finger(buffer.getvalue(), 0)).width == 96  # the picture says what it is, not the record
    for bad, code in (
        (finger(bytes(7), 0), errors.IMAGE_UNREADABLE),
        (finger(b"", 0, size=(65535, 65535)), errors.IMAGE_TOO_LARGE),
        (finger(bytes(6), 0, depth=4), errors.FORMAT_UNSUPPORTED),
        (finger(bytes(6), 1), errors.FORMAT_UNSUPPORTED),
        (finger(b"\x89PNG\r\n\x1a\n" + bytes(30), 5), errors.IMAGE_UNREADABLE),
    ):
        with pytest.raises(errors.DocumentError) as caught:
            decode_finger(bad)
        assert caught.value.code is code
