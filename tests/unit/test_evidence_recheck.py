"""A kept reading is judged again by what its files prove; what only the device says proves nothing to a third party."""

from __future__ import annotations

import copy
import dataclasses
import datetime as dt
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import reader
from crypto.errors import ChipIdError
from crypto.pki.trust_store import TrustStore
from emulator.cards import catalogue, chip_content
from reader import errors
from reader.chip_proofs import ChipAnswer
from reader.evidence.canonical import decode, encode
from reader.evidence.challenge import bound_challenges
from reader.evidence.container import open_evidence, seal
from reader.evidence.device_key import DeviceKey
from reader.evidence.keeping import evidence_of
from reader.evidence.recheck import Judgement, KeptReading, differences, judge_again, parse
from reader.verification.checks import CheckStatus
from reader.verification.policy import DESK, HOSPITAL
from reader.verification.printed import PrintedData
from reader.verification.verdict import Decision
from reader.vietnamese.number import parse_number
from tests.unit.reader_cards import NOON, PEOPLE, TRUST, can_of, read_content

OURS = DeviceKey(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
THEIRS = DeviceKey(Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))))
DAILY = [person.name for person in catalogue()]
WITH_MAPPING = "pace-cam"
CATALOGUE = [*DAILY, *(pytest.param(name, marks=pytest.mark.slow) for name in PEOPLE if name not in DAILY)]


def elsewhere() -> TrustStore:
    """The trust anchors of another machine."""
    return reader.trust_for(None, test_mode=True)


def asked_by_us(name: str, key: reader.MrzKey | None = None) -> reader.ReadOutcome:
    """A reading of which evidence will be kept."""
    challenges = bound_challenges(OURS.fingerprint, lambda: NOON)
    return read_content(chip_content(name), key or can_of(name), draw_challenge=challenges)


def keep(name: str, **how: object) -> bytes:
    outcome = asked_by_us(name)
    return evidence_of(outcome, OURS, trust=TRUST, read_at=NOON, policy="hospital", is_test=True, **how)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def evidence() -> bytes:
    return keep("an")


def result_of(judgement: Judgement, check: str) -> tuple[str, str]:
    return next((each.status.value, each.code) for each in judgement.checks if each.check == check)


def judged(octets: bytes, trust: TrustStore | None = None, at: dt.datetime = NOON) -> tuple[KeptReading, Judgement]:
    kept = parse(octets)
    return kept, judge_again(kept, elsewhere() if trust is None else trust, at)


@pytest.mark.wide
@pytest.mark.parametrize("name", CATALOGUE)
def test_every_card_of_the_catalogue_can_be_judged_again(name: str) -> None:
    try:
        outcome = asked_by_us(name)
    except ChipIdError:  # a passport has no such number
        outcome = asked_by_us(name, reader.MrzKey.from_lines(list(PEOPLE[name].mrz)))
    kept, again = judged(evidence_of(outcome, OURS, trust=TRUST, read_at=NOON, policy="hospital"))
    assert kept.statement.verdict.decision is outcome.verdict.decision
    assert kept.statement.checks == outcome.checks
    assert {file: outcome.reading.document.get(file) for file in outcome.reading.document} == dict(
        kept.reading.document.contents
    )
    if outcome.verdict.decision is not Decision.ACCEPT:
        assert again.verdict.decision is not Decision.ACCEPT, "nobody is accepted for having been kept"
    proofs = ("chip_authentication", "chip_authentication_mapping", "active_authentication")
    then = {check.check: check for check in outcome.checks}
    for check in again.checks:
        if check.check in proofs:
            if check.check == "active_authentication" and outcome.reading.active_answer is not None:
                assert check == then[check.check], "a signature proves itself to anybody"
            else:
                assert check.status is not CheckStatus.SUCCESSFUL, "nobody proves it by saying so"
        elif check.status is CheckStatus.SUCCESSFUL:
            assert then[check.check].status is CheckStatus.SUCCESSFUL, "nothing gets better by being kept"
    changed = {difference.what for difference in differences(kept.statement, again)}
    assert changed <= {*proofs, "verdict", "assurance"}


