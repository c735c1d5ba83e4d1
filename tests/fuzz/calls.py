"""Parsers that are fuzzed together, because one kind of octets reaches all of them."""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
from collections.abc import Callable
from typing import Final

from crypto.errors import ChipIdError, CryptoError
from crypto.pki import cms, cvc, deviation_list, master_list, signed_list
from crypto.pki.certificate import Certificate
from crypto.pki.passive_authentication import read_security_object
from crypto.primitives.curves import curve
from crypto.primitives.dh_groups import DH_GROUPS
from crypto.primitives.padding import unpad
from crypto.signatures import dh_public_key, ecdsa_plain, explicit_parameters, public_key, rsa_iso9796_2
from crypto.wire import tlv
from crypto.wire.apdu import CommandApdu, ResponseApdu
from crypto.wire.oid import decode_oid
from reader.card_capabilities import ApduSizes, CardCapabilities
from reader.evidence import container, device_key, kept_reading
from reader.lds import (
    dg2,
    dg3,
    dg4,
    face_image,
    face_record,
    files,
    finger_image,
    finger_record,
    image_encoding,
    iris_record,
    iso39794_face,
    iso39794_finger,
    iso39794_iris,
    mrz,
    open_groups,
    sod,
    vietnam,
)
from reader.lds import public_key as lds_public_key
from reader.lds.document import IdDocument, RawDocument
from reader.scanners import insurance_qr, keyboard, qr, recognition
from reader.scanners.framing import EnvelopeFramer, LineFramer
from reader.scanners.mrz import MrzCollector
from reader.scanners.vendor import declared, desko, elyctis, est100pr, hn212
from reader.trust import deviations, folder, ldif, list_signers, manifest
from reader.vietnamese import number
from tests.fuzz.looking import MOST_ITEMS, look_at


def looked_at(parse: Callable[[bytes], object]) -> Callable[[bytes], object]:
    """The parser, and a look at what it answers."""

    def run(octets: bytes) -> None:
        look_at(parse(octets))

    return run


def tlvs(octets: bytes) -> None:
    pending = [(one, 0) for one in itertools.islice(tlv.iter_tlvs(octets), MOST_ITEMS)]
    while pending:
        one, depth = pending.pop()
        if one.is_constructed and depth < 30:
            with contextlib.suppress(ChipIdError):
                pending += [(child, depth + 1) for child in one.children()[:MOST_ITEMS]]
    tlv.parse_tlv_header(octets)
    tlv.parse_tag(octets)
    tlv.parse_tlv(octets)


def lines(octets: bytes) -> object:
    lines = octets.decode("latin-1").split("\n")
    with contextlib.suppress(ChipIdError):
        look_at(mrz.parse_mrz(lines))
    with contextlib.suppress(ChipIdError):
        mrz.mrz_information(lines)
    with contextlib.suppress(ChipIdError):
        look_at(mrz.parse_mrz_text("".join(lines)))
    return mrz.parse_scanned_mrz(lines)


def keys(octets: bytes) -> None:
    for parse in (
        public_key.parse_public_key,
        public_key.parse_certificate_key,
        dh_public_key.parse_dh_public_key,
        lds_public_key.parse_subject_public_key,
    ):
        with contextlib.suppress(ChipIdError):
            found = parse(octets)
            look_at(found)
            if isinstance(found, lds_public_key.SubjectPublicKey):
                found.point()
                found.resolve()


_SMALL_CURVE: Final = curve("brainpoolP192r1")
_CURVE: Final = curve("secp256r1")
_DH: Final = DH_GROUPS[0]


