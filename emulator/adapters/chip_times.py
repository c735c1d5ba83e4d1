"""How long a chip computes for a command, told from the octets of the command and the length of its answer.

The times of single operations stand in ``chips/*.toml``, each with its source. Which operations a command costs follows
from the protocols: the header and the lengths are readable even under secure messaging. Where two keys give the same
lengths, a rule below says which is meant.
"""

from __future__ import annotations

import dataclasses
import importlib.resources
import tomllib
from collections.abc import Callable, Mapping
from typing import Any, Final

from crypto.errors import WireError
from crypto.wire.apdu import CommandApdu
from crypto.wire.tlv import parse_tlv

__all__ = ["ChipTimes", "chip_names", "load_chip"]

_FOLDER: Final = "chips"
_MS: Final = 1e-3
_US: Final = 1e-6

_PROTECTED: Final = 0x0C
_STATUS_BYTES: Final = 2
_ANSWER_PROTECTION: Final = 4 + 10
"""DO'99' and DO'8E' (Doc 9303-11 §9.8.4)."""
_COMMAND_PROTECTION: Final = 3 + 10
"""DO'97' of a short command and DO'8E'."""

_CURVE_BITS: Final = (192, 224, 256, 320, 384, 512, 521)
_USUAL_CURVE_BITS: Final = 256
_EC_SCALING: Final = 2
"""Exponent by which a length that is not listed is scaled; assumed."""
_POWER_SCALING: Final = 3
_SHORTEST_RSA_BYTES: Final = 128
"""A signature as long as this is RSA's: RSA-1024 is far more common than ECDSA on 512 or 521 bits."""

_KEY_DERIVATION_HASHES: Final = 2  # one for each of KSEnc and KSMac (Doc 9303-11 §9.7.1)
_PASSES: Final = 2  # encrypting or decrypting, and the checksum
_VERIFICATION_MULTIPLICATIONS: Final = 2  # u1·G + u2·Q (TR-03111 §4.2.1)


