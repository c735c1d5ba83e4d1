"""Object identifiers, padding, secrets and errors: small types that everything else leans on."""

import copy
import json
import pickle
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import ChipIdError, CryptoError, ErrorCode, Hint, WireError, all_codes
from crypto.primitives.padding import pad, unpad
from crypto.primitives.secret import Secret
from crypto.wire.oid import decode_oid, encode_oid


@pytest.mark.parametrize(
    ("dotted", "octets"),
    [
        ("0.4.0.127.0.7.2.2.4.2.2", "04007f00070202040202"),  # id-PACE-ECDH-GM-AES-CBC-CMAC-128, Doc 9303-11 G.1
        ("2.23.136.1.1.1", "678108010101"),  # id-icao-ldsSecurityObject
        ("1.2.840.113549.1.1.11", "2a864886f70d01010b"),
        ("2.999.3", "883703"),  # ISO/IEC 8825-1 §8.19.5
        ("0.0", "00"),
        ("1.39", "4f"),
        ("2.40", "78"),
    ],
)
def test_an_identifier_is_written_and_read_as_published(dotted: str, octets: str) -> None:
    assert encode_oid(dotted).hex() == octets
    assert decode_oid(bytes.fromhex(octets)) == dotted


@given(st.sampled_from([0, 1, 2]), st.integers(0, 39), st.lists(st.integers(0, 2**40), max_size=6))
def test_every_identifier_comes_back(first: int, second: int, rest: list[int]) -> None:
    dotted = ".".join(map(str, (first, second, *rest)))
    assert decode_oid(encode_oid(dotted)) == dotted


@given(st.binary(max_size=70))
def test_arbitrary_octets_are_one_identifier_or_none(octets: bytes) -> None:
    try:
        dotted = decode_oid(octets)
    except WireError:
        return
    assert encode_oid(dotted) == octets  # no two encodings of one identifier


@pytest.mark.parametrize("octets", ["", "2a86", "80", "2a8001", "2a" + "01" * 64])
def test_a_truncated_padded_or_endless_identifier_is_refused(octets: str) -> None:
    with pytest.raises(WireError) as error:
        decode_oid(bytes.fromhex(octets))
    assert error.value.code.name == "oid.malformed"


@given(st.binary(max_size=100), st.sampled_from([8, 16]))
def test_padding_fills_whole_blocks_and_comes_off_again(data: bytes, block: int) -> None:
    padded = pad(data, block)
    assert len(padded) % block == 0
    assert 1 <= len(padded) - len(data) <= block
    assert unpad(padded, block) == data


def test_padding_is_as_in_the_published_example() -> None:
    # Doc 9303-11 appendix D.4: 011E before it is encrypted
    assert pad(bytes.fromhex("011e"), 8).hex() == "011e800000000000"
    assert pad(b"", 8).hex() == "8000000000000000"
    assert pad(bytes(8), 8).hex() == "0000000000000000" + "8000000000000000"


@pytest.mark.parametrize(
    "octets",
    [b"", b"\x80", bytes(8), b"\x80" + bytes(8), b"\x80" + bytes(15), b"1234567\x81", b"12345678", b"\x80" + bytes(6)],
)
def test_wrong_padding_is_refused(octets: bytes) -> None:
    with pytest.raises(CryptoError) as error:
        unpad(octets, 8)
    assert error.value.code.name == "padding.invalid"


@given(st.binary(max_size=64))
def test_unpadding_arbitrary_octets_gives_what_pads_to_them_or_an_error(octets: bytes) -> None:
    try:
        data = unpad(octets, 16)
    except CryptoError:
        return
    assert pad(data, 16) == octets


MARKER = b"CANARY-031204007"


def test_a_secret_is_never_printed() -> None:
    secret = Secret(MARKER)
    shown = [repr(secret), str(secret), f"{secret}", f"{secret:>40}", f"{secret!r}", f"{[secret]}", "%s" % secret]  # noqa: UP031
    assert all("CANARY" not in text and MARKER.hex() not in text for text in shown)


def test_a_secret_cannot_leave_the_process_by_accident() -> None:
    secret = Secret(MARKER)
    for export in (pickle.dumps, copy.copy, copy.deepcopy, json.dumps, hash, vars):
        with pytest.raises(TypeError):
            export(secret)


def test_a_secret_is_not_in_a_traceback_with_local_variables() -> None:
    def fails(secret: Secret) -> None:
        raise RuntimeError

    try:
        fails(Secret(MARKER))
    except RuntimeError as error:
        text = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "Secret(…)" in text
    assert "CANARY" not in text


def test_secrets_compare_by_value_and_only_with_secrets() -> None:
    assert Secret(MARKER) == Secret(bytearray(MARKER))
    assert Secret(MARKER) != Secret(MARKER + b"\0")
    assert Secret(MARKER) != MARKER
    assert not Secret(b"")
    assert Secret(MARKER).reveal() == MARKER


def test_an_error_says_what_happened_and_carries_only_our_words() -> None:
    code = all_codes()["tlv.absent"]
    error = WireError(code, tag="5F1F")
    assert isinstance(error, ChipIdError)
    assert error.hint is code.hint
    assert str(error) == f"{code.text} [tlv.absent; tag 5F1F]"
    assert str(WireError(code)) == f"{code.text} [tlv.absent]"


def test_no_error_code_can_be_declared_twice() -> None:
    with pytest.raises(ValueError, match=r"tlv\.absent is declared twice"):
        ErrorCode("tlv.absent", Hint.CALL_STAFF, "Something else.")


def test_every_code_of_crypto_is_a_sentence_under_a_dotted_name() -> None:
    import crypto.pki.passive_authentication
    import crypto.primitives.curves
    import crypto.signatures.rsa_iso9796_2
    import crypto.wire.apdu  # noqa: F401

    for name, code in all_codes().items():
        assert name == code.name
        assert name == name.lower()
        assert "." in name
        assert code.text.endswith(".")
        assert code.text[0].isupper()