def elements(octets: bytes) -> None:
    for parse in (
        lambda: _CURVE.decode_point(octets),
        lambda: _SMALL_CURVE.decode_point(octets),
        lambda: explicit_parameters.decode_any_point(_CURVE, octets),
        lambda: _DH.decode(octets),
        lambda: ecdsa_plain.parse_der(octets, _CURVE),
        lambda: ecdsa_plain.parse_plain(octets, _CURVE),
        lambda: ecdsa_plain.der_to_plain(octets, _CURVE),
        lambda: ecdsa_plain.plain_to_der(octets, _CURVE),
        lambda: rsa_iso9796_2.parse_representative(octets),
        lambda: unpad(octets, 16),
        lambda: decode_oid(octets),
    ):
        with contextlib.suppress(ChipIdError):
            parse()


def cv_certificates(octets: bytes) -> None:
    with contextlib.suppress(ChipIdError):
        look_at(cvc.parse_cv_certificates(octets))
    look_at(cvc.parse_cv_certificate(octets))


def signed(octets: bytes) -> None:
    for content_type in (master_list.MASTER_LIST, deviation_list.DEVIATION_LIST):
        with contextlib.suppress(ChipIdError):
            signed_list.parse_signed_list(octets, content_type)
    signed_list.is_signed_message(octets)
    signed_list.is_cut_off(octets)
    look_at(cms.parse_signed_data(octets))


def certificates_of_master_list(octets: bytes) -> None:
    found = master_list.parse_master_list(octets)
    for encoded in found.certificates[:3]:
        with contextlib.suppress(CryptoError):
            look_at(Certificate.parse(encoded))


def document(octets: bytes) -> None:
    """A whole document, its files one after the other; the view over it must answer or refuse everything."""
    contents = {}
    for one in tlv.iter_tlvs(octets):
        file = files.file_by_tag(one.tag) or (files.CARD_ACCESS if one.tag == 0x31 else None)
        if file is not None:
            contents[file] = one.encoded
    document = IdDocument(RawDocument(contents))
    look_at(document)
    for number_of_group in open_groups.OPEN_GROUPS:
        with contextlib.suppress(ChipIdError):
            look_at(document.open_group(number_of_group))
    with contextlib.suppress(ChipIdError):
        document.date_of_birth()
    files.announced_length(octets)


def fixed_clock() -> float:
    return 0.0


def framed(octets: bytes) -> None:
    """A stream in pieces, through the framer and the interpreter of each kind of device."""
    line, desko_line, card = recognition.LineInterpreter(), desko.DeskoInterpreter(), est100pr.Est100PrInterpreter()
    for framer, take in (
        (LineFramer(fixed_clock), line.take),
        (EnvelopeFramer(2048, fixed_clock), desko_line.take),
        (EnvelopeFramer(est100pr.LIMIT_BYTES, fixed_clock), card.take),
        (elyctis.ElyctisFramer(fixed_clock), elyctis.ElyctisInterpreter().take),
    ):
        step = 1 + len(octets) % 97
        for start in range(0, len(octets), step):
            for frame in framer.feed(octets[start : start + step]):
                if isinstance(frame, bytes):
                    with contextlib.suppress(ChipIdError):
                        look_at(take(frame))
        framer.overdue()


def device_json(octets: bytes) -> None:
    with contextlib.suppress(ChipIdError):
        look_at(est100pr.Est100PrInterpreter().take(octets))
    value = est100pr.parse_json(octets)
    card = hn212.Hn212Card()
    for message in value if isinstance(value, list) else [value]:
        with contextlib.suppress(ChipIdError):
            look_at(card.take(message))
    with contextlib.suppress(ChipIdError):
        look_at(declared.declared_person(value, declared.CAMEL_CASE_NAMES))
    if isinstance(value, dict):
        for field in itertools.islice(value.values(), MOST_ITEMS):
            with contextlib.suppress(ChipIdError):
                declared.decode_image(field, "field")
            with contextlib.suppress(ChipIdError):
                declared.decode_octets(field, "field", 1000)


def scanned_lines(octets: bytes) -> None:
    collector = MrzCollector()
    for line in octets.split(b"\n"):
        with contextlib.suppress(ChipIdError):
            look_at(collector.add(line))
    with contextlib.suppress(ChipIdError):
        qr.parse_citizen_qr_octets(octets)
    look_at(recognition.recognise(octets))


