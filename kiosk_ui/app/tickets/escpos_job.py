"""A picture as an ESC/POS job. The one home of python-escpos, which turns pictures into the printers' commands.

What it is used for, what it is not, and why: docs/decisions/0022.
"""

from __future__ import annotations

import functools
import logging
import os
import re
import shutil
import threading
from types import ModuleType
from typing import Literal

from PIL import Image

from kiosk_ui.app.failures import PRINTER_SUPPORT_MISSING, PrinterError

__all__ = ["RasterCommand", "escpos_job", "warm_up"]

RasterCommand = Literal["bit_image", "graphics"]

_IMPLEMENTATIONS = {"bit_image": "bitImageRaster", "graphics": "graphics"}  # GS v 0, GS ( L
_BAND_ROWS = 240  # a band at a time: printers with little memory begin to print while the rest arrives
_REAL_TIME = re.compile(rb"\x10(?=[\x04\x05\x14])")
_loading = threading.Lock()


def escpos_job(page: Image.Image, command: RasterCommand = "bit_image", *, cut: bool = True) -> bytes:
    """Everything to send for one sheet: reset, the picture in bands, feed and cut.

    Args:
        page: black and white, exactly as wide as the printer's head.
        command: which command carries pictures; old printers know ``bit_image`` only.
        cut: whether the printer has a cutter.

    Raises:
        PrinterError: python-escpos is not installed.
    """
    printer = _library().Dummy()
    # Without a width in its profile the library prints a remark to standard output for every picture.
    printer.profile.profile_data = {**printer.profile.profile_data, "media": {"width": {"pixels": str(page.width)}}}
    printer.hw("INIT")
    printer.image(_without_real_time(page), impl=_IMPLEMENTATIONS[command], fragment_height=_BAND_ROWS)
    if cut:
        printer.cut()
    else:
        printer.print_and_feed(6)
    return bytes(printer.output)


def warm_up() -> None:
    """Load the library now (it takes a second), so that the first ticket is not late. Never raises."""
    try:
        _library()
    except PrinterError:
        return


def _without_real_time(page: Image.Image) -> Image.Image:
    """The picture with a dot more wherever its dots spell the beginning of a command of real time.

    Printers look for these commands (DLE EOT, DLE ENQ, DLE DC4) in pictures too: one of them switches the printer off.
    """
    ink = page.convert("1").point(lambda dot: 255 - dot)
    dots = _REAL_TIME.sub(b"\x18", ink.tobytes())
    return Image.frombytes("1", ink.size, dots).point(lambda dot: 255 - dot)


@functools.cache
def _load() -> ModuleType:
    root = logging.getLogger()
    handlers = list(root.handlers)
    try:
        import escpos.printer
        from escpos import capabilities
    except ImportError:
        raise PrinterError(PRINTER_SUPPORT_MISSING, missing="python-escpos") from None
    finally:
        # The library sets up the program's log when it is imported. That is not a library's to do.
        for handler in set(root.handlers) - set(handlers):
            root.removeHandler(handler)
    if "ESCPOS_CAPABILITIES_PICKLE_DIR" not in os.environ:
        # It leaves a folder of its own in the temporary files for each process, and never looks at it again.
        shutil.rmtree(capabilities.pickle_dir, ignore_errors=True)
    printers: ModuleType = escpos.printer
    return printers


def _library() -> ModuleType:
    with _loading:
        return _load()
