"""Strict judges of what a card gave: EF.COM, DG1, DG2, EF.SOD, active authentication.

Like :mod:`tests.interop.foreign_terminal` they share no code with this project. Certificates and signatures of EF.SOD
are judged by the openssl command, signatures of the chip by `cryptography` or by arithmetic.
"""

from __future__ import annotations

import hashlib
import pathlib
import struct
import subprocess
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key

from tests.interop.foreign_curves import BRAINPOOL_P256, BRAINPOOL_P384, BRAINPOOL_P512, NIST_P256
from tests.interop.foreign_security_infos import public_key
from tests.interop.foreign_tlv import objects, oid, only

GROUP_TAGS = {0x61: 1, 0x75: 2, 0x63: 3, 0x76: 4, **{0x60 | number: number for number in range(5, 16)}, 0x70: 16}
"""Doc 9303-10 table 38."""
SHA256_IDENTIFIER = oid("2.16.840.1.101.3.4.2.1")


def groups_in_com(octets: bytes) -> tuple[str, set[int]]:
    """LDS version and the data groups that EF.COM lists (Doc 9303-10 §4.6.1); unknown tags are passed over."""
    (lds, version), (unicode, unicode_version), (tags, listed) = objects(only(octets, 0x60))
    assert (lds, unicode, tags) == (0x5F01, 0x5F36, 0x5C)
    assert unicode_version == b"040000"
    return version.decode("ascii"), {GROUP_TAGS[tag] for tag in listed if tag in GROUP_TAGS}


# -- DG1 ----------------------------------------------------------------------------------------------------------


def _digit(field: str) -> str:
    total = 0
    for place, letter in enumerate(field):
        value = 0 if letter == "<" else int(letter) if letter.isdigit() else ord(letter) - ord("A") + 10
        total += value * (7, 3, 1)[place % 3]
    return str(total % 10)


def mrz_of(dg1: bytes) -> tuple[str, ...]:
    """The lines of a zone whose check digits are right (Doc 9303-4, -5, -6 §4.2)."""
    text = only(dg1, 0x61, 0x5F1F).decode("ascii")
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<")
    width = {90: 30, 72: 36, 88: 44}[len(text)]
    lines = tuple(text[start : start + width] for start in range(0, len(text), width))
    number, _, dates = _keys(lines)
    assert number[-1] == _digit(number[:-1])
    assert dates[6] == _digit(dates[:6])
    assert dates[13] == _digit(dates[7:13])
    first, second = lines[:2]
    if width == 30:
        assert second[29] == _digit(first[5:30] + second[:7] + second[8:15] + second[18:29])
        nationality = second[15:18]
    else:
        assert second[-1] == _digit(second[:10] + second[13:20] + second[21:-1])
        assert width == 36 or second[42] == _digit(second[28:42])
        nationality = second[10:13]
    assert (first[:2], first[2:5], nationality) == ("ID", "VNM", "VNM") or first[2:5] == nationality == "UTO"
    return lines


def _keys(lines: tuple[str, ...]) -> tuple[str, str, str]:
    """Document number with its digit, optional data, both dates with their digits.

    A number of more than nine characters goes on in the optional data (Doc 9303-5 and -6 §4.2.2).
    """
    first, second = lines[:2]
    if len(lines) == 3:
        number, optional, dates = first[5:15], first[15:30], second[:7] + second[8:15]
    else:
        number, optional, dates = second[:10], second[28:-1], second[13:20] + second[21:28]
    if number[9] == "<":
        rest, filler, optional = optional.partition("<")
        assert len(rest) >= 2
        assert filler
        number = number[:9] + rest
    return number, optional, dates


def mrz_information(lines: tuple[str, ...]) -> bytes:
    """What is typed for BAC (Doc 9303-11 §4.3.2)."""
    number, _, dates = _keys(lines)
    return (number + dates).encode("ascii")


# -- DG2 ----------------------------------------------------------------------------------------------------------


