"""What a terminal asks for when it begins PACE (Doc 9303-11 §4.4.4.1; TR-03110-3 §B.11.1)."""

from __future__ import annotations

import dataclasses
from typing import Final

from crypto.errors import WireError
from crypto.pace.parameters import PasswordReference
from crypto.pki.cvc import TerminalType
from crypto.wire.oid import decode_oid
from crypto.wire.status_word import StatusWord
from crypto.wire.tlv import Tlv, TlvReader, iter_tlvs
from emulator.chip.refusal import CommandRefusedError

__all__ = ["AuthorizationTemplate", "PaceRequest", "parse_pace_request"]

_AUTHORIZATION_BYTES: Final = {
    TerminalType.INSPECTION_SYSTEM: 1,
    TerminalType.AUTHENTICATION_TERMINAL: 5,
    TerminalType.SIGNATURE_TERMINAL: 1,
}
_CAN_ALLOWED: Final = 4  # bit of an authentication terminal (TR-03110-3 §C.4.2)
_PASSWORDS: Final = {
    # TR-03110-2 §2.3.2.1; an authentication terminal may also use the CAN, if it claims the right to
    TerminalType.INSPECTION_SYSTEM: {PasswordReference.MRZ, PasswordReference.CAN},
    TerminalType.AUTHENTICATION_TERMINAL: {PasswordReference.PIN},
    TerminalType.SIGNATURE_TERMINAL: {PasswordReference.CAN, PasswordReference.PIN, PasswordReference.PUK},
}


@dataclasses.dataclass(frozen=True, slots=True)
class AuthorizationTemplate:
    """DO'7F4C': as what the terminal will authenticate itself, and the rights that it asks for at most.

    Attributes:
        terminal_type: inspection system, authentication or signature terminal.
        authorization: relative authorisation, as found: 1 or 5 bytes.
    """

    terminal_type: TerminalType
    authorization: bytes

    def allows(self, right: int) -> bool:
        """Whether bit ``right``, counted from the last one as 0, is set."""
        return bool(int.from_bytes(self.authorization, "big") >> right & 1)

    def may_use(self, password: PasswordReference) -> bool:
        """Whether a terminal of this type opens a chip by that password."""
        if password is PasswordReference.CAN and self.terminal_type is TerminalType.AUTHENTICATION_TERMINAL:
            return self.allows(_CAN_ALLOWED)
        return password in _PASSWORDS[self.terminal_type]


@dataclasses.dataclass(frozen=True, slots=True)
class PaceRequest:
    """The data field of MSE:Set AT for PACE.

    Attributes:
        protocol_oid: dotted.
        password: content of DO'83'.
        parameter_id: content of DO'84' as a number, or ``None``.
        template: content of DO'7F4C', or ``None``.
    """

    protocol_oid: str
    password: bytes
    parameter_id: int | None
    template: AuthorizationTemplate | None


def parse_pace_request(data: bytes) -> PaceRequest:
    """Reads the data objects in any order; unknown ones are ignored, as Doc 9303-11 §4.4.4.1 note 2 asks.

    Raises:
        CommandRefusedError: 6A80, a required one is missing, or one is malformed.
    """
    try:
        objects = {tlv.tag: tlv for tlv in iter_tlvs(data)}
        if not {0x80, 0x83} <= objects.keys():
            raise CommandRefusedError(StatusWord.WRONG_DATA)
        return PaceRequest(
            decode_oid(objects[0x80].value),
            objects[0x83].value,
            _parameter_id(objects.get(0x84)),
            _template(objects.get(0x7F4C)),
        )
    except WireError:
        raise CommandRefusedError(StatusWord.WRONG_DATA) from None


def _parameter_id(tlv: Tlv | None) -> int | None:
    if tlv is None:
        return None
    if not tlv.value:
        raise CommandRefusedError(StatusWord.WRONG_DATA)
    return int.from_bytes(tlv.value, "big")


def _template(tlv: Tlv | None) -> AuthorizationTemplate | None:
    """TR-03110-3 §C.1.5: an object identifier and the authorisation."""
    if tlv is None:
        return None
    reader = TlvReader(tlv.value)
    oid = decode_oid(reader.take(0x06).value)
    authorization = reader.take(0x53).value
    reader.finish()
    kind = next((kind for kind in TerminalType if kind.value == oid), None)
    if kind is None or len(authorization) != _AUTHORIZATION_BYTES[kind]:
        raise CommandRefusedError(StatusWord.WRONG_DATA)
    return AuthorizationTemplate(kind, authorization)