def test_chip_authentication_comes_back_as_the_word_of_the_device(evidence: bytes) -> None:
    kept, again = judged(evidence)
    assert result_of(again, "chip_authentication") == ("undetermined", "chip_authentication.not_transferable")
    assert result_of(again, "active_authentication")[0] == "successful"
    assert {"chip_authentication", "access_control"} <= again.stated
    assert "active_authentication" not in again.stated
    assert again.verdict.decision is Decision.ACCEPT
    [difference] = differences(kept.statement, again)
    assert difference.what == "chip_authentication"
    assert difference.then == "successful (chip_authentication.genuine)"


def test_without_active_authentication_nobody_else_can_call_the_chip_genuine() -> None:
    outcome = asked_by_us("tdes-pace")
    assert outcome.verdict.decision is Decision.ACCEPT
    kept, again = judged(evidence_of(outcome, OURS, trust=TRUST, read_at=NOON, policy="hospital"))
    assert again.verdict.decision is Decision.REFER
    assert [difference.what for difference in differences(kept.statement, again)][:2] == ["verdict", "assurance"]
    assert again.identity is not None
    assert again.identity.assurance is again.verdict.assurance is not outcome.verdict.assurance


def test_the_certificates_in_the_file_are_never_trusted(evidence: bytes) -> None:
    kept, again = judged(evidence, TrustStore())
    assert {datum.role for datum in kept.statement.trust} >= {"signer", "anchor"}
    assert result_of(again, "passive_authentication") == ("undetermined", "passive_authentication.issuer_unknown")
    assert again.verdict.decision is Decision.REFER


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (NOON, "document_validity.valid"),
        (dt.datetime(2060, 1, 1, tzinfo=dt.UTC), "document_validity.expired"),
        (dt.datetime(1970, 1, 1, tzinfo=dt.UTC), "document_validity.clock_implausible"),
    ],
)
def test_the_instant_of_judging_is_whoever_judges(evidence: bytes, at: dt.datetime, code: str) -> None:
    assert result_of(judged(evidence, at=at)[1], "document_validity")[1] == code


def test_a_stricter_policy_may_be_asked_for(evidence: bytes) -> None:
    late = dt.datetime(2046, 1, 1, tzinfo=dt.UTC)
    assert judge_again(parse(evidence), elsewhere(), late, HOSPITAL).verdict.decision is Decision.REFER
    assert judge_again(parse(evidence), elsewhere(), late, DESK).verdict.decision is Decision.REJECT


# ------------------------------------------------------------------------------------------ lies that somebody signs
def resigned(octets: bytes, change: Callable[[dict[str, bytes]], None], signer: DeviceKey = THEIRS) -> bytes:
    """The parts with something changed, signed by somebody else: the best that an attacker can do."""
    parts = dict(open_evidence(octets).parts)
    change(parts)
    return seal(parts, signer)


def stated(parts: dict[str, bytes], **fields: object) -> None:
    parts["statement"] = encode(decode(parts["statement"]) | fields)


def test_a_lie_about_the_verdict_is_seen_through() -> None:
    def claim(parts: dict[str, bytes]) -> None:
        rows = [[check, "successful", code, detail] for check, _, code, detail in decode(parts["statement"])["checks"]]
        stated(parts, verdict="ACCEPT", reasons=[], assurance="chip_verified", checks=rows)

    for name in ("changed", "copied"):
        kept, again = judged(resigned(keep(name), claim))
        assert kept.fingerprint == THEIRS.fingerprint
        assert kept.statement.verdict.decision is Decision.ACCEPT
        assert again.verdict.decision is Decision.REJECT
        assert ("verdict", "ACCEPT", "REJECT") in [
            dataclasses.astuple(each) for each in differences(kept.statement, again)
        ]


def test_a_changed_file_fails_its_hash_whoever_signs_the_evidence(evidence: bytes) -> None:
    def change(parts: dict[str, bytes]) -> None:
        parts["file.DG13"] = parts["file.DG13"][:-1] + b"\x00"

    _, again = judged(resigned(evidence, change))
    assert result_of(again, "data_group_hash.DG13") == ("failed", "data_group_hash.mismatch")


def test_a_signature_over_another_challenge_proves_nothing(evidence: bytes) -> None:
    def change(parts: dict[str, bytes]) -> None:
        parts["active-authentication.challenge"] = bytes(8)

    _, again = judged(resigned(evidence, change))
    assert result_of(again, "active_authentication") == ("failed", "active_authentication.not_genuine")
    assert again.verdict.decision is Decision.REJECT


