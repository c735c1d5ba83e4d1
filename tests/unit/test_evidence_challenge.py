"""What the chip signs tells who asked it and when; without that, its signature proves nothing to somebody else."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

import reader
from emulator.cards import chip_content
from reader import errors
from reader.evidence.canonical import NotCanonicalError, decode, encode
from reader.evidence.challenge import LONGEST_READING, bound_challenges, decode_origin, encode_origin, is_bound_to
from reader.evidence.container import open_evidence, seal
from reader.evidence.device_key import DeviceKey
from reader.evidence.keeping import evidence_of
from reader.evidence.recheck import Judgement, differences, judge_again, parse
from reader.protocols.active_authentication import ActiveAuthenticationAnswer, ChallengeOrigin, random_challenge
from reader.verification.verdict import Decision
from tests.unit.reader_cards import NOON, TRUST, can_of, read_content

OURS = DeviceKey(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
THEIRS = DeviceKey(Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))))
UNBOUND = ("undetermined", "active_authentication.challenge_unbound")
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: dt.timezone(dt.timedelta(minutes=minutes)))
MOMENTS = st.builds(dt.datetime.fromtimestamp, st.floats(86_400, 7_200_000_000), ZONES)
NONCES = st.binary(min_size=16, max_size=16)
DEVICES = st.binary(min_size=32, max_size=32).map(bytes.hex)


# ------------------------------------------------------------------------------------------ the challenge itself
def test_the_challenge_is_what_the_page_about_evidence_says() -> None:
    """Computed here from the text of docs/evidence.md, with nothing of the program's."""
    nonce = bytes(range(16))
    late = NOON.astimezone(dt.timezone(dt.timedelta(hours=7))) + dt.timedelta(milliseconds=999)
    challenge = bound_challenges("ab" * 32, lambda: late, lambda count: nonce[:count])()
    circumstances = b"chipid-kiosk active authentication challenge 1" + b"\xab" * 32 + b"2026-06-01T12:00:00Z" + nonce
    assert challenge.octets == hashlib.sha256(circumstances).digest()[:8]
    assert challenge.origin == ChallengeOrigin(NOON, nonce)
    assert encode_origin(challenge.origin) == (
        b'{"asked_at":"2026-06-01T12:00:00Z","nonce":"000102030405060708090a0b0c0d0e0f"}'
    )


@given(DEVICES, MOMENTS, NONCES)
def test_whatever_was_drawn_is_recomputed_from_what_is_kept(device: str, moment: dt.datetime, nonce: bytes) -> None:
    challenge = bound_challenges(device, lambda: moment, lambda _: nonce)()
    assert len(challenge.octets) == 8
    assert challenge.origin is not None
    assert is_bound_to(device, challenge.octets, decode_origin(encode_origin(challenge.origin)))
    assert abs(challenge.origin.asked_at - moment) < dt.timedelta(seconds=1)


@given(DEVICES, st.integers(0, 63), st.integers(0, 127), st.integers(1, 10**9), DEVICES)
def test_no_other_device_moment_nonce_or_challenge_fits(
    device: str, bit: int, nonce_bit: int, seconds: int, other: str
) -> None:
    challenge = bound_challenges(device, lambda: NOON)()
    origin = challenge.origin
    assert origin is not None
    flipped = (int.from_bytes(challenge.octets) ^ 1 << bit).to_bytes(8)
    assert not is_bound_to(device, flipped, origin)
    assert other == device or not is_bound_to(other, challenge.octets, origin)
    nonce = (int.from_bytes(origin.nonce) ^ 1 << nonce_bit).to_bytes(16)
    assert not is_bound_to(device, challenge.octets, dataclasses.replace(origin, nonce=nonce))
    moment = NOON + dt.timedelta(seconds=seconds)
    assert not is_bound_to(device, challenge.octets, dataclasses.replace(origin, asked_at=moment))
    assert not is_bound_to(device, challenge.octets, None)


@pytest.mark.parametrize("length", [0, 7, 9, 16, 32])
def test_only_eight_octets_are_a_challenge(length: int) -> None:
    """A longer piece of the very same hash is not what the chip is asked to sign."""
    origin = ChallengeOrigin(NOON, bytes(16))
    whole = hashlib.sha256(
        b"chipid-kiosk active authentication challenge 1" + bytes(32) + b"2026-06-01T12:00:00Z" + bytes(16)
    ).digest()
    assert is_bound_to("00" * 32, whole[:8], origin)
    assert not is_bound_to("00" * 32, whole[:length], origin)


def test_each_question_has_a_challenge_of_its_own_that_the_clock_does_not_give_away() -> None:
    draw = bound_challenges(OURS.fingerprint, lambda: NOON)
    drawn = {draw().octets for _ in range(1000)}
    assert len(drawn) == 1000
    for position in range(64):
        ones = sum(int.from_bytes(octets) >> position & 1 for octets in drawn)
        assert 350 < ones < 650, "each bit of it is as good as a coin: nine standard deviations"
    assert random_challenge().octets != random_challenge().octets


