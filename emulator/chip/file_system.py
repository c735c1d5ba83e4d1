"""The file tree and what is currently selected in it (ISO/IEC 7816-4 §7.1 and §7.2; Doc 9303-10 §3)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final

from crypto.wire.apdu import CommandApdu
from crypto.wire.status_word import StatusWord
from crypto.wire.tlv import encode_tlv
from emulator.chip.access_rules import SecurityStatus
from emulator.chip.content import APPLICATION_ID, ChipBehaviour, ChipContent, ElementaryFile
from emulator.chip.refusal import CommandRefusedError

__all__ = ["FileSystem"]

_MASTER_FILE: Final = 0x3F00
_CARD_ACCESS: Final = 0x011C
_LC_INCONSISTENT: Final = 0x6A87
_TEMPLATES: Final = {0x00: 0x6F, 0x04: 0x62, 0x08: 0x64}  # FCI, FCP, FMD (ISO/IEC 7816-4 table 8)


class _Directory:
    """The master file or the application."""

    __slots__ = ("files", "name")

    def __init__(self, name: bytes | None, files: Sequence[ElementaryFile]) -> None:
        self.name = name
        self.files = files

    def by_identifier(self, identifier: int) -> ElementaryFile | None:
        return next((file for file in self.files if file.identifier == identifier), None)

    def by_short_identifier(self, short: int) -> ElementaryFile | None:
        return next((file for file in self.files if file.short_identifier == short), None)


class FileSystem:
    """Two directories, a current one and a current file. Access rules are asked at every step."""

    def __init__(self, content: ChipContent) -> None:
        self._behaviour: Final[ChipBehaviour] = content.behaviour
        self._master = _Directory(None, content.master_files)
        self._application = _Directory(APPLICATION_ID, content.application_files)
        self._current = self._master
        self._file: ElementaryFile | None = None

    @property
    def in_application(self) -> bool:
        """Whether the eMRTD application is the current directory."""
        return self._current is self._application

    def update_application_file(self, identifier: int, content: bytes) -> None:
        """Rewrites a file of the application that the chip itself keeps; nothing happens if there is none."""
        directory = self._application
        old = directory.by_identifier(identifier)
        if old is None or old.content == content:
            return
        new = dataclasses.replace(old, content=content)
        directory.files = tuple(new if file is old else file for file in directory.files)
        if self._file is old:
            self._file = new

    # -- SELECT ------------------------------------------------------------------------------------

    def select(self, command: CommandApdu, security: SecurityStatus) -> bytes:
        """Carries out a SELECT; returns control information if Le asks for it.

        Raises:
            CommandRefusedError: nothing was selected and the earlier selection stands.
        """
        if command.p2 & 0xF0 or (template := command.p2 & 0x0C) not in (*_TEMPLATES, 0x0C):
            raise CommandRefusedError(StatusWord.WRONG_P1_P2)
        directory, file = self._find(command.p1, command.data, command.p2 & 0x03)
        if file is None:
            self._current, self._file = directory, None
        else:
            self._require_selectable(file, security)
            self._current, self._file = directory, file
        if template == 0x0C or not command.ne:
            return b""
        return encode_tlv(_TEMPLATES[template], self._control_parameters(directory, file) if template != 0x08 else b"")

    def _require_selectable(self, file: ElementaryFile, security: SecurityStatus) -> None:
        if file.identifier == _CARD_ACCESS and self._behaviour.card_access_status != StatusWord.SUCCESS:
            raise CommandRefusedError(self._behaviour.card_access_status)
        if security.satisfies(file.access):
            return
        before_access_control = not security.is_open
        if not (before_access_control and self._behaviour.plain_select_status == StatusWord.SUCCESS):
            raise CommandRefusedError(StatusWord.SECURITY_STATUS_NOT_SATISFIED)

    def _find(self, p1: int, data: bytes, occurrence: int) -> tuple[_Directory, ElementaryFile | None]:
        """The directory and, if a file is meant, the file (ISO/IEC 7816-4 table 62)."""
        if p1 == 0x04:
            return self._find_by_name(data, occurrence), None
        if occurrence:  # "next" and the like make sense for partial names only
            raise CommandRefusedError(StatusWord.FILE_NOT_FOUND)
        match p1:
            case 0x00:
                return self._find_by_identifier(data)
            case 0x01:
                _identifier(data)
                raise CommandRefusedError(StatusWord.FILE_NOT_FOUND)  # no directory here has an identifier
            case 0x02:
                return self._current, self._child(self._current, _identifier(data))
            case 0x03:
                return self._parent(data), None
            case 0x08:
                return self._find_by_path(self._master, data)
            case 0x09:
                return self._find_by_path(self._current, data)
            case _:
                raise CommandRefusedError(StatusWord.WRONG_P1_P2)

    def _find_by_name(self, name: bytes, occurrence: int) -> _Directory:
        if not name:
            return self._select_master_file()
        if len(name) > 16:
            raise CommandRefusedError(_LC_INCONSISTENT)
        # A name cut on the right is legal and selects the first or last match, of which there is only one
        if len(name) < 5 or not APPLICATION_ID.startswith(name) or occurrence in (0x02, 0x03):
            raise CommandRefusedError(StatusWord.FILE_NOT_FOUND)
        return self._application

    def _find_by_identifier(self, data: bytes) -> tuple[_Directory, ElementaryFile | None]:
        if not data or _identifier(data) == _MASTER_FILE:
            return self._select_master_file(), None
        identifier = _identifier(data)
        # ISO/IEC 7816-4 §7.1.1: children of the current directory first, then those of its parent
        for directory in (self._current, self._master):
            file = directory.by_identifier(identifier)
            if file is not None:
                return directory, file
        raise CommandRefusedError(StatusWord.FILE_NOT_FOUND)

    def _find_by_path(self, start: _Directory, data: bytes) -> tuple[_Directory, ElementaryFile | None]:
        # No directory below the master file has an identifier, so a path has exactly one step.
        if len(data) < 2 or len(data) % 2:
            raise CommandRefusedError(_LC_INCONSISTENT)
        if len(data) > 2:
            raise CommandRefusedError(StatusWord.FILE_NOT_FOUND)
        return start, self._child(start, _identifier(data))

    def _parent(self, data: bytes) -> _Directory:
        if data:
            raise CommandRefusedError(_LC_INCONSISTENT)
        if not self.in_application:
            raise CommandRefusedError(StatusWord.FILE_NOT_FOUND)
        return self._select_master_file()

    def _select_master_file(self) -> _Directory:
        if self._behaviour.master_file_status != StatusWord.SUCCESS:
            raise CommandRefusedError(self._behaviour.master_file_status)
        return self._master

    @staticmethod
    def _child(directory: _Directory, identifier: int) -> ElementaryFile:
        file = directory.by_identifier(identifier)
        if file is None:
            raise CommandRefusedError(StatusWord.FILE_NOT_FOUND)
        return file

    @staticmethod
    def _control_parameters(directory: _Directory, file: ElementaryFile | None) -> bytes:
        """Size, descriptor, identifiers (ISO/IEC 7816-4 table 10)."""
        if file is None:
            return encode_tlv(0x84, directory.name) if directory.name else encode_tlv(0x83, b"\x3f\x00")
        size = encode_tlv(0x80, len(file.content).to_bytes(3, "big"))
        descriptor = encode_tlv(0x82, b"\x01")  # working EF, transparent
        identifier = encode_tlv(0x83, file.identifier.to_bytes(2, "big"))
        short = encode_tlv(0x88, b"" if file.short_identifier is None else bytes([file.short_identifier << 3]))
        return size + descriptor + identifier + short

    # -- addressing a file for reading -----------------------------------------------------------------

    def file_for_reading(self, short: int | None, identifier: int | None, security: SecurityStatus) -> ElementaryFile:
        """The file that a READ BINARY means, which becomes the current one.

        Args:
            short: short file identifier, or ``None``.
            identifier: file identifier, or ``None``; without either the current file is meant.
            security: what the terminal has proven.

        Raises:
            CommandRefusedError: 6986 without a current file, 6A82 unknown, 6982 not allowed.
        """
        if short is not None:
            file = self._current.by_short_identifier(short)
        elif identifier is not None:
            file = self._current.by_identifier(identifier)
        elif self._file is None:
            raise CommandRefusedError(StatusWord.NO_CURRENT_EF)
        else:
            file = self._file
        if file is None:
            raise CommandRefusedError(StatusWord.FILE_NOT_FOUND)
        if not security.satisfies(file.access):
            raise CommandRefusedError(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        self._file = file
        return file


def _identifier(data: bytes) -> int:
    if len(data) != 2:
        raise CommandRefusedError(_LC_INCONSISTENT)
    return int.from_bytes(data, "big")
