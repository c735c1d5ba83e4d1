"""The accessibility audit of a screen that is really drawn: each rule looks at what there is and says what is wrong.

Clauses are those of EN 301 549 V3.2.1; the measures that go beyond it are the kiosk's own design rules. What is checked
is what the patient gets: items, colours and sizes after all bindings, not what a source file promises.
"""

from __future__ import annotations

import collections
import dataclasses
import enum
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QAccessible, QColor
from PySide6.QtQml import QQmlProperty
from PySide6.QtQuick import QQuickItem
from PySide6.QtTest import QTest

from kiosk_ui.app.flows import events as ev
from kiosk_ui.app.flows import screens as s
from kiosk_ui.app.flows.check_in import CheckInFlow
from kiosk_ui.qt.application import KioskApplication
from kiosk_ui.qt.touch import Finger, SeenItem
from tests.ui import ui_measures as measure
from tests.ui.ui_looks import Look

TARGET_MM = 15.0
PRIMARY_MM = 22.0
GAP_MM = 8.0
CAPITAL_EM = 0.714  # height of H in Noto Sans
CAPITAL_MM = 7.33  # 600 mm · tan 0.7°
TITLE_CAPITAL_MM = 7.0
WORDS_CONTRAST = 7.0
SHAPES_CONTRAST = 3.0
WARNING_S = 20
MOST_WORDS = 9

_WITHIN_PX = 2.0
_SYMBOL_CHARACTERS = 3  # "A+" stands for a sign, not for words (WCAG 2.2, 2.5.3 note on symbolic text)


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its number in the table, the clauses it serves, what it demands."""

    key: str
    clauses: str
    demands: str


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong."""

    rule: str
    look: str
    sample: str
    what: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.sample} ({self.look}): {self.what}"


class Audit:
    """Collects findings and how much was looked at."""

    def __init__(self) -> None:
        self.checked: collections.Counter[str] = collections.Counter()
        self.findings: list[Finding] = []

    def table(self) -> str:
        """As Markdown: rule, clauses, what was demanded, how often it was checked, findings."""
        found = collections.Counter(each.rule for each in self.findings)
        rows = ["| rule | EN 301 549 | what is demanded | checked | findings |", "|---|---|---|--:|--:|"]
        for rule in RULES:
            count = self.checked[rule.key]
            rows.append(f"| {rule.key} | {rule.clauses} | {rule.demands} | {count:,} | {found[rule.key]} |")
        rows.append(f"| all | | | {sum(self.checked.values()):,} | {len(self.findings)} |")
        return "\n".join(rows)


@dataclasses.dataclass(frozen=True, slots=True)
class Paper:
    """An opaque rectangle on which something may be written: its place among all that is painted, and what it is."""

    order: int
    item: QQuickItem
    rect: QRectF
    color: QColor


@dataclasses.dataclass(frozen=True, slots=True)
class Seen:
    """One screen in one look, with everything on it collected once."""

    kiosk: KioskApplication
    look: Look
    sample: str
    state: s.CheckInState
    texts: list[measure.SeenText]
    buttons: list[QQuickItem]
    named: list[SeenItem]
    items: list[QQuickItem]
    painted_at: Mapping[QQuickItem, int]
    papers: list[Paper]

    @property
    def mm(self) -> float:
        """Pixels of one millimetre."""
        return self.look.pixels_per_mm

    @property
    def window(self) -> QRectF:
        """In its own pixels."""
        return QRectF(0, 0, self.kiosk.window.width(), self.kiosk.window.height())

    def word(self, key: str) -> str:
        """A text of the present language."""
        return str(self.kiosk.appearance.words.strings[key])


def look_at(kiosk: KioskApplication, look: Look, sample: str, state: s.CheckInState, finger: Finger) -> Seen:
    """Show a state and collect what is on the screen."""
    kiosk.view_model.show(state)
    measure.settle(kiosk)
    items = list(measure.painted_items(kiosk.window.contentItem()))
    buttons = [item for item in items if item.inherits("QQuickAbstractButton")]
    order = {item: number for number, item in enumerate(items)}
    return Seen(kiosk, look, sample, state, measure.texts(kiosk), buttons, finger.seen(), items, order, _papers(items))


