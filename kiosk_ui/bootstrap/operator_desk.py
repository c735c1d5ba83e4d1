"""Behind the operator's page: looks at this kiosk's parts, tries them, and says it in plain facts."""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
import shutil
import time
from collections import Counter
from collections.abc import Callable, Sequence

from crypto.errors import ChipIdError
from kiosk_ui.app.audit import AuditAction, AuditEntry
from kiosk_ui.app.failures import STORE_FULL
from kiosk_ui.app.full_disk import is_full
from kiosk_ui.app.operation import families as f
from kiosk_ui.app.operation.desk import Bar, Chart, DeskAction, Fact, Section, Tone
from kiosk_ui.app.operation.observed import ANSWERED
from kiosk_ui.app.operation.operation import program_version
from kiosk_ui.app.operation.pin import PinAnswer, PinTry
from kiosk_ui.app.operation.service_manager import ServiceManager
from kiosk_ui.app.operation.visit_defaults import VisitDefaults, save_defaults
from kiosk_ui.app.ports import PrinterState
from kiosk_ui.app.services import KioskServices
from kiosk_ui.app.speech import SpeakerState
from kiosk_ui.bootstrap.card_reading import CardPlace
from kiosk_ui.bootstrap.live_tests import look_at_card, self_test, trial_ticket
from reader.errors import TransportError
from reader.trust.folder import TrustFolder
from reader.trust.seal_state import SealState

__all__ = ["KioskDesk", "TrustAtStart"]

_log = logging.getLogger(__name__)
_SLOW_S = 3.0
_OLD_TRUST = dt.timedelta(days=180)
_LITTLE_ROOM_BYTES = 500 << 20
_LATE = dt.timedelta(hours=4)
_MOST_PARKED = 20
_MOST_STEPS = 12


@dataclasses.dataclass(frozen=True, slots=True)
class TrustAtStart:
    """Whom the kiosk trusts since its start.

    Attributes:
        folder: what was loaded.
        written_at: when the store was last changed, if that is known.
    """

    folder: TrustFolder
    written_at: dt.datetime | None = None