@dataclasses.dataclass(frozen=True, slots=True)
class ChipTimes:
    """Times of one chip's operations; :attr:`source` says where each is from.

    Attributes:
        name: of the file.
        what: which chip.
        command_ms: for every command.
        select_ms: SELECT and MANAGE SECURITY ENVIRONMENT.
        protection_ms: for every protected command.
        symmetric_us_per_byte: one pass of cipher or checksum.
        memory_us_per_byte: reading a file from memory.
        hash_ms: one short message.
        random_ms: one challenge or nonce.
        ec_multiplication_ms: a point by a number, by the field's length in bits.
        modular_power_ms: RSA and finite-field Diffie-Hellman with a full exponent, by the modulus's length in bits.
        source: by name of the attribute.
    """

    name: str
    what: str
    command_ms: float
    select_ms: float
    protection_ms: float
    symmetric_us_per_byte: float
    memory_us_per_byte: float
    hash_ms: float
    random_ms: float
    ec_multiplication_ms: Mapping[int, float]
    modular_power_ms: Mapping[int, float]
    source: Mapping[str, str]

    def seconds(self, command: bytes, answer_bytes: int) -> float:
        """Computing time for one command.

        Args:
            command: its octets; any octets at all.
            answer_bytes: length of the answer, status word included.
        """
        total = self.command_ms * _MS
        try:
            apdu = CommandApdu.parse(command)
        except WireError:
            return total
        if _is_protected(apdu):
            carried = len(apdu.data) + answer_bytes
            total += self.protection_ms * _MS + self._symmetric(carried)
        if answer_bytes <= _STATUS_BYTES and apdu.ins not in _ANSWERED_BY_STATUS:
            return total  # refused
        work = _WORK.get(apdu.ins)
        return total + (work(self, apdu, answer_bytes) if work is not None else 0.0)

    def ec_multiplication(self, bits: int) -> float:
        """Seconds for one multiplication of a point; lengths that are not listed are scaled by the square."""
        return _scaled(self.ec_multiplication_ms, bits, _EC_SCALING) * _MS

    def modular_power(self, bits: int) -> float:
        """Seconds for one power; lengths that are not listed are scaled by the cube."""
        return _scaled(self.modular_power_ms, bits, _POWER_SCALING) * _MS

    def agreement(self, public_key_bytes: int, *, is_point: bool) -> float:
        """Seconds for one Diffie-Hellman operation with a public key of that length."""
        if is_point:
            return self.ec_multiplication(_bits_of_point(public_key_bytes))
        return self.modular_power(8 * public_key_bytes)

    def _symmetric(self, carried: int) -> float:
        return _PASSES * carried * self.symmetric_us_per_byte * _US

    def _key_derivation(self) -> float:
        return _KEY_DERIVATION_HASHES * self.hash_ms * _MS

    # ------------------------------------------------------------------------------- what each command costs
    def _selects(self, apdu: CommandApdu, answer_bytes: int) -> float:
        seconds = self.select_ms * _MS
        if apdu.ins == 0x22 and (apdu.p1, apdu.p2) == (0x41, 0xA6):  # MSE:Set KAT carries the key (TR-03110-3 §B.2)
            seconds += self._chip_authentication(apdu, tag_lengths=1)
        return seconds

    def _reads(self, apdu: CommandApdu, answer_bytes: int) -> float:
        return answer_bytes * self.memory_us_per_byte * _US

    def _draws(self, apdu: CommandApdu, answer_bytes: int) -> float:
        return self.random_ms * _MS

    def _checks_terminal(self, apdu: CommandApdu, answer_bytes: int) -> float:
        """EXTERNAL AUTHENTICATE: BAC in plain, a terminal's signature when protected; PERFORM SECURITY OPERATION."""
        if not _is_protected(apdu):
            return self.random_ms * _MS + self._symmetric(len(apdu.data) + answer_bytes) + self._key_derivation()
        return _VERIFICATION_MULTIPLICATIONS * self.ec_multiplication(
            _USUAL_CURVE_BITS
        )  # the curve is not seen: assumed

    def _signs(self, apdu: CommandApdu, answer_bytes: int) -> float:
        """INTERNAL AUTHENTICATE (Doc 9303-11 §6.1). An ECDSA signature costs one multiplication."""
        room = (
            _plain_room(answer_bytes - _STATUS_BYTES - _ANSWER_PROTECTION) if _is_protected(apdu) else answer_bytes - 2
        )
        if room >= _SHORTEST_RSA_BYTES:
            known = [bits for bits in self.modular_power_ms if bits // 8 <= room]
            return self.modular_power(max(known, default=8 * _SHORTEST_RSA_BYTES))
        return self.ec_multiplication(_largest_curve(lambda octets: 2 * octets, room))

    def _agrees(self, apdu: CommandApdu, answer_bytes: int) -> float:
        """GENERAL AUTHENTICATE: the steps of PACE in plain (Doc 9303-11 §4.4.4.2), chip authentication protected."""
        if _is_protected(apdu):
            return self._chip_authentication(apdu, tag_lengths=2) + self._key_derivation()
        tag, value = _dynamic_data(apdu.data)
        match tag:
            case 0x81:
                return self._maps(value)
            case 0x83:  # its own key pair and the secret
                return 2 * self.agreement(len(value), is_point=_is_point(value)) + self._key_derivation()
            case 0x85:  # both tokens
                return self._symmetric(len(apdu.data) + answer_bytes)
            case _:  # the encrypted nonce
                return self.random_ms * _MS + self.hash_ms * _MS

    def _maps(self, value: bytes) -> float:
        """Generic mapping: own key pair, H, s·G. Integrated mapping, known by a nonce in place of a key: one (assumed)."""
        if len(value) <= 32:
            return self.ec_multiplication(_USUAL_CURVE_BITS)
        return 3 * self.agreement(len(value), is_point=_is_point(value))

    def _chip_authentication(self, apdu: CommandApdu, tag_lengths: int) -> float:
        """One Diffie-Hellman operation with the static key; the terminal's key lies encrypted in ``tag_lengths`` objects."""
        room = _plain_room(len(apdu.data) - _COMMAND_PROTECTION)

        def wrapped(octets: int) -> int:
            length = 1 + 2 * octets
            for _ in range(tag_lengths):
                length += 2 if length < 0x80 else 3
            return length

        if room > wrapped(66) + 16:  # more than P-521 with its padding
            known = [bits for bits in self.modular_power_ms if bits // 8 <= room]
            return self.modular_power(max(known, default=8 * _SHORTEST_RSA_BYTES))
        return self.ec_multiplication(_largest_curve(wrapped, room))


_WORK: Final[Mapping[int, Callable[[ChipTimes, CommandApdu, int], float]]] = {
    0xA4: ChipTimes._selects,
    0x22: ChipTimes._selects,
    0xB0: ChipTimes._reads,
    0xB1: ChipTimes._reads,
    0x84: ChipTimes._draws,
    0x82: ChipTimes._checks_terminal,
    0x2A: ChipTimes._checks_terminal,
    0x88: ChipTimes._signs,
    0x86: ChipTimes._agrees,
}
_ANSWERED_BY_STATUS: Final = (0xA4, 0x22, 0x82, 0x2A)


def chip_names() -> tuple[str, ...]:
    """Names of the chips whose times are known, sorted."""
    folder = importlib.resources.files(__package__).joinpath(_FOLDER)
    return tuple(sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".toml")))


