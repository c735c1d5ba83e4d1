"""Card profiles: one TOML file per card under ``profiles/``, read into frozen types.

A profile says who is on the card, how the chip behaves and what must come out when it is read. Keys that a profile
leaves out take the values of an ordinary CCCD, as far as those are known.
"""

from __future__ import annotations

import dataclasses
import enum
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from crypto.pace.parameters import pace_protocols
from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.curves import Curve, curve
from crypto.primitives.dh_groups import DH_GROUPS, DhGroup
from crypto.primitives.secret import Secret
from emulator.chip.content import (
    EF_CVCA,
    ChipBehaviour,
    EndOfFile,
    ExtendedRefusal,
    PaceOffer,
    TooLongAnswer,
    TooLongRead,
    UnprotectedErrors,
)
from emulator.chip.passwords import Pin, Puk
from emulator.personalise.attack import Attack
from emulator.personalise.cv_issuer import CvSuite
from emulator.personalise.faces.appearance import Appearance
from emulator.personalise.holder import Holder
from emulator.personalise.lds_choice import LdsChoice, lds_choice
from emulator.personalise.own_group import OWN_GROUP
from emulator.personalise.security_infos import DhEncoding, KeyEncoding
from emulator.personalise.security_object_form import Authority, SecurityObjectForm, SignerReference
from emulator.personalise.travel_document import MrzFormat, TravelDocument

__all__ = [
    "CardProfile",
    "ChipAuthenticationChoice",
    "DocumentKind",
    "Expected",
    "SignatureChoice",
    "TerminalAuthenticationChoice",
    "attack_names",
    "load_profile",
    "profile_names",
]


class DocumentKind(enum.StrEnum):
    """Generation of the Vietnamese card, or size of another state's document."""

    CCCD = "cccd"
    """Chip citizen-ID card, 2021 to mid-2024."""
    CAN_CUOC_2024 = "can-cuoc-2024"
    """Identity card of the law of 2024. Assumed: no data group 13 that anybody could read."""
    PASSPORT = "passport"
    """Booklet, TD3."""
    ID_CARD_TD1 = "id-card-td1"
    ID_CARD_TD2 = "id-card-td2"

    @property
    def mrz_format(self) -> MrzFormat | None:
        """The zone of a document of any state; ``None`` for the Vietnamese cards, which fill TD1 in their own way."""
        return _TRAVEL_FORMATS.get(self)


_TRAVEL_FORMATS: Final = {
    DocumentKind.PASSPORT: MrzFormat.TD3,
    DocumentKind.ID_CARD_TD1: MrzFormat.TD1,
    DocumentKind.ID_CARD_TD2: MrzFormat.TD2,
}


class Expected(enum.StrEnum):
    """The verdict that reading the card must end with."""

    ACCEPT = "ACCEPT"
    REFER = "REFER"
    REJECT = "REJECT"


@dataclasses.dataclass(frozen=True, slots=True)
class ChipAuthenticationChoice:
    """One key for chip authentication with one cipher. Choices with the same key id and group share the key.

    Attributes:
        cipher: of the session that it starts.
        domain: curve or finite-field group.
        key_id: reference, or ``None``.
        announced: whether ChipAuthenticationInfo is written; the oldest chips have the public key only.
        versions: of the protocol: 1, 2 or both.
        dh_encoding: how parameters of a finite field are written.
    """

    cipher: SymmetricCipher
    domain: Curve | DhGroup
    key_id: int | None = None
    announced: bool = True
    versions: tuple[int, ...] = (1,)
    dh_encoding: DhEncoding = DhEncoding.PKCS3


@dataclasses.dataclass(frozen=True, slots=True)
class SignatureChoice:
    """Key and hash of active authentication; exactly one of ``curve`` and ``rsa_bits`` is set.

    ``cut_bytes`` are missing at the end of each signature, which the chip answers all the same with 9000.
    """

    hash_name: str
    curve: str = ""
    rsa_bits: int = 0
    cut_bytes: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class TerminalAuthenticationChoice:
    """How a terminal may prove its rights.

    Attributes:
        versions: of the protocol: 1, 2 or both.
        trust_points: keys of the TEST verifying authority, the most recent first, two at most.
        ef_cvca: identifier of EF.CVCA.
    """

    versions: tuple[int, ...]
    trust_points: tuple[CvSuite, ...]
    ef_cvca: int = EF_CVCA


