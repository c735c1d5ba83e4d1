"""The data groups about the holder and the document: all but DG14 and DG15, which are about keys."""

from __future__ import annotations

from crypto.wire.tlv import encode_tlv
from emulator.personalise.biometric_template import BiometricEncoding
from emulator.personalise.dg2 import ImageCoding, encode_dg2
from emulator.personalise.dg3 import FingerCoding, FingerImage, FingerPosition, encode_dg3
from emulator.personalise.dg4 import encode_dg4
from emulator.personalise.dg11 import encode_dg11
from emulator.personalise.dg12 import encode_dg12
from emulator.personalise.dg13 import encode_dg13
from emulator.personalise.dg16 import encode_dg16
from emulator.personalise.displayed_images import encode_dg5, encode_dg7
from emulator.personalise.keys import derived_octets
from emulator.personalise.printed_lines import printed_lines
from emulator.personalise.profile import CardProfile, DocumentKind

__all__ = ["holder_groups"]


def holder_groups(profile: CardProfile) -> dict[int, bytes]:
    """Whole files by data group number, as they are signed (Doc 9303-10 table 37)."""
    from emulator.personalise.faces.portrait import encoded_portrait  # draws, with a library that takes time to load
    from emulator.personalise.signatures import drawn_signature

    lds = profile.lds
    groups = {1: encode_tlv(0x61, encode_tlv(0x5F1F, "".join(printed_lines(profile)).encode("ascii")))}
    groups |= _biometrics(profile)
    if lds.displayed_portrait and profile.appearance is not None:
        groups[5] = encode_dg5([encoded_portrait(profile.appearance, ImageCoding.JPEG)[0]])
    if lds.signatures:
        groups[7] = encode_dg7([drawn_signature(number) for number in range(1, lds.signatures + 1)])
    if lds.personal_details is not None:
        groups[11] = encode_dg11(lds.personal_details)
    if lds.document_details is not None:
        groups[12] = encode_dg12(lds.document_details)
    if profile.document is DocumentKind.CCCD:
        groups[13] = encode_dg13(profile.holder, nested_parents=profile.nested_parents, bare=profile.bare_details)
    elif lds.optional_details:
        groups[13] = encode_tlv(0x6D, encode_tlv(0x0C, lds.optional_details.encode()))  # 6D is a constructed tag
    if lds.persons_to_notify:
        groups[16] = encode_dg16(lds.persons_to_notify)
    return groups


def _biometrics(profile: CardProfile) -> dict[int, bytes]:
    """DG2, DG3 and DG4."""
    from emulator.personalise.faces.portrait import encoded_portrait
    from emulator.personalise.irises import drawn_iris

    holder, lds = profile.holder, profile.lds
    groups: dict[int, bytes] = {}
    if profile.appearance is not None:
        coding = ImageCoding.JPEG2000 if profile.jpeg2000 else ImageCoding.JPEG
        image, size = encoded_portrait(profile.appearance, coding)
        groups[2] = encode_dg2(
            image,
            coding,
            size,
            sex=holder.mrz_sex,
            created=holder.issued,
            encoding=lds.face_encoding,
            length_errors=lds.face_length_errors,
        )
    if lds.fingers:
        images = [_finger(position, lds.finger_coding) for position in lds.fingers]
        groups[3] = encode_dg3(images, lds.finger_encoding, created=holder.issued)
    elif profile.appearance is not None and profile.travel_document is None:
        # There are no fingers, and nobody may read it: zero instances and filler (Doc 9303-10 §4.7.3.1)
        filler = derived_octets(f"{profile.name}/dg3", 32)
        groups[3] = encode_dg3([], BiometricEncoding.ISO_19794, created=holder.issued, filler=filler)
    if lds.irises:
        groups[4] = encode_dg4([drawn_iris(eye) for eye in lds.irises], created=holder.issued)
    return groups


def _finger(position: FingerPosition, coding: FingerCoding) -> FingerImage:
    from emulator.personalise.fingers.ridges import SIZE, ridges_as_jpeg2000, ridges_as_wsq

    image = ridges_as_wsq(position) if coding is FingerCoding.WSQ else ridges_as_jpeg2000(position)
    return FingerImage(position, coding, image, SIZE)
