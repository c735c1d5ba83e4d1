"""The operator's page: hidden, locked, useful, and gone by itself."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import threading
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QObject, QPoint, QPointF, QRectF, Qt
from PySide6.QtQuick import QQuickItem
from PySide6.QtTest import QTest

from emulator.personalise.printed_qr import printed_qr
from emulator.personalise.profile import load_profile
from emulator.services.insurance_gateway import InsuranceRelay, Misbehaviour
from kiosk_ui.app.flows import events as ev
from kiosk_ui.app.operation.desk import DeskAction, Tone
from kiosk_ui.app.operation.operation import PIN_FILE
from kiosk_ui.app.operation.pin import PinHash
from kiosk_ui.app.operation.service_manager import ServiceManager
from kiosk_ui.app.operation.visit_defaults import VisitDefaults, load_defaults
from kiosk_ui.app.ports import PrinterState
from kiosk_ui.app.settings import RelaySettings, Settings
from kiosk_ui.app.speech import PlayerSpeaker, Prompts
from kiosk_ui.app.tickets.files import FileTicketPrinter
from kiosk_ui.bootstrap.card_reading import ReaderCards
from kiosk_ui.bootstrap.emulated import InProcessTray, ScannerLine
from kiosk_ui.bootstrap.kiosk import Kiosk
from kiosk_ui.bootstrap.operating import chosen_by_staff, operated, watch_reader
from kiosk_ui.bootstrap.operator_desk import TrustAtStart
from kiosk_ui.qt.appearance import AppearanceDefaults
from kiosk_ui.qt.application import QML_FOLDER, KioskApplication, make_application
from kiosk_ui.qt.operator_layer import OperatorLayer
from kiosk_ui.qt.texts import Texts
from reader.inspection import trust_for
from reader.trust.folder import TrustFolder
from tests.ui.ui_measures import buttons, scene_rect, settle, texts, visible_items

OpenKiosk = Callable[..., KioskApplication]
PIN = "730915"
KEPT = PinHash.of(PIN)
LONGEST_S = 20.0


@dataclasses.dataclass
class Desk:
    """Somebody of the staff before a kiosk."""

    shown: KioskApplication
    kiosk: Kiosk
    layer: OperatorLayer
    tray: InProcessTray
    relay: InsuranceRelay
    line: ScannerLine

    @property
    def model(self) -> QObject:
        return self.layer._model

    def until(self, true: Callable[[], bool]) -> None:
        end = time.monotonic() + LONGEST_S
        while not true():
            assert time.monotonic() < end, self.words()
            QCoreApplication.processEvents()
            time.sleep(0.005)
        settle(self.shown)

    def page(self) -> str:
        return str(self.model.property("page"))

    def words(self) -> list[str]:
        return [each.text for each in texts(self.shown)]

    def says(self, *words: str) -> bool:
        shown = " ".join(self.words())
        return all(each in shown for each in words)

    def hold(self, point: QPoint) -> None:
        QTest.mousePress(self.shown.window, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point)
        settle(self.shown)

    def lift(self, point: QPoint) -> None:
        QTest.mouseRelease(self.shown.window, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point)
        settle(self.shown)

    def press(self, words: str) -> None:
        button = next(each for each in buttons(self.shown) if each.property("text") == words)
        point = button.mapToScene(QPointF(button.width() / 2, button.height() / 2)).toPoint()
        self.hold(point)
        self.lift(point)

    def type(self, text: str, *, like_a_scanner: bool = False) -> None:
        """By default as fast as this machine can, and taken for a person all the same."""
        if not like_a_scanner:
            self.layer.item.findChild(QObject, "pin").setProperty("fastestMs", 0)
        for letter in text:
            QTest.keyClick(self.shown.window, Qt.Key.Key_Return if letter == "\n" else ord(letter))
        settle(self.shown)

    def mark(self) -> QPoint:
        sign = next(
            each
            for each in visible_items(self.shown.window.contentItem())
            if each.metaObject().className().startswith("HospitalSign")
        )
        return scene_rect(sign).topLeft().toPoint() + QPoint(10, 10)

    def gesture(self) -> QObject:
        found = self.layer.item.findChild(QObject, "gesture")
        assert found is not None
        return found

    def knock(self) -> None:
        self.gesture().setProperty("interval", 30)
        self.hold(self.mark())
        self.until(lambda: self.page() == "pin")
        self.lift(self.mark())

    def come_in(self) -> None:
        self.knock()
        self.type(PIN + "\n")
        self.until(lambda: self.page() == "open" and len(self.model.property("sections")) == 8)

    def audit(self) -> list[tuple[str, str]]:
        with self.kiosk.services._database.transaction("read") as connection:
            rows = connection.exec_driver_sql("select action, outcome from audit_log order by id").fetchall()
        return [(row[0], row[1]) for row in rows if row[0].startswith("operator")]


@pytest.fixture
def desk(open_kiosk: OpenKiosk, tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    with contextlib.ExitStack() as stack:

        def open_(*, pin: bool = True, **looks: object) -> Desk:
            shown = open_kiosk(**looks)
            relay = stack.enter_context(InsuranceRelay())
            line = ScannerLine()
            stack.callback(line.close)
            if pin:
                KEPT.save(tmp_path / PIN_FILE)
            settings = Settings(data_folder=tmp_path, relay=RelaySettings(url=relay.url))
            tray = InProcessTray()
            trust = trust_for(None, test_mode=True)
            cards = ReaderCards(tray, trust)
            stack.callback(cards.join)
            kiosk = stack.enter_context(Kiosk(settings, cards, FileTicketPrinter(tmp_path / "tickets"), line.port))
            shown.run(kiosk.driver(shown.view_model))
            at_start = TrustAtStart(TrustFolder(trust))
            place = watch_reader(cards, kiosk.services)
            layer = stack.enter_context(
                operated(shown, kiosk.services, place, at_start, make_application(), ServiceManager({}))
            )
            settle(shown)
            return Desk(shown, kiosk, layer, tray, relay, line)

        yield open_


def test_five_seconds_on_the_hospital_s_sign_open_the_door_and_less_does_not(desk: Callable[..., Desk]) -> None:
    at = desk()
    assert at.gesture().property("interval") == 5000
    at.hold(at.mark())
    assert at.gesture().property("running")
    at.lift(at.mark())
    assert not at.gesture().property("running")
    assert at.page() == "closed"
    assert at.shown.view_model.property("screen") == "welcome"
    at.knock()
    assert at.says("Mã PIN vận hành")
    assert at.model._closing.interval() == 20_000  # in play, perhaps: patients wait


def test_beside_the_sign_and_during_a_visit_there_is_no_door(desk: Callable[..., Desk]) -> None:
    at = desk()
    below = at.mark() + QPoint(0, 400)
    at.hold(below)
    assert not at.gesture().property("running")
    at.lift(below)
    at.shown.view_model.start()
    at.until(lambda: at.shown.view_model.property("screen") == "enter_number")
    at.hold(at.mark())
    assert not at.gesture().property("running")


def test_a_wrong_pin_is_refused_and_audited_and_four_of_them_cost_a_pause(desk: Callable[..., Desk]) -> None:
    at = desk()
    at.knock()
    for _ in range(3):
        at.type("918273\n")
        at.until(lambda: at.model.property("busy") == "")
    at.until(lambda: at.model.property("waitSeconds") > 0)
    assert at.says("Xin chờ")
    assert at.page() == "pin"
    at.type(PIN + "\n")
    settle(at.shown)
    assert at.page() == "pin"
    assert at.audit() == [("operator.refused", "wrong")] * 3
    assert "918273" not in str(at.words())


def test_without_a_pin_the_page_says_how_to_make_one(desk: Callable[..., Desk]) -> None:
    at = desk(pin=False)
    at.knock()
    at.type(PIN + "\n")
    at.until(lambda: at.model.property("pinAnswer") == "not_set")
    assert at.says("chipid operator-pin")


def test_the_pin_can_be_typed_by_touch(desk: Callable[..., Desk]) -> None:
    at = desk(language="en")
    at.knock()
    for digit in PIN:
        at.press(digit)
    at.press("Open")
    at.until(lambda: at.page() == "open")


def test_every_section_is_there_and_can_be_reached_by_keyboard(desk: Callable[..., Desk]) -> None:
    at = desk(language="en")
    at.come_in()
    seen = []
    for _ in range(8):
        seen.append(at.layer.item.findChild(QQuickItem, "operatorPage").property("chosen"))
        QTest.keyClick(at.shown.window, Qt.Key.Key_Down)
        settle(at.shown)
    assert seen == ["reader", "trust", "services", "outbox", "today", "printer", "program", "log"]
    QTest.keyClick(at.shown.window, Qt.Key.Key_Escape)
    at.until(lambda: at.page() == "closed")
    assert at.audit() == [("operator.opened", "right")]


def test_a_look_every_few_seconds_takes_no_focus_away(desk: Callable[..., Desk]) -> None:
    at = desk(language="en")
    at.come_in()
    at.layer.item.findChild(QQuickItem, "operatorPage").setProperty("chosen", "program")
    settle(at.shown)
    restart = next(each for each in buttons(at.shown) if each.property("text") == "Restart the program")
    restart.forceActiveFocus(Qt.FocusReason.TabFocusReason)
    before = str(at.model.property("sections"))
    at.until(lambda: at.model.refresh() or str(at.model.property("sections")) != before)  # the clock at least
    assert restart.hasActiveFocus()


def test_the_reader_is_tried_without_opening_the_card(desk: Callable[..., Desk]) -> None:
    at = desk(language="en")
    at.tray.lay("quy")
    at.come_in()
    at.press("Test the reader")
    at.until(lambda: at.says("answers", "PACE × 1"))
    at.press("Services")
    assert not at.says("PACE × 1")
    at.press("Reader")
    assert at.says("PACE × 1")
    person = load_profile("quy").holder
    assert not at.says(person.number)
    assert not at.says(person.full_name)


def test_what_is_scanned_is_shown_by_kind_and_no_check_in_begins_behind_the_page(desk: Callable[..., Desk]) -> None:
    at = desk(language="en")
    at.come_in()
    at.line.scan(printed_qr(load_profile("quy")))
    at.until(lambda: at.says("an ID card's code"))
    assert at.shown.view_model.property("screen") == "welcome"
    assert not at.says(load_profile("quy").holder.number)
    at.press("Close")
    at.until(lambda: at.page() == "closed")
    at.line.scan(printed_qr(load_profile("quy")))
    at.until(lambda: at.shown.view_model.property("screen") == "place_card")


def check_in(at: Desk, person: str = "quy") -> None:
    post = at.shown.view_model._post
    at.tray.lay(person)
    at.shown.view_model.start()
    post(ev.NumberKnown(load_profile(person).holder.number))
    at.until(lambda: at.shown.view_model.property("screen") == "confirm")
    post(ev.Confirmed())
    at.until(lambda: at.shown.view_model.property("screen") == "choose_department")
    post(ev.DepartmentChosen("noi"))
    at.until(lambda: at.shown.view_model.property("screen") in ("ticket_ready", "take_card"))
    at.tray.lift()
    at.until(lambda: at.shown.view_model.property("screen") == "ticket_ready")
    post(ev.GoOn())
    at.until(lambda: at.shown.view_model.property("screen") == "welcome")


def test_the_day_is_shown_in_figures_and_what_waits_can_be_sent_again(desk: Callable[..., Desk]) -> None:
    at = desk(language="en")
    at.relay.misbehave(Misbehaviour.HANG_UP)
    check_in(at)
    at.come_in()
    sections = {each["name"]: each for each in at.model.property("sections")}
    assert {"label": "check_ins", "value": "1", "word": "", "tone": ""} in sections["today"]["facts"]
    hours, steps = sections["today"]["charts"]
    assert [bar["value"] for bar in hours["bars"]] == [1]
    assert "confirm" in [bar["label"] for bar in steps["bars"]]
    assert any("relay." in each["value"] for each in sections["services"]["facts"])
    at.relay.misbehave(Misbehaviour.NONE)
    at.press("Outbox")
    at.press("Send again now")
    at.until(lambda: at.says("Delivered"))
    assert not at.says("Nguyễn")
    text = at.kiosk.services.operation.metrics_text()
    assert 'chipid_check_ins_total{exit="queue"' in text
    assert 'chipid_readings_total{outcome="refer.' in text or 'chipid_readings_total{outcome="accept.' in text
    assert 'chipid_peer_requests_total{peer="relay",outcome="answered"}' in text


def test_a_trial_paper_is_printed_and_takes_no_number(desk: Callable[..., Desk], tmp_path: Path) -> None:
    at = desk(language="en")
    at.come_in()
    at.press("Printer")
    at.press("Print a test")
    at.until(lambda: at.says("sent to the printer"))
    assert [each.name for each in (tmp_path / "tickets").glob("*.png")] == ["ticket-TEST-00000000.png"]
    assert ("operator.acted", "test_print") in at.audit()


def test_a_kiosk_whose_prompts_nobody_hears_says_so(desk: Callable[..., Desk], tmp_path: Path) -> None:
    """Those who cannot read the screen could not tell anybody (decision record 0019)."""
    at = desk(language="en")
    at.come_in()
    at.press("Program")
    assert at.says("off")
    (tmp_path / "en").mkdir()
    with wave.open(str(tmp_path / "en" / "welcome.wav"), "wb") as prompt:
        prompt.setparams((1, 2, 8_000, 0, "NONE", ""))
        prompt.writeframes(bytes(1_600))
    at.shown.voice = PlayerSpeaker(Prompts(tmp_path), which=lambda _program: None)
    at.shown.voice.say("welcome", "en")
    at.until(lambda: at.says("no player installed"))


def test_the_program_tests_itself_and_is_restarted_once_that_is_written_down(desk: Callable[..., Desk]) -> None:
    at = desk(language="en")
    at.come_in()
    restarts: list[list[tuple[str, str]]] = []
    at.model._on_restart = lambda: restarts.append(at.audit())
    at.press("Program")
    at.press("Self-test")
    at.until(lambda: at.says("Protocols", "13 / 13"))
    at.press("Restart the program")
    at.until(lambda: restarts != [])
    assert restarts == [[("operator.opened", "right"), ("operator.acted", "self_test"), ("operator.acted", "restart")]]


def test_a_scanner_that_types_enters_no_pin_and_costs_no_try(desk: Callable[..., Desk]) -> None:
    """Also where the PIN itself was printed as a code; fingers can type it afterwards."""
    at = desk()
    at.knock()
    page = at.layer.item.findChild(QObject, "pin")
    page.setProperty("fastestMs", 1_000)  # however busy this machine is, these keys come faster
    at.type(PIN + "\n", like_a_scanner=True)
    assert (at.page(), page.property("digits"), at.audit()) == ("pin", "", [])
    page.setProperty("scanned", False)  # the keys have rested
    at.type(PIN + "\n")
    at.until(lambda: at.page() == "open")


def test_the_loudness_that_counts_is_ticked_though_nobody_has_chosen_it(desk: Callable[..., Desk]) -> None:
    at = desk()
    at.come_in()
    assert at.model.property("defaults")["volume"] == str(at.kiosk.settings.sound.volume)
    at.model.choose("language", "en")
    at.until(lambda: at.model.property("busy") == "")
    # A later change of the settings still counts for what staff have not touched.
    assert load_defaults(at.kiosk.services.operation.defaults_file) == VisitDefaults(language="en")


def test_what_visits_begin_with_is_kept_for_the_next_start(desk: Callable[..., Desk], tmp_path: Path) -> None:
    at = desk()
    at.come_in()
    at.model.choose("language", "en")
    at.until(lambda: at.model.property("busy") == "")
    at.model.choose("palette", "high_contrast")
    at.until(lambda: at.model.property("busy") == "")
    at.model.choose("volume", "9")  # no such loudness
    assert at.shown.appearance.property("language") == "en"
    at.shown.appearance.reset()
    assert at.shown.appearance.property("language") == "en"
    file = at.kiosk.services.operation.defaults_file
    assert load_defaults(file).palette == "high_contrast"
    assert load_defaults(file).volume is None
    codes = [each.code for each in Texts(QML_FOLDER / "i18n").languages]
    again = chosen_by_staff(AppearanceDefaults(), at.kiosk.settings, codes)
    assert (again.language, again.palette) == ("en", "high_contrast")
    file.write_text('{"language": "xx", "palette": "no_such_theme"}', encoding="utf-8")
    assert chosen_by_staff(AppearanceDefaults(), at.kiosk.settings, codes) == AppearanceDefaults()


def test_the_page_closes_by_itself_and_leaves_nothing(desk: Callable[..., Desk]) -> None:
    at = desk()
    at.come_in()
    assert at.model._closing.interval() == 120_000
    at.model._closing.setInterval(50)
    QTest.keyClick(at.shown.window, Qt.Key.Key_Down)  # whoever is there puts it off
    at.until(lambda: at.page() == "closed")
    assert at.model.property("sections") == []
    assert at.shown.view_model.property("screen") == "welcome"


def test_touches_do_not_fall_through_to_the_screen_below(desk: Callable[..., Desk]) -> None:
    at = desk()
    at.come_in()
    for y in (300, 900, 1500, 1800):
        at.hold(QPoint(1060, y))
        at.lift(QPoint(1060, y))
    assert at.shown.view_model.property("screen") == "welcome"


@pytest.mark.parametrize("landscape", [False, True])
def test_nothing_is_cut_and_every_target_is_large_enough_in_every_language(
    desk: Callable[..., Desk], landscape: bool
) -> None:
    at = desk(landscape=landscape)
    at.tray.lay("quy")
    at.come_in()
    window = scene_rect(at.shown.window.contentItem())
    mm = window.height() / (268.0 if landscape else 476.4)
    page = at.layer.item.findChild(QQuickItem, "operatorPage")
    for language in at.shown.texts.languages:
        assert at.shown.appearance.property("language") == language.code
        for name in ("reader", "today", "program", "log"):
            page.setProperty("chosen", name)
            settle(at.shown)
            assert_readable(at, page, window, mm)
        at.shown.appearance.nextLanguage()


def assert_readable(at: Desk, page: QQuickItem, window: QRectF, mm: float) -> None:
    body = scene_rect(next(each for each in visible_items(page) if each.objectName() == "body"))
    for button in buttons(at.shown):
        if at.layer.item.isAncestorOf(button):
            box = scene_rect(button)
            assert min(box.width(), box.height()) >= 15 * mm - 1, button.property("text")
            assert button.property("text")
    for text in texts(at.shown):
        if at.layer.item.isAncestorOf(text.item):
            assert text.painted.right() <= window.right() + 1, text.text
            if text.box.right() <= body.left():
                assert text.painted.right() <= body.left(), text.text


def test_a_reader_that_hangs_neither_piles_up_looks_nor_holds_up_the_end(desk: Callable[..., Desk]) -> None:
    at = desk()
    at.come_in()
    at.until(lambda: not at.model._is_looking)
    release = threading.Event()
    at.tray.is_there = lambda: release.wait(LONGEST_S)
    try:
        for _ in range(5):
            at.model.refresh()
        assert at.model._work.qsize() <= 1
        at.press("Đóng")
        at.until(lambda: at.page() == "closed")
    finally:
        release.set()


def test_everything_that_can_be_shown_has_words() -> None:
    package = QML_FOLDER.parent
    sources = [package / "bootstrap" / name for name in ("operator_desk.py", "live_tests.py")]
    code = "".join(path.read_text(encoding="utf-8") for path in sources)
    wanted = {f"operator.label.{name}" for name in re.findall(r'Fact\(\s*"(\w+)"', code)}
    wanted |= {f"operator.word.{name}" for name in re.findall(r'(?:word=|if \w+ else |\bword = )"([a-z_]+)"', code)}
    wanted |= {f"operator.word.{state.value}" for state in PrinterState}
    wanted |= {f"operator.label.part_{name}" for name in ("interface", "reader", "outbox")}
    wanted |= {f"operator.label.{name}" for name in ("relay", "hospital", "queue", *DeskAction)}
    wanted |= {f"operator.action.{action}" for action in DeskAction}
    wanted |= {f"operator.tone.{tone}" for tone in Tone if tone}
    wanted |= {f"operator.palette.{path.stem}" for path in (QML_FOLDER / "theme").glob("*.json")}
    wanted |= {f"operator.scan.{kind}" for kind in ("number", "card_code", "machine_readable_zone", "unreadable")}
    assert len(wanted) > 70
    for language in Texts(QML_FOLDER / "i18n").languages:
        assert wanted <= set(language.strings), language.code


def test_a_blocked_interface_shows_no_sign_of_life(desk: Callable[..., Desk]) -> None:
    at = desk()
    pulse = at.kiosk.services.operation.interface
    at.until(lambda: pulse.silence_s() < 0.3)
    time.sleep(0.8)  # the thread of the interface does nothing else
    assert pulse.silence_s() >= 0.7
    at.until(lambda: pulse.silence_s() < 0.3)
