"""Domain parameters that a chip brings itself (Doc 9303-11 §9.2.2, §9.5.2; TR-03110-3 §A.2.1): known ones or none."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import ChipIdError
from crypto.pace.parameters import STANDARDIZED_CURVES
from crypto.primitives.curves import Curve, Point, curve
from crypto.primitives.dh_groups import DH_GROUPS, DhGroup
from crypto.wire.oid import encode_oid
from crypto.wire.tlv import encode_tlv
from reader import errors
from reader.lds.security_infos import parse_card_access
from reader.link import Link
from reader.plan import HOSPITAL, ReadPlan
from reader.protocols.access_key import AccessKey, CanKey, MrzKey
from reader.protocols.offers import OfferProblem, PaceOffers, pace_offers
from reader.session import CardSession, Downgrade
from tests.unit.textbook_chip import CAN, GM_AES_128, MRZ, TextbookChip, integer, pace_info, sha1

PACE = "0.4.0.127.0.7.2.2.4"
EC_GM, EC_IM, DH_GM = f"{PACE}.2", f"{PACE}.4", f"{PACE}.1"
EC_PUBLIC_KEY, PRIME_FIELD = "1.2.840.10045.2.1", "1.2.840.10045.1.1"
DH_PUBLIC_NUMBER, DH_KEY_AGREEMENT = "1.2.840.10046.2.1", "1.2.840.113549.1.3.1"
STANDARDIZED = "0.4.0.127.0.7.1.2"
P256 = curve("secp256r1")
TD1 = ("I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<")
COM = encode_tlv(0x60, bytes(20))


def oid(dotted: str) -> bytes:
    return encode_tlv(0x06, encode_oid(dotted))


def sequence(*parts: bytes) -> bytes:
    return encode_tlv(0x30, parts)


def spelt_out(known: Curve, cofactor: int | None = 1, **changes: int | Point) -> bytes:
    """ECParameters (X9.62 SpecifiedECDomain, TR-03111 §A.1) of a curve, perhaps with other numbers in it."""
    it = dataclasses.replace(known, **changes)  # type: ignore[arg-type]
    size = known.field_bytes
    base = b"\x04" + it.g.x.to_bytes(size, "big") + it.g.y.to_bytes(size, "big")
    return sequence(
        integer(1),
        sequence(oid(PRIME_FIELD), integer(it.p)),
        sequence(encode_tlv(0x04, it.a.to_bytes(size, "big")), encode_tlv(0x04, it.b.to_bytes(size, "big"))),
        encode_tlv(0x04, base),
        integer(it.n),
        *([] if cofactor is None else [integer(cofactor)]),
    )


def ec(parameters: bytes) -> bytes:
    return sequence(oid(EC_PUBLIC_KEY), parameters)


def dh(group: DhGroup, *, with_order: bool = True) -> bytes:
    numbers = [integer(group.p), integer(group.g)] + ([integer(group.q)] if with_order else [])
    return sequence(oid(DH_PUBLIC_NUMBER if with_order else DH_KEY_AGREEMENT), sequence(*numbers))


def domain(family: str, algorithm: bytes, parameter_id: int | None = 40) -> bytes:
    """PACEDomainParameterInfo."""
    return sequence(oid(family), algorithm, *([] if parameter_id is None else [integer(parameter_id)]))


def offers(*infos: bytes) -> PaceOffers:
    return pace_offers(parse_card_access(encode_tlv(0x31, infos)))


def named(found: PaceOffers) -> list[tuple[str, int | None]]:
    return [(suite.domain.name, suite.parameter_id) for suite in found.suites]


OWN = pace_info(GM_AES_128, 40)


# ------------------------------------------------------------------------------------------- known parameters
@pytest.mark.parametrize("name", sorted(STANDARDIZED_CURVES.values()))
@pytest.mark.parametrize("cofactor", [1, None])
def test_a_known_curve_spelt_out_is_that_curve(name: str, cofactor: int | None) -> None:
    found = offers(OWN, domain(EC_GM, ec(spelt_out(curve(name), cofactor))))
    assert named(found) == [(name, None)]
    assert found.problems == ()


@pytest.mark.parametrize("number", list(DH_GROUPS))
@pytest.mark.parametrize("with_order", [True, False], ids=["X9.42", "PKCS #3"])
def test_a_known_group_spelt_out_is_that_group(number: int, with_order: bool) -> None:
    group = DH_GROUPS[number]
    found = offers(pace_info(f"{DH_GM}.2", 40), domain(DH_GM, dh(group, with_order=with_order)))
    assert named(found) == [(group.name, None)]


def test_parameters_may_also_be_named_by_their_standard_id() -> None:
    algorithm = sequence(oid(STANDARDIZED), integer(13))
    assert named(offers(OWN, domain(EC_GM, algorithm))) == [("brainpoolP256r1", None)]
    group = sequence(oid(STANDARDIZED), integer(2))
    assert named(offers(pace_info(f"{DH_GM}.4", 40), domain(DH_GM, group))) == [(DH_GROUPS[2].name, None)]


def test_an_offer_without_an_id_means_the_only_parameters_there_are() -> None:
    """parameterId MUST be used only with standardised or with several sets (TR-03110-3 §A.1.1.1)."""
    for parameter_id in (None, 77):
        found = offers(pace_info(GM_AES_128, None), domain(EC_GM, ec(spelt_out(P256)), parameter_id))
        assert named(found) == [("secp256r1", None)]
    two = [
        domain(EC_GM, ec(spelt_out(curve(name))), 40 + index) for index, name in enumerate(["secp256r1", "secp384r1"])
    ]
    assert offers(pace_info(GM_AES_128, None), *two).problems == (OfferProblem.PARAMETERS_MISSING,)


@pytest.mark.parametrize("parameter_id", [32, 40, 255, 256, 70_000])
def test_the_id_is_sent_where_the_chip_has_more_than_one_set(parameter_id: int) -> None:
    own = pace_info(f"{EC_GM}.4", parameter_id)
    found = offers(own, domain(EC_GM, ec(spelt_out(P256)), parameter_id), pace_info(f"{EC_GM}.2", 13))
    assert named(found) == [("secp256r1", parameter_id), ("brainpoolP256r1", 13)]


def test_the_right_one_of_several_sets_is_taken() -> None:
    sets = [
        domain(EC_GM, ec(spelt_out(curve("secp384r1"))), 41),
        domain(EC_GM, ec(spelt_out(P256)), 40),
        domain(DH_GM, dh(DH_GROUPS[1]), 40),  # the same id for another kind of group
    ]
    assert named(offers(OWN, *sets)) == [("secp256r1", None)]
    assert named(offers(pace_info(f"{EC_IM}.2", 41), *sets)) == [("secp384r1", None)], "of the same kind of group"


MUCH_OFFERED = encode_tlv(
    0x31,
    [
        OWN,
        pace_info(f"{DH_GM}.2", 41),
        pace_info(f"{EC_IM}.4", 13),
        domain(EC_GM, ec(spelt_out(P256))),
        domain(DH_GM, dh(DH_GROUPS[0]), 41),
        domain(EC_GM, sequence(oid(STANDARDIZED), integer(13)), 42),
    ],
)


# ---------------------------------------------------------------------------- everything else is not used
WEAK = dataclasses.replace(P256, b=P256.b + 1)


@pytest.mark.parametrize(
    ("infos", "problem"),
    [
        ([OWN, domain(EC_GM, ec(spelt_out(P256, b=P256.b - 1)))], OfferProblem.PARAMETERS_UNKNOWN),
        ([OWN, domain(EC_GM, ec(spelt_out(P256, a=P256.a - 1)))], OfferProblem.PARAMETERS_UNKNOWN),
        ([OWN, domain(EC_GM, ec(spelt_out(P256, n=P256.n - 2)))], OfferProblem.PARAMETERS_UNKNOWN),
        ([OWN, domain(EC_GM, ec(spelt_out(P256, g=P256.add(P256.g, P256.g))))], OfferProblem.PARAMETERS_MANIPULATED),
        ([OWN, domain(EC_GM, ec(spelt_out(P256, 2)))], OfferProblem.PARAMETERS_MANIPULATED),
        ([OWN, domain(EC_GM, ec(oid("1.2.840.10045.3.1.99")))], OfferProblem.PARAMETERS_UNKNOWN),
        ([OWN, domain(EC_GM, ec(b"\x05\x00"))], OfferProblem.PARAMETERS_UNKNOWN),
        ([OWN, domain(EC_GM, sequence(oid(EC_PUBLIC_KEY)))], OfferProblem.MALFORMED),
        ([OWN, domain(EC_GM, ec(sequence(integer(1))))], OfferProblem.MALFORMED),
        ([OWN, domain(EC_GM, dh(DH_GROUPS[0]))], OfferProblem.PARAMETERS_UNFIT),
        ([OWN, domain(EC_GM, sequence(oid(STANDARDIZED), integer(30)))], OfferProblem.PARAMETERS_UNKNOWN),
        ([OWN], OfferProblem.PARAMETERS_MISSING),
        ([OWN, domain(EC_GM, ec(spelt_out(P256)), 41)], OfferProblem.PARAMETERS_MISSING),
        ([pace_info(GM_AES_128, 30), domain(EC_GM, ec(spelt_out(P256)), 30)], OfferProblem.PARAMETERS_UNKNOWN),
        ([pace_info(GM_AES_128, 1)], OfferProblem.PARAMETERS_UNFIT),
        ([pace_info(f"{DH_GM}.2", 13)], OfferProblem.PARAMETERS_UNFIT),
        ([pace_info(f"{EC_IM}.2", 10)], OfferProblem.PARAMETERS_UNFIT),
        ([pace_info(f"{EC_GM}.9", 13)], OfferProblem.UNKNOWN_PROTOCOL),
        ([pace_info(f"{PACE}.5.2", 13)], OfferProblem.UNKNOWN_PROTOCOL),
        ([pace_info(GM_AES_128, 13, version=1)], OfferProblem.OTHER_VERSION),
        ([sequence(oid(GM_AES_128))], OfferProblem.MALFORMED),
    ],
)
def test_what_is_not_known_in_every_number_is_not_used_and_the_reason_is_known(
    infos: list[bytes], problem: OfferProblem
) -> None:
    found = offers(*infos)
    assert found.suites == ()
    assert found.problems == (problem,)
    assert found.exist


@pytest.mark.parametrize("change", ["p", "g", "q"])
def test_a_finite_field_of_the_chips_own_is_not_used(change: str) -> None:
    """Also where it would pass every plausibility test: nobody vouches for it when it is used."""
    group = DH_GROUPS[1]
    own = {
        "p": dataclasses.replace(group, p=group.p + 2 * group.q),
        "g": dataclasses.replace(group, g=pow(group.g, 2, group.p)),
        "q": dataclasses.replace(group, q=group.q + 2),
    }[change]
    found = offers(pace_info(f"{DH_GM}.2", 40), domain(DH_GM, dh(own)))
    assert found.suites == ()
    unknown = OfferProblem.PARAMETERS_UNKNOWN if change == "p" else OfferProblem.PARAMETERS_MANIPULATED
    assert found.problems == (unknown,)


# --------------------------------------------------------------------------------------------- with a chip
def chip(*infos: bytes, known: Curve = P256) -> TextbookChip:
    made = TextbookChip(
        {CAN: b"274190", MRZ: sha1(b"D23145890774081221204159")}, {0x011E: COM}, encode_tlv(0x31, infos)
    )
    made.curve = (known.p, known.a, known.b, known.g.x, known.g.y, known.n)
    return made


def open_chip(made: TextbookChip, key: AccessKey | None = None, plan: ReadPlan = HOSPITAL):
    return CardSession(Link(made)).open(key or CanKey.from_digits("274190"), plan)


def test_a_chip_is_opened_on_the_curve_that_it_spells_out() -> None:
    known = curve("brainpoolP384r1")
    made = chip(OWN, domain(EC_GM, ec(spelt_out(known))), known=known)
    assert open_chip(made).suite == "PACE-ECDH-GM-AES-CBC-CMAC-128 brainpoolP384r1"
    assert made.pace["parameters"] is None, "a single set needs no reference"


def test_the_reference_of_an_own_set_goes_out_in_as_many_octets_as_it_needs() -> None:
    infos = [pace_info(GM_AES_128, 0x1234), domain(EC_GM, ec(spelt_out(P256)), 0x1234), pace_info(f"{EC_IM}.1", 13)]
    made = chip(*infos)
    open_chip(made)
    assert made.pace["parameters"] == b"\x12\x34"


def test_a_chip_on_an_unknown_curve_alone_is_refused_with_the_reason() -> None:
    made = chip(OWN, domain(EC_GM, ec(spelt_out(WEAK))), known=WEAK)
    with pytest.raises(errors.ProtocolError) as caught:
        open_chip(made)
    assert caught.value.code is errors.ACCESS_NOT_SUPPORTED
    assert caught.value.facts["reason"] == "parameters_unknown"
    assert not [command for command in made.log if command.ins == 0x86], "no word that depends on the password"


def test_a_known_curve_with_another_base_point_ends_the_attempt_whatever_else_is_offered() -> None:
    twisted = domain(EC_GM, ec(spelt_out(P256, g=P256.add(P256.g, P256.g))))
    made = chip(OWN, twisted, pace_info(GM_AES_128, 12))
    made.bac_seed = sha1(b"D23145890774081221204159")[:16]
    with pytest.raises(errors.ProtocolError) as caught:
        open_chip(made, MrzKey.from_lines(TD1))
    assert (caught.value.code, caught.value.facts["reason"]) == (errors.CHIP_DECEPTIVE, "parameters_manipulated")
    assert not [command for command in made.log if command.ins in (0x22, 0x84, 0x82)]


def test_the_next_offer_is_taken_when_the_best_is_refused_and_that_is_a_finding() -> None:
    infos = [pace_info(GM_AES_128, 13), pace_info(GM_AES_128, 12)]
    made = chip(*infos)
    made.refused_references = {13}
    report = open_chip(made)
    assert report.suite.endswith("secp256r1")
    assert report.downgrades == (Downgrade.LESSER_PACE_AS_BETTER_WAS_REFUSED,)


def test_a_wrong_password_is_not_tried_in_a_second_suite() -> None:
    made = chip(pace_info(GM_AES_128, 12), pace_info(GM_AES_128, 13))
    with pytest.raises(errors.ProtocolError) as caught:
        open_chip(made, CanKey.from_digits("000000"))
    assert caught.value.code is errors.WRONG_KEY
    assert sum(command.ins == 0x22 for command in made.log) == 1


def test_a_list_of_a_thousand_refused_offers_is_not_worked_through() -> None:
    made = chip(*(pace_info(GM_AES_128, 12 + index % 2) for index in range(1000)))
    made.refused_references = {12, 13}
    with pytest.raises(errors.ProtocolError):
        open_chip(made)
    assert sum(command.ins == 0x22 for command in made.log) <= 8


@pytest.mark.parametrize(
    "infos",
    [
        [OWN, domain(EC_GM, ec(spelt_out(WEAK)))],
        [sequence(oid(GM_AES_128))],
        [pace_info(f"{EC_GM}.9", 13)],
        [pace_info(GM_AES_128, 13, version=1)],
        [pace_info(f"{EC_IM}.2", 12)],
    ],
    ids=["unknown curve", "malformed offer", "unknown cipher", "version 1", "refused at MSE:Set AT"],
)
def test_bac_after_any_offer_of_pace_is_a_permitted_and_reported_fall_back(infos: list[bytes]) -> None:
    def made() -> TextbookChip:
        it = chip(*infos)
        it.bac_seed = sha1(b"D23145890774081221204159")[:16]
        return it

    report = open_chip(made(), MrzKey.from_lines(TD1))
    assert report.protocol == "BAC"
    assert len(report.downgrades) == 1
    strict = dataclasses.replace(HOSPITAL, allow_bac_fallback=False)
    refusing = made()
    with pytest.raises(errors.ProtocolError) as caught:
        open_chip(refusing, MrzKey.from_lines(TD1), strict)
    assert caught.value.code is errors.ACCESS_NOT_SUPPORTED
    assert {"reason", "status_word"} & set(caught.value.facts)
    assert not [command for command in refusing.log if command.ins in (0x84, 0x82)], "no step of BAC is taken"


def test_a_chip_that_never_offered_pace_is_opened_by_bac_even_by_a_strict_plan() -> None:
    """Nothing is weaker than the chip's offer then; whether PACE was hidden, DG14 tells."""
    made = chip()
    made.card_access = None
    made.bac_seed = sha1(b"D23145890774081221204159")[:16]
    strict = dataclasses.replace(HOSPITAL, allow_bac_fallback=False)
    report = open_chip(made, MrzKey.from_lines(TD1), strict)
    assert (report.protocol, report.downgrades) == ("BAC", ())


@given(st.data())
def test_no_change_of_a_list_of_offers_is_a_crash_or_buys_a_strange_group(data: st.DataObject) -> None:
    """EF.CardAccess is whatever the sender likes: each end is an error of ours or suites on known groups alone."""
    octets = bytearray(MUCH_OFFERED)
    for _ in range(data.draw(st.integers(1, 4))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = pace_offers(parse_card_access(bytes(octets)))
    except ChipIdError:
        return
    groups = {*STANDARDIZED_CURVES.values(), *(group.name for group in DH_GROUPS.values())}
    assert {suite.domain.name for suite in found.suites} <= groups
