"""``python -m tests.hostile.size_cases CASE``: one thing that is far too large, in an interpreter of its own.

Prints the code of the error that it ends in, and the kilobytes that this process and the decoder that it started had at
most, both together. The system ends the process when it computes for more than two seconds.
"""

from __future__ import annotations

import io
import resource
import struct
import sys
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from crypto.errors import ChipIdError
from crypto.pki.certificate import Certificate
from crypto.pki.passive_authentication import read_security_object
from crypto.wire.apdu import CommandApdu, ResponseApdu
from crypto.wire.tlv import encode_length, encode_tlv
from reader.block_sizes import BlockSizes
from reader.file_reading import read_file
from reader.lds import dg2, dg15, security_infos, vietnam
from reader.lds.face_image import MAX_SCANS, decode_image
from reader.lds.files import data_group

MOST_PROCESSOR_S = 2
_BIG = (2400, 2500)


def _picture(kind: str, size: tuple[int, int] = (16, 16), **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, (200, 40, 90)).save(buffer, kind, **options)
    return buffer.getvalue()


def _65535_by_65535(codestream: bytes) -> bytes:
    start = codestream.index(b"\xff\x4f\xff\x51") + 8
    return codestream[:start] + struct.pack(">II", 65535, 65535) + codestream[start + 8 :]


def _scans_without_end(scans: int) -> bytes:
    """A progressive JPEG of the largest size whose finest scan comes again and again."""
    picture = _picture("JPEG", _BIG, progressive=True)
    finest = picture[picture.rindex(b"\xff\xc4") : -2]
    return picture[:-2] + finest * (scans - picture.count(b"\xff\xda"))


def _lines_without_end() -> bytes:
    """A JPEG whose one scan goes on and on."""
    return _picture("JPEG", (413, 531))[:-2] + bytes(range(255)) * 3000


def _fill_without_end() -> bytes:
    return b"\xff\xd8" + b"\xff" * 1_000_000


def _nested(depth: int) -> bytes:
    headers: list[bytes] = []
    length = 0
    for _ in range(depth):
        headers.append(b"\x30" + encode_length(length))
        length += len(headers[-1])
    return b"".join(reversed(headers))


def _read_from_chip(first_octets: bytes) -> None:
    def chip(command: CommandApdu) -> ResponseApdu:
        return ResponseApdu((first_octets + bytes(256))[: command.ne], 0x9000)

    read_file(chip, data_group(2), BlockSizes(65_544, 65_538))


FOUR_GIGABYTES = bytes.fromhex("7584FFFFFFFF")
NESTED = 10_000

CASES: dict[str, tuple[str, Callable[[], object]]] = {
    "jpeg 2000 of 65535 by 65535": ("image.too_large", lambda: decode_image(_65535_by_65535(_picture("JPEG2000")))),
    "bare jpeg 2000 of 65535 by 65535": (
        "image.too_large",
        lambda: decode_image(_65535_by_65535(_picture("JPEG2000", no_jp2=True))),
    ),
    "jpeg, more scans than are allowed": ("image.too_large", lambda: decode_image(_scans_without_end(MAX_SCANS + 1))),
    "jpeg, a scan without end": ("image.unreadable", lambda: decode_image(_lines_without_end())),
    "jpeg, fill octets without end": ("image.unreadable", lambda: decode_image(_fill_without_end())),
    "four gigabytes from a chip": ("document.too_large", lambda: _read_from_chip(FOUR_GIGABYTES)),
    "four gigabytes in a file": ("tlv.too_large", lambda: dg2.parse_dg2(FOUR_GIGABYTES + bytes(100))),
    "nested in DG2": ("tlv.absent", lambda: dg2.parse_dg2(encode_tlv(0x75, _nested(NESTED)))),
    "nested in DG13": ("tlv.too_deep", lambda: vietnam.parse_dg13(encode_tlv(0x6D, _nested(NESTED)))),
    "nested in DG15": ("tlv.absent", lambda: dg15.parse_dg15(encode_tlv(0x6F, _nested(NESTED)))),
    "nested in EF.CardAccess": (
        "document.malformed",
        lambda: security_infos.parse_card_access(encode_tlv(0x31, _nested(NESTED))),
    ),
    "nested in EF.SOD": ("cms.malformed", lambda: read_security_object(encode_tlv(0x77, _nested(NESTED)))),
    "nested without lengths in EF.SOD": (
        "cms.malformed",
        lambda: read_security_object(encode_tlv(0x77, b"\x30\x80" * NESTED + bytes(2 * NESTED))),
    ),
    "nested in a certificate": ("certificate.malformed", lambda: Certificate.parse(_nested(NESTED))),
}


def own_peak_kilobytes() -> int:
    """Of this program alone: ru_maxrss would count what started it, too, if that was larger when it did."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0])


def main() -> None:
    """Run the case that the arguments name."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime) + 1 + MOST_PROCESSOR_S
    resource.setrlimit(resource.RLIMIT_CPU, (most, most))
    code = "none"
    try:
        CASES[sys.argv[1]][1]()
    except ChipIdError as error:
        code = error.code.name
    kilobytes = own_peak_kilobytes() + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    sys.stdout.write(f"{code} {kilobytes}\n")


if __name__ == "__main__":
    main()
