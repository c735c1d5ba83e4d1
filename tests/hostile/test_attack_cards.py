"""Every attack card is caught, for the very reason that it was made for; its honest twin is accepted.

The attacks themselves are shown to be real: where a careless verifier would believe one, it does so here.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import pathlib
import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from ecdsa import BRAINPOOLP256r1, BRAINPOOLP384r1
from ecdsa.curves import Curve as PlainCurve
from ecdsa.ecdsa import Public_key, Signature
from ecdsa.ellipticcurve import PointJacobi

import reader
from crypto.pki.cms import parse_signed_data
from crypto.pki.findings import FindingCode
from crypto.pki.passive_authentication import verify_security_object
from crypto.pki.trust_store import TrustStore
from crypto.primitives.curves import Point, curve
from crypto.signatures.ecdsa_plain import parse_der
from crypto.signatures.hash_algorithms import HashAlgorithm
from crypto.wire.tlv import encode_tlv, parse_tlv
from emulator.adapters.inprocess import EmulatedTransport, provider
from emulator.cards import attack_names, catalogue, chip_content
from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipContent
from emulator.personalise.attack import Attack
from emulator.personalise.authorities import Authority, authority_certificate, document_signer, trust_anchors
from emulator.personalise.document import personalise
from emulator.personalise.forged_keys import BasePointKey
from emulator.personalise.forged_signers import authority_with_base_point, certificate_of_no_authority
from emulator.personalise.profile import load_profile
from kiosk_ui.cli import main
from reader.lds import files
from reader.scanners.qr import parse_citizen_qr
from reader.verification.assessment import assess
from reader.verification.policy import DESK, HOSPITAL, LABORATORY, VerificationPolicy
from reader.verification.printed import PrintedData
from reader.verification.verdict import Decision, VerifiedIdentity
from tests.unit.reader_cards import NOON, TRUST, read_content, signed_card

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPECS = {spec.name: spec for spec in catalogue(attacks=True)}

PASSIVE = "passive_authentication"
CAUGHT: dict[str, set[tuple[str, str, str]]] = {
    # by passive authentication
    "attack-namesake-csca": {(PASSIVE, "undetermined", f"{PASSIVE}.issuer_key_unknown")},
    "attack-namesake-csca-key-id": {(PASSIVE, "failed", f"{PASSIVE}.signer_signature_wrong")},
    "attack-ds-base-point": {(PASSIVE, "failed", f"{PASSIVE}.curve_manipulated")},
    "attack-csca-base-point": {(PASSIVE, "failed", f"{PASSIVE}.signer_signature_wrong")},
    "attack-ds-revoked": {(PASSIVE, "failed", f"{PASSIVE}.signer_revoked")},
    "attack-ds-expired": {(PASSIVE, "failed", f"{PASSIVE}.signer_expired")},
    "attack-ds-cert-sign-only": {(PASSIVE, "failed", f"{PASSIVE}.signer_key_usage")},
    "attack-ds-critical-extension": {(PASSIVE, "failed", f"{PASSIVE}.critical_extension")},
    "attack-ds-issued-by-ds": {(PASSIVE, "failed", f"{PASSIVE}.issuer_not_ca")},
    "attack-issuer-not-ca": {(PASSIVE, "undetermined", f"{PASSIVE}.issuer_unknown")},
    "attack-forged-link": {(PASSIVE, "undetermined", f"{PASSIVE}.issuer_key_unknown")},
    "attack-second-signer": {(PASSIVE, "failed", f"{PASSIVE}.content_digest_mismatch")},
    "attack-other-country": {(PASSIVE, "failed", f"{PASSIVE}.country_mismatch")},
    "attack-other-type": {(PASSIVE, "failed", f"{PASSIVE}.document_type_not_allowed")},
    # by the hashes in EF.SOD
    "attack-foreign-sod": {
        (f"data_group_hash.DG{n}", "failed", "data_group_hash.mismatch") for n in (1, 2, 13, 14, 15)
    },
    "attack-changed-photo": {("data_group_hash.DG2", "failed", "data_group_hash.mismatch")},
    "attack-swapped-groups": {(f"data_group_hash.DG{n}", "failed", "data_group_hash.mismatch") for n in (2, 13)},
    "attack-dg15-of-another": {
        ("data_group_hash.DG15", "failed", "data_group_hash.mismatch"),
        ("active_authentication", "undetermined", "active_authentication.key_not_signed"),
    },
    "attack-dg15-own-key": {
        ("data_group_hash.DG15", "failed", "data_group_hash.mismatch"),
        ("active_authentication", "undetermined", "active_authentication.key_not_signed"),
    },
    "attack-dg14-base-point": {
        ("data_group_hash.DG14", "failed", "data_group_hash.mismatch"),
        ("chip_authentication", "failed", "chip_authentication.key_manipulated"),
    },
    "attack-dg15-base-point": {
        ("data_group_hash.DG15", "failed", "data_group_hash.mismatch"),
        ("active_authentication", "failed", "active_authentication.key_manipulated"),
    },
    # by the list of groups, which nobody signs
    "attack-com-hides": {("com_consistency", "failed", "com_consistency.group_missing")},
    "attack-com-names-more": {("com_consistency", "failed", "com_consistency.group_extra")},
    # by the proofs of the chip
    "attack-copied": {
        ("chip_authentication", "failed", "chip_authentication.not_genuine"),
        ("active_authentication", "failed", "active_authentication.not_genuine"),
    },
    "attack-aa-recorded": {("active_authentication", "failed", "active_authentication.not_genuine")},
    "attack-dg14-withheld": {("chip_authentication", "failed", "chip_authentication.key_withheld")},
    "attack-dg15-withheld": {("active_authentication", "failed", "active_authentication.key_withheld")},
    # by what DG14 tells of access control
    "attack-pace-stripped": {("access_control", "failed", "access_control.pace_hidden")},
    "attack-pace-weakened": {("access_control", "failed", "access_control.card_access_differs")},
    # by the calendar, and by the print
    "attack-expired": {("document_validity", "failed", "document_validity.expired")},
    "attack-other-print": set(),  # the chip is genuine; what is printed around it says more, below
}


def key_of(name: str) -> reader.CanKey | reader.MrzKey:
    """A chip that only offers BAC takes the MRZ."""
    spec = SPECS[name]
    return reader.MrzKey.from_lines(spec.mrz) if name == "attack-pace-stripped" else reader.CanKey.from_digits(spec.can)


@functools.cache
def reading_of(name: str) -> reader.ReadOutcome:
    with provider.open(name) as card:
        return reader.read(card, key_of(name), trust=TRUST, now=lambda: NOON)


def found_in(outcome: reader.ReadOutcome) -> set[tuple[str, str, str]]:
    return {(check.check, check.status.value, check.code) for check in outcome.checks}


def test_every_attack_has_a_card_or_is_a_habit_of_one_and_every_card_is_tested() -> None:
    assert set(attack_names()) == set(CAUGHT) == {name for name in SPECS if name.startswith("attack-")}
    assert {load_profile(name).attack for name in attack_names()} >= set(Attack)


@pytest.mark.parametrize("name", sorted(CAUGHT))
def test_the_attack_is_caught_for_its_reason(name: str) -> None:
    found = found_in(reading_of(name))
    assert CAUGHT[name] <= found
    assert {code for _, status, code in found if status == "failed"} == {
        code for _, status, code in CAUGHT[name] if status == "failed"
    }, "and for no other"


@pytest.mark.parametrize("name", sorted(CAUGHT))
def test_the_verdict_is_the_one_that_the_catalogue_tells(name: str) -> None:
    outcome = reading_of(name)
    assert outcome.verdict.decision.value == SPECS[name].expected
    assert set(outcome.verdict.reasons) >= {code for _, status, code in CAUGHT[name] if status == "failed"}


ONLY_NOTED_ON_THE_BENCH = {"attack-com-hides", "attack-com-names-more"}
"""EF.COM is signed by nobody, and every group that is signed was read."""


@pytest.mark.parametrize("policy", [HOSPITAL, DESK, LABORATORY], ids=lambda policy: policy.name)
@pytest.mark.parametrize("name", sorted(set(CAUGHT) - {"attack-other-print"}))
def test_no_policy_accepts_a_forged_card(name: str, policy: VerificationPolicy) -> None:
    judged = assess(reading_of(name).reading, TRUST, policy, NOON)
    if policy is LABORATORY and name in ONLY_NOTED_ON_THE_BENCH:
        assert judged.verdict.decision is Decision.ACCEPT
        return
    assert judged.verdict.decision is not Decision.ACCEPT
    assert not isinstance(judged.identity, VerifiedIdentity)


def test_a_police_desk_takes_no_expired_card() -> None:
    judged = assess(reading_of("attack-expired").reading, TRUST, DESK, NOON)
    assert (judged.verdict.decision, judged.verdict.reasons[0]) == (Decision.REJECT, "document_validity.expired")


NO_TWIN = {"attack-expired", "attack-other-print"}


@pytest.mark.parametrize("name", sorted(set(CAUGHT) - NO_TWIN))
def test_without_the_attack_the_same_card_is_accepted(name: str) -> None:
    """Else the tests above would prove nothing."""
    profile = dataclasses.replace(load_profile(name), attack=None, copied=False, changed_group=0)
    if name == "attack-other-country":
        profile = dataclasses.replace(profile, authority=Authority.UTOPIA)
    if name == "attack-other-type":
        assert profile.travel_document is not None
        profile = dataclasses.replace(profile, travel_document=dataclasses.replace(profile.travel_document, code="ID"))
    key = can_of_attack(name)
    with EmulatedTransport(VirtualCard(personalise(profile))) as card:
        outcome = reader.read(card, key, trust=TRUST, now=lambda: NOON)
    assert outcome.verdict.decision is Decision.ACCEPT, outcome.verdict.reasons


def test_a_group_that_nobody_signed_is_refused_where_it_is_read() -> None:
    with provider.open("attack-com-names-more") as card:
        key = key_of("attack-com-names-more")
        outcome = reader.read(card, key, trust=TRUST, policy="desk", now=lambda: NOON)
    assert ("data_group_hash.DG16", "failed", "data_group_hash.not_listed") in found_in(outcome)
    assert outcome.verdict.decision is Decision.REJECT


@pytest.mark.parametrize(
    ("name", "group", "check"),
    [("attack-dg14-base-point", 14, "chip_authentication"), ("attack-dg15-base-point", 15, "active_authentication")],
)
def test_a_manipulated_key_is_refused_even_if_an_issuer_signed_it(name: str, group: int, check: str) -> None:
    """Nobody who has the private key needs another base point; and what anybody can compute proves no chip."""
    forged = file_of(name, 0x0100 | group)
    signed = signed_card(name, {group: forged})
    content = dataclasses.replace(
        signed,
        chip_authentication=chip_content(name).chip_authentication,
        active_authentication=chip_content(name).active_authentication,
    )
    outcome = read_content(content, can_of_attack(name))
    assert (f"data_group_hash.DG{group}", "successful", "data_group_hash.match") in found_in(outcome)
    assert (check, "failed", f"{check}.key_manipulated") in found_in(outcome)
    assert outcome.verdict.decision is Decision.REJECT


def can_of_attack(name: str) -> reader.CanKey:
    return reader.CanKey.from_digits(SPECS[name].can)


# ------------------------------------------------------------------------- the attacks are real ones
def careless(plain: PlainCurve, key: Point, signature: bytes, data: bytes) -> bool:
    """A verifier that takes the base point from the key, where it is the public point (CVE-2020-0601)."""
    generator = PointJacobi(plain.curve, key.x, key.y, 1, plain.order)
    half = len(signature) // 2
    numbers = Signature(int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big"))
    digest = int.from_bytes(HashAlgorithm.SHA256.digest(data), "big")
    return bool(Public_key(generator, generator).verifies(digest, numbers))


def point_of(certificate: bytes) -> Point:
    key = x509.load_der_x509_certificate(certificate).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    numbers = key.public_numbers()
    return Point(numbers.x, numbers.y)


def file_of(name: str, identifier: int) -> bytes:
    return next(file.content for file in chip_content(name).application_files if file.identifier == identifier)


def certificates_of(name: str) -> tuple[bytes, ...]:
    return parse_signed_data(parse_tlv(file_of(name, 0x011D), 0x77).value).certificates


P384 = curve("brainpoolP384r1")


def test_a_certificate_with_another_base_point_is_rightly_signed_for_a_careless_verifier() -> None:
    genuine = point_of(authority_certificate(Authority.TEST))
    carried = certificates_of("attack-csca-base-point")
    assert authority_with_base_point() in carried
    assert len(carried) == 2
    for certificate in carried:
        tbs, _, signature = parse_tlv(certificate, 0x30).children()
        plain = parse_der(signature.value[1:], P384).to_plain(P384)
        assert careless(BRAINPOOLP384r1, genuine, plain, tbs.encoded)
        assert not careless(BRAINPOOLP384r1, P384.g, plain, tbs.encoded)


def test_a_security_object_signed_with_another_base_point_is_right_for_a_careless_verifier() -> None:
    genuine = document_signer(Authority.TEST, load_profile("attack-ds-base-point").holder.issued)
    (signer,) = parse_signed_data(parse_tlv(file_of("attack-ds-base-point", 0x011D), 0x77).value).signers
    attributes = b"\x31" + (signer.signed_attributes or b"")[1:]
    plain = parse_der(signer.signature, P384).to_plain(P384)
    assert careless(BRAINPOOLP384r1, point_of(genuine.certificate), plain, attributes)


def test_a_chip_with_another_base_point_answers_what_a_careless_verifier_believes() -> None:
    signer = chip_content("attack-dg15-base-point").active_authentication
    assert isinstance(signer, BasePointKey)
    assert careless(BRAINPOOLP256r1, signer.point, signer.sign(b"12345678"), b"12345678")
    assert signer.public_key_info in file_of("attack-dg15-base-point", 0x010F)


def test_a_forged_authority_that_somebody_installed_is_refused_for_its_curve() -> None:
    """By mistake, or by whoever could write the folder: beside nobody else it makes no signer trusted."""
    store = TrustStore()
    store.add(authority_with_base_point(), "installed by mistake")
    result = verify_security_object(file_of("attack-csca-base-point", 0x011D), store, NOON)
    assert result.finding.code is FindingCode.CURVE_MANIPULATED
    honest = verify_security_object(file_of("an", 0x011D), store, NOON)
    assert not honest.is_trusted


def test_both_authorities_of_one_name_trust_the_honest_card_and_not_the_other() -> None:
    store = TrustStore()
    for certificate in (authority_with_base_point(), *trust_anchors()):
        store.add(certificate, "both")
    assert verify_security_object(file_of("an", 0x011D), store, NOON).is_trusted
    for name in ("attack-csca-base-point", "attack-namesake-csca", "attack-namesake-csca-key-id"):
        assert not verify_security_object(file_of(name, 0x011D), store, NOON).is_trusted


def test_a_certificate_that_is_no_authority_vouches_for_nobody_even_if_installed() -> None:
    store = TrustStore()
    store.add(certificate_of_no_authority(), "installed by mistake")
    result = verify_security_object(file_of("attack-issuer-not-ca", 0x011D), store, NOON)
    assert result.finding.code is FindingCode.ISSUER_NOT_CA


def test_a_document_signer_that_somebody_installed_vouches_for_no_other_signer() -> None:
    store = TrustStore()
    signer = document_signer(Authority.TEST, load_profile("attack-ds-issued-by-ds").holder.issued)
    assert signer.certificate in certificates_of("attack-ds-issued-by-ds")
    store.add(signer.certificate, "installed by mistake")
    result = verify_security_object(file_of("attack-ds-issued-by-ds", 0x011D), store, NOON)
    assert result.finding.code is FindingCode.ISSUER_NOT_CA


def test_whatever_a_card_carries_makes_nobody_an_authority_from_a_directory_either() -> None:
    """Neither among the document signers nor among the link certificates of the store."""
    store = TrustStore()
    for certificate in trust_anchors():
        store.add(certificate, "test")
    for name in ("attack-ds-issued-by-ds", "attack-forged-link", "attack-issuer-not-ca", "attack-csca-base-point"):
        for certificate in certificates_of(name):
            store.add_document_signer(certificate, "from a directory")
            store.add_link(certificate, "from a directory")
    for name in ("attack-ds-issued-by-ds", "attack-forged-link", "attack-issuer-not-ca", "attack-csca-base-point"):
        assert not verify_security_object(file_of(name, 0x011D), store, NOON).is_trusted


def test_a_second_signer_of_the_attackers_neither_helps_him_nor_harms_the_honest() -> None:
    """In whatever order: the genuine signature counts for the content that it was made over, and for no other."""
    content_info = parse_tlv(parse_tlv(file_of("attack-second-signer", 0x011D), 0x77).value, 0x30).children()
    *head, signers = content_info[1].children()[0].children()
    reverse = [signer.encoded for signer in reversed(signers.children())]
    signed = encode_tlv(0x30, [*(part.encoded for part in head), encode_tlv(0x31, reverse)])
    turned = encode_tlv(0x77, encode_tlv(0x30, [content_info[0].encoded, encode_tlv(0xA0, signed)]))
    result = verify_security_object(turned, TRUST, NOON)
    assert result.finding.code is FindingCode.CONTENT_DIGEST_MISMATCH
    honest = parse_tlv(parse_tlv(file_of("an", 0x011D), 0x77).value, 0x30).children()
    *head, own = honest[1].children()[0].children()
    signed = encode_tlv(
        0x30, [*(part.encoded for part in head), encode_tlv(0x31, [signers.children()[0].encoded, own.value])]
    )
    beside = encode_tlv(0x77, encode_tlv(0x30, [honest[0].encoded, encode_tlv(0xA0, signed)]))
    assert verify_security_object(beside, TRUST, NOON).is_trusted, "what the genuine signer signed stays signed"


def test_a_recorded_signature_is_a_right_one_over_another_challenge() -> None:
    signer, genuine = (
        content.active_authentication
        for content in (chip_content("attack-aa-recorded"), _genuine("attack-aa-recorded"))
    )
    assert signer is not None
    assert genuine is not None
    assert signer.sign(b"12345678") == signer.sign(b"87654321") == genuine.sign(b"recorded")


def _genuine(name: str) -> ChipContent:
    return personalise(dataclasses.replace(load_profile(name), attack=None, copied=True))


def test_the_card_in_the_attackers_pocket_signs_rightly_for_the_key_that_is_not_signed() -> None:
    answer = reading_of("attack-dg15-of-another").reading.active_answer
    assert answer is not None
    assert reading_of("attack-dg15-of-another").reading.document.require(files.data_group(15)) == file_of("an", 0x010F)


def test_before_its_revocation_list_was_installed_the_revoked_signers_card_was_believed() -> None:
    """The list is what catches it: without one nobody can know, and the result says that nobody looked."""
    store = TrustStore()
    for certificate in trust_anchors():
        store.add(certificate, "test")
    assert verify_security_object(file_of("attack-ds-revoked", 0x011D), store, NOON).is_trusted
    judged = assess(reading_of("attack-ds-revoked").reading, store, HOSPITAL, NOON)
    revocation = next(check for check in judged.checks if check.check == "signer_revocation")
    assert revocation.status.value == "undetermined"


# ------------------------------------------------------------------------------------- the print
def test_a_genuine_chip_in_plastic_of_somebody_else_is_refused_once_the_print_is_known() -> None:
    printed = PrintedData(qr=parse_citizen_qr(SPECS["attack-other-print"].qr))
    judged = assess(reading_of("attack-other-print").reading, TRUST, HOSPITAL, NOON, printed=printed)
    check = next(check for check in judged.checks if check.check == "printed_data")
    assert (check.status.value, check.code) == ("failed", "printed_data.number_differs")
    assert judged.verdict.decision is Decision.REJECT
    assert not isinstance(judged.identity, VerifiedIdentity)


@pytest.mark.parametrize("name", ["an", "attack-ds-revoked"])
def test_an_honest_print_agrees_with_its_chip(name: str) -> None:
    printed = PrintedData(qr=parse_citizen_qr(SPECS[name].qr))
    judged = assess(reading_of(name).reading, TRUST, HOSPITAL, NOON, printed=printed)
    assert next(check.status.value for check in judged.checks if check.check == "printed_data") == "successful"


# -------------------------------------------------------------------------- on the command line
@pytest.mark.parametrize("name", ["attack-ds-revoked", "attack-second-signer", "attack-dg15-withheld"])
def test_the_command_names_the_reason_and_ends_with_one(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", "--emulated", name, "--can", SPECS[name].can, "--json"]) == 1
    result = json.loads(capsys.readouterr().out)
    assert result["verdict"] == "REJECT"
    assert {code for _, _, code in CAUGHT[name]} <= {check["code"] for check in result["checks"]}


def test_the_command_refuses_a_genuine_chip_in_another_persons_plastic(capsys: pytest.CaptureFixture[str]) -> None:
    spec = SPECS["attack-other-print"]
    assert main(["read", "--emulated", spec.name, "--can", spec.can, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "ACCEPT"
    assert main(["read", "--emulated", spec.name, "--can", spec.can, "--qr", spec.qr, "--json"]) == 1
    result = json.loads(capsys.readouterr().out)
    assert result["verdict"] == "REJECT"
    assert "printed_data.number_differs" in {check["code"] for check in result["checks"]}


def test_forged_cards_are_listed_with_the_laboratory_and_never_among_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cards", "--all", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert set(attack_names()) <= set(rows)
    assert rows["attack-other-print"]["qr"] == SPECS["attack-other-print"].qr
    assert not set(attack_names()) & {spec.name for spec in catalogue(laboratory=True)}


# --------------------------------------------------------------------------------- documentation
def test_the_table_of_attacks_names_every_card_with_its_codes() -> None:
    rows = {
        cells[1].strip("`"): cells[3]
        for line in (ROOT / "docs" / "attacks.md").read_text(encoding="utf-8").splitlines()
        if len(cells := [cell.strip() for cell in line.strip("|").split("|")]) == 4
    }
    assert set(attack_names()) <= set(rows)
    counted = re.search(r"forged in (\d+) ways", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert counted is not None
    assert int(counted[1]) == len(attack_names())
    for name, found in CAUGHT.items():
        assert all(f"`{code}`" in rows[name] for _, _, code in found), name