@pytest.mark.parametrize("device", ["", "ab" * 31, "ab" * 33, "x" * 64])
def test_a_fingerprint_that_is_none_is_refused_before_a_card_is_asked(device: str) -> None:
    with pytest.raises(ValueError, match="hexadecimal"):
        bound_challenges(device)


@pytest.mark.parametrize(
    "said",
    [
        None,
        [],
        {},
        {"asked_at": "2026-06-01T12:00:00Z"},
        {"asked_at": "2026-06-01T12:00:00Z", "nonce": "00" * 16, "more": 1},
        {"asked_at": "2026-06-01T12:00:00Z", "nonce": "00" * 15},
        {"asked_at": "2026-06-01T12:00:00Z", "nonce": "0A" * 16},
        {"asked_at": "2026-06-01T12:00:00Z", "nonce": " 00" * 16},
        {"asked_at": "2026-06-01T12:00:00Z", "nonce": 0},
        {"asked_at": "2026-06-01T12:00:00+00:00", "nonce": "00" * 16},
        {"asked_at": "2026-06-01T12:00:60Z", "nonce": "00" * 16},
        {"asked_at": "2026-02-30T12:00:00Z", "nonce": "00" * 16},
        {"asked_at": "2026-6-1T12:00:00Z", "nonce": "00" * 16},
        {"asked_at": "0001-01-01T12:00:00Z", "nonce": "00" * 16},
        {"asked_at": "9999-12-31T23:59:59Z", "nonce": "00" * 16},
        {"asked_at": 1780315200, "nonce": "00" * 16},
    ],
)
def test_an_origin_that_this_program_would_not_write_is_refused(said: object) -> None:
    with pytest.raises(NotCanonicalError):
        decode_origin(encode(said))


# ------------------------------------------------------------------------------------------ on a card, and later
@pytest.fixture(scope="module")
def outcome() -> reader.ReadOutcome:
    """A card that is read while evidence is kept."""
    draw = bound_challenges(OURS.fingerprint, lambda: NOON + dt.timedelta(seconds=3))
    return read_content(chip_content("an"), can_of("an"), draw_challenge=draw)


def kept(outcome: reader.ReadOutcome, answer: ActiveAuthenticationAnswer | None = None) -> bytes:
    if answer is not None:
        outcome = dataclasses.replace(outcome, reading=dataclasses.replace(outcome.reading, active_answer=answer))
    return evidence_of(outcome, OURS, trust=TRUST, read_at=NOON, policy="hospital", is_test=True)


@pytest.fixture(scope="module")
def evidence(outcome: reader.ReadOutcome) -> bytes:
    return kept(outcome)


def judged(octets: bytes) -> Judgement:
    opened = parse(octets)
    return judge_again(opened, reader.trust_for(None, test_mode=True), opened.statement.read_at)


def active(judgement: Judgement) -> tuple[str, str]:
    return next((one.status.value, one.code) for one in judgement.checks if one.check == "active_authentication")


def signed_again(octets: bytes, signer: DeviceKey, change: Callable[[dict[str, bytes]], object]) -> bytes:
    parts = dict(open_evidence(octets).parts)
    change(parts)
    return seal(parts, signer)


def test_what_the_device_asked_in_this_reading_proves_the_chip_to_anybody(evidence: bytes) -> None:
    again = judged(evidence)
    assert active(again) == ("successful", "active_authentication.genuine")
    assert again.verdict.decision is Decision.ACCEPT
    assert "active_authentication" not in again.stated


def assert_shown_as_unbound(octets: bytes) -> None:
    again = judged(octets)
    assert active(again) == UNBOUND
    assert "active_authentication" in again.stated
    assert again.verdict.decision is Decision.REFER, "this card has no other proof that others can verify"
    assert "active_authentication" in {each.what for each in differences(parse(octets).statement, again)}


def test_another_device_cannot_take_the_signature_over(evidence: bytes) -> None:
    assert_shown_as_unbound(signed_again(evidence, THEIRS, lambda parts: None))


def test_a_signature_over_random_digits_is_no_proof_for_others() -> None:
    assert_shown_as_unbound(kept(read_content(chip_content("an"), can_of("an"))))


def test_an_origin_that_was_taken_out_or_changed_leaves_no_proof(evidence: bytes) -> None:
    name = "active-authentication.origin"
    assert_shown_as_unbound(signed_again(evidence, OURS, lambda parts: parts.pop(name)))
    for field, value in (("asked_at", "2026-06-01T12:00:04Z"), ("nonce", "00" * 16)):
        changed = signed_again(
            evidence,
            OURS,
            lambda parts, field=field, value=value: parts.update(  # type: ignore[misc]
                {name: encode(decode(parts[name]) | {field: value})}
            ),
        )
        assert_shown_as_unbound(changed)


