"""Printers on USB are found by their class and printed on through their two pipes. The bus is emulated below pyusb."""

from __future__ import annotations

import array
import threading
import time
from types import SimpleNamespace

import pytest
import usb.core
from usb.backend import IBackend

from emulator.services.receipt_printer import PrinterFault, ReceiptPrinter
from kiosk_ui.app.failures import PrinterError
from kiosk_ui.app.ports import PrinterState
from kiosk_ui.app.tickets.escpos_printer import EscPosPrinter
from kiosk_ui.app.tickets.layout import PaperWidth
from kiosk_ui.app.tickets.usb import UsbChannel
from tests.unit.test_counter_slip import TICKET

MICE, PRINTER = 3, 7


class UsbReceiptPrinter(ReceiptPrinter):
    """Takes what its pipe brings, in the caller's thread."""

    def __init__(self, **settings) -> None:
        super().__init__(**settings)
        self.said = b""
        self.lock = threading.Lock()

    def start(self) -> None:
        self.begin_job()

    def stop(self) -> None:
        self.end_job()


class Bus(IBackend):
    """What pyusb asks of a bus, for a mouse and perhaps a printer."""

    def __init__(self, printer: UsbReceiptPrinter | None, *, denied: bool = False, pipes: bool = True) -> None:
        self.printer = printer
        self.denied = denied
        self.pipes = pipes
        self.claimed: list[int] = []
        self.kernel_driver = True

    def enumerate_devices(self):
        return iter(["mouse"] + (["printer"] if self.printer else []))

    def get_device_descriptor(self, dev):
        return SimpleNamespace(
            bLength=18, bDescriptorType=1, bcdUSB=0x200, bDeviceClass=0, bDeviceSubClass=0, bDeviceProtocol=0,
            bMaxPacketSize0=64, idVendor=0x04B8, idProduct=0x0202 if dev == "printer" else 0x0001, bcdDevice=1,
            iManufacturer=0, iProduct=0, iSerialNumber=0, bNumConfigurations=1, address=1, bus=1, port_number=1,
            port_numbers=(1,), speed=3,
        )  # fmt: skip

    def get_configuration_descriptor(self, dev, config):
        if config:
            raise IndexError
        return SimpleNamespace(
            bLength=9, bDescriptorType=2, wTotalLength=32, bNumInterfaces=1, bConfigurationValue=1, iConfiguration=0,
            bmAttributes=0xC0, bMaxPower=1, extra_descriptors=[],
        )  # fmt: skip

    def get_interface_descriptor(self, dev, intf, alt, config):
        if intf or alt:
            raise IndexError
        return SimpleNamespace(
            bLength=9, bDescriptorType=4, bInterfaceNumber=0, bAlternateSetting=0,
            bNumEndpoints=2 if self.pipes else 0, bInterfaceClass=PRINTER if dev == "printer" else MICE,
            bInterfaceSubClass=1, bInterfaceProtocol=2, iInterface=0, extra_descriptors=[],
        )  # fmt: skip

    def get_endpoint_descriptor(self, dev, ep, intf, alt, config):
        return SimpleNamespace(
            bLength=7, bDescriptorType=5, bEndpointAddress=(0x03, 0x84)[ep], bmAttributes=2, wMaxPacketSize=64,
            bInterval=0, bRefresh=0, bSynchAddress=0, extra_descriptors=[],
        )  # fmt: skip

    def open_device(self, dev):
        if self.denied:
            raise usb.core.USBError("Access denied", errno=13)
        return dev

    def close_device(self, dev_handle):
        """Nothing to close."""

    def get_configuration(self, dev_handle):
        return 1

    def claim_interface(self, dev_handle, intf):
        self.claimed.append(intf)

    def release_interface(self, dev_handle, intf):
        self.claimed.remove(intf)

    def is_kernel_driver_active(self, dev_handle, intf):
        return self.kernel_driver

    def detach_kernel_driver(self, dev_handle, intf):
        self.kernel_driver = False

    def bulk_write(self, dev_handle, ep, intf, data, timeout):
        assert ep == 0x03
        most = self.printer.most_now()
        if most == 0:
            time.sleep(timeout / 1_000)
            raise usb.core.USBTimeoutError("timed out", errno=110)
        if self.printer.hangs_up():
            raise usb.core.USBError("No such device", errno=19)
        taken = bytes(data[:most])
        with self.printer.lock:
            self.printer.said += self.printer.take(taken)
        return len(taken)

    def bulk_read(self, dev_handle, ep, intf, buff, timeout):
        assert ep == 0x84
        with self.printer.lock:
            said, self.printer.said = self.printer.said, b""
        if not said:
            time.sleep(timeout / 1_000)
            raise usb.core.USBTimeoutError("timed out", errno=110)
        buff[: len(said)] = array.array("B", said)
        return len(said)


def printer_on(bus: Bus, vendor: int | None = None, product: int | None = None) -> EscPosPrinter:
    return EscPosPrinter(
        lambda: UsbChannel(vendor, product, bus), PaperWidth.MM_80,
        status_timeout_s=0.1, print_timeout_s=0.5, rows_per_s=4_000,
    )  # fmt: skip


def refusal_of(bus: Bus, **which: int) -> str:
    with pytest.raises(PrinterError) as caught:
        printer_on(bus, **which).print(TICKET)
    return caught.value.code.name


@pytest.mark.parametrize("which", [{}, {"vendor": 0x04B8}, {"vendor": 0x04B8, "product": 0x0202}])
def test_the_printer_is_found_among_other_devices_and_prints(which):
    with UsbReceiptPrinter() as peer:
        bus = Bus(peer)
        printer = printer_on(bus, **which)
        printer.print(TICKET)
        printer.print(TICKET)
        assert len(peer.sheets) == 2
        assert printer.status() is PrinterState.READY
    assert bus.claimed == []  # given back each time
    assert not bus.kernel_driver


@pytest.mark.parametrize(
    ("bus", "which"),
    [
        (Bus(None), {}),
        (Bus(UsbReceiptPrinter()), {"vendor": 0x1234}),
        (Bus(UsbReceiptPrinter(), denied=True), {}),
        (Bus(UsbReceiptPrinter(), pipes=False), {}),
    ],
    ids=["none", "another", "no_right", "no_pipes"],
)
def test_a_printer_that_is_not_there_or_not_ours_is_unreachable(bus, which):
    assert refusal_of(bus, **which) == "printer.unreachable"
    assert printer_on(bus, **which).status() is PrinterState.GONE


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (PrinterFault.HANGS, "printer.no_answer_in_time"),
        (PrinterFault.DISCONNECTS, "printer.cut_off"),
        (PrinterFault.COVER_OPEN, "printer.cover_open"),
        (PrinterFault.SILENT, "printer.outcome_unknown"),
    ],
)
def test_what_goes_wrong_has_the_same_words_as_on_the_network(fault, code):
    with UsbReceiptPrinter(fault=fault) as peer:
        assert refusal_of(Bus(peer)) == code


def test_without_libusb_that_is_what_is_said(monkeypatch):
    def find(**wanted: object) -> None:
        raise usb.core.NoBackendError("No backend available")

    monkeypatch.setattr(usb.core, "find", find)
    with pytest.raises(PrinterError) as caught:
        UsbChannel(None, None)
    assert caught.value.code.name == "printer.support_missing"
