"""Status words SW1-SW2 (ISO/IEC 7816-4 §5.6 tables 5 to 7, Doc 9303-10 §3.6)."""

from __future__ import annotations

from typing import Final

__all__ = ["StatusWord"]


class StatusWord(int):
    """Two status bytes as one number, e.g. ``StatusWord(0x6A82)``; prints as ``6A82``."""

    __slots__ = ()

    SUCCESS: Final = 0x9000
    END_OF_FILE: Final = 0x6282
    FILE_DEACTIVATED: Final = 0x6283
    AUTHENTICATION_FAILED: Final = 0x6300
    WRONG_LENGTH: Final = 0x6700
    LOGICAL_CHANNEL_NOT_SUPPORTED: Final = 0x6881
    SECURE_MESSAGING_NOT_SUPPORTED: Final = 0x6882
    LAST_COMMAND_EXPECTED: Final = 0x6883
    CHAINING_NOT_SUPPORTED: Final = 0x6884
    SECURITY_STATUS_NOT_SATISFIED: Final = 0x6982
    AUTHENTICATION_BLOCKED: Final = 0x6983
    REFERENCE_DATA_NOT_USABLE: Final = 0x6984
    CONDITIONS_NOT_SATISFIED: Final = 0x6985
    NO_CURRENT_EF: Final = 0x6986
    SM_OBJECTS_MISSING: Final = 0x6987
    SM_OBJECTS_INCORRECT: Final = 0x6988
    WRONG_DATA: Final = 0x6A80
    FUNCTION_NOT_SUPPORTED: Final = 0x6A81
    FILE_NOT_FOUND: Final = 0x6A82
    WRONG_P1_P2: Final = 0x6A86
    REFERENCED_DATA_NOT_FOUND: Final = 0x6A88
    OFFSET_OUTSIDE_FILE: Final = 0x6B00
    INSTRUCTION_NOT_SUPPORTED: Final = 0x6D00
    CLASS_NOT_SUPPORTED: Final = 0x6E00
    NO_PRECISE_DIAGNOSIS: Final = 0x6F00

    def __repr__(self) -> str:
        return f"{int(self):04X}"

    __str__ = __repr__

    @property
    def is_success(self) -> bool:
        """Exactly 9000."""
        return self == 0x9000

    @property
    def is_warning(self) -> bool:
        """62XX or 63XX: the command was carried out, or not, with a remark."""
        return self >> 8 in (0x62, 0x63)

    @property
    def more_available(self) -> int | None:
        """61XX: how many more response bytes wait (0 stands for 256 or more), else ``None``."""
        return self & 0xFF if self >> 8 == 0x61 else None

    @property
    def correct_ne(self) -> int | None:
        """6CXX: the right Ne (1 to 256), else ``None``."""
        return (self & 0xFF) or 256 if self >> 8 == 0x6C else None

    @property
    def tries_left(self) -> int | None:
        """63CX: how many further tries are allowed, else ``None`` (ISO/IEC 7816-4 table 6)."""
        return self & 0x0F if self >> 4 == 0x63C else None
