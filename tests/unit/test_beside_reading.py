"""Verification beside the reading: told the moment a file is there, and worth exactly as much as verification after it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

import reader
from crypto.pki.findings import FindingCode
from crypto.pki.trust_store import TrustStore
from emulator.adapters.inprocess import EmulatedTransport
from emulator.cards import card, chip_content
from emulator.chip.card import VirtualCard
from reader.beside import Beside, FileReady
from reader.lds import files
from reader.lds.document import RawDocument
from reader.plan import DESK
from reader.verification.assessment import assess
from reader.verification.passive import NOTHING_EARLY, Basis, EarlyFindings, hash_findings, verify_passively
from reader.verification.policy import DESK as DESK_POLICY
from reader.verification.policy import HOSPITAL as HOSPITAL_POLICY
from reader.verification.verdict import Decision
from tests.unit.reader_cards import NOON, PEOPLE, TRUST, can_of, signed_card

CARDS = ("an", "expired", "changed", "copied", "unknown-csca", "bac-only", "pace-cam", "sod-old-type", "cut-signature")
BY_MRZ = ("bac-only", "sod-old-type", "cut-signature")
DG1, DG2 = files.data_group(1), files.data_group(2)
BASIS = Basis(TRUST, HOSPITAL_POLICY, NOON)


def key_of(name: str) -> reader.CanKey | reader.MrzKey:
    return reader.MrzKey.from_lines(PEOPLE[name].mrz) if name in BY_MRZ else can_of(name)


def read(name: str, trust: TrustStore = TRUST, **options: object) -> reader.ReadOutcome:
    with EmulatedTransport(card(name)) as chip:
        return reader.read(chip, key_of(name), trust=trust, now=lambda: NOON, **options)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def no_thread_stays() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert threading.active_count() == before


# ------------------------------------------------------------------------------------ the same verdict
@pytest.mark.parametrize("trust", [TRUST, TrustStore()], ids=["known issuers", "nobody"])
@pytest.mark.parametrize("name", CARDS)
def test_a_reading_comes_to_what_a_later_assessment_comes_to(name: str, trust: TrustStore) -> None:
    outcome = read(name, trust)
    later = assess(outcome.reading, trust, HOSPITAL_POLICY, NOON)
    assert outcome.checks == later.checks
    assert outcome.verdict == later.verdict
    assert outcome.assessment.passive == later.passive


def document_of(name: str) -> RawDocument:
    return read(name, plan=DESK, policy="desk").reading.document


@pytest.fixture(scope="module")
def documents() -> list[RawDocument]:
    return [document_of(name) for name in ("an", "changed", "expired")]


@given(data=st.data())
def test_whatever_is_found_early_changes_nothing(data: st.DataObject, documents: list[RawDocument]) -> None:
    """Files in any order, some of them never, and what was found early may be about other octets, policies or times."""
    early_document = data.draw(st.sampled_from(documents))
    order = data.draw(st.permutations(sorted(early_document.contents, key=lambda file: file.name)))
    with Beside(lambda: BASIS) as beside:
        for file in order[: data.draw(st.integers(0, len(order)))]:
            beside.on_complete(file, early_document.require(file))
        early = beside.findings()
    document = data.draw(st.sampled_from(documents))
    contents = dict(document.contents)
    if data.draw(st.booleans()):
        spoilt = data.draw(st.sampled_from(sorted(contents, key=lambda file: file.name)))
        octets = bytearray(contents[spoilt])
        octets[data.draw(st.integers(0, len(octets) - 1))] ^= data.draw(st.integers(1, 255))
        contents[spoilt] = bytes(octets)
    basis = Basis(
        data.draw(st.sampled_from([TRUST, TrustStore()])),
        data.draw(st.sampled_from([HOSPITAL_POLICY, DESK_POLICY])),
        NOON + dt.timedelta(days=data.draw(st.sampled_from([0, 0, 4000]))),
    )
    document = RawDocument(contents)
    passive = verify_passively(document, basis)
    assert verify_passively(document, basis, early) == passive
    assert hash_findings(document, passive, early) == hash_findings(document, passive)


def test_what_was_found_about_other_octets_is_not_taken_over() -> None:
    document = document_of("an")
    sod, dg1 = document.require(files.SOD), document.require(DG1)
    proven = verify_passively(document, BASIS)
    assert proven is not None
    early = EarlyFindings((sod, dg1, BASIS, proven))
    assert early.passive(document, BASIS) is proven
    assert early.passive(document, Basis(TRUST, HOSPITAL_POLICY, NOON)) is proven
    changed = RawDocument({**document.contents, DG1: dg1[:-1] + bytes([dg1[-1] ^ 1])})
    assert early.passive(changed, BASIS) is None
    for other in (
        Basis(TrustStore(), HOSPITAL_POLICY, NOON),
        Basis(TRUST, DESK_POLICY, NOON),
        Basis(TRUST, HOSPITAL_POLICY, NOON + dt.timedelta(seconds=1)),
    ):
        assert early.passive(document, other) is None


# --------------------------------------------------------------------------------- told at once
def told(name: str, **options: object) -> list[FileReady]:
    ready: list[FileReady] = []
    read(name, on_file=ready.append, **options)
    return ready


def test_each_file_is_told_once_with_its_octets_and_in_the_order_of_the_plan() -> None:
    ready = told("an")
    assert [one.file.name for one in ready] == ["COM", "SOD", "DG14", "DG1", "DG13", "DG15", "DG2"]
    document = document_of("an")
    assert all(one.content == document.require(one.file) for one in ready)
    assert [one.is_as_signed for one in ready] == [None, None, *[True] * 5]


def test_a_changed_group_is_told_the_moment_it_is_there_and_before_the_photo() -> None:
    ready = told("changed")
    wrong = [one.file.name for one in ready if one.is_as_signed is False]
    assert wrong == ["DG13"]
    assert [one.file.name for one in ready].index("DG13") < len(ready) - 1


def test_a_group_that_nobody_signed_is_not_as_signed() -> None:
    unsigned = signed_card("an", {13: None})
    whole = chip_content("an")
    dg13 = next(file for file in whole.application_files if file.identifier & 0xFF == 13)
    com = next(file for file in whole.application_files if file.identifier & 0xFF == 0x1E)
    kept = tuple(file for file in unsigned.application_files if file.identifier != com.identifier)
    content = dataclasses.replace(unsigned, application_files=(com, *kept, dg13))
    ready: list[FileReady] = []
    with EmulatedTransport(VirtualCard(content)) as chip:
        outcome = reader.read(chip, can_of("an"), trust=TRUST, now=lambda: NOON, on_file=ready.append)
    assert next(one.is_as_signed for one in ready if one.file.number == 13) is False
    assert outcome.verdict.decision is Decision.REJECT
    assert FindingCode.HASH_NOT_LISTED.value in outcome.verdict.reasons


def test_the_signer_is_known_before_the_photo_is_there_and_never_known_wrongly() -> None:
    """A thread may be slow, so it need not be known; but what is told early is what the verdict says."""
    document = document_of("an")
    for trust, expected in ((TRUST, True), (TrustStore(), False)):
        ready: list[FileReady] = []
        with Beside(functools.partial(Basis, trust, HOSPITAL_POLICY, NOON), ready.append) as beside:
            for file in (files.COM, files.SOD, DG1):
                beside.on_complete(file, document.require(file))
            beside.findings()  # waits
            beside.on_complete(DG2, document.require(DG2))
        assert ready[1].signer_is_trusted is None
        assert ready[-1].signer_is_trusted is expected


def test_it_is_told_in_the_readings_own_thread() -> None:
    threads: list[threading.Thread] = []
    read("an", on_file=lambda ready: threads.append(threading.current_thread()))
    assert set(threads) == {threading.current_thread()}


def test_an_unreadable_list_of_hashes_says_nothing_about_groups() -> None:
    ready: list[FileReady] = []
    with Beside(lambda: BASIS, ready.append) as beside:
        beside.on_complete(files.SOD, b"\x77\x02\x05\x00")
        beside.on_complete(DG1, document_of("an").require(DG1))
        findings = beside.findings()
    assert [one.is_as_signed for one in ready] == [None, None]
    assert findings.hashes == {}


# ----------------------------------------------------------------------------------- every way out
def test_its_thread_ends_when_an_observer_fails() -> None:
    class ObserverError(Exception):
        pass

    def fail(ready: FileReady) -> None:
        if ready.file == DG2:
            raise ObserverError

    with pytest.raises(ObserverError):
        read("an", on_file=fail)


def test_its_thread_ends_when_somebody_stops() -> None:
    cancel = threading.Event()
    with pytest.raises(reader.Cancelled):
        read("an", cancel=cancel, on_file=lambda ready: cancel.set() if ready.file.number == 13 else None)


def test_whoever_brings_the_anchors_is_asked_once_and_not_before_the_card_has_answered() -> None:
    asked: list[int] = []
    with EmulatedTransport(card("an")) as chip:

        def anchors() -> TrustStore:
            asked.append(1)
            return TRUST

        outcome = reader.read(chip, can_of("an"), trust=anchors, now=lambda: NOON)
    assert outcome.verdict.decision is Decision.ACCEPT
    assert len(asked) == 1
    with EmulatedTransport(card("an")) as chip, pytest.raises(reader.errors.ProtocolError):
        reader.read(chip, can_of("quy"), trust=anchors)
    assert len(asked) == 1, "nobody needs anchors for a card that does not open"


def test_nothing_is_begun_for_a_card_that_does_not_open() -> None:
    with EmulatedTransport(card("an")) as chip, pytest.raises(reader.errors.ProtocolError):
        reader.read(chip, can_of("quy"), trust=TRUST)
    with Beside(lambda: BASIS) as beside:
        assert beside.findings() is NOTHING_EARLY


def test_nothing_personal_stands_in_its_repr() -> None:
    dg1 = next(ready for ready in told("an") if ready.file == DG1)
    assert PEOPLE["an"].mrz[2].split("<")[0] not in repr(dg1)
    assert "IDVNM" not in repr(dg1)