class KioskDesk:
    """An :class:`~kiosk_ui.app.operation.desk.OperatorDesk` for one running kiosk.

    Args:
        services: the kiosk.
        place: where cards are laid.
        trust: whom it trusts.
        manager: what would start the program again.
        sound: says whether prompts can be heard; ``None`` if the kiosk has no voice.
    """

    def __init__(
        self,
        services: KioskServices,
        place: CardPlace,
        trust: TrustAtStart,
        manager: ServiceManager,
        sound: Callable[[], SpeakerState | None] = lambda: None,
    ) -> None:
        self._services = services
        self._place = place
        self._trust = trust
        self._manager = manager
        self._sound = sound
        self._guard = services.operation.pin_guard()
        self._started = services.clock.now()
        services.operation.collectors.append(self._put_gauges)

    # ------------------------------------------------------------------------------------ the door
    def enter(self, pin: str) -> PinTry:
        """Judge a PIN."""
        outcome = self._guard.attempt(pin)
        right = outcome.answer is PinAnswer.RIGHT
        self._note(AuditAction.OPERATOR_OPENED if right else AuditAction.OPERATOR_REFUSED, outcome.answer.value)
        return outcome

    def act(self, action: DeskAction) -> Sequence[Fact]:
        """Do it, and say what came of it."""
        self._note(AuditAction.OPERATOR_ACTED, action.value)
        try:
            match action:
                case DeskAction.TEST_READER:
                    return look_at_card(self._place)
                case DeskAction.TEST_PRINT:
                    self._services.printer.print(trial_ticket(self._now()))
                    return (Fact("test_print", word="sent", tone=Tone.GOOD),)
                case DeskAction.RETRY_OUTBOX:
                    return self._retry()
                case DeskAction.SELF_TEST:
                    return (*self_test(), self._room())
                case DeskAction.RESTART:
                    return (Fact("restart", word="restarting"),)
        except ChipIdError as error:
            return (Fact(action.value, error.code.name, tone=Tone.BAD),)

    def choose(self, chosen: VisitDefaults) -> Sequence[Fact]:
        """Keep what visits begin with."""
        self._note(AuditAction.OPERATOR_ACTED, "choose_defaults")
        try:
            save_defaults(self._services.operation.defaults_file, chosen)
        except OSError as error:
            why = STORE_FULL.name if is_full(error) else type(error).__name__
            return (Fact("defaults", why, tone=Tone.BAD),)
        return (Fact("defaults", word="kept", tone=Tone.GOOD),)

    # ---------------------------------------------------------------------------------- the sections
    def sections(self) -> Sequence[Section]:
        """Look at everything now."""
        looks = (
            ("reader", self._reader),
            ("trust", self._trusted),
            ("services", self._peers),
            ("outbox", self._outbox),
            ("today", self._today),
            ("printer", self._printer),
            ("program", self._program),
            ("log", self._log_lines),
        )
        found = []
        for name, look in looks:
            try:
                found.append(look())
            except Exception as error:  # noqa: BLE001 - the store, say: the other sections are needed all the more
                code = error.code.name if isinstance(error, ChipIdError) else type(error).__name__
                found.append(Section(name, (Fact("problem", code, tone=Tone.BAD),)))
        return found

    def _reader(self) -> Section:
        try:
            there = self._place.is_there()
            state = Fact("reader", word="card_there" if there else "ready", tone=Tone.GOOD)
        except TransportError as error:
            state = Fact("reader", error.code.name, tone=Tone.BAD)
        scanner = self._services.settings.scanner
        rows = self._services.operation.measures.rows(f.READINGS)
        readings = (Fact("readings", f"{row.labels[0]}: {row.value:.0f}") for row in rows)
        facts = (state, Fact("scanner", f"{scanner.kind} {scanner.port or ''}".strip()), *readings)
        return Section("reader", facts, actions=(DeskAction.TEST_READER,))

    def _trusted(self) -> Section:
        folder, written = self._trust.folder, self._trust.written_at
        anchors = len(folder.store)
        facts = [Fact("anchors", str(anchors), tone=Tone.GOOD if anchors else Tone.CAUTION)]
        sealed = folder.seal is SealState.SEALED
        facts.append(
            Fact("seal", word="sealed" if sealed else "not_sealed", tone=Tone.GOOD if sealed else Tone.CAUTION)
        )
        if written is not None:
            age = self._services.clock.now() - written
            tone = Tone.CAUTION if age > _OLD_TRUST else Tone.GOOD
            facts.append(Fact("trust_age", f"{max(0, age.days)} d ({written:%Y-%m-%d})", tone=tone))
        if left_out := len(folder.strays) + len(folder.unusable) + len(folder.test_refused):
            facts.append(Fact("left_out", str(left_out), tone=Tone.CAUTION))
        return Section("trust", tuple(facts))

    def _peers(self) -> Section:
        zone = self._services.settings.zone
        facts = []
        for peer in ("relay", "hospital", "queue"):
            last = self._services.operation.peers.last(peer)
            if last is None:
                facts.append(Fact(peer, word="not_asked"))
                continue
            if last.outcome.endswith(".not_set"):
                facts.append(Fact(peer, word="not_set", tone=Tone.CAUTION))
                continue
            well = last.outcome == ANSWERED
            tone = (Tone.GOOD if last.seconds < _SLOW_S else Tone.CAUTION) if well else Tone.BAD
            told = f"{last.at.astimezone(zone):%H:%M:%S} · {last.seconds:.2f} s"
            facts.append(Fact(peer, told if well else f"{told} · {last.outcome}", tone=tone))
        return Section("services", tuple(facts))

    def _outbox(self) -> Section:
        counts = self._services.outbox_store.counts(self._services.clock.now(), self._services.outbox.kinds)
        facts = [
            Fact("waiting", str(counts.waiting), tone=Tone.CAUTION if counts.waiting else Tone.GOOD),
            Fact("parked", str(counts.parked), tone=Tone.BAD if counts.parked else Tone.GOOD),
        ]
        if counts.oldest_age is not None:
            late = counts.oldest_age > _LATE
            facts.append(Fact("oldest", _age(counts.oldest_age), tone=Tone.BAD if late else Tone.PLAIN))
        facts += [
            Fact("parked_item", f"{each.queue_label} · {each.kind.value} · {each.reason}")
            for each in self._services.outbox_store.parked(_MOST_PARKED)
        ]
        return Section("outbox", tuple(facts), actions=(DeskAction.RETRY_OUTBOX,))

    def _today(self) -> Section:
        services = self._services
        zone = services.settings.zone
        stored = services.store.of_day(self._now().date())
        hours = Counter(each.created_at.astimezone(zone).hour for each in stored)
        sure = Counter(each.assurance for each in stored)
        insured = Counter(each.insurance_outcome for each in stored)
        steps = services.operation.measures.step_times()[:_MOST_STEPS]
        first, last = (min(hours), max(hours)) if hours else (0, -1)
        columns = tuple(Bar(f"{hour} h", hours[hour], text=str(hours[hour])) for hour in range(first, last + 1))
        rows = tuple(
            Bar(each.step, each.median_s, each.slow_s, f"{each.median_s:.1f} / {each.slow_s:.1f} s") for each in steps
        )
        facts = (
            Fact("check_ins", str(len(stored))),
            *(Fact("by_assurance", f"{name}: {count}") for name, count in sorted(sure.items())),
            *(Fact("by_insurance", f"{name}: {count}") for name, count in sorted(insured.items())),
            *(
                Fact("staff_calls", f"{row.labels[0]}: {row.value:.0f}")
                for row in services.operation.measures.rows(f.STAFF_CALLS)
            ),
        )
        return Section("today", facts, charts=(Chart("hours", columns, upright=True), Chart("steps", rows)))

    def _printer(self) -> Section:
        state = self._printer_state()
        tones = {PrinterState.READY.value: Tone.GOOD, "paper_low": Tone.CAUTION, "unknown": Tone.PLAIN}
        facts = [Fact("printer", word=state, tone=tones.get(state, Tone.BAD))]
        rows = self._services.operation.measures.rows(f.TICKETS)
        facts += [Fact("tickets", f"{row.labels[0]}: {row.value:.0f}") for row in rows]
        return Section("printer", tuple(facts), actions=(DeskAction.TEST_PRINT,))

    def _program(self) -> Section:
        zone = self._services.settings.zone
        facts = [
            Fact("version", program_version()),
            Fact("device", self._services.settings.device),
            Fact("started", f"{self._started.astimezone(zone):%Y-%m-%d %H:%M}"),
            Fact("clock", f"{self._now():%Y-%m-%d %H:%M:%S}"),
        ]
        for pulse in self._services.operation.signs.pulses:
            word = "lives" if pulse.lives else "silent"
            facts.append(Fact(f"part_{pulse.name}", word=word, tone=Tone.GOOD if pulse.lives else Tone.BAD))
        watched = self._manager.watchdog_s is not None
        facts.append(Fact("watchdog", word="on" if watched else "off", tone=Tone.GOOD if watched else Tone.CAUTION))
        facts += [self._sound_fact(), self._room()]
        return Section("program", tuple(facts), actions=(DeskAction.SELF_TEST, DeskAction.RESTART))

    def _log_lines(self) -> Section:
        return Section("log", lines=tuple(self._services.operation.recent.lines()))

    # --------------------------------------------------------------------------------------- pieces
    def _retry(self) -> Sequence[Fact]:
        begun = time.monotonic()
        now = self._services.clock.now()
        self._services.outbox_store.try_again(now)
        run = self._services.outbox.run_once(now)
        told = f"{time.monotonic() - begun:.1f} s"
        return (
            Fact("delivered", f"{run.delivered} · {told}", tone=Tone.GOOD),
            Fact("postponed", str(run.postponed), tone=Tone.CAUTION if run.postponed else Tone.GOOD),
            Fact("given_up", str(run.given_up), tone=Tone.BAD if run.given_up else Tone.GOOD),
        )

    def _printer_state(self) -> str:
        status = getattr(self._services.printer, "status", None)  # not every printer can be asked
        return str(status().value) if callable(status) else PrinterState.UNKNOWN.value

    def _sound_fact(self) -> Fact:
        """Whether prompts can be heard, as far as the kiosk can know (decision record 0019)."""
        state = self._sound()
        if state is None:
            return Fact("sound", word="off")
        return Fact("sound", word=state.value, tone=Tone.GOOD if state is SpeakerState.READY else Tone.BAD)

    def _room(self) -> Fact:
        try:
            free = shutil.disk_usage(self._services.settings.data_folder).free
        except OSError as error:
            return Fact("room", type(error).__name__, tone=Tone.BAD)
        return Fact("room", f"{free / (1 << 30):.1f} GiB", tone=Tone.GOOD if free > _LITTLE_ROOM_BYTES else Tone.BAD)

    def _now(self) -> dt.datetime:
        return self._services.clock.now().astimezone(self._services.settings.zone)

    def _note(self, action: AuditAction, outcome: str) -> None:
        try:
            self._services.store.note(AuditEntry(action, outcome), self._services.clock.now())
        except ChipIdError as error:
            _log.warning("audit line %s could not be written: %s", action.value, error.code.name)

    def _put_gauges(self) -> None:
        """For monitoring. What cannot be found out is absent, which is what monitoring understands."""
        measures = self._services.operation.measures
        try:
            counts = self._services.outbox_store.counts(self._services.clock.now(), self._services.outbox.kinds)
            measures.put(f.OUTBOX_ITEMS, {("waiting",): float(counts.waiting), ("parked",): float(counts.parked)})
            oldest = counts.oldest_age
            measures.put(f.OUTBOX_OLDEST, {(): 0.0 if oldest is None else oldest.total_seconds()})
        except ChipIdError:
            measures.put(f.OUTBOX_ITEMS, {})
            measures.put(f.OUTBOX_OLDEST, {})
        measures.put(f.PRINTER_STATE, {(self._printer_state(),): 1.0})
        measures.put(f.TRUST_ANCHORS, {(): float(len(self._trust.folder.store))})
        if self._trust.written_at is not None:
            age = self._services.clock.now() - self._trust.written_at
            measures.put(f.TRUST_AGE, {(): max(0.0, age.total_seconds())})


def _age(age: dt.timedelta) -> str:
    minutes = int(age.total_seconds() // 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
