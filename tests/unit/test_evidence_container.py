"""The evidence file: whatever is changed in it is found, and where; only the device itself can sign for the device."""

from __future__ import annotations

import contextlib
import hashlib
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from reader import errors
from reader.evidence import container
from reader.evidence.canonical import NotCanonicalError, decode, encode
from reader.evidence.container import fingerprint_of, open_evidence, seal
from reader.evidence.device_key import DeviceKey

OURS = DeviceKey(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
THEIRS = DeviceKey(Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))))
PARTS = {"statement": b'{"a":1}', "file.DG1": bytes(range(64)), "file.DG2": b"", "certificate.1": b"\n\x00\n" * 20}
EVIDENCE = seal(PARTS, OURS)
HEADER = len(b"chipid-evidence 2\n")


def part_at(octets: bytes) -> list[str]:
    """The part to which each octet belongs, found by taking the file apart independently of the program."""
    homes, offset = ["header"] * HEADER, HEADER
    while offset < len(octets):
        end = octets.index(b"\n", offset) + 1
        name, length, _ = octets[offset:end].decode().split(" ")
        size = end - offset + int(length) + 1
        homes += [name] * size
        offset += size
    return homes


def refused(octets: bytes) -> tuple[str, object]:
    """Code and part of the refusal."""
    with pytest.raises(errors.DocumentError) as caught:
        open_evidence(octets)
    return caught.value.code.name, caught.value.facts.get("part")


def test_what_was_sealed_is_opened_again() -> None:
    opened = open_evidence(EVIDENCE)
    assert dict(opened.parts) == PARTS
    assert opened.fingerprint == OURS.fingerprint
    assert opened.sha256 == hashlib.sha256(EVIDENCE).hexdigest()
    assert seal(PARTS, OURS) == EVIDENCE, "one content, one file"


@pytest.mark.parametrize("flip", [0x01, 0x20, 0x80])
def test_every_single_changed_byte_is_found_and_located(flip: int) -> None:
    homes = part_at(EVIDENCE)
    assert set(homes) == {"header", "manifest", *PARTS, "signature"}
    for offset, home in enumerate(homes):
        changed = bytearray(EVIDENCE)
        changed[offset] ^= flip
        assert refused(bytes(changed))[1] == home, offset


@given(st.integers(0, len(EVIDENCE) - 1), st.integers(1, 255))
def test_no_changed_byte_passes(offset: int, flip: int) -> None:
    changed = bytearray(EVIDENCE)
    changed[offset] ^= flip
    code, part = refused(bytes(changed))
    assert part == part_at(EVIDENCE)[offset]
    assert code.startswith("evidence.")


def test_a_file_that_ends_too_early_is_refused_where_it_ends() -> None:
    homes = part_at(EVIDENCE)
    for length in range(len(EVIDENCE)):
        code, part = refused(EVIDENCE[:length])
        if length > HEADER:
            assert (code, part) == ("evidence.damaged", homes[length])


def test_a_longer_file_is_refused_at_its_end() -> None:
    for more in (b"\n", b"\x00", EVIDENCE, b"file.DG3 0 " + hashlib.sha256(b"").hexdigest().encode() + b"\n\n"):
        assert refused(EVIDENCE + more) == ("evidence.damaged", "end")


def sections(octets: bytes) -> list[bytes]:
    found, offset = [], HEADER
    homes = part_at(octets)
    while offset < len(octets):
        size = sum(1 for home in homes if home == homes[offset])
        found.append(octets[offset : offset + size])
        offset += size
    return found


def test_parts_in_another_order_twice_or_missing_are_refused() -> None:
    magic, (manifest, *parts, signature) = EVIDENCE[:HEADER], sections(EVIDENCE)
    assert magic + b"".join([manifest, *parts, signature]) == EVIDENCE
    swapped = magic + b"".join([manifest, parts[1], parts[0], *parts[2:], signature])
    assert refused(swapped) == ("evidence.damaged", "statement")
    twice = magic + b"".join([manifest, parts[0], parts[0], *parts[1:], signature])
    assert refused(twice) == ("evidence.damaged", "file.DG1")
    missing = magic + b"".join([manifest, *parts[:-1], signature])
    assert refused(missing) == ("evidence.damaged", "certificate.1")
    unsigned = magic + b"".join([manifest, *parts])
    assert refused(unsigned) == ("evidence.damaged", "signature")


def test_a_part_changed_with_all_digests_made_right_fails_the_signature() -> None:
    forged = seal(PARTS | {"file.DG1": b"other"}, OURS)
    old_signature = sections(EVIDENCE)[-1]
    cut = forged[: -len(sections(forged)[-1])] + old_signature
    assert refused(cut) == ("evidence.signature_wrong", "signature")


def test_signed_again_by_another_key_it_is_theirs_and_never_ours() -> None:
    resigned = seal(PARTS, THEIRS)
    assert open_evidence(resigned).fingerprint == THEIRS.fingerprint != OURS.fingerprint


def test_the_key_of_another_cannot_be_claimed() -> None:
    class Impostor:
        public_key = OURS.public_key

        def sign(self, octets: bytes) -> bytes:
            return THEIRS.sign(octets)

    assert refused(seal(PARTS, Impostor())) == ("evidence.signature_wrong", "signature")


def test_the_fingerprint_is_that_of_the_key_as_others_count_it() -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32))).public_key()
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert fingerprint_of(OURS.public_key) == hashlib.sha256(spki).hexdigest()