def _papers(items: list[QQuickItem]) -> list[Paper]:
    papers = []
    for number, item in enumerate(items):
        if item.inherits("QQuickRectangle") and (color := QColor(item.property("color"))).alpha() == 255:
            papers.append(Paper(number, item, measure.scene_rect(item), color))
    return papers


# ------------------------------------------------------------------------------------------- names and roles
def names_and_roles(seen: Seen) -> Iterator[str | None]:
    """11.5.2.5 and 5.1.3.1: everything that can be met has a role and a name; each button is met as one."""
    for each in seen.named:
        yield None if each.name.strip() else f"a {each.role.name} has no name"
    met = {each.item for each in seen.named if each.role.name in {"Button", "CheckBox", "EditableText"}}
    for button in seen.buttons:
        yield None if button in met else f"{button.property('text')!r} is no button for assistive technology"
    names = [each.name for each in seen.named if each.role.name == "Button"]
    for name, count in collections.Counter(names).items():
        yield None if count == 1 else f"{count} buttons are all called {name!r}"


def one_heading(seen: Seen) -> Iterator[str | None]:
    """11.2.4.6: one heading says what the screen asks, in at most nine words."""
    headings = [each.name for each in seen.named if each.role.name == "Heading"]
    yield None if len(headings) == 1 else f"{len(headings)} headings"
    for heading in headings:
        if heading.endswith("?"):
            words = [each for each in heading.split() if each != "?"]  # French sets a space before it
            yield None if len(words) <= MOST_WORDS else f"more than {MOST_WORDS} words: {heading!r}"


def label_in_name(seen: Seen) -> Iterator[str | None]:
    """11.2.5.3: what is written on a button is in its name."""
    names = {each.item: each.name for each in seen.named}
    for text in seen.texts:
        button = next((each for each in measure.ancestors(text.item) if each.inherits("QQuickAbstractButton")), None)
        if button is None or len(text.text) <= _SYMBOL_CHARACTERS:
            continue
        written, name = _plain(text.text), _plain(names.get(button, ""))
        described = _plain(_description(button))
        yield None if written in name or written in described else f"{text.text!r} is not in the name {name!r}"


def _plain(text: str) -> str:
    return " ".join(text.replace("\u00a0", " ").lower().split())


def _description(item: QQuickItem) -> str:
    face = QAccessible.queryAccessibleInterface(item)
    return face.text(QAccessible.Text.Description) if face is not None and face.isValid() else ""


# --------------------------------------------------------------------------------------------------- targets
def target_size(seen: Seen) -> Iterator[str | None]:
    """5.5.1: what is touched is at least 15 mm both ways, the primary action at least 22 mm high."""
    for button in seen.buttons:
        rect = measure.scene_rect(button)
        wide, high = rect.width() / seen.mm, rect.height() / seen.mm
        fits = min(wide, high) >= TARGET_MM - 0.3
        yield None if fits else f"{button.property('text')!r} is {wide:.1f} × {high:.1f} mm"
        if button.property("kind") == "primary":
            yield None if high >= PRIMARY_MM - 0.3 else f"the primary action is {high:.1f} mm high"
        inside = seen.window.adjusted(-_WITHIN_PX, -_WITHIN_PX, _WITHIN_PX, _WITHIN_PX).contains(rect)
        yield None if inside else f"{button.property('text')!r} reaches out of the window"


def target_gaps(seen: Seen) -> Iterator[str | None]:
    """5.5.1: targets lie at least 8 mm apart; keys of a keyboard may touch one another, and never overlap."""
    rects = [(each, measure.scene_rect(each)) for each in seen.buttons]
    for (one, first), (other, second) in itertools.combinations(rects, 2):
        names = f"{one.property('text')!r} and {other.property('text')!r}"
        if one.property("kind") == other.property("kind") == "key":
            shared = first.adjusted(1, 1, -1, -1).intersects(second.adjusted(1, 1, -1, -1))
            yield f"the keys {names} overlap" if shared else None
        else:
            apart = measure.distance(first, second) / seen.mm
            yield None if apart >= GAP_MM - 0.4 else f"{names} are {apart:.1f} mm apart"


