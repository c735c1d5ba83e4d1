"""What the screens bind to: properties out, touches in. One object, owned by the thread of the interface."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import Property, QObject, QTimer, Signal, Slot

from crypto.errors import ErrorCode
from kiosk_ui.app import telex
from kiosk_ui.app.domain.identification import Way
from kiosk_ui.app.domain.priority import Priority
from kiosk_ui.app.domain.travel_document import DocumentField
from kiosk_ui.app.flows import events as ev
from kiosk_ui.app.flows import screens as s
from kiosk_ui.qt.appearance import Appearance
from kiosk_ui.qt.portraits import PortraitLoader, PortraitProvider
from kiosk_ui.qt.screen_view import ScreenView, portrait_of, view_of

__all__ = ["CheckInViewModel"]

_TOUCH_EVERY_MS = 1_000
_LONGEST_TYPED = 60  # letters of a name
_YEAR_DIGITS, _DATE_DIGITS = 4, 8
_FRESH_MS = 400  # nobody reads a new screen and answers it sooner; the second tap of a double tap comes sooner


class CheckInViewModel(QObject):
    """Shows the flow's states (it is the driver's front end) and turns touches into the flow's events.

    Args:
        appearance: language and looks; reset when a visit ends.
        portraits: where the photo is held while it is shown.
        counter: the hospital's counter for help.
    """

    screenChanged = Signal()
    overlayChanged = Signal()
    viewChanged = Signal()
    secondsToClearChanged = Signal()
    stateShown = Signal(str, str)  # screen, overlay: for tests and for the run that shows the kiosk
    cleared = Signal()

    def __init__(
        self, appearance: Appearance, portraits: PortraitProvider, counter: str, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._appearance = appearance
        self._portraits = PortraitLoader(portraits, self)
        self._portraits.arrived.connect(self._portrait_arrived)
        self._counter = counter
        self._state = s.CheckInState()
        self._view = ScreenView()
        self._portrait: bytes | None = None
        self._portrait_source = ""
        self._portrait_coming = False
        self._post: Callable[[ev.Event], None] | None = None
        self._seconds_to_timer: Callable[[], float | None] = lambda: None
        self._seconds_to_clear = 0
        self._second = QTimer(self)
        self._second.setInterval(250)
        self._second.timeout.connect(self._count_down)
        self._touch_pause = QTimer(self)
        self._touch_pause.setSingleShot(True)
        self._touch_pause.setInterval(_TOUCH_EVERY_MS)
        self._fresh = QTimer(self)
        self._fresh.setSingleShot(True)
        self._fresh.setInterval(_FRESH_MS)
        appearance.changed.connect(self._speak_again)

    def connect_flow(self, post: Callable[[ev.Event], None], seconds_to_timer: Callable[[], float | None]) -> None:
        """Say where events go, and who knows when the present screen ends."""
        self._post = post
        self._seconds_to_timer = seconds_to_timer

    # ------------------------------------------------------------------- the driver's front end
    def show(self, state: s.CheckInState) -> None:
        """Show a state (the driver calls this in the interface's thread)."""
        self._state = state
        self._set_portrait(portrait_of(state))
        self._set_view(view_of(state, self._appearance.words.strings, self._counter))
        if isinstance(state.screen, s.TicketReady | s.SlipReady):
            self._count_down()
            self._second.start()
        else:
            self._second.stop()
        self.stateShown.emit(self._view.screen, self._view.overlay)

    def clear(self) -> None:
        """Forget everything of the person; language and looks go back to the hospital's defaults."""
        self._state = s.CheckInState()
        self._set_portrait(None)
        self._set_view(ScreenView(counter=self._counter))
        self._appearance.reset()
        self.cleared.emit()

    def show_mistake(self, code: ErrorCode) -> None:
        """Show that the interface itself met a mistake. "Start again" and "call staff" still work."""
        problem = s.Problem(code.name, code.hint, s.Retry.NONE, self._counter)
        self.show(s.CheckInState(screen=problem))

    def _set_view(self, view: ScreenView) -> None:
        before, self._view = self._view, view
        # The loaders exchange the screens first; only then do bindings look at the new values.
        if view.screen != before.screen:
            self._fresh.start()
            self.screenChanged.emit()
        if view.overlay != before.overlay:
            self.overlayChanged.emit()
        self.viewChanged.emit()

    def _set_portrait(self, encoded: bytes | None) -> None:
        """Ask for the photo of the screen that comes; it joins the screen when it is decoded."""
        if encoded == self._portrait:
            return
        self._portrait = encoded
        self._portrait_source = ""
        self._portrait_coming = encoded is not None
        if encoded is None:
            self._portraits.clear()
        else:
            self._portraits.load(encoded)

    @Slot(str)
    def _portrait_arrived(self, source: str) -> None:
        self._portrait_source = source
        self._portrait_coming = False
        self.viewChanged.emit()

    @Slot()
    def _speak_again(self) -> None:
        self._set_view(view_of(self._state, self._appearance.words.strings, self._counter))

    @Slot()
    def _count_down(self) -> None:
        left = self._seconds_to_timer()
        seconds = 0 if left is None else math.ceil(left)
        if seconds != self._seconds_to_clear:
            self._seconds_to_clear = seconds
            self.secondsToClearChanged.emit()

    # ------------------------------------------------------------------------------- touches
    def _tell(self, event: ev.Event) -> None:
        if self._post is not None:
            self._post(event)

    @property
    def is_fresh(self) -> bool:
        """Whether the screen has only just come. With a second tap meant for the screen before, nobody chooses a
        department or sends their ticket away unseen."""
        return self._fresh.isActive()

    def _tell_unless_fresh(self, event: ev.Event) -> None:
        if not self.is_fresh:
            self._tell(event)

    @Slot()
    def start(self) -> None:
        """The welcome screen was touched."""
        self._tell(ev.Started())

    @Slot(str)
    def submitNumber(self, digits: str) -> None:
        """Twelve digits were typed."""
        self._tell(ev.NumberKnown(digits))

    @Slot()
    def confirm(self) -> None:
        """Yes, it is me; or: yes, what I have just typed is right."""
        self._tell_unless_fresh(ev.Confirmed())

    @Slot()
    def notMe(self) -> None:
        """No, not me."""
        self._tell_unless_fresh(ev.NotMe())

    @Slot(str)
    def choose(self, code: str) -> None:
        """A department was touched."""
        self._tell_unless_fresh(ev.DepartmentChosen(code))

    @Slot()
    def goOn(self) -> None:
        """The one "go on" of a screen."""
        self._tell_unless_fresh(ev.GoOn())

    @Slot()
    def tryAgain(self) -> None:
        """Try again."""
        self._tell(ev.TryAgain())

    @Slot()
    def startAgain(self) -> None:
        """Clear everything and begin anew."""
        if self._state.screen.name == s.Problem.name:
            # After a mistake of the interface the flow may stand on Welcome already and would change nothing.
            self.clear()
        self._tell(ev.StartAgain())

    @Slot()
    def otherWays(self) -> None:
        """No chip card?"""
        self._tell_unless_fresh(ev.OtherWaysAsked())

    @Slot()
    def privacy(self) -> None:
        """What happens to my data?"""
        self._tell_unless_fresh(ev.PrivacyAsked())

    @Slot(str)
    def chooseWay(self, way: str) -> None:
        """One of the other ways was touched."""
        self._tell_unless_fresh(ev.WayChosen(Way(way)))

    @Slot()
    def withoutChip(self) -> None:
        """Go on without what this screen asks for."""
        self._tell_unless_fresh(ev.WithoutChip())

    @Slot(str)
    def submitText(self, text: str) -> None:
        """A number or a name was typed."""
        self._tell_unless_fresh(ev.TextGiven(text))

    @Slot(str)
    def submitBirth(self, digits: str) -> None:
        """Eight digits, day, month and year; or four, the year alone."""
        if len(digits) == _YEAR_DIGITS:
            self._tell_unless_fresh(ev.BirthGiven(None, None, int(digits)))
        elif len(digits) == _DATE_DIGITS:
            self._tell_unless_fresh(ev.BirthGiven(int(digits[:2]), int(digits[2:4]), int(digits[4:])))

    @Slot(str)
    def submitExpiry(self, digits: str) -> None:
        """Eight digits: the last day of a passport."""
        if len(digits) == _DATE_DIGITS:
            self._tell_unless_fresh(ev.ExpiryGiven(int(digits[:2]), int(digits[2:4]), int(digits[4:])))

    @Slot(str)
    def change(self, field: str) -> None:
        """What was typed of a passport is to be put right here."""
        self._tell_unless_fresh(ev.FieldChosen(DocumentField(field)))

    @Slot(str, bool)
    def submitPhone(self, text: str, reminders: bool) -> None:
        """A phone number was typed, and whether it may be used for reminders."""
        self._tell_unless_fresh(ev.PhoneGiven(text, reminders))

    @Slot()
    def skip(self) -> None:
        """No answer to this question."""
        self._tell_unless_fresh(ev.Skipped())

    @Slot(str)
    def askPriority(self, priority: str) -> None:
        """A reason to be seen sooner; empty opens the question."""
        self._tell_unless_fresh(ev.PriorityAsked(Priority(priority) if priority else None))

    @Slot()
    def payMyself(self) -> None:
        """Go on without insurance."""
        self._tell_unless_fresh(ev.PayMyself())

    @Slot()
    def goToCounter(self) -> None:
        """Let the counter look into it."""
        self._tell_unless_fresh(ev.GoToCounter())

    @Slot()
    def anotherDepartment(self) -> None:
        """Not this one: let me choose."""
        self._tell_unless_fresh(ev.AnotherDepartment())

    @Slot()
    def printAgain(self) -> None:
        """The paper once more."""
        self._tell_unless_fresh(ev.PrintAgain())

    @Slot()
    def callStaff(self) -> None:
        """Call a human."""
        self._tell(ev.StaffAsked())

    @Slot()
    def dismiss(self) -> None:
        """Go on with the screen below."""
        self._tell(ev.OverlayDismissed())

    @property
    def has_overlay(self) -> bool:
        """Whether something lies over the screen."""
        return self._view.overlay != ""

    @Slot()
    def touched(self) -> None:
        """Somebody is there: the time-out starts anew. At most one event a second."""
        if not self._touch_pause.isActive():
            self._touch_pause.start()
            self._tell(ev.Touched())

    # -------------------------------------------------------------------------- the keyboard's letters
    @Slot(str, str, result=str)
    def typeName(self, text: str, key: str) -> str:
        """The name after one key of the keyboard (Telex); too long a name takes no more."""
        return telex.press_name(text, key) if len(text) < _LONGEST_TYPED and len(key) == 1 else text

    @Slot(str, str, result=str)
    def typeTone(self, text: str, key: str) -> str:
        """The name after one of the five tone keys."""
        return telex.press_tone(text, key)

    @Slot(str, result=str)
    def deleteLetter(self, text: str) -> str:
        """Without its last letter."""
        return telex.delete(text)

    # ------------------------------------------------------------------------------ properties
    screen = Property(str, lambda self: self._view.screen, notify=screenChanged)
    overlay = Property(str, lambda self: self._view.overlay, notify=overlayChanged)
    stage = Property(int, lambda self: self._view.stage, notify=viewChanged)
    numberProblem = Property(str, lambda self: self._view.number_problem, notify=viewChanged)
    readingStep = Property(str, lambda self: self._view.reading_step, notify=viewChanged)
    stepsDone = Property(int, lambda self: self._view.steps_done, notify=viewChanged)
    stepsTotal = Property(int, lambda self: self._view.steps_total, notify=viewChanged)
    triesLeft = Property(int, lambda self: self._view.tries_left, notify=viewChanged)
    waitSeconds = Property(int, lambda self: self._view.wait_seconds, notify=viewChanged)
    fullName = Property(str, lambda self: self._view.full_name, notify=viewChanged)
    maskedNumber = Property(str, lambda self: self._view.masked_number, notify=viewChanged)
    birthDay = Property(str, lambda self: self._view.birth_day, notify=viewChanged)
    proof = Property(str, lambda self: self._view.proof, notify=viewChanged)
    portraitSource = Property(str, lambda self: self._portrait_source, notify=viewChanged)
    counter = Property(str, lambda self: self._view.counter, notify=viewChanged)
    staffCode = Property(str, lambda self: self._view.staff_code, notify=viewChanged)
    insuranceKind = Property(str, lambda self: self._view.insurance_kind, notify=viewChanged)
    insuranceOutcome = Property(str, lambda self: self._view.insurance_outcome, notify=viewChanged)
    validUntil = Property(str, lambda self: self._view.valid_until, notify=viewChanged)
    departments = Property(
        "QVariantList",  # type: ignore[arg-type] # Qt's name of a type
        lambda self: [dict(each) for each in self._view.departments],
        notify=viewChanged,
    )
    ticketNumber = Property(str, lambda self: self._view.ticket_number, notify=viewChanged)
    ticketDepartment = Property(str, lambda self: self._view.ticket_department, notify=viewChanged)
    ticketPlace = Property(str, lambda self: self._view.ticket_place, notify=viewChanged)
    ticketUnverified = Property(bool, lambda self: self._view.ticket_unverified, notify=viewChanged)
    ticketAtCounter = Property(bool, lambda self: self._view.ticket_at_counter, notify=viewChanged)
    printing = Property(str, lambda self: self._view.printing, notify=viewChanged)
    problemKey = Property(str, lambda self: self._view.problem_key, notify=viewChanged)
    hint = Property(str, lambda self: self._view.hint, notify=viewChanged)
    canTryAgain = Property(bool, lambda self: self._view.can_try_again, notify=viewChanged)
    overlayCounter = Property(str, lambda self: self._view.overlay_counter, notify=viewChanged)
    secondsLeft = Property(int, lambda self: self._view.seconds_left, notify=viewChanged)
    portraitComing = Property(bool, lambda self: self._portrait_coming, notify=viewChanged)
    hasPortrait = Property(bool, lambda self: self._portrait is not None, notify=viewChanged)
    numberKind = Property(str, lambda self: self._view.number_kind, notify=viewChanged)
    whose = Property(str, lambda self: self._view.whose, notify=viewChanged)
    forGuardian = Property(bool, lambda self: self._view.for_guardian, notify=viewChanged)
    forPassport = Property(bool, lambda self: self._view.for_passport, notify=viewChanged)
    inputProblem = Property(str, lambda self: self._view.input_problem, notify=viewChanged)
    typedBefore = Property(str, lambda self: self._view.typed_before, notify=viewChanged)
    birthMonth = Property(int, lambda self: self._view.birth_month, notify=viewChanged)
    documentNumber = Property(str, lambda self: self._view.document_number, notify=viewChanged)
    expiryDay = Property(str, lambda self: self._view.expiry_day, notify=viewChanged)
    today = Property(str, lambda self: self._view.today, notify=viewChanged)
    canGoWithoutChip = Property(bool, lambda self: self._view.without_chip, notify=viewChanged)
    identification = Property(str, lambda self: self._view.identification, notify=viewChanged)
    birthYear = Property(int, lambda self: self._view.birth_year, notify=viewChanged)
    place = Property(str, lambda self: self._view.place, notify=viewChanged)
    insuranceKey = Property(str, lambda self: self._view.insurance_key, notify=viewChanged)
    priority = Property(str, lambda self: self._view.priority, notify=viewChanged)
    options = Property("QVariantList", lambda self: list(self._view.options), notify=viewChanged)  # type: ignore[arg-type] # Qt's name of a type
    appointmentTime = Property(str, lambda self: self._view.appointment_time, notify=viewChanged)
    appointmentDepartment = Property(str, lambda self: self._view.appointment_department, notify=viewChanged)
    appointmentPlace = Property(str, lambda self: self._view.appointment_place, notify=viewChanged)
    appointmentDoctor = Property(str, lambda self: self._view.appointment_doctor, notify=viewChanged)
    ticketPriority = Property(str, lambda self: self._view.ticket_priority, notify=viewChanged)
    ticketWait = Property(int, lambda self: self._view.ticket_wait, notify=viewChanged)
    ticketWay = Property(str, lambda self: self._view.ticket_way, notify=viewChanged)
    slipReference = Property(str, lambda self: self._view.slip_reference, notify=viewChanged)
    slipReasons = Property("QVariantList", lambda self: list(self._view.slip_reasons), notify=viewChanged)  # type: ignore[arg-type] # Qt's name of a type
    secondsToClear = Property(int, lambda self: self._seconds_to_clear, notify=secondsToClearChanged)
