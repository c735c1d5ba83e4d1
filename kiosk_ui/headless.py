"""The check-in without a screen: commands as JSON lines in, states as JSON lines out. For scripts and tests.

In, one object per line::

    {"event": "started"}                        any event of a person; fields beside it:
    {"event": "number_known", "text": "040…"}
    {"event": "department_chosen", "code": "noi"}
    {"event": "way_chosen", "way": "old_card"}
    {"event": "birth_given", "day": 3, "month": 2, "year": 1948}     day and month may be null
    {"wait_for": "confirm", "timeout_s": 30}    hold back what follows until that screen is shown

Out, one object per change: ``screen`` and ``stage``, the screen's own fields, ``overlay`` or null. The end of the input
ends the program. Output shows what a screen would show, so it is as private as a screen.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import json
import queue
import re
import threading
import uuid
from collections.abc import Callable, Iterable
from typing import Final, TextIO, get_args

from kiosk_ui.app.domain.identification import Way
from kiosk_ui.app.domain.insurance import Eligibility
from kiosk_ui.app.domain.priority import Priority
from kiosk_ui.app.domain.travel_document import DocumentField
from kiosk_ui.app.driver import CheckInDriver, FrontEnd
from kiosk_ui.app.flows import events as ev
from kiosk_ui.app.flows.screens import CheckInState, Overlay, Screen

__all__ = ["CommandError", "event_from", "run", "shown"]

_EVENTS: dict[str, type[ev.PersonEvent]] = {
    re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower(): kind for kind in get_args(ev.PersonEvent)
}
_LONGEST_WAIT_S = 60.0


class CommandError(Exception):
    """A line that is no command. The text names the mistake and quotes nothing."""


@dataclasses.dataclass(frozen=True, slots=True)
class _WaitFor:
    screen: str
    timeout_s: float


class _EndOfInput:
    """There are no more commands."""


_Command = ev.PersonEvent | _WaitFor | CommandError | _EndOfInput


def event_from(command: dict[str, object]) -> ev.PersonEvent:
    """The event that a command names.

    Raises:
        CommandError: unknown event, or missing, superfluous or wrong fields.
    """
    kind = _EVENTS.get(str(command.get("event")))
    if kind is None:
        raise CommandError(f"unknown event; known are {', '.join(sorted(_EVENTS))}")
    # what has a default is for devices to tell, not for a line of text
    fields = [field for field in dataclasses.fields(kind) if field.default is dataclasses.MISSING]
    wanted = {field.name for field in fields}
    if set(command) != wanted | {"event"}:
        raise CommandError(f"this event takes exactly these fields: {', '.join(sorted(wanted)) or 'none'}")
    make: Callable[..., ev.PersonEvent] = kind
    return make(**{field.name: _value(str(field.type), field.name, command[field.name]) for field in fields})


def _value(kind: str, name: str, value: object) -> object:
    """A field of an event, by the type that its class declares.

    Raises:
        CommandError: it is of another type. The text names the field, never the value.
    """
    expected, said = _TYPES[kind.removesuffix(" | None")]
    if value is None and kind.endswith(" | None"):
        return None
    # JSON's true and false are numbers to Python
    if isinstance(value, bool) is (expected is bool):
        if issubclass(expected, enum.StrEnum) and isinstance(value, str) and value in set(expected):
            return expected(value)
        if isinstance(value, expected):
            return value
    raise CommandError(f"{name} is {said}")


def _one_of(kind: type[enum.StrEnum]) -> tuple[type[enum.StrEnum], str]:
    return kind, f"one of {', '.join(kind)}"


_TYPES: Final[dict[str, tuple[type[object], str]]] = {
    "str": (str, "a text"),
    "int": (int, "a whole number"),
    "bool": (bool, "true or false"),
    "Way": _one_of(Way),
    "Priority": _one_of(Priority),
    "DocumentField": _one_of(DocumentField),
}


def shown(state: CheckInState) -> dict[str, object]:
    """What a front end would show, as JSON values. A portrait is told by its size only."""
    stage = state.screen.stage
    return {
        "screen": state.screen.name,
        "stage": stage.name.lower() if stage else None,
        **_fields(state.screen),
        "overlay": None if state.overlay is None else {"name": state.overlay.name, **_fields(state.overlay)},
    }


def _fields(value: Screen | Overlay) -> dict[str, object]:
    return {field.name: _json(getattr(value, field.name)) for field in dataclasses.fields(value)}


def _json(value: object) -> object:
    match value:
        case enum.StrEnum():
            return value.value
        case enum.Enum():
            return value.name.lower()
        case dt.datetime() | dt.date():
            return value.isoformat()
        case uuid.UUID():
            return str(value)
        case bytes():
            return {"bytes": len(value)}
        case tuple():
            return [_json(item) for item in value]
        case Eligibility():
            # The insurer's note and raw answer are for staff.
            kept = ("kind", "code", "outcome", "valid_from", "valid_until")
            return {name: _json(getattr(value, name)) for name in kept}
        case _ if dataclasses.is_dataclass(value):
            return {field.name: _json(getattr(value, field.name)) for field in dataclasses.fields(value)}
        case _:
            return value


class _JsonScreen:
    """A front end that writes each state as a line."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self.screen = ""

    def show(self, state: CheckInState) -> None:
        self.screen = state.screen.name
        self.write(shown(state))

    def clear(self) -> None:
        self.write({"cleared": True})

    def write(self, line: dict[str, object]) -> None:
        self._out.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._out.flush()


