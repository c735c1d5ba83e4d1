"""Prints what the reader monitor sees, one line per event, until its standard input is closed."""

from __future__ import annotations

import sys
import threading

from reader.transport.monitor import MonitorEvent, ReaderMonitor


def show(event: MonitorEvent) -> None:
    sys.stdout.write(f"{event.kind.value} {event.reader_name or '-'}\n")
    sys.stdout.flush()


with ReaderMonitor(show):
    sys.stdin.read()
sys.stdout.write(f"threads left: {threading.active_count() - 1}\n")
