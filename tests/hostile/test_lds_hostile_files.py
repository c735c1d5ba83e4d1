"""Whatever a chip sends, a parser answers with a document or with an error of this project; nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.errors import ChipIdError, CryptoError, WireError
from crypto.wire import limits
from crypto.wire.tlv import encode_tlv
from reader import errors
from reader.lds import files
from reader.lds.com import parse_com
from reader.lds.dg1 import parse_dg1
from reader.lds.dg2 import parse_dg2
from reader.lds.dg14 import parse_dg14
from reader.lds.dg15 import parse_dg15
from reader.lds.security_infos import ChipAuthenticationPublicKeyInfo, parse_card_access
from reader.lds.sod import signed_data_of
from reader.lds.vietnam import parse_dg13

VECTORS = Path(__file__).parents[1] / "vectors"
SPECIMEN = VECTORS / "specimen" / "bsi_mustermann"
SAMPLES = json.loads((VECTORS / "vietnam_samples.json").read_text(encoding="utf-8"))


def faces_of(octets: bytes) -> object:
    return parse_dg2(octets).face_images()


def keys_of(octets: bytes) -> object:
    infos = parse_dg14(octets).security_infos
    return [info.public_key.point() for info in infos.of(ChipAuthenticationPublicKeyInfo)]


def key_of(octets: bytes) -> object:
    return parse_dg15(octets).public_key.point()


PARSERS: dict[str, tuple[Callable[[bytes], object], bytes]] = {
    "COM": (parse_com, (SPECIMEN / "EF_COM.bin").read_bytes()),
    "SOD": (signed_data_of, (SPECIMEN / "EF_SOD.bin").read_bytes()),
    "DG1": (parse_dg1, bytes.fromhex(SAMPLES["persons"][0]["dg1_hex"])),
    "DG2": (faces_of, (SPECIMEN / "EF_DG2.bin").read_bytes()[:400]),
    "DG13": (parse_dg13, bytes.fromhex(SAMPLES["persons"][0]["dg13_hex"])),
    "DG14": (keys_of, (SPECIMEN / "EF_DG14.bin").read_bytes()),
    "DG15": (key_of, (SPECIMEN / "EF_DG15.bin").read_bytes()),
    "CardAccess": (parse_card_access, bytes.fromhex(SAMPLES["ef_cardaccess_hex"])),
}
OURS = (errors.DocumentError, WireError, CryptoError)


def answer(parse: Callable[[bytes], object], octets: bytes) -> ChipIdError | None:
    try:
        parse(octets)
    except OURS as error:
        return error
    return None


@pytest.mark.parametrize("name", PARSERS)
@settings(deadline=None, max_examples=60)
@given(octets=st.binary(max_size=80))
def test_any_octets(name: str, octets: bytes) -> None:
    parse, _ = PARSERS[name]
    answer(parse, octets)
    tag = {"COM": 0x60, "SOD": 0x77, "CardAccess": 0x31}.get(name) or 0
    number = int(name[2:]) if name.startswith("DG") else 0
    outer = tag or files.data_group(number).tag or 0
    answer(parse, encode_tlv(outer, octets))


@pytest.mark.parametrize("name", PARSERS)
@settings(deadline=None, max_examples=120)
@given(data=st.data())
def test_damaged_files(name: str, data: st.DataObject) -> None:
    parse, good = PARSERS[name]
    octets = bytearray(good)
    for _ in range(data.draw(st.integers(1, 3))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    error = answer(parse, bytes(octets[: data.draw(st.integers(0, len(octets)))]))
    if error is not None:
        assert all(isinstance(fact, int) or len(fact) <= 20 for fact in error.facts.values())


@pytest.mark.parametrize("name", PARSERS)
def test_every_truncation_is_noticed(name: str) -> None:
    parse, good = PARSERS[name]
    for end in range(len(good)):
        assert isinstance(answer(parse, good[:end]), OURS)


@pytest.mark.parametrize("name", PARSERS)
def test_nesting_without_end(name: str) -> None:
    parse, good = PARSERS[name]
    octets = b""
    for _ in range(2000):
        octets = encode_tlv(0x30, octets)
    answer(parse, encode_tlv(good[0], octets))
    answer(parse, encode_tlv(good[0], encode_tlv(0x31, octets)))


def test_the_deepest_set_is_not_looked_for() -> None:
    octets = encode_tlv(0x31, encode_tlv(0x30, b"\x02\x01\x02\x0c\x02An"))
    for _ in range(limits.MAX_TLV_DEPTH + 1):
        octets = encode_tlv(0x30, octets)
    assert isinstance(answer(parse_dg13, encode_tlv(0x6D, octets)), WireError)


def test_very_many_objects_are_refused() -> None:
    many = b"\x30\x00" * (limits.MAX_TLV_OBJECTS + 1)
    for parse, good in PARSERS.values():
        answer(parse, encode_tlv(good[0], many))
    assert isinstance(answer(parse_dg13, encode_tlv(0x6D, encode_tlv(0x31, many))), WireError)
    assert isinstance(answer(parse_card_access, encode_tlv(0x31, many)), OURS)


@pytest.mark.parametrize("name", PARSERS)
def test_a_chip_that_announces_four_gigabytes(name: str) -> None:
    parse, good = PARSERS[name]
    for size in ("84ffffffff", "847fffffff", "83ffffff", "80", "85ffffffffff"):
        assert isinstance(answer(parse, good[:1] + bytes.fromhex(size) + good[2:]), OURS)


def test_errors_repeat_nothing_of_a_file() -> None:
    marker = "CANARYMARKER"
    undecodable = encode_tlv(0x30, [b"\x02\x01\x02", encode_tlv(0x0C, b"\xff\xff" + marker.encode())])
    samples = [
        (parse_dg1, encode_tlv(0x61, encode_tlv(0x5F1F, marker.encode()))),
        (parse_dg13, encode_tlv(0x6D, encode_tlv(0x0C, marker.encode()))),
        (parse_dg13, encode_tlv(0x6D, encode_tlv(0x31, undecodable))),
        (parse_com, encode_tlv(0x60, [encode_tlv(0x5F01, marker.encode()), encode_tlv(0x5C, b"\x61")])),
        (faces_of, encode_tlv(0x75, encode_tlv(0x7F61, encode_tlv(0x7F60, encode_tlv(0x5F2E, marker.encode() * 3))))),
    ]
    for parse, octets in samples:
        error = answer(parse, octets)
        assert error is not None
        assert marker not in f"{error}{error!r}{error.facts}{error.args}{error.__cause__!r}"