def typed(octets: bytes) -> None:
    said = octets.decode("utf-8", "surrogateescape")
    for parse in (
        insurance_qr.parse_insurance_qr,
        qr.parse_citizen_qr,
        number.parse_number,
        list_signers.parse_fingerprint,
    ):
        with contextlib.suppress(ChipIdError):
            look_at(parse(said))
    vietnam.parse_date(said)
    typed_lines = keyboard.KeyedLines()
    for line in said.split("\n"):
        with contextlib.suppress(ChipIdError):
            look_at(typed_lines.take(line))
    look_at(keyboard.parse_keyed_code(said))


def store_manifest(octets: bytes) -> None:
    try:
        body = json.loads(octets)
    except (ValueError, RecursionError):  # who reads the file refuses what is no JSON
        return
    if isinstance(body, dict):
        look_at(manifest.parse_manifest(body))


@functools.cache
def a_key() -> device_key.DeviceKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return device_key.DeviceKey(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


def sealed_parts(octets: bytes) -> None:
    """The parts of an evidence file, signed anew by somebody: what stands in them is theirs."""
    parts: dict[str, bytes] = {}
    walked = iter(tlv.iter_tlvs(octets))
    for name, content in zip(walked, walked, strict=False):
        parts[name.value.decode("latin-1")] = content.value
    try:
        sealed = container.seal(parts, a_key())
    except (ChipIdError, ValueError):  # not everything can be sealed
        return
    look_at(kept_reading.parse(sealed))


def trust_files(octets: bytes) -> None:
    for encoded in folder.unarmoured(octets)[:3]:
        with contextlib.suppress(ChipIdError):
            Certificate.parse(encoded)
    look_at(folder.trust_of([("file", octets)], test_mode=True).unusable)


def directory(octets: bytes) -> object:
    ldif.is_ldif(octets)
    return tuple(ldif.ldif_values(octets))


def card_says(octets: bytes) -> None:
    look_at(CardCapabilities.from_atr(octets))
    look_at(ApduSizes.from_atr_info(octets))
    with contextlib.suppress(ChipIdError):
        look_at(CommandApdu.parse(octets))
    look_at(ResponseApdu.parse(octets))


def records(octets: bytes) -> None:
    for parse in (face_record.parse_face_record, finger_record.parse_finger_record, iris_record.parse_iris_record):
        with contextlib.suppress(ChipIdError):
            look_at(parse(octets))


def blocks(octets: bytes) -> None:
    for parse in (
        iso39794_face.parse_face_data_block,
        iso39794_finger.parse_finger_data_block,
        iso39794_iris.parse_iris_data_block,
    ):
        with contextlib.suppress(ChipIdError):
            look_at(parse(octets))


def picture_headers(octets: bytes) -> None:
    image_encoding.detect_encoding(octets)
    with contextlib.suppress(ChipIdError):
        finger_image.wsq_size(octets)
    face_image.image_size(octets)


def deviations_published(octets: bytes) -> None:
    with contextlib.suppress(ChipIdError):
        look_at(deviations.read_deviations(octets, "UT", "fuzzed"))
    look_at(deviation_list.parse_deviation_list(octets))


def ef_sod(octets: bytes) -> None:
    sod.signed_data_of(octets)
    look_at(read_security_object(octets))


def dg13(octets: bytes) -> None:
    with contextlib.suppress(ChipIdError):
        look_at(open_groups.parse_open_group(13, octets))
    look_at(vietnam.parse_dg13(octets))


def faces(octets: bytes) -> object:
    return dg2.parse_dg2(octets).face_images()


def fingers(octets: bytes) -> object:
    return dg3.parse_dg3(octets).finger_images()


def irises(octets: bytes) -> object:
    return dg4.parse_dg4(octets).iris_images()