def test_who_claims_active_authentication_must_show_the_signature(evidence: bytes) -> None:
    def drop(parts: dict[str, bytes]) -> None:
        del parts["active-authentication.signature"]

    with pytest.raises(errors.DocumentError) as caught:
        parse(resigned(evidence, drop))
    assert caught.value.facts["part"] == "active-authentication.signature"


@pytest.mark.parametrize("answer", [answer for answer in ChipAnswer if answer is not ChipAnswer.GIVEN])
def test_how_the_chip_reacted_is_only_said_unless_it_signed(evidence: bytes, answer: ChipAnswer) -> None:
    def change(parts: dict[str, bytes]) -> None:
        for name in ("challenge", "signature", "origin"):
            del parts[f"active-authentication.{name}"]
        stated(parts, active_authentication=answer.value)

    _, again = judged(resigned(evidence, change))
    status, code = result_of(again, "active_authentication")
    assert status in ("undetermined", "not_supported")
    if answer in (ChipAnswer.REFUSED, ChipAnswer.BROKE_OFF, ChipAnswer.LOST):
        assert code == "active_authentication.not_transferable"


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"version": 2}, "statement"),
        ({"read_at": "yesterday"}, "statement"),
        ({"read_at": "2026-06-01T12:00:00"}, "statement"),
        ({"read_at": "0001-01-01T00:00:00+23:59"}, "statement"),
        ({"policy": "nobody"}, "statement"),
        ({"place": 1}, "statement"),
        ({"is_test": 1}, "statement"),
        ({"more": 1}, "statement"),
        ({"verdict": "PERHAPS"}, "statement"),
        ({"checks": [["a", "good", "b", ""]]}, "statement"),
        ({"checks": [["a"]]}, "statement"),
        ({"checks": [["a", "failed", "a.b", ""], ["a", "successful", "a.c", ""]]}, "statement"),
        ({"checks": 1}, "statement"),
        ({"reasons": [1]}, "statement"),
        ({"mapping_proofs": -1}, "statement"),
        ({"mapping_proofs": True}, "statement"),
        ({"unread": {"DG99": "card.removed"}}, "statement"),
        ({"unread": {"DG3": "no.such.code"}}, "statement"),
        ({"access": None}, "statement"),
        ({"trust": [["file.DG13", "anchor", ""]]}, "statement"),
        ({"trust": [["certificate.1", "friend", ""]]}, "statement"),
        ({"trust": [["certificate.1", "anchor", ""], ["certificate.1", "anchor", ""]]}, "certificate.1"),
        ({"trust": [["certificate.9", "anchor", ""]]}, "certificate.9"),
        ({"trust": []}, "certificate.1"),
    ],
)
def test_a_statement_that_this_program_would_not_write_is_refused(
    evidence: bytes, fields: dict[str, object], part: str
) -> None:
    with pytest.raises(errors.DocumentError) as caught:
        parse(resigned(evidence, lambda parts: stated(parts, **fields)))
    assert (caught.value.code.name, caught.value.facts["part"]) == ("evidence.damaged", part)


@pytest.mark.parametrize("name", ["file.DG99", "file.", "more", "list.9"])
def test_a_part_that_nobody_would_look_at_is_refused(evidence: bytes, name: str) -> None:
    with pytest.raises(errors.DocumentError) as caught:
        parse(resigned(evidence, lambda parts: parts.update({name: b"x"})))
    assert caught.value.facts["part"] == name


def test_files_of_nonsense_end_in_findings_not_in_exceptions(evidence: bytes) -> None:
    for name in [name for name in open_evidence(evidence).parts if name.startswith("file.")]:
        for octets in (b"", b"\x00", b"\x61\x84\xff\xff\xff\xff", bytes(1 << 16)):
            _, again = judged(resigned(evidence, lambda parts, name=name, octets=octets: parts.update({name: octets})))  # type: ignore[misc]
            assert again.verdict.decision is not Decision.ACCEPT or name == "file.CardAccess"


def test_certificates_of_nonsense_help_nobody_and_harm_nobody(evidence: bytes) -> None:
    def change(parts: dict[str, bytes]) -> None:
        parts.update({name: b"\x30\x00" for name in parts if name.startswith(("certificate.", "list."))})

    assert judged(resigned(evidence, change, OURS))[1].verdict.decision is Decision.ACCEPT


