"""The demonstration's world: emulated people, a tray for their cards, a scanner on a pseudo-terminal, a relay.

With a virtual PC/SC reader on this machine the cards go through it, as real cards would; without one they are read
inside this process. :attr:`Tray.way` says which.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
import tty
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self

from emulator.adapters.inprocess import EmulatedTransport
from emulator.adapters.private_pcscd import PrivatePcscd, PrivatePcscdError
from emulator.cards import card, catalogue
from emulator.personalise.printed_qr import printed_qr
from emulator.personalise.profile import load_profile
from emulator.services.insurance_gateway import InsuranceRelay, InsuredPerson
from kiosk_ui.bootstrap.card_reading import CardPlace, PcscPlace
from kiosk_ui.qt.tray import TrayPerson
from reader import errors
from reader.transport.base import CardTransport

__all__ = [
    "EmulatedWorld",
    "InProcessTray",
    "PcscTray",
    "ScannerLine",
    "Tray",
    "make_tray",
    "number_of",
    "people",
]

_LAID_WITHIN_S = 20.0
_LIFTED_WITHIN_S = 5.0
_LOOK_EVERY_S = 0.05


class Tray(CardPlace, Protocol):
    """Where the demonstration lays cards.

    Attributes:
        way: how the cards are read, in one English sentence.
    """

    way: str

    def lay(self, name: str) -> None:
        """Lay the card of that name, in place of any other; returns when it lies there."""
        ...

    def lift(self) -> None:
        """Take the card away, in the middle of whatever it does."""
        ...

    def close(self) -> None:
        """Take everything down."""
        ...


class InProcessTray:
    """Cards inside this process: no PC/SC, the same chips."""

    def __init__(self, reason: str = "") -> None:
        self.way = "Cards are read inside this program." + (f" Why not through PC/SC: {reason}" if reason else "")
        self._name: str | None = None
        self._laid = 0

    def lay(self, name: str) -> None:
        """Lay a card. Raises ``KeyError`` for an unknown name."""
        card(name).power_off()  # personalise it now: a real card needs no time for that either
        self._laid += 1
        self._name = name

    def lift(self) -> None:
        """Take it away."""
        self._name = None

    def is_there(self) -> bool:
        """Whether one lies there."""
        return self._name is not None

    def open(self) -> CardTransport:
        """Power it up. Raises ``TransportError``: ``card.absent``."""
        name, laid = self._name, self._laid
        if name is None:
            raise errors.TransportError(errors.CARD_ABSENT)

        def still_there(number: int, command: bytes) -> None:
            if self._name is None or self._laid != laid:
                raise ConnectionError("the emulated card was taken away")

        return EmulatedTransport(card(name), on_transmit=still_there)

    def close(self) -> None:
        """Nothing is left to take down."""
        self.lift()


class PcscTray:
    """Cards in a real PC/SC slot: a pcscd of our own with the virtual reader, and each card a process of its own.

    Raises:
        PrivatePcscdError: it cannot run here.
    """

    def __init__(self) -> None:
        self._service = PrivatePcscd()
        self._service.start()
        # libpcsclite reads this when the process makes its first context, which is later than here
        self._variables = tuple(self._service.environment)
        os.environ.update(self._service.environment)
        self._slot = self._service.reader_names[0]
        self._place = PcscPlace(self._slot)
        self._process: subprocess.Popen[bytes] | None = None
        self.way = f"Cards are read through a PC/SC slot ({self._slot})."

    def lay(self, name: str) -> None:
        """Lay a card. Raises ``TransportError`` ``card.mute`` if it does not come up."""
        self.lift()
        argv = [sys.executable, "-m", "kiosk_ui.cli", "card", "run", name]
        self._process = self._service.run_inside(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if not self._wait_until(there=True, seconds=_LAID_WITHIN_S):
            raise errors.TransportError(errors.CARD_MUTE)

    def lift(self) -> None:
        """Take it away: its process is ended without a word."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            self._wait_until(there=False, seconds=_LIFTED_WITHIN_S)

    def is_there(self) -> bool:
        """Whether the slot holds a card."""
        return self._place.is_there()

    def open(self) -> CardTransport:
        """Take it exclusively."""
        return self._place.open()

    def close(self) -> None:
        """End the card, the service, and nothing else."""
        self.lift()
        self._service.stop()
        for name in self._variables:
            os.environ.pop(name, None)

    def _wait_until(self, *, there: bool, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while self.is_there() is not there:
            if time.monotonic() > end or (there and self._process is not None and self._process.poll() is not None):
                return False
            time.sleep(_LOOK_EVERY_S)
        return True


def make_tray() -> Tray:
    """A PC/SC slot where this machine can have one, else cards inside this process."""
    reason = PrivatePcscd.unavailable_reason()
    if reason is None:
        tray: PcscTray | None = None
        try:
            tray = PcscTray()
            tray.is_there()
        except PrivatePcscdError as error:
            reason = str(error)
        except errors.TransportError as error:  # pyscard is missing, or it talked to another service already
            reason = str(error)
            if tray is not None:
                tray.close()
        else:
            return tray
    return InProcessTray(reason)


class ScannerLine:
    """The far end of a serial line: what is scanned here arrives at :attr:`port` as from a real scanner."""

    def __init__(self) -> None:
        self._here, self._there = os.openpty()
        tty.setraw(self._there)
        self.port = os.ttyname(self._there)

    def scan(self, text: str) -> None:
        """Send one line in UTF-8, ended as scanners do."""
        os.write(self._here, text.encode() + b"\r\n")

    def close(self) -> None:
        """Hang up. May be called twice."""
        for handle in (self._here, self._there):
            with contextlib.suppress(OSError):
                os.close(handle)


def number_of(name: str) -> str:
    """The twelve digits printed on the card of that name, laboratory cards included."""
    return load_profile(name).holder.number


def people() -> Sequence[TrayPerson]:
    """Everybody whose card can be laid."""
    return [
        TrayPerson(spec.name, spec.full_name, spec.number, str(spec.expected), spec.what_for) for spec in catalogue()
    ]


class EmulatedWorld:
    """Tray, scanner line and insurance relay; the test tray's window and the tour both act on it.

    Args:
        insured: what the insurer knows of some people, beyond the built-in ones.
    """

    def __init__(self, insured: Mapping[str, InsuredPerson] | None = None) -> None:
        self.tray = make_tray()
        self.scanner = ScannerLine()
        self.relay = InsuranceRelay()
        self.relay_on = False
        for number, person in (insured or {}).items():
            self.relay.set_person(number, person)

    def __enter__(self) -> Self:
        self.set_relay(on=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.relay.stop()
        self.scanner.close()
        self.tray.close()

    @property
    def people(self) -> Sequence[TrayPerson]:
        """Everybody whose card can be laid."""
        return people()

    def scan(self, name: str) -> None:
        """Hold the QR code of a person's card under the scanner."""
        self.scanner.scan(printed_qr(load_profile(name)))

    def lay(self, name: str) -> None:
        """Lay a person's card on the reader."""
        self.tray.lay(name)

    def lift(self) -> None:
        """Take the card away."""
        self.tray.lift()

    def set_relay(self, *, on: bool) -> None:
        """Start or stop the insurance relay; its address stays the same."""
        if on:
            self.relay.start()
        else:
            self.relay.stop()
        self.relay_on = on