def run(
    make_driver: Callable[[FrontEnd], CheckInDriver], lines: Iterable[str], out: TextIO, now: Callable[[], float]
) -> int:
    """Run until the input ends.

    Args:
        make_driver: makes the driver for a front end.
        lines: commands, e.g. ``sys.stdin``; read in a thread of its own.
        out: where states go, e.g. ``sys.stdout``.
        now: monotonic seconds, for ``wait_for``.

    Returns:
        0 at the end of the input, 2 if a ``wait_for`` was in vain, 64 after a line that is no command.
    """
    screen = _JsonScreen(out)
    driver = make_driver(screen)
    commands: queue.SimpleQueue[_Command] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(lines, commands, driver), name="commands", daemon=True).start()
    driver.start()
    try:
        return _obey(commands, driver, screen, now)
    finally:
        driver.close()


def _listen(lines: Iterable[str], commands: queue.SimpleQueue[_Command], driver: CheckInDriver) -> None:
    try:
        for line in lines:
            if line.strip():
                commands.put(_command(line))
                driver.nudge()
    except UnicodeDecodeError:
        commands.put(CommandError("the input is no UTF-8 text"))
    finally:
        commands.put(_EndOfInput())
        driver.nudge()


def _command(line: str) -> _Command:
    try:
        command = json.loads(line)
    except (ValueError, RecursionError):  # the latter: brackets in brackets in brackets
        return CommandError("this line is no JSON")
    if not isinstance(command, dict):
        return CommandError("a command is a JSON object")
    if set(command) <= {"wait_for", "timeout_s"} and isinstance(command.get("wait_for"), str):
        seconds = command.get("timeout_s", _LONGEST_WAIT_S)
        if isinstance(seconds, int | float) and 0 <= seconds <= 3_600:
            return _WaitFor(command["wait_for"], float(seconds))
        return CommandError("timeout_s is a number of seconds up to 3600")
    try:
        return event_from(command)
    except CommandError as error:
        return error


def _obey(
    commands: queue.SimpleQueue[_Command], driver: CheckInDriver, screen: _JsonScreen, now: Callable[[], float]
) -> int:
    while True:
        try:
            command = commands.get_nowait()
        except queue.Empty:
            driver.wait()
            continue
        match command:
            case _EndOfInput():
                driver.run_pending()
                return 0
            case CommandError():
                screen.write({"error": str(command)})
                return 64
            case _WaitFor(screen=name, timeout_s=timeout_s):
                if not _wait(name, now() + timeout_s, driver, screen, now):
                    screen.write({"error": f"the screen {screen.screen} did not become {name} in time"})
                    return 2
            case _:
                driver.post(command)
                driver.run_pending()


def _wait(name: str, end: float, driver: CheckInDriver, screen: _JsonScreen, now: Callable[[], float]) -> bool:
    while screen.screen != name:
        left = end - now()
        if left <= 0:
            return False
        driver.wait(left)
    return True
