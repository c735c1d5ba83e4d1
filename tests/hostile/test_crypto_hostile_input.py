"""What a hostile chip can send to the parsers: bombs of depth, count and length, and mutated real files.

Each ends in one clear error, or in a result that is not "trusted", within the suite's time limit and little memory.
"""

import datetime
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.errors import ChipIdError, CryptoError, WireError
from crypto.pki.ber import to_definite_lengths
from crypto.pki.certificate import Certificate
from crypto.pki.cms import parse_signed_data
from crypto.pki.passive_authentication import read_security_object, verify_security_object
from crypto.pki.trust_store import TrustStore
from crypto.signatures.public_key import parse_public_key
from crypto.wire import limits
from crypto.wire.tlv import encode_tlv, iter_tlvs, parse_tlv, parse_tlv_header

SPECIMEN = Path(__file__).parents[1] / "vectors" / "specimen" / "bsi_mustermann"
SOD = (SPECIMEN / "EF_SOD.bin").read_bytes()
AT = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)
MEGABYTE = 1 << 20


def nested(count: int) -> bytes:
    """``count`` sequences inside one another, built without recursion."""
    parts: list[bytes] = []
    length = 0
    for _ in range(count):
        header = encode_tlv(0x30, bytes(length))[: -length or None] if length < 200 else None
        header = header or b"\x30\x84" + length.to_bytes(4, "big")
        parts.append(header)
        length += len(header)
    return b"".join(reversed(parts))


BOMBS = {
    "10,000 nested": nested(10_000),
    "10,000 nested, indefinite": b"\x30\x80" * 10_000 + bytes(20_000),
    "10,000 nested, indefinite, unfinished": b"\x30\x80" * 10_000,
    "500,000 empty": encode_tlv(0x30, b"\x05\x00" * 500_000),
    "4 GB announced": b"\x30\x84\xff\xff\xff\xff" + bytes(100),
    "4 GB announced inside": b"\x30\x0a\x30\x84\xff\xff\xff\xff" + bytes(4),
    "a length of 127 octets": b"\x30\xff" + b"\xff" * 127,
    "an endless tag": b"\x3f" + b"\xff" * 100_000,
    "an endless identifier": encode_tlv(0x30, encode_tlv(0x06, b"\xff" * 100_000 + b"\x01")),
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_ends_in_one_clear_error_and_little_memory(bomb: bytes) -> None:
    tracemalloc.start()
    try:
        for parse in (Certificate.parse, parse_signed_data, parse_public_key):
            with pytest.raises(CryptoError):
                parse(bomb)
        for wrapped in (bomb, encode_tlv(0x77, bomb)):
            assert not verify_security_object(wrapped, TrustStore(), AT).is_trusted
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 50 * MEGABYTE


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("10,000 nested", "tlv.too_deep"),
        ("500,000 empty", "tlv.too_large"),
        ("4 GB announced", "tlv.too_large"),
        ("4 GB announced inside", "tlv.too_large"),
        ("a length of 127 octets", "tlv.malformed"),
        ("an endless tag", "tlv.malformed"),
    ],
)
def test_walking_a_bomb_says_what_is_wrong(name: str, code: str) -> None:
    with pytest.raises(WireError) as error:
        list(parse_tlv(BOMBS[name]).walk())
    assert error.value.code.name == code


def test_indefinite_bombs_say_what_is_wrong() -> None:
    for name in ("10,000 nested, indefinite", "10,000 nested, indefinite, unfinished", "10,000 nested"):
        with pytest.raises(WireError) as error:
            to_definite_lengths(BOMBS[name])
        assert error.value.code.name == "tlv.too_deep"
    many = encode_tlv(0x30, encode_tlv(0x30, b"\x05\x00" * 15_000) * 2)
    with pytest.raises(WireError) as error:
        list(parse_tlv(many).walk())  # each level is within the limit, the whole is not
    assert error.value.code.name == "tlv.too_large"
    with pytest.raises(WireError) as error:
        to_definite_lengths(BOMBS["500,000 empty"])
    assert error.value.code.name == "tlv.too_large"


def test_nesting_is_allowed_up_to_the_limit_and_no_further() -> None:
    assert len(list(parse_tlv(nested(limits.MAX_TLV_DEPTH + 1)).walk())) == limits.MAX_TLV_DEPTH + 1
    with pytest.raises(WireError):
        list(parse_tlv(nested(limits.MAX_TLV_DEPTH + 2)).walk())


def test_a_flat_sequence_is_allowed_up_to_the_limit_and_no_further() -> None:
    assert sum(1 for _ in iter_tlvs(b"\x05\x00" * limits.MAX_TLV_OBJECTS)) == limits.MAX_TLV_OBJECTS
    with pytest.raises(WireError) as error:
        list(iter_tlvs(b"\x05\x00" * (limits.MAX_TLV_OBJECTS + 1)))
    assert error.value.code.name == "tlv.too_large"


def test_a_length_is_refused_before_its_octets_are_waited_for() -> None:
    with pytest.raises(WireError) as error:
        parse_tlv_header(b"\x75\x84\xff\xff\xff\xff")
    assert error.value.code.name == "tlv.too_large"
    assert error.value.facts["announced"] == 0xFFFFFFFF


def test_every_truncation_of_a_real_security_object_is_malformed() -> None:
    for length in range(len(SOD)):
        result = verify_security_object(SOD[:length], TrustStore(), AT)
        assert result.finding.code.value == "passive_authentication.malformed"


@pytest.mark.slow
def test_no_changed_octet_of_a_real_security_object_keeps_its_signature_over_other_hashes() -> None:
    original = read_security_object(SOD)
    for position in range(len(SOD)):
        changed = bytearray(SOD)
        changed[position] ^= 0x01
        result = verify_security_object(bytes(changed), TrustStore(), AT)
        assert not result.is_trusted
        if result.signature.is_successful:  # the octet is outside of what is signed: a name, a hint
            assert result.security_object is not None
            assert result.security_object.hashes == original.hashes


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_mutated_real_files_raise_nothing_but_our_own_errors(data: st.DataObject) -> None:
    octets = bytearray(SOD)
    for _ in range(data.draw(st.integers(1, 6))):
        position = data.draw(st.integers(0, len(octets) - 1))
        kind = data.draw(st.sampled_from(["set", "insert", "delete", "double"]))
        if kind == "set":
            octets[position] = data.draw(st.integers(0, 255))
        elif kind == "insert":
            octets[position:position] = data.draw(st.binary(min_size=1, max_size=8))
        elif kind == "delete" and len(octets) > 40:
            del octets[position : position + data.draw(st.integers(1, 30))]
        else:
            octets[position:position] = octets[position : position + 40]
    assert not verify_security_object(bytes(octets), TrustStore(), AT).is_trusted
    try:
        read_security_object(bytes(octets))
    except ChipIdError as error:
        assert str(error).endswith("]")  # noqa: PT017 - the fixed text and the code, nothing else is promised


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_arbitrary_octets_are_no_certificate_no_message_and_no_security_object(octets: bytes) -> None:
    for parse in (Certificate.parse, parse_signed_data, read_security_object):
        with pytest.raises(CryptoError):
            parse(octets)
    assert not verify_security_object(octets, TrustStore(), AT).is_trusted