def reach(seen: Seen) -> Iterator[str | None]:
    """8.3.2, 8.3.3: with low reach every control lies in the lower half of the screen."""
    if not seen.look.low_reach:
        return
    for button in seen.buttons:
        top = measure.scene_rect(button).top()
        low = top >= seen.window.height() / 2 - _WITHIN_PX
        yield None if low else f"{button.property('text')!r} begins {top / seen.window.height():.0%} from the top"


# ------------------------------------------------------------------------------------------------ what is read
def text_size(seen: Seen) -> Iterator[str | None]:
    """5.1.4: a capital H of at least 0.7° at 60 cm; codes that only staff need may be smaller."""
    staff = seen.word("common.staff_code").split("{")[0]
    for text in seen.texts:
        if text.text.startswith(staff) or _is_graphic(text.item):
            continue
        capital = text.item.property("font").pixelSize() * CAPITAL_EM / seen.mm
        yield None if capital >= CAPITAL_MM - 0.06 else f"capitals of {capital:.2f} mm: {text.text[:40]!r}"


def _is_graphic(item: QQuickItem) -> bool:
    """A figure inside a drawn sign whose words stand beside it (the numbers of the three steps)."""
    return bool(item.property("isSign")) or (
        len(str(item.property("text"))) == 1
        and any(measure.class_of(each) == "StepBar" for each in measure.ancestors(item))
    )


def words_contrast(seen: Seen) -> Iterator[str | None]:
    """11.1.4.3 and more: words 7:1 against what really lies behind them."""
    for text in seen.texts:
        paper = ground_of(seen, text.item, text.painted.center())
        found = contrast(text.item.property("color"), paper)
        yield None if found >= WORDS_CONTRAST - 0.01 else f"{found:.1f}:1 for {text.text[:40]!r}"


def shapes_contrast(seen: Seen) -> Iterator[str | None]:
    """11.1.4.11: the edge or the face of each button 3:1 against what lies around it."""
    for button in seen.buttons:
        face = button.property("background")
        if not isinstance(face, QQuickItem) or not button.isEnabled():
            continue
        around = ground_of(seen, button, measure.scene_rect(button).center(), outside=True)
        edge = QQmlProperty(face, "border.color").read() if QQmlProperty(face, "border.width").read() else None
        best = max(contrast(each, around) for each in (face.property("color"), edge) if each is not None)
        yield None if best >= SHAPES_CONTRAST else f"{best:.1f}:1 for the edge of {button.property('text')!r}"


def ground_of(seen: Seen, item: QQuickItem, at: QPointF, *, outside: bool = False) -> QColor:
    """The colour that lies behind ``item`` at a point of the window; with ``outside`` behind all that it paints itself."""
    ground = QColor(seen.kiosk.window.color())
    painted_at = seen.painted_at.get(item, len(seen.items))
    for paper in seen.papers:  # in the order in which they are painted
        if paper.order >= painted_at:
            break
        if not paper.rect.contains(at):
            continue
        if not (outside and any(around == item for around in measure.ancestors(paper.item))):
            ground = paper.color
    return ground