@pytest.mark.parametrize("octets", [b"", b"{}", b"null", b'{"asked_at":1,"nonce":""}', bytes(1000)])
def test_an_origin_of_nonsense_is_refused_with_its_part(evidence: bytes, octets: bytes) -> None:
    with pytest.raises(errors.DocumentError) as caught:
        parse(signed_again(evidence, OURS, lambda parts: parts.update({"active-authentication.origin": octets})))
    assert (caught.value.code.name, caught.value.facts["part"]) == ("evidence.damaged", "active-authentication.origin")


@pytest.mark.parametrize("length", [0, 1, 7, 9, 16, 32])
def test_a_challenge_of_another_length_is_no_proof_though_the_chip_signed_it(
    outcome: reader.ReadOutcome, length: int
) -> None:
    """The chip's own signature, over more or less of the right hash than the protocol has."""
    chip, asked = chip_content("an").active_authentication, outcome.reading.active_answer
    assert chip is not None
    assert asked is not None
    assert asked.origin is not None
    circumstances = b"chipid-kiosk active authentication challenge 1" + bytes.fromhex(OURS.fingerprint)
    moment = asked.origin.asked_at.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    challenge = hashlib.sha256(circumstances + moment + asked.origin.nonce).digest()[:length]
    signed = ActiveAuthenticationAnswer(challenge, chip.sign(challenge), asked.origin)
    assert_shown_as_unbound(kept(outcome, signed))


@pytest.mark.parametrize("minutes", [-60 * 24 * 365, -11, 11, 60 * 24 * 30])
def test_a_signature_of_another_time_cannot_be_shown_for_this_reading(
    outcome: reader.ReadOutcome, minutes: int
) -> None:
    """Backdating, or an old question under a new date: the moment is in what the chip signed."""
    read_at = NOON + dt.timedelta(minutes=minutes)
    octets = evidence_of(outcome, OURS, trust=TRUST, read_at=read_at, policy="hospital", is_test=True)
    opened = parse(octets)
    again = judge_again(opened, reader.trust_for(None, test_mode=True), NOON)
    assert active(again) == UNBOUND
    assert "another time" in next(one.detail for one in again.checks if one.code == UNBOUND[1])
    assert again.verdict.decision is Decision.REFER


def test_a_long_reading_is_still_one_reading(outcome: reader.ReadOutcome) -> None:
    read_at = NOON - LONGEST_READING + dt.timedelta(seconds=5)
    octets = evidence_of(outcome, OURS, trust=TRUST, read_at=read_at, policy="hospital", is_test=True)
    assert active(judged(octets))[0] == "successful"


def test_a_wrong_signature_stays_wrong_whatever_it_was_asked_for(outcome: reader.ReadOutcome) -> None:
    answer = outcome.reading.active_answer
    assert answer is not None
    wrong = answer.signature[:-1] + bytes([answer.signature[-1] ^ 1])
    for origin in (answer.origin, None):
        again = judged(kept(outcome, dataclasses.replace(answer, signature=wrong, origin=origin)))
        assert active(again) == ("failed", "active_authentication.not_genuine")
        assert again.verdict.decision is Decision.REJECT


# ------------------------------------------------------------------------------------------ files of version 1
def as_version_1(octets: bytes, *, with_origin: bool = False) -> bytes:
    """The same reading as a program of the first version kept it, put together here by hand."""
    parts = dict(open_evidence(octets).parts)
    if not with_origin:
        del parts["active-authentication.origin"]
    rows = [[name, len(content), hashlib.sha256(content).hexdigest()] for name, content in parts.items()]
    device = {"algorithm": "Ed25519", "public_key": OURS.public_key.hex()}
    manifest = encode({"device": device, "parts": rows})
    body = b"chipid-evidence 1\n" + section("manifest", manifest)
    body += b"".join(section(name, content) for name, content in parts.items())
    return body + section("signature", OURS.sign(body))


def section(name: str, content: bytes) -> bytes:
    return f"{name} {len(content)} {hashlib.sha256(content).hexdigest()}\n".encode() + content + b"\n"


def test_a_file_of_version_1_is_still_opened_and_its_question_has_no_date(evidence: bytes) -> None:
    old = as_version_1(evidence)
    assert (open_evidence(old).version, open_evidence(evidence).version) == (1, 2)
    assert_shown_as_unbound(old)
    before, after = judged(evidence), judged(old)
    same = {one.check for one in before.checks} - {"active_authentication"}
    assert [one for one in before.checks if one.check in same] == [one for one in after.checks if one.check in same]


def test_version_1_knew_no_origin(evidence: bytes) -> None:
    with pytest.raises(errors.DocumentError) as caught:
        parse(as_version_1(evidence, with_origin=True))
    assert caught.value.facts["part"] == "active-authentication.origin"


@pytest.mark.parametrize("to_version", [b"1", b"2"])
def test_another_version_on_the_first_line_is_found_there(evidence: bytes, to_version: bytes) -> None:
    original = as_version_1(evidence) if to_version == b"2" else evidence
    place = len(b"chipid-evidence ")
    with pytest.raises(errors.DocumentError) as caught:
        open_evidence(original[:place] + to_version + original[place + 1 :])
    assert (caught.value.code.name, caught.value.facts["part"]) == ("evidence.damaged", "header")
