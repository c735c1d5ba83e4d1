"""One survey of one card: questions in plain, one reading by the key that was given, questions inside the channel.

The key is used as in any reading. If it is wrong, the survey ends with what is known by then and does not try again.
"""

from __future__ import annotations

import dataclasses
import threading
from typing import TYPE_CHECKING, Final

from crypto.errors import ChipIdError
from reader import errors
from reader.card_capabilities import CardCapabilities, historical_bytes
from reader.document_reader import DocumentReader, Reading
from reader.lds import files
from reader.link import Link
from reader.plan import DESK, ReadPlan
from reader.progress import OnProgress, ignore_progress
from reader.protocols.access_key import AccessKey, HolderKey
from reader.redaction import HIDDEN, shown_historical_bytes
from reader.session import CardSession
from reader.survey.files import Facts, card_access_facts, file_facts, listed_groups, signature_facts, size_shown
from reader.survey.probes import probe_channel, probe_plain
from reader.survey.timings import Timings

if TYPE_CHECKING:
    from reader.transport.base import CardTransport

__all__ = ["SURVEY_VERSION", "survey"]

SURVEY_VERSION: Final = 1
_PLAN: Final[ReadPlan] = dataclasses.replace(DESK, sensitive=False)


def survey(
    card: CardTransport,
    key: AccessKey,
    *,
    on_progress: OnProgress = ignore_progress,
    cancel: threading.Event | None = None,
) -> Facts:
    """What a card is and how it behaves, without anything personal (docs/survey.md).

    Args:
        card: an open connection; it stays open.
        key: CAN or MRZ. A PIN or PUK has tries that run out, and is refused.
        on_progress: told about every step.
        cancel: ends the survey before the next command when it is set.

    Returns:
        A report, ready for JSON. ``access`` holds an ``error`` if the card could not be opened or read.

    Raises:
        ProtocolError: ``access.not_supported`` for a PIN or PUK.
        TransportError: the card was gone before anything was asked.
        Cancelled: somebody asked to stop.
    """
    if isinstance(key, HolderKey):
        raise errors.ProtocolError(errors.ACCESS_NOT_SUPPORTED)
    timings = Timings()
    link = Link(card, cancel, witness=timings)
    report: Facts = {
        "kind": "chipid-survey",
        "version": SURVEY_VERSION,
        "link": {
            "is_emulated": card.is_emulated,
            "most_command_bytes": card.max_command,
            "most_response_bytes": card.max_response,
        },
        "answer_to_reset": _answer_to_reset(card.atr),
        "plain": probe_plain(link),
    }
    session = CardSession(link, on_progress)
    try:
        report |= _read(session, key, on_progress)
    finally:
        session.close()
    report["longest_answers"] = timings.longest_answers()
    report["commands"] = timings.facts()
    return report


def _read(session: CardSession, key: AccessKey, on_progress: OnProgress) -> Facts:
    try:
        reading = DocumentReader(session, key, _PLAN, on_progress).run()
    except ChipIdError as error:
        word = error.facts.get("status_word")
        shown = None if session.card_access is None else card_access_facts(session.card_access)
        return {"access": {"error": error.code.name, "status_word": word}, "card_access": shown}
    facts = _facts(reading)
    return facts | {"channel": _habits_in_channel(session, reading, listed_groups(facts))}


def _facts(reading: Reading) -> Facts:
    access, document = reading.access, reading.document
    card_access = document.get(files.CARD_ACCESS)
    answer = reading.active_answer
    return {
        "access": {
            "protocol": access.protocol,
            "suite": access.suite,
            "password": access.password,
            "card_access": access.card_access.value,
            "downgrades": [downgrade.value for downgrade in access.downgrades],
        },
        "card_access": None if card_access is None else card_access_facts(card_access),
        "files": {file.name: size_shown(file, len(document.require(file))) for file in document}
        | {file.name: {"error": code.name} for file, code in reading.unread.items()},
        "chip_authentication": {
            "answer": reading.chip.answer.name.lower(),
            "suite": reading.chip.suite,
            "refused": list(reading.chip.refused),
        },
        "active_authentication": {
            "answer": reading.active_authentication.name.lower(),
        }
        | ({} if answer is None else signature_facts(document, answer.signature)),
        **file_facts(document),
    }


def _habits_in_channel(session: CardSession, reading: Reading, listed: list[int]) -> Facts | None:
    """Asked of EF.COM or another short file that says nothing about a person."""
    for file in (files.COM, files.data_group(14), files.SOD):
        content = reading.document.get(file)
        if content is not None:
            absent = next((files.data_group(number) for number in range(16, 0, -1) if number not in listed), None)
            guarded = next((files.data_group(number) for number in (3, 4) if number in listed), None)
            return probe_channel(session.transmit, file, content, absent, guarded)
    return None


def _answer_to_reset(atr: bytes) -> Facts:
    """As reported by the reader; what may tell one card from another of its kind is hidden, and the check byte with it."""
    historical = historical_bytes(atr)
    shown = shown_historical_bytes(historical)
    says = CardCapabilities.from_atr(atr)
    whole = atr.hex().upper()
    if HIDDEN in shown:
        start = atr.rindex(historical)
        behind = len(atr) - start - len(historical)
        whole = atr[:start].hex().upper() + shown + HIDDEN * behind
    return {
        "octets": whole,
        "historical_bytes": shown,
        "command_chaining": says.chaining,
        "extended_length": says.extended_length,
        "sizes_in_ef_atr_info": says.sizes_in_file,
    }