def contrast(one: QColor | str, other: QColor | str) -> float:
    """WCAG 2.2 contrast of two opaque colours, 1 to 21."""
    light, dark = sorted((_luminance(QColor(one)), _luminance(QColor(other))), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: QColor) -> float:
    channels = (color.redF(), color.greenF(), color.blueF())
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def not_by_color_alone(seen: Seen) -> Iterator[str | None]:
    """11.1.4.1: whatever has a tone has a shape and a word as well."""
    for item in seen.items:
        tone = item.property("tone")
        if tone not in {"positive", "caution", "stop"} or measure.class_of(item) not in {"Banner", "ToneMark"}:
            continue
        inside = list(measure.visible_items(item))
        shape = any(each.inherits("QQuickImage") and str(each.property("source").toString()) for each in inside)
        word = any(each.inherits("QQuickText") and each.property("text") for each in inside)
        yield None if shape and word else f"a {tone} {measure.class_of(item)} without {'word' if shape else 'shape'}"
    body = seen.kiosk.window.property("current")
    tone = body.property("tone") if isinstance(body, QQuickItem) else None
    if tone in {"caution", "stop"}:
        marks = [each for each in seen.items if measure.class_of(each) in {"Banner", "ToneMark", "Scene"}]
        yield None if marks and body.property("title") else f"the tone {tone} is told by colour alone"


# ------------------------------------------------------------------------------------------------- keyboard
def focus_order(seen: Seen) -> Iterator[str | None]:
    """11.2.1.1, 11.2.4.3, 11.2.4.7: Tab reaches every control once, in reading order, and each shows that it is there."""
    wanted = [each for each in seen.buttons if each.isEnabled()]
    wanted += [each for each in seen.items if each.inherits("QQuickTextInput") and each.isEnabled()]
    met = list(_tab_round(seen, len(wanted)))
    for each in wanted:
        yield None if each in met else f"Tab does not reach {each.property('text')!r}"
    for each in met:
        if each in wanted and each.inherits("QQuickAbstractButton"):
            yield None  # its ring is looked at once for each kind of button, in the test of the rings
    zones = [_zone(seen, each) for each in met]
    question = [zone for zone in zones if zone is not _Zone.LOOKS]
    in_order = question == sorted(question) and (zones == sorted(zones) or zones[-1] is _Zone.LOOKS)
    yield None if in_order else f"Tab goes from zone to zone as {[zone.name for zone in zones]}"
    groups = [[each for each, its in zip(met, zones, strict=True) if its is zone] for zone in _Zone]
    yield from (_misplaced(group) for group in groups if len(group) > 1)


def _tab_round(seen: Seen, most: int) -> Iterator[QQuickItem]:
    window = seen.kiosk.window
    if (held := window.activeFocusItem()) is not None and held != window.contentItem():
        held.setFocus(False)
    first: QQuickItem | None = None
    for _ in range(most + 2):
        QTest.keyClick(window, Qt.Key.Key_Tab)
        now = window.activeFocusItem()
        if now is None or now == first:
            return
        first = first or now
        yield now


class _Zone(enum.IntEnum):
    """Parts of every screen, in the order in which they are met; the ways to read may also come last."""

    LOOKS = 0
    QUESTION = 1
    ANSWERS = 2
    ALWAYS_THERE = 3


def _zone(seen: Seen, item: QQuickItem) -> _Zone:
    around = {measure.class_of(each) for each in measure.ancestors(item)}
    if "ReadingControls" in around:
        return _Zone.LOOKS
    if "ActionBar" not in around:
        return _Zone.QUESTION
    body = seen.kiosk.window.property("current")
    answers = {body.property("primaryText"), body.property("secondaryText")} if isinstance(body, QQuickItem) else set()
    return _Zone.ANSWERS if item.property("text") in answers else _Zone.ALWAYS_THERE


def _misplaced(group: list[QQuickItem]) -> str | None:
    """Reading order inside a zone: row by row, from left to right; or one column after the other."""
    rects = [measure.scene_rect(each) for each in group]
    for (one, first), (other, second) in itertools.pairwise(zip(group, rects, strict=True)):
        same_row = first.top() < second.bottom() - 4 and second.top() < first.bottom() - 4
        backwards = second.left() < first.left() if same_row else second.top() < first.top()
        if backwards and second.left() < first.right():
            return f"focus goes back from {one.property('text')!r} to {other.property('text')!r}"
    return None


