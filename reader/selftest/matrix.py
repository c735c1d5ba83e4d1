"""Every combination that the standards could mean: each is either run, or named with the reason why it is not.

Doc 9303-11 §9.2.1 (PACE protocols), §9.5.1 table 5 (domain parameters), §4.4.4.1 (passwords).
"""

from __future__ import annotations

import dataclasses
import enum
import itertools
from collections.abc import Iterator
from typing import Final

from crypto.pace.parameters import (
    STANDARDIZED_CURVES,
    Agreement,
    Mapping,
    PasswordReference,
    pace_protocols,
    standardized_curve,
)
from crypto.pki.cvc import ID_TA, terminal_signature_algorithms
from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.dh_groups import DH_GROUPS
from reader.transport.laboratory import ChipOrder

__all__ = ["Combination", "Section", "combinations"]


class Section(enum.StrEnum):
    """Parts of the table."""

    BAC = "Basic access control"
    PACE = "PACE"
    PACE_EXPLICIT = "PACE on spelt-out domain parameters"
    CHIP_AUTHENTICATION = "Chip authentication"
    CHIP_AUTHENTICATION_2 = "Chip authentication version 2, after terminal authentication version 2"
    ACTIVE_AUTHENTICATION = "Active authentication"
    TERMINAL_AUTHENTICATION = "Terminal authentication, reading DG3"


@dataclasses.dataclass(frozen=True, slots=True)
class Combination:
    """One cell of the table.

    Attributes:
        section: which table.
        row: what varies from line to line, e.g. ``ECDH GM brainpoolP256r1``.
        column: what varies within a line, e.g. ``AES-128``.
        password: ``MRZ``, ``CAN``, ``PIN`` or ``PUK``.
        order: the chip to run it on.
        unsupported: why it is not run; ``""`` if it is.
    """

    section: Section
    row: str
    column: str
    password: str
    order: ChipOrder = dataclasses.field(default_factory=ChipOrder)
    unsupported: str = ""

    @property
    def name(self) -> str:
        """For a line of its own."""
        return f"{self.section.value}: {self.row}, {self.column}, {self.password}"


_CIPHERS: Final = {
    SymmetricCipher.TDES: "3DES",
    SymmetricCipher.AES128: "AES-128",
    SymmetricCipher.AES192: "AES-192",
    SymmetricCipher.AES256: "AES-256",
}
_PROTOCOLS: Final = {(p.mapping, p.agreement, p.cipher): p.oid for p in pace_protocols()}
_HASHES: Final = ("sha1", "sha224", "sha256", "sha384", "sha512")
_RSA_BITS: Final = (1024, 1536, 2048, 3072, 4096)

NO_CAM_WITHOUT_CURVE: Final = "chip-authentication mapping is defined over elliptic curves only (Doc 9303-11 §4.4.3.5)"
NO_CAM_WITH_3DES: Final = "chip-authentication mapping has no identifier for 3DES (Doc 9303-11 §9.2.1)"
NO_IM_ON_THIS_CURVE: Final = (
    "the point encoding of integrated mapping needs p ≡ 3 (mod 4), which secp224r1 lacks (Doc 9303-11 appendix B.2)"
)
NO_OWN_GROUPS: Final = (
    "spelt-out parameters of no known group: EF.CardAccess is unsigned, so somebody could choose weak ones"
)


def combinations() -> Iterator[Combination]:
    """The whole table, section by section, in the order in which it is printed."""
    yield Combination(Section.BAC, "BAC", "3DES", "MRZ")
    yield Combination(
        Section.BAC, "BAC", "3DES", "CAN", unsupported="basic access control knows only the MRZ (Doc 9303-11 §4.3)"
    )
    yield from _pace()
    yield from _explicit()
    yield from _chip_authentication()
    yield from _active_authentication()
    yield from _terminal_authentication()


# ---------------------------------------------------------------------------------------------- PACE
def _pace() -> Iterator[Combination]:
    for agreement, mapping in itertools.product((Agreement.ECDH, Agreement.DH), Mapping):
        for parameter_id in _parameter_ids(agreement):
            for cipher, column in _CIPHERS.items():
                reason = _why_not(mapping, agreement, parameter_id, cipher)
                oid = _PROTOCOLS.get((mapping, agreement, cipher), "")
                for password in PasswordReference:
                    row = f"{agreement.value} {mapping.value} {_group_name(parameter_id)}"
                    order = ChipOrder(pace_oid=oid, parameter_id=parameter_id)
                    yield Combination(Section.PACE, row, column, password.name, order, reason)