# ------------------------------------------------------------------------------------------ printed data
def test_what_was_printed_is_compared_again_and_stays_the_devices_word() -> None:
    outcome = asked_by_us("an")
    for digits, status in (("040085000017", "successful"), ("040085900017", "failed")):
        octets = evidence_of(
            outcome,
            OURS,
            trust=TRUST,
            read_at=NOON,
            policy="hospital",
            printed=PrintedData(number=parse_number(digits)),
        )
        kept, again = judged(octets)
        assert kept.printed is not None
        assert result_of(again, "printed_data")[0] == status
        assert "printed_data" in again.stated


@pytest.mark.parametrize(
    "octets",
    [b"", b"1", b"{}", encode({"number": 5, "qr": None, "mrz": None}), encode({"number": "12", "qr": None, "mrz": None}),
     encode({"number": None, "qr": "x" * 9999, "mrz": None}), encode({"number": None, "qr": None, "mrz": "I<VNM"}),
     encode({"number": None, "qr": None, "mrz": [1, 2, 3]}), encode({"number": None, "qr": None, "mrz": None, "x": 1})],
)  # fmt: skip
def test_printed_nonsense_is_refused(evidence: bytes, octets: bytes) -> None:
    with pytest.raises(errors.DocumentError) as caught:
        parse(resigned(evidence, lambda parts: parts.update(printed=octets)))
    assert (caught.value.code.name, caught.value.facts["part"]) == ("evidence.damaged", "printed")


# ------------------------------------------------------------------------------------------ failures
def test_a_chip_that_failed_before_the_device_is_never_accepted_again(evidence: bytes) -> None:
    def change(parts: dict[str, bytes]) -> None:
        rows = decode(parts["statement"])["checks"]
        failed = ["chip_authentication", "failed", "chip_authentication.not_genuine", ""]
        stated(parts, checks=[failed if row[0] == "chip_authentication" else row for row in rows])

    _, again = judged(resigned(evidence, change, OURS))
    assert result_of(again, "active_authentication")[0] == "successful"
    assert again.verdict.decision is Decision.REFER


def test_keys_that_are_signed_wrongly_fail_whoever_says_so() -> None:
    outcome = asked_by_us(WITH_MAPPING)
    octets = evidence_of(outcome, OURS, trust=TRUST, read_at=NOON, policy="hospital")
    assert result_of(judged(octets)[1], "chip_authentication_mapping")[1].endswith(".not_transferable")

    def change(parts: dict[str, bytes]) -> None:
        parts["file.CardSecurity"] = parts["file.CardSecurity"][:-1] + bytes([parts["file.CardSecurity"][-1] ^ 1])

    _, again = judged(resigned(octets, change))
    assert result_of(again, "chip_authentication_mapping") == (
        "failed",
        "chip_authentication_mapping.card_security_wrong",
    )
    assert again.verdict.decision is Decision.REJECT


@pytest.mark.parametrize("record", ["not_asked", "not_offered", "needs_terminal", "terminal_unable"])
def test_a_statement_that_contradicts_itself_is_taken_at_its_worst(evidence: bytes, record: str) -> None:
    """ "Failed" among the checks, and "nobody asked" beside it: the failure holds, or the other proof would hide it."""

    def change(parts: dict[str, bytes]) -> None:
        statement = decode(parts["statement"])
        answer = "not_spoken" if record == "terminal_unable" else record
        failed = ["chip_authentication", "failed", "chip_authentication.not_genuine", ""]
        stated(
            parts,
            checks=[failed if row[0] == "chip_authentication" else row for row in statement["checks"]],
            chip_authentication=statement["chip_authentication"] | {"answer": answer},
        )

    _, again = judged(resigned(evidence, change, OURS))
    assert result_of(again, "active_authentication")[0] == "successful"
    assert again.verdict.decision is Decision.REFER


# ------------------------------------------------------------------------------------------ a time that has not come
def at_this_clock(octets: bytes, now: dt.datetime, at: dt.datetime | None = None) -> Judgement:
    kept = parse(octets)
    return judge_again(kept, elsewhere(), at or kept.statement.read_at, now=lambda: now)


