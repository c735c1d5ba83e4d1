"""Limits on everything that a chip can announce. A hostile chip is a design input, not an accident.

The values are far above what real documents use and far below what hurts a kiosk.
"""

from __future__ import annotations

from typing import Final

MAX_FILE_BYTES: Final = 1 << 20
"""Largest elementary file that is read. Real DG3/DG4 stay under 100 kB."""

MAX_TLV_DEPTH: Final = 24
"""Deepest nesting of constructed data objects. EF.SOD, the deepest real file, uses about 15."""

MAX_TLV_OBJECTS: Final = 20_000
"""Most data objects in one file. EF.SOD with a long certificate has a few hundred."""

MAX_TAG_BYTES: Final = 4
"""Longest tag field. ISO/IEC 7816-4 §5.2.2.1 stops at three."""

MAX_LENGTH_BYTES: Final = 5
"""Longest length field, '84' and four more (ISO/IEC 7816-4 §5.2.2.2)."""

SHORT_NC: Final = 255
SHORT_NE: Final = 256
EXTENDED_NC: Final = 65_535
EXTENDED_NE: Final = 65_536
"""Data sizes of short and extended APDUs (ISO/IEC 7816-3 §12.1.3)."""