def _parameter_ids(agreement: Agreement) -> tuple[int, ...]:
    return tuple(DH_GROUPS) if agreement is Agreement.DH else tuple(STANDARDIZED_CURVES)


def _group_name(parameter_id: int) -> str:
    return DH_GROUPS[parameter_id].name if parameter_id in DH_GROUPS else STANDARDIZED_CURVES[parameter_id]


def _why_not(mapping: Mapping, agreement: Agreement, parameter_id: int, cipher: SymmetricCipher) -> str:
    if mapping is Mapping.CHIP_AUTHENTICATION and agreement is Agreement.DH:
        return NO_CAM_WITHOUT_CURVE
    if mapping is Mapping.CHIP_AUTHENTICATION and not cipher.is_aes:
        return NO_CAM_WITH_3DES
    curve = standardized_curve(parameter_id)
    if mapping is Mapping.INTEGRATED and curve is not None and curve.p % 4 != 3:
        return NO_IM_ON_THIS_CURVE
    return ""


def _explicit() -> Iterator[Combination]:
    """Generic mapping with AES-128: how the parameters are written does not depend on mapping and cipher."""
    for agreement in (Agreement.ECDH, Agreement.DH):
        oid = _PROTOCOLS[Mapping.GENERIC, agreement, SymmetricCipher.AES128]
        for parameter_id in _parameter_ids(agreement):
            order = ChipOrder(pace_oid=oid, parameter_id=parameter_id, spelt_out=True)
            row = f"{agreement.value} GM {_group_name(parameter_id)}"
            yield Combination(Section.PACE_EXPLICIT, row, "AES-128", "CAN", order)
        row = f"{agreement.value} GM any other group"
        yield Combination(Section.PACE_EXPLICIT, row, "AES-128", "CAN", unsupported=NO_OWN_GROUPS)


# -------------------------------------------------------------------------- chip and terminal proofs
_ID_CA: Final = "0.4.0.127.0.7.2.2.3"
_TERMINAL_FOR_VERSION_2: Final = f"{ID_TA}.2.3"  # ECDSA with SHA-256; version 2 asks for the terminal first
_CA_ARC: Final = {
    SymmetricCipher.TDES: 1,
    SymmetricCipher.AES128: 2,
    SymmetricCipher.AES192: 3,
    SymmetricCipher.AES256: 4,
}


def _chip_authentication() -> Iterator[Combination]:
    for section, version in ((Section.CHIP_AUTHENTICATION, 1), (Section.CHIP_AUTHENTICATION_2, 2)):
        for agreement in (Agreement.ECDH, Agreement.DH):
            family = 2 if agreement is Agreement.ECDH else 1
            for parameter_id, (cipher, column) in itertools.product(_parameter_ids(agreement), _CIPHERS.items()):
                order = ChipOrder(
                    chip_authentication=f"{_ID_CA}.{family}.{_CA_ARC[cipher]}",
                    chip_authentication_version=version,
                    chip_authentication_group=_group_name(parameter_id),
                    terminal_authentication=_TERMINAL_FOR_VERSION_2 if version == 2 else "",
                )
                row = f"{agreement.value} {_group_name(parameter_id)}"
                yield Combination(section, row, column, "CAN", order)


def _active_authentication() -> Iterator[Combination]:
    for bits, hash_name in itertools.product(_RSA_BITS, _HASHES):
        order = ChipOrder(active_authentication=f"rsa-{bits}-{hash_name}")
        yield Combination(Section.ACTIVE_AUTHENTICATION, f"RSA {bits}", hash_name.upper(), "CAN", order)
    for curve, hash_name in itertools.product(STANDARDIZED_CURVES.values(), _HASHES):
        order = ChipOrder(active_authentication=f"ecdsa-{curve}-{hash_name}")
        yield Combination(Section.ACTIVE_AUTHENTICATION, f"ECDSA {curve}", hash_name.upper(), "CAN", order)


def _terminal_authentication() -> Iterator[Combination]:
    by_kind = sorted(terminal_signature_algorithms().items(), key=lambda item: item[1].mask_hash is not None)
    by_kind.sort(key=lambda item: not item[1].scheme.value.startswith("ECDSA"))  # its five hashes name the columns
    for oid, algorithm in by_kind:
        scheme, _, hash_name = algorithm.name.partition(" with ")
        order = ChipOrder(terminal_authentication=oid)
        yield Combination(Section.TERMINAL_AUTHENTICATION, scheme, hash_name.upper(), "CAN", order)