# -------------------------------------------------------------------------------------------- time and speech
def time_limits(seen: Seen) -> Iterator[str | None]:
    """11.2.2.1: whatever waits for an answer warns at least 20 seconds before it ends, and one touch goes on."""
    flow = CheckInFlow()
    if seen.state.overlay is not None or not _asks(seen):
        return
    after = flow.handle(dataclasses.replace(seen.state, timer=7), ev.TimerFired(7)).state
    match after.overlay:
        case s.TimeoutWarning(seconds_left=left):
            yield None if left >= WARNING_S else f"the warning leaves {left} s"
            back = flow.handle(after, ev.Touched()).state
            yield None if back.overlay is None and back.screen == seen.state.screen else "a touch does not go on"
        case _:
            yield f"it ends in {after.screen.name} without a warning"


def _asks(seen: Seen) -> bool:
    """Whether the screen waits for an answer that would be lost (a ticket or a refusal only says something)."""
    seconds = CheckInFlow().rules.time_limits.seconds(seen.state.screen, card_away=False)
    if seconds < WARNING_S:
        return False  # work of the machine
    body = seen.kiosk.window.property("current")
    return isinstance(body, QQuickItem) and seen.state.screen.name not in TELLING


TELLING = frozenset(
    {
        "welcome",
        "emergency",
        "ticket_ready",
        "slip_ready",
        "refused",
        "problem",
        "reading",
        "looking_up",
        "saving",
        "take_card",
    }
)
"""Screens that ask nothing that could be lost: they tell something, or the machine works."""


def spoken(seen: Seen) -> Iterator[str | None]:
    """5.1.3.1: every screen and everything over it has words to be spoken, in the present language."""
    strings = seen.kiosk.appearance.words.strings
    shown = seen.state.overlay or seen.state.screen
    text = strings.get(f"spoken.{shown.name}", "")
    yield None if text.strip() else f"nothing to say: spoken.{shown.name}"


def always_there(seen: Seen) -> Iterator[str | None]:
    """5.2, 5.1.3.4, 12.1.1: staff, language, size of text and contrast are one touch away on every screen."""
    names = {_plain(each.name) for each in seen.named if each.role.name == "Button"}
    speech = seen.kiosk.speech
    level = -1 if speech is None else int(speech.property("volume"))
    for volume in {seen.word("common.volume").format(level=level), seen.word("common.repeat")}:
        yield None if _plain(volume) in names else f"there is no button {volume!r}"
    for choices in ALWAYS:
        words = {_plain(seen.word(each)) for each in choices}
        yield None if names & words else f"there is no button {sorted(words)}"

    language = seen.kiosk.texts.after(seen.kiosk.appearance.words.code).name
    yield None if _plain(language) in names else f"the next language, {language}, is not one touch away"


ALWAYS: tuple[tuple[str, ...], ...] = (
    ("common.call_staff",),
    ("common.text_large", "common.text_normal"),
    ("common.contrast_high", "common.contrast_normal"),
)


# ----------------------------------------------------------------------------------------------------- layout
def nothing_clipped(seen: Seen) -> Iterator[str | None]:
    """11.1.4.4, 11.1.4.12: no text is cut, covered, wider than its place or set too close for Vietnamese."""
    for text in seen.texts:
        yield _cut(seen, text)
        for around in measure.ancestors(text.item):
            if not (around.inherits("QQuickRectangle") or around.inherits("QQuickAbstractButton") or around.clip()):
                continue
            room = measure.scene_rect(around).adjusted(-1, -1, 1, 1)
            yield (
                None
                if room.contains(text.painted)
                else f"{text.text[:40]!r} sticks out of its {measure.class_of(around)}"
            )
    for one, other in itertools.combinations(seen.texts, 2):
        if one.painted.adjusted(1, 1, -1, -1).intersects(other.painted.adjusted(1, 1, -1, -1)):
            yield f"{one.text[:30]!r} and {other.text[:30]!r} lie on one another"
    for button in seen.buttons:
        rect = measure.scene_rect(button)
        for text in seen.texts:
            if text.painted.intersects(rect) and button not in set(measure.ancestors(text.item)):
                yield f"{text.text[:30]!r} lies on the button {button.property('text')!r}"


