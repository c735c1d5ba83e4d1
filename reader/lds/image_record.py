"""What the image records of ISO/IEC 19794 (2005) have in common: a header that names the format, and blocks with lengths.

Real chips state some lengths wrong: British and New Zealand passports by 1 and by 8 octets. Every length is therefore
checked against the octets that are there; small deviations are noted, larger ones refused.
"""

from __future__ import annotations

import dataclasses
import struct
from typing import Any, Final

from reader import errors

__all__ = ["LENGTH_TOLERANCE", "ImageRecordFormat"]

LENGTH_TOLERANCE: Final = 8
"""Largest deviation of a stated length, in bytes, that is read over."""

_VERSION: Final = b"010\x00"


@dataclasses.dataclass(frozen=True, slots=True)
class ImageRecordFormat:
    """One of the formats: how its records begin, and in which file they come.

    Attributes:
        identifier: the first four octets.
        header: layout of the record header; its first two fields are the identifier and the version.
        file: e.g. ``DG2``, for errors.
    """

    identifier: bytes
    header: struct.Struct
    file: str

    def unpack_header(self, octets: bytes) -> tuple[Any, ...]:
        """The fields of the record header behind identifier and version.

        Raises:
            DocumentError: ``document.malformed`` if the header is not all there; ``document.format_unsupported`` if it
                is of another format or version.
        """
        identifier, version, *fields = self.unpack(self.header, octets, 0)
        if identifier != self.identifier or version != _VERSION:
            raise errors.DocumentError(errors.FORMAT_UNSUPPORTED, file=self.file)
        return tuple(fields)

    def unpack(self, layout: struct.Struct, octets: bytes, position: int) -> tuple[Any, ...]:
        """The fields of a header within the record. Raises :class:`DocumentError` if it is not all there."""
        if position + layout.size > len(octets):
            raise self.malformed()
        return layout.unpack_from(octets, position)

    def deviation(self, found: int, stated: int) -> int:
        """Octets that are there minus octets that are announced. Raises :class:`DocumentError` beyond the tolerance."""
        if abs(found - stated) > LENGTH_TOLERANCE:
            raise self.malformed()
        return found - stated

    def block_end(self, octets: bytes, start: int, stated: int, *, is_last: bool) -> tuple[int, int]:
        """Where the block from ``start`` on ends, and by how much that deviates from its stated length.

        The last block takes what is there; the ones before end where they say, since there is no other mark.

        Raises:
            DocumentError: ``document.malformed`` if it ends outside the record or deviates too much.
        """
        end = len(octets) if is_last else start + stated
        if end > len(octets):
            raise self.malformed()
        return end, self.deviation(end - start, stated)

    def malformed(self) -> errors.DocumentError:
        """For whatever else is wrong with a record."""
        return errors.DocumentError(errors.FILE_MALFORMED, file=self.file)