@pytest.mark.parametrize("ahead", [dt.timedelta(minutes=6), dt.timedelta(days=1), dt.timedelta(days=3650)])
def test_as_of_a_time_that_has_not_come_nobody_is_accepted(ahead: dt.timedelta) -> None:
    now = dt.datetime(2026, 6, 1, 10, tzinfo=dt.UTC)
    challenges = bound_challenges(OURS.fingerprint, lambda: now + ahead)
    outcome = read_content(chip_content("an"), can_of("an"), draw_challenge=challenges)
    octets = evidence_of(outcome, OURS, trust=TRUST, read_at=now + ahead, policy="hospital", is_test=True)
    for at in (None, now):
        again = at_this_clock(octets, now, at)
        assert result_of(again, "reading_time") == ("undetermined", "reading_time.in_future")
        assert again.verdict.decision is Decision.REFER
        assert "reading_time.in_future" in again.verdict.reasons
    assert ("reading_time", None, "undetermined (reading_time.in_future)") in [
        dataclasses.astuple(each) for each in differences(parse(octets).statement, again)
    ]
    later = at_this_clock(octets, now + ahead)
    assert "reading_time" not in {check.check for check in later.checks}


@pytest.mark.parametrize("ahead_s", [-86_400, 0, 1, 300])
def test_clocks_that_differ_a_little_are_no_finding(evidence: bytes, ahead_s: int) -> None:
    again = at_this_clock(evidence, NOON - dt.timedelta(seconds=ahead_s))
    assert "reading_time" not in {check.check for check in again.checks}
    assert again.verdict.decision is Decision.ACCEPT


@pytest.mark.parametrize("year", [1970, 2000, 2025, 2150])
def test_a_clock_that_cannot_be_right_cannot_tell_whether_a_time_has_come(evidence: bytes, year: int) -> None:
    again = at_this_clock(evidence, dt.datetime(year, 6, 1, tzinfo=dt.UTC))
    assert result_of(again, "reading_time") == ("undetermined", "reading_time.clock_implausible")
    assert again.verdict.decision is Decision.REFER


# ------------------------------------------------------------------------------------------ the store of whoever judges
def state_of(trust: TrustStore) -> tuple[object, ...]:
    """Everything that the store knows, and in which order, by what it answers."""
    signers = [known.certificate for known in trust.document_signers]
    return (
        [(each.certificate.encoded, each.provenance) for each in trust],
        [(each.certificate.encoded, each.provenance) for each in trust.links],
        [(each.certificate.encoded, each.provenance) for each in trust.document_signers],
        [(each.revocation_list.encoded, each.provenance) for each in trust.revocation_lists],
        [trust.signers_by_serial_number(each.serial_number) for each in signers],
        [trust.revocation_lists_of(each.revocation_list.issuer) for each in trust.revocation_lists],
        copy.deepcopy({name: {key: str(value) for key, value in table.items()} for name, table in vars(trust).items()}),
    )


ROLES = st.sampled_from(["signer", "link", "anchor", "revocation_list"])


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 30), ROLES), max_size=6, unique_by=lambda row: row[0]))
def test_judging_leaves_the_store_as_it_was(evidence: bytes, rows: list[tuple[int, str]]) -> None:
    """Whatever a file brings along, and as what: the next file is judged by the administrator's store alone."""
    found = [known.certificate.encoded for known in TRUST] + [
        content for name, content in open_evidence(evidence).parts.items() if name.startswith("certificate.")
    ]
    lists = [known.revocation_list.encoded for known in TRUST.revocation_lists] or found

    def bring(parts: dict[str, bytes]) -> None:
        for name in [name for name in parts if name.startswith(("certificate.", "list."))]:
            del parts[name]
        trust = []
        for number, role in rows:
            kind, pool = ("list", lists) if role == "revocation_list" else ("certificate", found)
            parts[f"{kind}.{number}"] = pool[number % len(pool)]
            trust.append([f"{kind}.{number}", role, "somewhere"])
        stated(parts, trust=trust)

    octets = resigned(evidence, bring, OURS)
    for trust in (TrustStore(), elsewhere()):
        before = state_of(trust)
        judged(octets, trust)
        assert state_of(trust) == before


def test_what_is_added_to_a_copy_of_a_store_is_not_in_the_store() -> None:
    trust = elsewhere()
    own = trust.copy()
    own.add_document_signer(next(iter(TRUST)).certificate.encoded, "added to the copy")
    assert not trust.document_signers
    assert own.document_signers
    assert len(own) == len(trust)


def test_two_judgements_with_one_store_are_the_same(evidence: bytes) -> None:
    trust = elsewhere()
    first = judged(evidence, trust)[1]
    judged(keep("quy"), trust)
    judged(keep("revoked") if "revoked" in PEOPLE else keep("expired"), trust)
    assert judged(evidence, trust)[1] == first