def _cut(seen: Seen, text: measure.SeenText) -> str | None:
    short = repr(text.text[:40])
    if text.item.property("truncated"):
        return f"{short} is truncated"
    if not seen.window.adjusted(-1, -1, 1, 1).contains(text.painted):
        return f"{short} lies outside the window"
    if text.item.property("contentWidth") > text.box.width() + 1.5:
        return f"a word of {short} is wider than its place"
    if text.item.property("lineCount") > 1 and text.item.property("lineHeight") * measure.NATURAL_LINE_EM < 1.45:
        return f"the lines of {short} are too close for Vietnamese"
    return None


def nothing_missing(seen: Seen) -> Iterator[str | None]:
    """Every picture is there, every text is a text: no key, no place to fill in, no empty button."""
    for item in seen.items:
        if item.inherits("QQuickImage") and not item.property("source").isEmpty():
            # A source that gives nothing has no size of its own; its warning fails the test besides.
            ready = item.property("implicitWidth") > 0 and item.property("paintedWidth") > 0
            yield None if ready else f"the picture {item.property('source').toString()} is missing"
    for text in seen.texts:
        yield (
            f"a place is not filled in: {text.text!r}"
            if re.search(r"{\w+}|undefined|\[[a-z_.]+\]", text.text)
            else None
        )
    for button in seen.buttons:
        yield None if str(button.property("text")).strip() else "a button without words"
    primary = [each for each in seen.buttons if each.property("kind") == "primary"]
    yield None if len(primary) <= 1 else f"{len(primary)} primary actions"


Check = Callable[[Seen], Iterable[str | None]]

_CHECKS: Mapping[Rule, Check] = {
    Rule("names", "5.1.3.1, 11.5.2.5, 11.4.1.2", "everything has a role and a name of its own"): names_and_roles,
    Rule("heading", "11.2.4.6", "one heading for each screen; a question has at most nine words"): one_heading,
    Rule("label", "11.2.5.3", "what is written on a button is in its name"): label_in_name,
    Rule("target", "5.5.1", "targets ≥ 15 mm both ways, the primary action ≥ 22 mm high"): target_size,
    Rule("gap", "5.5.1", "targets ≥ 8 mm apart; keys may touch"): target_gaps,
    Rule("reach", "8.3.2, 8.3.3", "with low reach every control in the lower half"): reach,
    Rule("size", "5.1.4", "capitals ≥ 0.7° at 60 cm (7.33 mm), but for codes for staff"): text_size,
    Rule("words", "11.1.4.3", "words 7:1 against what lies behind them"): words_contrast,
    Rule("shapes", "11.1.4.11", "edge or face of buttons 3:1 against what lies around"): shapes_contrast,
    Rule("tone", "11.1.4.1", "nothing is told by colour alone: shape and word"): not_by_color_alone,
    Rule("focus", "5.1.6.2, 11.2.1.1, 11.2.4.3", "Tab reaches every control, in reading order"): focus_order,
    Rule("time", "11.2.2.1", "a warning ≥ 20 s before an answer is lost; one touch goes on"): time_limits,
    Rule("spoken", "5.1.3.1", "words to be spoken for every screen"): spoken,
    Rule("always", "5.2, 5.1.3.4", "staff, language, size, contrast, repeat and volume one touch away"): always_there,
    Rule("clip", "11.1.4.4, 11.1.4.12", "no text cut, covered or outside its place"): nothing_clipped,
    Rule("whole", "11.1.1.1", "every picture there, every place filled in, one primary action"): nothing_missing,
}
RULES = tuple(_CHECKS)


def audit_screen(audit: Audit, seen: Seen) -> None:
    """Every rule on one screen; focus goes last, as it presses keys."""
    for rule, check in sorted(_CHECKS.items(), key=lambda pair: pair[0].key == "focus"):
        for finding in check(seen):
            audit.checked[rule.key] += 1
            if finding is not None:
                audit.findings.append(Finding(rule.key, seen.look.name, seen.sample, finding))
