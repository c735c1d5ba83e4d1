"""Finite-field keys as chips write them into DG14: OpenSSL writes them here, this project reads them."""

from __future__ import annotations

import pytest

from crypto.errors import CryptoError
from crypto.primitives.dh_groups import DH_GROUPS, random_exponent
from crypto.signatures.der import encode_integer
from crypto.signatures.dh_public_key import DH_KEY_AGREEMENT, DH_PUBLIC_NUMBER, match_group, parse_dh_public_key
from crypto.wire.oid import encode_oid
from crypto.wire.tlv import encode_tlv

# RFC 3526 §3: a safe prime, p = 2q + 1, that is none of the standardised groups
OWN_P = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"
    "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA237327FFFFFFFFFFFFFFFF",
    16,
)


def key_info(p: int, g: int, value: int, q: int | None = None, oid: str | None = None) -> bytes:
    numbers = (p, g) if q is None else (p, g, q)
    name = oid or (DH_KEY_AGREEMENT if q is None else DH_PUBLIC_NUMBER)
    parameters = encode_tlv(0x30, b"".join(encode_integer(number) for number in numbers))
    algorithm = encode_tlv(0x30, encode_tlv(0x06, encode_oid(name)) + parameters)
    return encode_tlv(0x30, algorithm + encode_tlv(0x03, b"\0" + encode_integer(value)))


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("with_order", [True, False])
def test_a_standardised_group_is_recognised_however_it_is_written(number: int, with_order: bool) -> None:
    group = DH_GROUPS[number]
    pair = group.private_key(random_exponent(group))
    read = parse_dh_public_key(key_info(group.p, group.g, pair.public_value, group.q if with_order else None))
    assert read.group is group
    assert read.value == pair.public_value


@pytest.mark.parametrize("order", [None, (OWN_P - 1) // 2])
def test_a_group_of_its_own_is_taken_as_it_is(order: int | None) -> None:
    read = parse_dh_public_key(key_info(OWN_P, 2, pow(2, 12345678901234567890, OWN_P), order))
    first, second = (read.group.private_key(random_exponent(read.group)) for _ in range(2))
    assert first.shared_octets(second.public_value) == second.shared_octets(first.public_value)
    assert len(first.public_octets) == 192


def test_a_known_modulus_with_another_generator_is_manipulated() -> None:
    group = DH_GROUPS[2]
    with pytest.raises(CryptoError) as caught:
        match_group(group.p, group.g + 1, group.q)
    assert caught.value.code.name == "dh.parameters_manipulated"


@pytest.mark.parametrize(
    ("p", "g", "q"),
    [
        ((1 << 768) + 1, 2, None),  # too short
        ((1 << 8192) + 1, 2, None),  # too long to compute with
        (OWN_P + 1, 2, None),  # even
        (OWN_P, 1, None),
        (OWN_P, OWN_P - 1, None),
        (OWN_P, 2, 1009),  # a tiny order
        (OWN_P, 2, ((OWN_P - 1) // 2) - 2),  # not an order of this group
        (OWN_P - 2, 2, None),  # not a prime: Fermat's test says so
    ],
)
def test_weak_or_inconsistent_parameters_are_refused(p: int, g: int, q: int | None) -> None:
    with pytest.raises(CryptoError) as caught:
        match_group(p, g, q)
    assert caught.value.code.name == "dh.parameters_weak"


@pytest.mark.parametrize("value", [0, -5, 1, OWN_P - 1, OWN_P, OWN_P + 7])
def test_values_outside_the_group_are_refused(value: int) -> None:
    with pytest.raises(CryptoError):
        parse_dh_public_key(key_info(OWN_P, 2, value))


def test_an_element_of_a_small_subgroup_is_refused_where_the_order_is_known() -> None:
    group = DH_GROUPS[1]
    small = pow(3, (group.p - 1) // 2, group.p)  # of order 2 or 1
    with pytest.raises(CryptoError):
        parse_dh_public_key(key_info(group.p, group.g, small))