def load_chip(name: str) -> ChipTimes:
    """The times of one chip. Raises ``KeyError`` if there is none of that name."""
    if name not in chip_names():
        raise KeyError(f"there is no chip {name!r}; there are {', '.join(chip_names())}")
    text = importlib.resources.files(__package__).joinpath(_FOLDER, f"{name}.toml").read_text(encoding="utf-8")
    table: dict[str, Any] = tomllib.loads(text)
    for key in ("ec_multiplication_ms", "modular_power_ms"):
        table[key] = {int(bits): milliseconds for bits, milliseconds in table[key].items()}
    return ChipTimes(name=name, **table)


def _is_protected(apdu: CommandApdu) -> bool:
    return apdu.cla & _PROTECTED == _PROTECTED


def _is_point(value: bytes) -> bool:
    """An uncompressed point (TR-03111 §3.2.1): 04, then two coordinates."""
    return len(value) % 2 == 1 and value[:1] == b"\x04"


def _bits_of_point(octets: int) -> int:
    coordinate = (octets - 1) // 2
    return 521 if coordinate == 66 else 8 * coordinate


def _plain_room(cryptogram_object: int) -> int:
    """Most plain bytes that DO'87' of that many bytes can hold: without its header, the indicator and a byte of padding."""
    header = 2 if cryptogram_object <= 0x7F + 2 else 3 if cryptogram_object <= 0xFF + 3 else 4
    return max(0, cryptogram_object - header - 2)


def _largest_curve(encoded: Callable[[int], int], room: int) -> int:
    """The longest field whose encoding fits: shorter ones would have needed less padding, or are taken for it."""
    fitting = [bits for bits in _CURVE_BITS if encoded(-(-bits // 8)) <= room]
    return max(fitting, default=_CURVE_BITS[0])


def _dynamic_data(data: bytes) -> tuple[int, bytes]:
    """Tag and value of the object in DO'7C'; (0, nothing) if there is none."""
    try:
        outer = parse_tlv(data)
        inner = parse_tlv(outer.value) if outer.value else None
    except WireError:
        return 0, b""
    return (inner.tag, inner.value) if inner is not None and outer.tag == 0x7C else (0, b"")


def _scaled(table: Mapping[int, float], bits: int, exponent: int) -> float:
    nearest = min(table, key=lambda listed: abs(listed - bits))
    scale: float = (bits / nearest) ** exponent
    return table[nearest] * scale