def with_manifest(manifest: bytes, sections_after: bytes = b"") -> bytes:
    """A file whose manifest is whatever an attacker with a key of their own likes; properly signed."""
    body = b"chipid-evidence 1\n" + section("manifest", manifest) + sections_after
    return body + section("signature", THEIRS.sign(body))


def section(name: str, content: bytes) -> bytes:
    digest = hashlib.sha256(content).hexdigest()
    return f"{name} {len(content)} {digest}\n".encode() + content + b"\n"


DEVICE = {"algorithm": "Ed25519", "public_key": THEIRS.public_key.hex()}
EMPTY = hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize(
    "manifest",
    [
        b"{}",
        b"[]",
        b"null",
        b"1" * 4000,
        b"[" * 20_000,
        b'{"device":' * 5_000,
        b"\xff\xfe",
        b'{"device":1,"parts":[]}',
        encode({"device": DEVICE, "parts": 1}),
        encode({"device": DEVICE, "parts": [["x"]]}),
        encode({"device": DEVICE, "parts": [["a", 0, EMPTY, 1]]}),
        encode({"device": DEVICE, "parts": [["a", True, EMPTY]]}),
        encode({"device": DEVICE, "parts": [["a", -1, EMPTY]]}),
        encode({"device": DEVICE, "parts": [["a", 1 << 40, EMPTY]]}),
        encode({"device": DEVICE, "parts": [["a", 0, "0" * 63]]}),
        encode({"device": DEVICE, "parts": [["../x", 0, EMPTY]]}),
        encode({"device": DEVICE, "parts": [["signature", 0, EMPTY]]}),
        encode({"device": DEVICE, "parts": [["a", 0, EMPTY], ["a", 0, EMPTY]]}),
        encode({"device": DEVICE, "parts": [[f"a{number}", 0, EMPTY] for number in range(200)]}),
        encode({"device": DEVICE | {"more": 1}, "parts": []}),
        encode({"device": DEVICE | {"public_key": "00" * 31}, "parts": []}),
        encode({"device": DEVICE | {"public_key": DEVICE["public_key"].upper()}, "parts": []}),
        encode({"device": DEVICE | {"algorithm": "none"}, "parts": []}),
        json.dumps({"device": DEVICE, "parts": []}).encode(),  # another spelling of the same
        encode({"device": DEVICE, "parts": []}) + b" ",
    ],
)
def test_nonsense_that_somebody_signed_is_refused_as_a_wrong_manifest(manifest: bytes) -> None:
    assert refused(with_manifest(manifest)) == ("evidence.damaged", "manifest")


def test_the_helper_above_makes_files_that_are_otherwise_good() -> None:
    good = with_manifest(encode({"device": DEVICE, "parts": [["a", 0, EMPTY]]}), section("a", b""))
    assert dict(open_evidence(good).parts) == {"a": b""}


@pytest.mark.parametrize("octets", [b"", b"%PDF-1.7\n", b"chipid-evidence", b"chipid-evidencf 1\n", b"\x00" * 100])
def test_another_file_is_called_another_file(octets: bytes) -> None:
    assert refused(octets) == ("evidence.not_evidence", "header")


@pytest.mark.parametrize("line", [b"chipid-evidence 3\n", b"chipid-evidence 10\n", b"chipid-evidence 1\r\n"])
def test_a_later_version_is_said_to_be_unknown(line: bytes) -> None:
    assert refused(line + EVIDENCE[HEADER:]) == ("evidence.version_unknown", "header")


def test_a_huge_file_is_refused_before_it_is_looked_at() -> None:
    assert refused(EVIDENCE + bytes(container.MAX_EVIDENCE_BYTES))[0] == "evidence.too_large"


def test_what_could_not_be_opened_again_is_not_sealed() -> None:
    for parts in (
        {"a": bytes(2 << 20)},
        {f"a{n}": b"" for n in range(200)},
        {f"a{n}": bytes(1 << 20) for n in range(9)},
    ):
        with pytest.raises(errors.DocumentError) as caught:
            seal(parts, OURS)
        assert caught.value.code.name == "evidence.too_large"
    with pytest.raises(ValueError, match="name"):
        seal({"manifest": b""}, OURS)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 60), 1 << 60) | st.text('abcđ/"\\ ', max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_canonical_json_says_the_same_again(value: object) -> None:
    assert decode(encode(value)) == value


@given(VALUES, st.integers(0, 400), st.integers(1, 255))
def test_no_two_spellings_have_one_meaning(value: object, offset: int, flip: int) -> None:
    changed = bytearray(encode(value))
    changed[offset % len(changed)] ^= flip
    with contextlib.suppress(NotCanonicalError):
        assert decode(bytes(changed)) != value


@pytest.mark.parametrize(
    "octets",
    [b"1.0", b"NaN", b"-Infinity", b"1e3", b'{"a":1,"a":1}', b'"\xc4\x91"', b'"\\n"', b'"\\ud800"', b'"\\u202e"', b" 1",
     b'{"b":1,"a":1}', b"[1, 2]", b"[" * 13 + b"]" * 13, b"", b"01", b"-0"],
)  # fmt: skip
def test_other_spellings_and_texts_that_no_line_can_show_are_refused(octets: bytes) -> None:
    with pytest.raises(NotCanonicalError):
        decode(octets)
