"""Pictures become pixels in a process of their own: no decoder ever runs in ours.

Every encoding goes this way (docs/decisions/0008). The caller has read the picture's own header first and says how large
it is; the process is started for this one picture, gives up its rights (:mod:`reader.lds.image_process`), and is ended
when it has computed for two seconds, or after ten of the clock. A picture goes through pipes, never through a file.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import io
import os
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final

from reader import errors
from reader.lds.image_encoding import ImageEncoding

__all__ = ["DECODER_TIMEOUT_S", "DecodedImage", "decode_apart"]

DECODER_TIMEOUT_S: Final = 10.0
"""A decoder that has not answered by then is ended. Computing has an end of its own after two seconds, of which a portrait
takes a tenth and a picture of the largest size half: on a busy machine those may take several of the clock."""

_DECODER: Final = Path(__file__).with_name("image_process.py")
_SIZE: Final = struct.Struct(">II")
_NO_WINDOW: Final = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # Windows would flash a console
_INHERITED: Final = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")
"""What an interpreter may need to start. Nothing else of our environment is the decoder's business."""
_ARGUMENTS: Final = {
    ImageEncoding.JPEG: "jpeg",
    ImageEncoding.JPEG2000: "jpeg2000",
    ImageEncoding.JPEG2000_CODESTREAM: "jpeg2000",
    ImageEncoding.PNG: "png",
    ImageEncoding.WSQ: "wsq",
}


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class DecodedImage:
    """Pixels.

    Attributes:
        width: in pixels.
        height: in pixels.
        rgb: ``3 · width · height`` bytes, rows from the top, no padding.
    """

    width: int
    height: int
    rgb: bytes

    def __repr__(self) -> str:
        return f"DecodedImage({self.width}×{self.height})"

    def to_png(self) -> bytes:
        """The picture as a PNG without any metadata."""
        from PIL import Image

        buffer = io.BytesIO()
        Image.frombytes("RGB", (self.width, self.height), self.rgb).save(buffer, "PNG")
        return buffer.getvalue()


def decode_apart(octets: bytes, encoding: ImageEncoding, size: tuple[int, int]) -> DecodedImage:
    """Decode a picture in a process that may crash, hang or lie without taking this one along.

    Args:
        octets: the encoded picture.
        encoding: what its first octets say; any but ``UNKNOWN``.
        size: width and height in pixels from its header, checked against the limits. Not more is taken.

    Raises:
        DocumentError: ``image.unreadable``: the decoder failed, said another size, or did not come to an end.
    """
    if not sys.executable:  # an embedded interpreter: there is nothing to start, and nothing is decoded here
        raise errors.DocumentError(errors.IMAGE_UNREADABLE)
    width, height = size
    expected = _SIZE.size + 3 * width * height
    try:
        answer, status = _converse(_command(encoding), octets, expected)
    except OSError:  # it cannot be started
        raise errors.DocumentError(errors.IMAGE_UNREADABLE) from None
    if status != 0 or len(answer) != expected or _SIZE.unpack_from(answer) != size:
        raise errors.DocumentError(errors.IMAGE_UNREADABLE)
    return DecodedImage(width, height, answer[_SIZE.size :])


def _command(encoding: ImageEncoding) -> list[str]:
    """An interpreter that listens to no environment and no folder of a user, told where the decoders lie."""
    found = (importlib.util.find_spec(name) for name in ("PIL", "wsq"))
    folders = [str(Path(spec.origin).parents[1]) for spec in found if spec is not None and spec.origin is not None]
    return [sys.executable, "-IB", str(_DECODER), _ARGUMENTS[encoding], *dict.fromkeys(folders)]


def _converse(command: list[str], octets: bytes, expected: int) -> tuple[bytes, int]:
    """What the process answers, at most one octet more than expected, and its exit status. It has ended then."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={name: os.environ[name] for name in _INHERITED if name in os.environ},
        creationflags=_NO_WINDOW,
    )
    # A timer instead of communicate(), which would take whatever the process writes, without an end
    end = threading.Timer(DECODER_TIMEOUT_S, process.kill)
    end.daemon = True
    try:
        end.start()
        answer = _ask(process, octets, expected + 1)
        return answer, process.wait()
    finally:
        end.cancel()
        process.kill()  # nothing happens to one that has ended
        process.wait()


def _ask(process: subprocess.Popen[bytes], octets: bytes, most: int) -> bytes:
    if process.stdin is None or process.stdout is None:  # both were asked for
        raise OSError
    with contextlib.suppress(OSError), process.stdin as pipe:  # it may have ended before it took everything
        pipe.write(octets)
    with process.stdout as pipe:
        return pipe.read(most)
