"""Decodes one picture from standard input to standard output, and is nothing but that.

Started by :mod:`reader.lds.image_decoder` as a script in a process of its own, because decoders are C code and a chip
chooses what they are given. It imports nothing of this project. Its arguments are the encoding, and folders where
decoders lie. The answer is width and height (four octets each, big-endian) and the rows of red, green and blue; anything
but exit status 0 and exactly so many octets means that there is no picture.

What it gives up, once the decoder is loaded and before it sees the first octet:

=============  ==================================  ===============================================================
memory         more than 192 MiB of addresses      RLIMIT_AS
computing      more than 2 s                       RLIMIT_CPU; the parent ends it after 10 s of the clock
files          opening any, writing any            RLIMIT_NOFILE 0, RLIMIT_FSIZE 0
network        sockets; every interface            RLIMIT_NOFILE 0; a network namespace of its own where one is granted
processes      starting any                        RLIMIT_NPROC 0 (the system does not hold root to it)
traces         a dump of memory                    RLIMIT_CORE 0
=============  ==================================  ===============================================================

Where the system has no such limits (Windows), what remains is the process of its own, its end after 10 s, and an audit
hook that refuses Python code files, sockets and processes; machine code that a picture took over is not held by it.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import struct
import sys
from typing import Any

_MEMORY_BYTES = 192 << 20
_CPU_S = 2
_STRIP_ROWS = 128
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000  # sched.h

# What loads an encoding whole, because nothing can be loaded later: the decoder, and what it imports only when needed
_DECODERS = {
    "jpeg": ("PIL.JpegImagePlugin", "JpegImageFile", ("PIL.TiffImagePlugin",)),  # a resolution may be in the Exif part
    "jpeg2000": ("PIL.Jpeg2KImagePlugin", "Jpeg2KImageFile", ("PIL.ImagePalette",)),
    "png": ("PIL.PngImagePlugin", "PngImageFile", ("PIL.ImagePalette",)),
    "wsq": ("wsq.WsqImagePlugin", "WsqImageFile", ()),
}
_REFUSED = ("open", "socket.", "subprocess.", "os.", "ctypes.", "import", "winreg.", "_winapi.", "ftplib.", "urllib.")


def give_up_rights() -> None:
    """No way back from here: see the table above. What the system does not know or grant is left out."""
    with contextlib.suppress(OSError, ImportError, AttributeError):
        _leave_the_network()
    with contextlib.suppress(ImportError):
        _limit_resources()
    sys.addaudithook(_refuse)


def _leave_the_network() -> None:
    """Into a network namespace without interfaces; many systems grant that to nobody but root."""
    if hasattr(os, "unshare"):  # Python 3.12
        os.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
    elif sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


def _limit_resources() -> None:
    import resource

    wanted = {
        "RLIMIT_CORE": 0,
        "RLIMIT_FSIZE": 0,
        "RLIMIT_CPU": _CPU_S,
        "RLIMIT_AS": _MEMORY_BYTES,
        "RLIMIT_NPROC": 0,
        "RLIMIT_NOFILE": 0,  # whoever cannot get another descriptor opens neither a file nor a socket
    }
    for name, value in wanted.items():
        with contextlib.suppress(ValueError, OSError, AttributeError):  # not every system knows every limit
            resource.setrlimit(getattr(resource, name), (value, value))


def _refuse(event: str, _: tuple[Any, ...]) -> None:
    if event.startswith(_REFUSED):
        raise PermissionError


def main() -> None:
    """Load, give up every right, read, decode, write."""
    sys.path += [folder for folder in sys.argv[2:] if folder not in sys.path]
    from PIL import Image

    module, name, others = _DECODERS[sys.argv[1]]
    for other in others:
        importlib.import_module(other)
    open_picture = getattr(importlib.import_module(module), name)
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what machine code prints must not get into the answer
    give_up_rights()

    Image.MAX_IMAGE_PIXELS = None  # the parent has looked at the size
    picture = open_picture(io.BytesIO(sys.stdin.buffer.read()))
    picture.load()
    width, height = picture.size
    answer.write(struct.pack(">II", width, height))
    for top in range(0, height, _STRIP_ROWS):  # in strips: three copies of the whole would not fit
        strip = picture.crop((0, top, width, min(top + _STRIP_ROWS, height)))
        answer.write(strip.convert("RGB").tobytes())
    answer.flush()


if __name__ == "__main__":
    try:
        main()
    except BaseException:  # noqa: BLE001 - whatever it was: there is no picture, and nothing of it is told
        os._exit(1)
    os._exit(0)