@dataclasses.dataclass(frozen=True, slots=True)
class CardProfile:
    """One card.

    Attributes:
        name: the slug of the command line; the name of the file.
        what_for: one English sentence.
        expected: the verdict.
        laboratory: a chip for tests of the reader that no kiosk user needs to see; left out of the plain list.
        document: generation.
        holder: the person.
        travel_document: what documents of other states say besides; ``None`` for the Vietnamese cards.
        lds: data groups and encodings beyond the ordinary.
        appearance: how the portrait is drawn, or ``None`` for a card without photograph.
        jpeg2000: portrait as JPEG 2000 instead of JPEG.
        basic_access_control, pace, chip_authentication, active_authentication: protocols offered.
        pin, puk: passwords of the holder's, beside the CAN, or ``None``.
        terminal_authentication: versions that the chip takes, and whom it trusts; ``None`` without the protocol.
        card_access: whether EF.CardAccess exists.
        directory: whether EF.DIR exists.
        directory_guarded: whether EF.DIR, if it exists, refuses to be selected before access control.
        key_encoding: how DG14 and DG15 write domain parameters.
        sorted_infos: whether DG14 is sorted as DER demands.
        announces_lengths: whether a chip that takes extended length says so in its answer to reset, which also tells
            terminals to look into EF.ATR/INFO. Nothing is known of Vietnamese cards, so theirs say nothing by default.
        claims_extended_length: whether a chip that does not take extended length says that it does.
        behaviour: habits of the operating system.
        authority, signer_reference, signer_explicit_parameters, security_object_version, security_object_form,
            digest_null_parameters: about EF.SOD (:func:`emulator.personalise.issuer.sign_security_object`).
        nested_parents, bare_details: variants of the Vietnamese data group 13.
        changed_group: data group of which one byte is changed after signing, 0 for none.
        copied: all files are copied from another chip, the private keys are not.
        attack: what somebody made of the card, or ``None``.
        printed_qr: text of the printed QR code where it is not the holder's own.
    """

    name: str
    what_for: str
    expected: Expected
    document: DocumentKind
    holder: Holder
    travel_document: TravelDocument | None = None
    lds: LdsChoice = dataclasses.field(default_factory=LdsChoice)
    laboratory: bool = False
    appearance: Appearance | None = None
    jpeg2000: bool = False
    basic_access_control: bool = True
    pace: tuple[PaceOffer, ...] = ()
    pin: Pin | None = None
    puk: Puk | None = None
    chip_authentication: tuple[ChipAuthenticationChoice, ...] = ()
    active_authentication: SignatureChoice | None = None
    terminal_authentication: TerminalAuthenticationChoice | None = None
    card_access: bool = True
    directory: bool = False
    directory_guarded: bool = False
    key_encoding: KeyEncoding = KeyEncoding.EXPLICIT
    sorted_infos: bool = True
    announces_lengths: bool = True
    claims_extended_length: bool = False
    behaviour: ChipBehaviour = dataclasses.field(default_factory=ChipBehaviour)
    authority: Authority = Authority.TEST
    signer_reference: SignerReference = SignerReference.ISSUER_AND_SERIAL
    signer_explicit_parameters: bool = False
    security_object_version: int = 0
    security_object_form: SecurityObjectForm = SecurityObjectForm.DER
    digest_null_parameters: bool = False
    nested_parents: bool = False
    bare_details: bool = False
    changed_group: int = 0
    copied: bool = False
    attack: Attack | None = None
    printed_qr: str = ""


_FOLDER: Final = Path(__file__).with_name("profiles")
"""No importlib.resources, which takes longer to load than all profiles together."""
_ATTACK: Final = "attack-"
"""How the names of cards begin that somebody forged."""
_CIPHERS: Final = {cipher.label: cipher for cipher in SymmetricCipher}
_HABITS: Final[Mapping[str, type[enum.Enum]]] = {
    "end_of_file": EndOfFile,
    "errors_unprotected": UnprotectedErrors,
    "extended_refusal": ExtendedRefusal,
    "too_long_answer": TooLongAnswer,
    "too_long_read": TooLongRead,
}
_DEFAULT_CHIP: Final[Mapping[str, Any]] = {
    "pace": ["PACE-ECDH-GM-AES-CBC-CMAC-128/13"],
    "chip_authentication": [{"cipher": "aes-128", "curve": "brainpoolP256r1"}],
    "active_authentication": {"curve": "brainpoolP256r1", "hash": "sha256"},
}


def profile_names() -> tuple[str, ...]:
    """Slugs of all built-in cards but the attack cards, sorted."""
    return tuple(name for name in _all_names() if not name.startswith(_ATTACK))


def attack_names() -> tuple[str, ...]:
    """Slugs of the cards that somebody forged, sorted."""
    return tuple(name for name in _all_names() if name.startswith(_ATTACK))


def _all_names() -> list[str]:
    return sorted(file.stem for file in _FOLDER.glob("*.toml"))


def load_profile(name: str) -> CardProfile:
    """The built-in card of that name. Raises ``KeyError`` if there is none."""
    if name not in _all_names():
        raise KeyError(f"there is no card {name!r}; there are {', '.join(_all_names())}")
    text = (_FOLDER / f"{name}.toml").read_text(encoding="utf-8")
    return _profile(name, tomllib.loads(text))


