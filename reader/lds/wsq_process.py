"""Decodes one WSQ picture from standard input to standard output, and is nothing but that.

Started by :mod:`reader.lds.finger_image` as a script in a process of its own, because the decoder is C code that damaged
pictures crash. It imports nothing of this project. The answer is width and height (four octets each, big-endian) and the
grey values; anything but exit status 0 means that there is no picture.
"""

from __future__ import annotations

import contextlib
import io
import os
import struct
import sys

_MEMORY_BYTES = 1 << 30
_CPU_S = 10


def _limit_resources() -> None:
    """No dump of a fingerprint, no file, and an end to memory and time. Where the system has no limits, the parent's
    timeout remains."""
    try:
        import resource
    except ImportError:
        return
    limits = (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CPU, _CPU_S),
        (resource.RLIMIT_AS, _MEMORY_BYTES),
    )
    for limit, value in limits:
        hard = resource.getrlimit(limit)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        with contextlib.suppress(ValueError, OSError):  # not every system knows every limit
            resource.setrlimit(limit, (value, value))


def main() -> None:
    """Read, decode, write."""
    octets = sys.stdin.buffer.read()
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the C code prints must not get into the answer
    _limit_resources()
    import wsq  # registers the format with Pillow
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # the parent has looked at the size
    with Image.open(io.BytesIO(octets), formats=(wsq.WsqImagePlugin.WsqImageFile.format,)) as image:
        image.load()
        size, pixels = image.size, image.tobytes()
    with answer:
        answer.write(struct.pack(">II", *size) + pixels)


if __name__ == "__main__":
    main()