def face_of(dg2: bytes, wrong_lengths: tuple[int, int] = (0, 0)) -> tuple[str, int, int]:
    """Image format, width and height, after every length and enumeration of the record was checked.

    ``wrong_lengths`` is by how much this issuer is known to be wrong about record and block of ISO/IEC 19794-5:2005.
    """
    (count, number), (template, biometric) = objects(only(dg2, 0x75, 0x7F61))
    assert (count, number, template) == (0x02, b"\x01", 0x7F60)
    (header_tag, header), (block_tag, record) = objects(biometric)
    assert header_tag == 0xA1
    elements = dict(objects(header))
    assert elements[0x81] == b"\x02"  # face
    assert elements[0x87] == b"\x01\x01"  # ISO/IEC JTC 1/SC 37
    if block_tag == 0x7F2E:
        assert elements[0x88] == b"\x00\x2a"
        return _face_39794(only(record, 0xA1, 0x65))
    assert block_tag == 0x5F2E
    assert elements[0x88] == b"\x00\x08"
    return _face_19794(record, wrong_lengths)


def _face_19794(record: bytes, wrong_lengths: tuple[int, int]) -> tuple[str, int, int]:
    """ISO/IEC 19794-5:2005 §5.4 to §5.7."""
    magic, version, length, faces = struct.unpack_from(">4s4sIH", record)
    assert (magic, version, faces) == (b"FAC\0", b"010\0", 1)
    assert length == len(record) + wrong_lengths[0]
    block, points, gender, eyes, hair = struct.unpack_from(">IHBBB", record, 14)
    assert block == len(record) - 14 + wrong_lengths[1]
    assert (points, eyes, hair) == (0, 0, 0)
    assert gender in (0, 1, 2)
    image_type, data_type, width, height, colours, _, _, _ = struct.unpack_from(">BBHHBBHH", record, 34)
    assert image_type in (0, 1, 2)
    assert colours == 1
    image = record[46:]
    assert (width, height) == (_jpeg_size(image) if data_type == 0 else _jpeg2000_size(image))
    return ("JPEG", "JPEG2000")[data_type], width, height


def _face_39794(block: bytes) -> tuple[str, int, int]:
    """FaceImageDataBlock of ISO/IEC 39794-5:2019: version, then one representation with a two-dimensional image."""
    (version_tag, version), (list_tag, listed) = objects(block)
    assert (version_tag, list_tag) == (0xA0, 0xA1)
    assert list(objects(version)) == [(0x80, b"\x03"), (0x81, b"\x07\xe3")]  # generation 3 of 2019
    parts = dict(objects(only(listed, 0x30)))
    assert parts[0x80] == b"\0"
    image_and_information = dict(objects(only(parts[0xA1], 0xA0, 0xA0)))
    image, information = image_and_information[0x80], dict(objects(image_and_information[0xA1]))
    code = int.from_bytes(only(information[0xA0], 0x80), "big")
    (_, width), (_, height) = objects(information[0xA7])
    size = int.from_bytes(width, "big"), int.from_bytes(height, "big")
    assert size == (_jpeg_size(image) if code == 2 else _jpeg2000_size(image))
    return {2: "JPEG", 3: "JPEG2000"}[code], *size


def _jpeg_size(image: bytes) -> tuple[int, int]:
    assert image.startswith(b"\xff\xd8")
    assert image.endswith(b"\xff\xd9")
    place = 2
    while True:
        marker, kind, size = struct.unpack_from(">BBH", image, place)
        assert marker == 0xFF
        if kind in (0xC0, 0xC1, 0xC2):
            height, width = struct.unpack_from(">HH", image, place + 5)
            return width, height
        place += 2 + size


def _jpeg2000_size(image: bytes) -> tuple[int, int]:
    assert image.startswith(bytes.fromhex("0000000C6A5020200D0A870A"))
    place = image.index(b"ihdr")
    height, width = struct.unpack_from(">II", image, place + 4)
    return width, height


# -- EF.SOD ---------------------------------------------------------------------------------------------------------