def _profile(name: str, table: dict[str, Any]) -> CardProfile:
    """A misspelt key raises ``TypeError``: profiles are source code, not user input."""
    chip = {**_DEFAULT_CHIP, **table.pop("chip", {})}
    portrait = dict(table.pop("portrait", {}))
    jpeg2000 = portrait.pop("jpeg2000", False)
    holder = table.pop("holder")
    state = table.pop("travel_document", None)
    attack = table.pop("attack", None)
    chip.setdefault("announces_lengths", state is not None)
    travel_document = None if state is None else TravelDocument(number=holder["number"], **state)
    return CardProfile(
        name=name,
        expected=Expected(table.pop("expected")),
        document=DocumentKind(table.pop("document")),
        holder=Holder(**holder),
        travel_document=travel_document,
        attack=None if attack is None else Attack(attack),
        lds=lds_choice(table.pop("lds", {})),
        appearance=Appearance(**portrait) if portrait else None,
        jpeg2000=jpeg2000,
        pace=tuple(_pace_offer(text) for text in chip.pop("pace")),
        pin=_pin(chip.pop("pin")) if "pin" in chip else None,
        puk=_puk(chip.pop("puk")) if "puk" in chip else None,
        chip_authentication=tuple(_agreement(entry) for entry in chip.pop("chip_authentication")),
        active_authentication=_signature(chip.pop("active_authentication")),
        terminal_authentication=(
            _terminal_authentication(chip.pop("terminal_authentication")) if "terminal_authentication" in chip else None
        ),
        key_encoding=KeyEncoding(chip.pop("key_encoding", KeyEncoding.EXPLICIT)),
        behaviour=_behaviour(chip.pop("behaviour", {})),
        authority=Authority(table.pop("authority", Authority.TEST)),
        signer_reference=SignerReference(table.pop("signer_reference", SignerReference.ISSUER_AND_SERIAL)),
        security_object_form=SecurityObjectForm(table.pop("security_object_form", SecurityObjectForm.DER)),
        **chip,
        **table,
    )


def _pace_offer(text: str) -> PaceOffer:
    """``PROTOCOL/ID``, or ``PROTOCOL/ID=GROUP`` for a group that the chip spells out under an id of its own."""
    protocol_name, _, parameters = text.partition("/")
    parameter_id, _, group = parameters.partition("=")
    protocols = {protocol.name: protocol for protocol in pace_protocols()}
    return PaceOffer(protocols[protocol_name], int(parameter_id), _domain(group) if group else None)


def _domain(name: str) -> Curve | DhGroup:
    fields = {group.name: group for group in (*DH_GROUPS.values(), OWN_GROUP)}
    return fields[name] if name in fields else curve(name)


def _pin(table: Mapping[str, Any]) -> Pin:
    rules = dict(table)
    return Pin(Secret(rules.pop("digits").encode("ascii")), **rules)


def _puk(table: Mapping[str, Any]) -> Puk:
    rules = dict(table)
    return Puk(Secret(rules.pop("digits").encode("ascii")), **rules)


def _agreement(table: Mapping[str, Any]) -> ChipAuthenticationChoice:
    """``curve`` or ``group`` names where the key lies."""
    values = dict(table)
    cipher = _CIPHERS[values.pop("cipher")]
    domain = _domain(values.pop("curve") if "curve" in values else values.pop("group"))
    versions = tuple(values.pop("versions", (1,)))
    encoding = DhEncoding(values.pop("dh_encoding", DhEncoding.PKCS3))
    return ChipAuthenticationChoice(cipher, domain, versions=versions, dh_encoding=encoding, **values)


def _terminal_authentication(table: Mapping[str, Any]) -> TerminalAuthenticationChoice:
    points = tuple(CvSuite.parse(text) for text in table["trust_points"])
    return TerminalAuthenticationChoice(tuple(table["versions"]), points, table.get("ef_cvca", EF_CVCA))


def _signature(table: Mapping[str, Any]) -> SignatureChoice | None:
    if not table:
        return None
    return SignatureChoice(table["hash"], table.get("curve", ""), table.get("rsa_bits", 0), table.get("cut_bytes", 0))


def _behaviour(table: Mapping[str, Any]) -> ChipBehaviour:
    """Status words stand in TOML as hexadecimal integers, 0x6D00; habits by the value of their enumeration."""
    values: dict[str, Any] = {name: _HABITS[name](value) if name in _HABITS else value for name, value in table.items()}
    # Observed on the Vietnamese card: SELECT of the master file fails, files are selected directly
    values.setdefault("master_file_status", 0x6D00)
    return ChipBehaviour(**values)
