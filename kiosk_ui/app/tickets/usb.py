"""A receipt printer on USB: the printer class's two pipes, by way of pyusb and the system's libusb."""

from __future__ import annotations

import time
from typing import Any

from kiosk_ui.app.failures import PRINTER_SUPPORT_MISSING, PrinterError

__all__ = ["UsbChannel"]

_PRINTER_CLASS = 7  # USB device class definition for printing devices, section 4.3
_IN = 0x80
_BULK = 2
_MOST_SENT = 4_096  # bytes at a time


class UsbChannel:
    """The first printer that fits.

    Args:
        vendor: its USB vendor id, or ``None``: any.
        product: its USB product id, or ``None``: any.
        backend: pyusb's way to the bus; its own choice if not given.

    Raises:
        PrinterError: pyusb or libusb is missing.
        OSError: there is no such printer, or it is not this program's to use.
    """

    def __init__(self, vendor: int | None, product: int | None, backend: object = None) -> None:
        try:
            import usb.core
            import usb.util
        except ImportError:
            raise PrinterError(PRINTER_SUPPORT_MISSING, missing="pyusb") from None
        self._usb = usb
        wanted = {name: value for name, value in (("idVendor", vendor), ("idProduct", product)) if value is not None}
        try:
            self._device: Any = usb.core.find(backend=backend, custom_match=_is_printer, **wanted)
        except usb.core.NoBackendError:
            raise PrinterError(PRINTER_SUPPORT_MISSING, missing="libusb") from None
        if self._device is None:
            raise FileNotFoundError
        try:
            self._claim()
        except BaseException:
            usb.util.dispose_resources(self._device)
            raise

    def _claim(self) -> None:
        # USBError is an OSError, and so is what it says about rights.
        interface = _printer_interface(self._device)
        number = interface.bInterfaceNumber
        try:
            if self._device.is_kernel_driver_active(number):
                self._device.detach_kernel_driver(number)
        except NotImplementedError:
            pass  # a system whose drivers do not stand in the way
        self._usb.util.claim_interface(self._device, number)
        pipes = [pipe for pipe in interface if pipe.bmAttributes & 3 == _BULK]
        out = next((pipe for pipe in pipes if not pipe.bEndpointAddress & _IN), None)
        if out is None:
            raise FileNotFoundError
        self._out: Any = out
        self._in: Any = next((pipe for pipe in pipes if pipe.bEndpointAddress & _IN), None)

    def send(self, data: bytes, seconds: float) -> None:
        """Hand over everything within ``seconds``. Raises ``TimeoutError`` or another ``OSError``."""
        until = time.monotonic() + seconds
        at = 0
        while at < len(data):
            left_ms = int((until - time.monotonic()) * 1_000)
            if left_ms <= 0:
                raise TimeoutError
            try:
                at += self._out.write(data[at : at + _MOST_SENT], timeout=left_ms)
            except self._usb.core.USBTimeoutError:
                raise TimeoutError from None

    def receive(self, seconds: float) -> bytes:
        """What the printer says next; empty if it says nothing within ``seconds``. Raises ``OSError``."""
        if self._in is None:
            return b""
        until = time.monotonic() + seconds
        while True:
            left_ms = max(1, int((until - time.monotonic()) * 1_000))
            try:
                said = bytes(self._in.read(self._in.wMaxPacketSize, timeout=left_ms))
            except self._usb.core.USBTimeoutError:
                return b""
            # A pipe may hand over an empty packet at once; that is no answer.
            if said or time.monotonic() >= until:
                return said

    def close(self) -> None:
        """Let go of the printer. May be called twice."""
        self._usb.util.dispose_resources(self._device)


def _is_printer(device: Any) -> bool:  # noqa: ANN401 - pyusb has no types
    return _printer_interface(device) is not None


def _printer_interface(device: Any) -> Any:  # noqa: ANN401 - pyusb has no types
    interfaces = (interface for configuration in device for interface in configuration)
    return next((each for each in interfaces if each.bInterfaceClass == _PRINTER_CLASS), None)
