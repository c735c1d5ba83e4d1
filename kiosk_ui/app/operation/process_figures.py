"""What the operating system says about this process. Names are those that Prometheus' own libraries use."""

from __future__ import annotations

import os
import time
from pathlib import Path

from kiosk_ui.app.operation.families import Family, FamilyKind

__all__ = ["process_figures"]

_STARTED = Family("process_start_time_seconds", FamilyKind.GAUGE, "Start of the process, in seconds since 1970.")
_CPU = Family("process_cpu_seconds_total", FamilyKind.COUNTER, "Processor time used.")
_MEMORY = Family("process_resident_memory_bytes", FamilyKind.GAUGE, "Memory in use.")
_FILES = Family("process_open_fds", FamilyKind.GAUGE, "Open files and sockets.")

_started_at = time.time()


def process_figures(proc: Path = Path("/proc/self")) -> list[tuple[Family, float]]:
    """What can be found out here; on systems without ``/proc`` the start and the processor time only."""
    found = [(_STARTED, _started_at), (_CPU, time.process_time())]
    try:
        pages = int((proc / "statm").read_text(encoding="ascii").split()[1])  # proc(5): resident set, in pages
        found.append((_MEMORY, float(pages * os.sysconf("SC_PAGE_SIZE"))))
        found.append((_FILES, float(len(list((proc / "fd").iterdir())))))
    except (OSError, ValueError, IndexError):
        pass
    return found
