"""Everything about running one kiosk that is no check-in: figures, signs of life, the log's last lines, the operator."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from kiosk_ui.app.failures import KioskError, SettingsError
from kiosk_ui.app.operation import families as f
from kiosk_ui.app.operation.exposition import as_text
from kiosk_ui.app.operation.measures import Measures
from kiosk_ui.app.operation.observed import PeerBook
from kiosk_ui.app.operation.pin import PinGuard, PinHash
from kiosk_ui.app.operation.process_figures import process_figures
from kiosk_ui.app.operation.recent_lines import RecentLines
from kiosk_ui.app.operation.scan_switch import ScanSwitch
from kiosk_ui.app.operation.signs_of_life import Pulse, SignsOfLife
from kiosk_ui.app.operation.visit_defaults import DEFAULTS_FILE
from kiosk_ui.app.ports import Clock
from kiosk_ui.app.settings_operation import OperationSettings

__all__ = ["PIN_FILE", "Operation", "program_version"]

_log = logging.getLogger(__name__)

PIN_FILE = "operator.pin"
_TRIES_FILE = "operator.tries"


def program_version() -> str:
    """The installed version; "unknown" if the program runs without having been installed."""
    from importlib import metadata  # slow to load, and wanted by the operator and by monitoring only

    try:
        return metadata.version("chipid-kiosk")
    except metadata.PackageNotFoundError:
        return "unknown"


class Operation:
    """One kiosk's. A context manager: the log is kept, and the figures are served, inside the block.

    Args:
        settings: of running a kiosk.
        data_folder: where the PIN and what staff chose are kept.
        clock: tells the time.
        zone: the hospital's own time.

    Attributes:
        measures: the figures.
        interface, reader, outbox: the parts that must show signs of life.
        signs: all of them.
        peers: how services have answered.
        recent: the last lines of the log.
        scans: whom the scanner serves.
        collectors: called before the figures are served, to say gauges anew; they may take a moment.
    """

    def __init__(self, settings: OperationSettings, data_folder: Path, clock: Clock, zone: dt.tzinfo) -> None:
        self.settings = settings
        self.measures = Measures()
        self.interface = Pulse("interface", settings.interface_silence_s, monotonic=clock.monotonic)
        self.reader = Pulse("reader", settings.reader_silence_s, always=False, monotonic=clock.monotonic)
        self.outbox = Pulse("outbox", settings.outbox_silence_s, monotonic=clock.monotonic)
        self.signs = SignsOfLife((self.interface, self.reader, self.outbox))
        self.peers = PeerBook(self.measures, clock)
        self.recent = RecentLines(zone)
        self.scans = ScanSwitch()
        self.collectors: list[Callable[[], None]] = [self._say_of_ourselves]
        self.defaults_file = data_folder / DEFAULTS_FILE
        self._data_folder = data_folder
        self._clock = clock
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        root = logging.getLogger()
        root.addHandler(self.recent)
        self._stack.callback(root.removeHandler, self.recent)
        if self.settings.metrics_port is not None:
            from kiosk_ui.app.operation.metrics_server import MetricsServer

            try:
                self._stack.enter_context(MetricsServer(self.metrics_text, self.settings.metrics_port))
            except KioskError as error:  # patients come first: monitoring notices by itself that it hears nothing
                _log.error("no figures for monitoring: %s", error.code.name)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Keep and serve nothing any more. May be called twice."""
        self._stack.close()

    def pin_guard(self) -> PinGuard:
        """Who judges tries at the operator's PIN."""
        return PinGuard(self._pin, self._data_folder / _TRIES_FILE, monotonic=self._clock.monotonic)

    def _pin(self) -> PinHash | None:
        if self.settings.pin_hash is not None:
            return PinHash.parse(self.settings.pin_hash)
        try:
            return PinHash.load(self.settings.pin_file or self._data_folder / PIN_FILE)
        except SettingsError:  # patients come first: the page stays shut, the kiosk goes on
            _log.error("the file with the operator's PIN cannot be used; make it anew with 'chipid operator-pin'")
            return None

    def metrics_text(self) -> str:
        """The figures as they are now, for monitoring."""
        for collect in self.collectors:
            collect()
        return as_text(self.measures, process_figures())

    def _say_of_ourselves(self) -> None:
        self.measures.put(f.SILENCE, {(pulse.name,): round(pulse.silence_s(), 3) for pulse in self.signs.pulses})
        self.measures.put(f.VERSION, {(f"v{program_version()}",): 1.0})
