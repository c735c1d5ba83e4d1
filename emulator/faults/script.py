"""Carries out declared faults at the four places where a chip lets itself be disturbed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from crypto.errors import WireError
from crypto.wire.apdu import CommandApdu, ResponseApdu
from crypto.wire.tlv import Tlv, encode_tlv, iter_tlvs, parse_tlv
from emulator.chip.active_authentication import RsaSigner
from emulator.chip.content import ChipContent
from emulator.chip.misbehaviour import Misbehaviour
from emulator.faults.fault import Fault, FaultKind

__all__ = ["FaultScript"]

_SELECT: Final = 0xA4
_EXTERNAL_AUTHENTICATE: Final = 0x82
_MANAGE_SECURITY_ENVIRONMENT: Final = 0x22
_GENERAL_AUTHENTICATE: Final = 0x86
_GET_CHALLENGE: Final = 0x84
_PERFORM_SECURITY_OPERATION: Final = 0x2A
_INTERNAL_AUTHENTICATE: Final = 0x88

_PACE_ANSWERS: Final = {
    FaultKind.PACE_NONCE_CHANGED: 0x80,
    FaultKind.PACE_NONCE_TAG: 0x80,
    FaultKind.PACE_MAPPING_TAG: 0x82,
    FaultKind.PACE_MAPPING_REFUSED: 0x82,
    FaultKind.PACE_MAPPING_POINT: 0x82,
    FaultKind.PACE_KEY_TAG: 0x84,
    FaultKind.PACE_KEY_REFUSED: 0x84,
    FaultKind.PACE_KEY_POINT: 0x84,
    FaultKind.PACE_KEY_MIRRORED: 0x84,
    FaultKind.PACE_TOKEN_WRONG: 0x86,
    FaultKind.PACE_TOKEN_TAG: 0x86,
    FaultKind.PACE_TOKEN_REFUSED: 0x86,
}
"""Tag of the answer inside DO'7C' by which a step of PACE is known (Doc 9303-11 table 4)."""

_AGREEMENT_ANSWERS: Final = (FaultKind.CA_NONCE_CHANGED, FaultKind.CA_TOKEN_WRONG, FaultKind.CA_TOKEN_MISSING)
"""Of chip authentication version 2: a nonce in DO'81', which no answer of PACE has, and a token in DO'82'."""

_BY_INSTRUCTION: Final = {
    _SELECT: (FaultKind.FILE_NOT_SELECTED,),
    _GET_CHALLENGE: (FaultKind.CHALLENGE_SHORT,),
    _PERFORM_SECURITY_OPERATION: (FaultKind.TA_CERTIFICATE_REFUSED,),
}

_CHOSEN_BY: Final = {0xC1: (FaultKind.PACE_MSE_REFUSED,), 0x41: (FaultKind.CA_REFUSED,)}
"""By the first parameter byte of MANAGE SECURITY ENVIRONMENT; 81 is terminal authentication."""

_PLAIN_STATUS: Final = {
    FaultKind.BAC_REFUSED: 0x6300,
    FaultKind.FILE_NOT_SELECTED: 0x6A82,
    FaultKind.PACE_MSE_REFUSED: 0x6A80,
    FaultKind.PACE_MAPPING_REFUSED: 0x6300,
    FaultKind.PACE_KEY_REFUSED: 0x6300,
    FaultKind.PACE_TOKEN_REFUSED: 0x6300,
    FaultKind.CA_REFUSED: 0x6A88,
    FaultKind.TA_CERTIFICATE_REFUSED: 0x6300,
    FaultKind.TA_REFUSED: 0x6300,
}


class FaultScript(Misbehaviour):
    """The misbehaviour that a list of faults amounts to.

    Args:
        faults: what shall go wrong.
        content: the chip's content, for faults that need its keys.
    """

    def __init__(self, faults: Sequence[Fault], content: ChipContent) -> None:
        self._faults = tuple(faults)
        self._content = content
        self._seen = [0] * len(self._faults)
        self._previous = b""

    def _due(self, *kinds: FaultKind) -> list[Fault]:
        """Counts one fitting exchange for every fault of these kinds; those whose turn it is."""
        due = []
        for index, fault in enumerate(self._faults):
            if fault.kind in kinds:
                self._seen[index] += 1
                if self._seen[index] == fault.at or (fault.repeated and self._seen[index] > fault.at):
                    due.append(fault)
        return due

    # -- the four places -----------------------------------------------------------------------------

    def before(self, command: bytes) -> None:
        """Raises ``ConnectionError`` when the card is taken away; it stays away."""
        if self._due(FaultKind.CARD_REMOVED):
            self._faults = (Fault(FaultKind.CARD_REMOVED, repeated=True),)
            self._seen = [1]
            raise ConnectionError("the emulated card was taken away")

    def plain_answer(self, command: CommandApdu, answer: ResponseApdu) -> ResponseApdu:
        """Faults of protocols and files."""
        if not answer.is_success:
            return answer
        for fault in self._due(*_kinds_of_plain_answer(command, answer)):
            answer = self._changed(fault.kind, command, answer)
        return answer

    def protected_objects(self, objects: list[bytes]) -> list[bytes]:
        """Faults under a MAC that fits."""
        with_data = objects[0][0] != 0x99
        if self._due(FaultKind.SM_STATUS_MISSING):
            objects = [item for item in objects if item[0] != 0x99]
        if with_data and self._due(FaultKind.SM_CRYPTOGRAM_MISSING):
            objects = objects[1:]
        if with_data and self._due(FaultKind.SM_CRYPTOGRAM_WRONG):
            objects = [objects[0][:-1] + bytes([objects[0][-1] ^ 1]), *objects[1:]]
        return objects

    def keeps_old_keys(self) -> bool:
        """After chip authentication."""
        return bool(self._due(FaultKind.CA_KEPT_OLD_KEYS))

    def sent_answer(self, command: bytes, answer: bytes) -> bytes:
        """Faults of the link and of protection as a whole."""
        protected = len(command) > 0 and command[0] & 0x0C == 0x0C and len(answer) > 2
        sent = answer
        if protected:
            if self._previous and self._due(FaultKind.SM_REPLAYED):
                sent = self._previous
            for fault in self._due(*_SENT):
                sent = _SENT[fault.kind](sent)
            self._previous = answer
        if len(sent) > 2 and self._due(FaultKind.ANSWER_TRUNCATED):
            sent = sent[: (len(sent) - 2) // 2] + sent[-2:]
        for fault in self._due(FaultKind.ANSWER_EMPTY, FaultKind.COMMAND_REFUSED):
            sent = b"" if fault.kind is FaultKind.ANSWER_EMPTY else fault.status.to_bytes(2, "big")
        return sent

    # -- changes to plain answers ------------------------------------------------------------------------

    def _changed(self, kind: FaultKind, command: CommandApdu, answer: ResponseApdu) -> ResponseApdu:
        if kind in _PLAIN_STATUS:
            return ResponseApdu(b"", _PLAIN_STATUS[kind])
        if kind in _PACE_ANSWERS:
            return ResponseApdu(_changed_pace(kind, command.data, answer.data), answer.sw)
        if kind in _AGREEMENT_ANSWERS:
            return ResponseApdu(_changed_agreement(kind, answer.data), answer.sw)
        if kind is FaultKind.CHALLENGE_SHORT:
            return ResponseApdu(answer.data[:-1], answer.sw)
        if kind is FaultKind.BAC_MAC_WRONG:
            return ResponseApdu(_flipped(answer.data, -1), answer.sw)
        if kind is FaultKind.BAC_CRYPTOGRAM_WRONG:
            return ResponseApdu(_flipped(answer.data, 0), answer.sw)
        return ResponseApdu(self._changed_signature(kind, answer.data), answer.sw)

    def _changed_signature(self, kind: FaultKind, signature: bytes) -> bytes:
        signer = self._content.active_authentication
        if kind is FaultKind.AA_RECORDED and signer is not None:
            return signer.sign(b"recorded")
        if kind is FaultKind.AA_WRONG_TRAILER and isinstance(signer, RsaSigner):
            return _with_wrong_trailer(signer, signature)
        if kind is FaultKind.AA_TRUNCATED:
            return signature[: len(signature) // 2]
        return b"" if kind is FaultKind.AA_EMPTY else _flipped(signature, -1)


def _kinds_of_plain_answer(command: CommandApdu, answer: ResponseApdu) -> Sequence[FaultKind]:
    """Which faults this exchange is the place for."""
    if command.ins in _BY_INSTRUCTION:
        return _BY_INSTRUCTION[command.ins]
    if command.ins == _EXTERNAL_AUTHENTICATE:
        # terminal authentication is the same command, and answered without data
        of_bac = (FaultKind.BAC_MAC_WRONG, FaultKind.BAC_CRYPTOGRAM_WRONG, FaultKind.BAC_REFUSED)
        return of_bac if answer.data else (FaultKind.TA_REFUSED,)
    if command.ins == _MANAGE_SECURITY_ENVIRONMENT:
        return _CHOSEN_BY.get(command.p1, ())
    if command.ins == _INTERNAL_AUTHENTICATE:
        return [kind for kind in FaultKind if kind.label.startswith("aa_")]
    if command.ins != _GENERAL_AUTHENTICATE:
        return ()
    inner = parse_tlv(answer.data, 0x7C).children()
    if inner and inner[0].tag == 0x81:
        return _AGREEMENT_ANSWERS
    return [kind for kind, tag in _PACE_ANSWERS.items() if inner and inner[0].tag == tag]


def _changed_pace(kind: FaultKind, question: bytes, answer: bytes) -> bytes:
    inner, *others = parse_tlv(answer, 0x7C).children()  # after the token comes what proves a chip with CAM
    tag, value = inner.tag, inner.value
    if kind.label.endswith("_tag"):
        tag |= 0x10
    elif kind is FaultKind.PACE_KEY_MIRRORED:
        value = parse_tlv(question, 0x7C).require(0x83).value
    else:
        value = _flipped(value, -1)  # a point whose y differs in one bit is not on the curve
    return encode_tlv(0x7C, [encode_tlv(tag, value), *(other.encoded for other in others)])


def _changed_agreement(kind: FaultKind, answer: bytes) -> bytes:
    nonce, token = parse_tlv(answer, 0x7C).children()
    if kind is FaultKind.CA_TOKEN_MISSING:
        return encode_tlv(0x7C, nonce.encoded)
    if kind is FaultKind.CA_TOKEN_WRONG:
        return encode_tlv(0x7C, [nonce.encoded, encode_tlv(token.tag, _flipped(token.value, -1))])
    return encode_tlv(0x7C, [encode_tlv(nonce.tag, _flipped(nonce.value, -1)), token.encoded])


def _flipped(data: bytes, position: int) -> bytes:
    changed = bytearray(data)
    if changed:
        changed[position] ^= 1
    return bytes(changed)


def _with_wrong_trailer(signer: RsaSigner, signature: bytes) -> bytes:
    """The same representative with a trailer that names no hash function, signed again with the TEST key."""
    numbers = signer.key.private_numbers()
    modulus = numbers.public_numbers.n
    representative = pow(int.from_bytes(signature, "big"), numbers.public_numbers.e, modulus)
    # BC becomes BD (option 1 knows one value), 34CC becomes 0FCC (option 2 has no hash of that number)
    changed = representative ^ (0x01 if representative & 0xFF == 0xBC else 0x3B00)
    return pow(changed, numbers.d, modulus).to_bytes(len(signature), "big")


# -- changes to protected answers --------------------------------------------------------------------------


def _objects(answer: bytes) -> list[Tlv]:
    try:
        return list(iter_tlvs(answer[:-2]))
    except WireError:  # another fault was there before
        return []


def _without_mac(answer: bytes) -> bytes:
    return b"".join(tlv.encoded for tlv in _objects(answer) if tlv.tag != 0x8E) + answer[-2:]


_SENT: Final[dict[FaultKind, Callable[[bytes], bytes]]] = {
    FaultKind.SM_REFUSED: lambda _: b"\x69\x88",
    FaultKind.SM_MAC_MISSING: _without_mac,
    FaultKind.SM_MAC_WRONG: lambda answer: _flipped(answer, -3),  # the MAC is the last object before the status word
    FaultKind.SM_STRIPPED: lambda _: b"\x90\x00",
    FaultKind.SM_STATUS_DIFFERS: lambda answer: answer[:-2] + b"\x6a\x82",
    FaultKind.SM_UNPROTECTED_DATA: lambda _: b"no protection at all" + b"\x90\x00",
}
