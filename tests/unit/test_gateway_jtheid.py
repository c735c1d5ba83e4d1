"""Handing a reading to a hospital system that was written for the JTHeID tool, emulated on loopback."""

from __future__ import annotations

import base64
import datetime as dt
import functools
import logging

import pytest

import reader
from crypto.errors import ErrorCode
from crypto.pki.trust_store import TrustStore
from emulator.adapters.inprocess import EmulatedTransport
from emulator.cards import card
from emulator.personalise.profile import load_profile
from emulator.services.card_tool_receiver import CardToolReceiver, Misbehaviour
from kiosk_ui.app import failures
from kiosk_ui.app.gateways.jtheid import JtheidHandover, handover_of
from kiosk_ui.app.settings import HandoverSettings
from reader.inspection import ReadOutcome
from reader.verification.identity import Assurance
from reader.verification.verdict import Decision

NOON = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


@functools.cache
def outcome_of(name: str, *, trusted: bool = True) -> ReadOutcome:
    """One whole reading of an emulated card."""
    trust = reader.trust_for(None, test_mode=True) if trusted else TrustStore()
    with EmulatedTransport(card(name)) as transport:
        key = reader.CanKey.from_citizen_number(load_profile(name).holder.number)
        return reader.read(transport, key, trust=trust, now=lambda: NOON)


def test_a_verified_reading_arrives_as_the_tools_own_record() -> None:
    with CardToolReceiver() as system:
        assert JtheidHandover(system.url).send(outcome_of("an"))
        record = system.records.get_nowait()
    assert (record["id_card"], record["full_name"]) == ("040085000017", "Nguyễn Văn An")
    identity = outcome_of("an").identity
    assert identity is not None
    assert base64.b64decode(str(record["id_img"])) == identity.portrait
    assert system.unusable == 0


def test_what_is_less_sure_is_sent_only_where_the_settings_say_so() -> None:
    unverified = outcome_of("an", trusted=False)
    assert unverified.verdict.assurance is Assurance.CHIP_READ
    with CardToolReceiver() as system:
        assert not JtheidHandover(system.url).send(unverified)
        assert JtheidHandover(system.url, least=Assurance.CHIP_READ).send(unverified)
        assert system.asked == 1


@pytest.mark.parametrize("name", ["changed", "copied"])
def test_what_was_refused_is_never_sent(name: str) -> None:
    refused = outcome_of(name)
    assert refused.verdict.decision is Decision.REJECT
    with CardToolReceiver() as system:
        for least in (Assurance.CHIP_VERIFIED, Assurance.CHIP_READ):
            assert not JtheidHandover(system.url, least=least).send(refused)
        assert system.asked == 0


@pytest.mark.parametrize(
    ("how", "code"),
    [
        (Misbehaviour.SERVER_ERROR, failures.HANDOVER_REFUSED),
        (Misbehaviour.SLOW, failures.HANDOVER_SLOW),
        (Misbehaviour.DRIP, failures.HANDOVER_SLOW),
        (Misbehaviour.HANG_UP, failures.HANDOVER_UNREACHABLE),
        (Misbehaviour.CUT_OFF, failures.HANDOVER_UNREACHABLE),
        (Misbehaviour.HUGE, failures.HANDOVER_REFUSED),
        (Misbehaviour.REDIRECT, failures.HANDOVER_REFUSED),
    ],
)
def test_a_system_that_does_not_take_it_is_noted_and_holds_up_nobody(
    how: Misbehaviour, code: ErrorCode, caplog: pytest.LogCaptureFixture
) -> None:
    with CardToolReceiver() as system, caplog.at_level(logging.WARNING):
        system.misbehave(how)
        handover = JtheidHandover(system.url, total_timeout_s=0.3 if code is failures.HANDOVER_SLOW else 5.0)
        with pytest.raises(failures.GatewayError) as caught:
            handover.send(outcome_of("an"))
        assert caught.value.code is code
        handover.send_or_note(outcome_of("an"))
    assert code.name in caplog.text
    assert "040085" not in caplog.text
    assert "Nguyễn" not in caplog.text + str(caught.value)


def test_rubbish_with_the_right_status_is_an_answer() -> None:
    with CardToolReceiver() as system:
        for how in (Misbehaviour.RUBBISH, Misbehaviour.WRONG_JSON):
            system.misbehave(how)
            assert JtheidHandover(system.url).send(outcome_of("an"))


def test_nobody_listens() -> None:
    system = CardToolReceiver()
    system.start()
    system.stop()
    with pytest.raises(failures.GatewayError) as caught:
        JtheidHandover(system.url).send(outcome_of("an"))
    assert caught.value.code is failures.HANDOVER_UNREACHABLE


def test_without_an_address_nothing_is_sent() -> None:
    assert handover_of(HandoverSettings()) is None
    made = handover_of(HandoverSettings(url="http://localhost:8050/", least_assurance="chip_read"))
    assert made is not None
    assert made.takes(outcome_of("an", trusted=False))