def signed_digests(sod: bytes, anchor: bytes) -> tuple[str, dict[int, bytes]]:
    """LDS version ("" in version 0) and digests, after openssl has verified signature and chain."""
    with tempfile.TemporaryDirectory() as folder:
        trusted, signer = pathlib.Path(folder, "anchor.pem"), pathlib.Path(folder, "signer.pem")
        trusted.write_bytes(x509.load_der_x509_certificate(anchor).public_bytes(Encoding.PEM))
        done = _openssl_cms(only(sod, 0x77), "-CAfile", trusted, "-purpose", "any")
        if done.returncode and b"explicit ECC parameters" in done.stderr:  # in chains openssl does not take them
            done = _openssl_cms(only(sod, 0x77), "-noverify", "-signer", signer)
            _check_issued(x509.load_pem_x509_certificate(signer.read_bytes()), x509.load_der_x509_certificate(anchor))
    assert done.returncode == 0, done.stderr.decode()
    (_, version), (_, algorithm), (_, values), *more = objects(only(done.stdout, 0x30))
    assert next(objects(algorithm)) == (0x06, SHA256_IDENTIFIER)
    digests = {}
    for _, entry in objects(values):
        (_, number), (_, digest) = objects(entry)
        digests[number[0]] = digest
    assert version == (b"\x01" if more else b"\x00")
    return (next(objects(more[0][1]))[1].decode("ascii") if more else ""), digests


def _openssl_cms(envelope: bytes, *options: str | pathlib.Path) -> subprocess.CompletedProcess[bytes]:
    command = ["openssl", "cms", "-verify", "-inform", "DER", "-binary", *options]
    return subprocess.run(command, input=envelope, capture_output=True, check=False)


def _check_issued(certificate: x509.Certificate, issuer: x509.Certificate) -> None:
    key, algorithm = issuer.public_key(), certificate.signature_hash_algorithm
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert algorithm is not None
    assert certificate.issuer == issuer.subject
    key.verify(certificate.signature, certificate.tbs_certificate_bytes, ec.ECDSA(algorithm))


def altered_groups(files: dict[int, bytes], digests: dict[int, bytes]) -> set[int]:
    """Data groups that do not have the signed digest; every one must have been signed."""
    return {number for number, content in files.items() if hashlib.sha256(content).digest() != digests[number]}


# -- active authentication ------------------------------------------------------------------------------------------

_LIBRARY_CURVES: dict[object, ec.EllipticCurve] = {
    NIST_P256: ec.SECP256R1(),
    BRAINPOOL_P256: ec.BrainpoolP256R1(),
    BRAINPOOL_P384: ec.BrainpoolP384R1(),
    BRAINPOOL_P512: ec.BrainpoolP512R1(),
}
_HASHES: dict[str, hashes.HashAlgorithm] = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384()}


def check_signature(dg15: bytes, hash_name: str, challenge: bytes, signature: bytes) -> None:
    """Fails unless the signature is that of the key in DG15 (Doc 9303-11 §6.1.2)."""
    info = only(dg15, 0x6F)
    if oid("1.2.840.113549.1.1.1") in info[:24]:
        _check_rsa(load_der_public_key(info), challenge, signature)
        return
    curve, (x, y) = public_key(info)
    key = ec.EllipticCurvePublicNumbers(x, y, _LIBRARY_CURVES[curve]).public_key()
    half = (curve.n.bit_length() + 7) // 8
    assert len(signature) == 2 * half  # plain r || s (TR-03111 §5.2.1)
    r, s = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
    key.verify(encode_dss_signature(r, s), challenge, ec.ECDSA(_HASHES[hash_name]))


def _check_rsa(key: object, challenge: bytes, signature: bytes) -> None:
    """ISO/IEC 9796-2 scheme 1, partial recovery: 6A || M1 || H(M1 || challenge) || trailer."""
    assert isinstance(key, rsa.RSAPublicKey)
    numbers, size = key.public_numbers(), key.key_size // 8
    assert len(signature) == size
    opened = pow(int.from_bytes(signature, "big"), numbers.e, numbers.n).to_bytes(size, "big")
    assert opened[0] == 0x6A
    name, trailer = ("sha1", 1) if opened[-1] == 0xBC else ({0x34: "sha256"}[opened[-2]], 2)
    assert opened[-1] in (0xBC, 0xCC)
    digest_size = hashlib.new(name, usedforsecurity=False).digest_size
    message, digest = opened[1 : -trailer - digest_size], opened[-trailer - digest_size : -trailer]
    assert hashlib.new(name, message + challenge, usedforsecurity=False).digest() == digest
