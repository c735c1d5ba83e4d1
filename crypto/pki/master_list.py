"""CSCA master lists: what one country knows of the others' signing authorities (Doc 9303-12 §9)."""

from __future__ import annotations

import dataclasses
from typing import Final

from crypto.errors import CryptoError, ErrorCode, Hint
from crypto.pki.cms import SignedData
from crypto.pki.signed_list import list_members, long_sequence, parse_signed_list
from crypto.signatures.der import INTEGER, malformed_as, read_integer

__all__ = ["MASTER_LIST", "MASTER_LIST_SIGNING", "MasterList", "parse_master_list"]

MASTER_LIST_MALFORMED = ErrorCode("master_list.malformed", Hint.CALL_STAFF, "A master list is not well formed.")
MASTER_LIST_VERSION = ErrorCode(
    "master_list.version_unsupported",
    Hint.NOT_SUPPORTED,
    "A master list has a version that this program does not know.",
)

MASTER_LIST: Final = "2.23.136.1.1.2"
MASTER_LIST_SIGNING: Final = "2.23.136.1.1.3"
"""Extended key usage of those who may sign one (Doc 9303-12 §7.1.1, §9.2)."""


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class MasterList:
    """A master list; parsing proves nothing about who made it.

    Attributes:
        signed: the message around it; see :func:`crypto.pki.signed_list.verify_list_signer`.
        certificates: DER certificates in their order, each once, none of them parsed.
    """

    signed: SignedData
    certificates: tuple[bytes, ...]

    def __repr__(self) -> str:
        return f"MasterList({len(self.certificates)} certificates)"


def parse_master_list(octets: bytes) -> MasterList:
    """The master list in a CMS message.

    Raises:
        CryptoError: ``cms.malformed``, ``signed_list.type_unknown``, ``master_list.malformed``,
            ``master_list.version_unsupported``.
    """
    signed = parse_signed_list(octets, MASTER_LIST)
    with malformed_as(MASTER_LIST_MALFORMED):
        version, rest = long_sequence(signed.content)
        if version.tag != INTEGER:
            raise CryptoError(MASTER_LIST_MALFORMED)
        if read_integer(version) != 0:  # §9.2: v0 is the only one
            raise CryptoError(MASTER_LIST_VERSION)
        certificates = list_members(rest)
    return MasterList(signed, tuple(dict.fromkeys(certificates)))
