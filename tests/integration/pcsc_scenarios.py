"""Scenarios with a real pcscd, run by ``test_pcsc_in_anger.py``: pcsc_scenarios.py "NAME ARGUMENT …" …

All in one process, which talks to one PC/SC service for good and must go on with it through everything.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator

from pcsc_scene import (
    FOLDER,
    NEVER,
    SECOND_READER,
    SELECT_APPLICATION,
    Events,
    Hand,
    Scene,
    code_of,
    is_of,
    nothing_left,
    read,
    take,
    wait_until,
)

from crypto.errors import ChipIdError
from reader import errors
from reader.progress import ProgressEvent, ReadingPhase
from reader.transport.base import CardTransport, ReturningCard

SHORT_WAIT_S = 0.8


def warm_up(scene: Scene, hand: Hand) -> None:
    """One reading, so that everything is imported and nothing counts as left behind that is merely loaded."""
    hand.lay("an")
    with take(scene.slots[0]) as card:
        assert is_of(read(card, "an"), "an")


def the_service_dies_and_comes_back(scene: Scene) -> None:
    """With a card in mid-reading: the reading ends with one clear error, the monitor goes on, and so does the program."""
    from reader.transport.monitor import ReaderMonitor
    from reader.transport.pcsc import list_readers

    hand, slot, events = scene.hand(), scene.slots[0], Events()
    warm_up(scene, hand)
    with nothing_left(), ReaderMonitor(events):
        events.expect("card_placed", slot)
        for _ in range(2):
            with take(slot) as card:
                assert code_of(lambda: read_and_crash(scene, card)) == "reader.service_down"
                assert code_of(card.reset) == "reader.service_down"
            assert code_of(list_readers) == "reader.service_down"
            before = events.expect("service_down")
            assert {"card_removed", "reader_gone"} <= set(before), "cards and readers of a dead service are gone"
            scene.service.restart()
            events.expect("service_up")
            events.expect("card_placed", slot)
            with take(slot) as card:
                assert is_of(read(card, "an"), "an")


def a_reading_outlives_its_service(scene: Scene) -> None:
    """Where somebody waits for the card: the service is started again, and the reading goes on where it stopped."""
    from reader.transport import PcscReturning

    class RestartedFirst:
        def wait(self, timeout_s: float, cancel: threading.Event) -> CardTransport:
            scene.service.restart()
            return place.wait(timeout_s, cancel)

    hand, slot = scene.hand(), scene.slots[0]
    warm_up(scene, hand)
    kills: Iterator[Callable[[], None]] = iter([scene.service.kill])

    def crash(event: ProgressEvent) -> None:
        if event.phase is ReadingPhase.READING_FILE and event.file == "DG13":
            next(kills, lambda: None)()

    with nothing_left(), take(slot) as card:
        place = PcscReturning(slot)
        assert is_of(read(card, "an", on_progress=crash, comes_back=RestartedFirst()), "an")
    assert next(kills, None) is None, "it was killed"


def read_and_crash(scene: Scene, card: CardTransport) -> None:
    def crash(event: ProgressEvent) -> None:
        if event.phase is ReadingPhase.READING_FILE:
            scene.service.kill()

    read(card, "an", on_progress=crash)


def a_reader_is_unplugged_and_plugged_in_again(scene: Scene) -> None:
    """The other one goes on; the one that was gone is used again by the same program."""
    from reader.transport import PcscReturning
    from reader.transport.monitor import ReaderMonitor

    first, second, events = scene.hand(0), scene.hand(2), Events()
    warm_up(scene, first)
    second.lay("quy")
    with nothing_left(), ReaderMonitor(events):
        events.expect("card_placed", SECOND_READER)
        place = PcscReturning("second pcd 00 00")
        card = place.wait(20, NEVER)
        blocker = scene.unplug_second_reader()
        assert code_of(lambda: card.transmit(SELECT_APPLICATION)) == "reader.service_down"
        card.close()
        before = events.expect("service_up")
        assert before.count("reader_gone") == 4
        events.expect("card_placed", scene.slots[0])
        assert code_of(lambda: take_at_once(SECOND_READER)) == "reader.not_found"
        assert code_of(lambda: place.wait(SHORT_WAIT_S, NEVER)) == "reader.not_found"
        with take(scene.slots[0]) as card:
            assert is_of(read(card, "an"), "an")
        scene.plug_second_reader(blocker)
        events.expect("reader_arrived", SECOND_READER)
        with place.wait(20, NEVER) as card:
            assert is_of(read(card, "quy"), "quy")


def take_at_once(reader_name: str) -> CardTransport:
    from reader.transport import open_pcsc

    return open_pcsc(reader_name)


def cards_in_a_row(scene: Scene, count: str) -> None:
    """Each is read as who it is, whoever was there before, and nothing piles up."""
    people = ["an", "quy", "can-cuoc-2024", "aes256"]
    hand = scene.hand()
    warm_up(scene, hand)
    with nothing_left():
        for number in range(int(count)):
            person = people[number % len(people)]
            hand.lift()
            hand.lay(person)
            with take(scene.slots[0]) as card:
                assert is_of(read(card, person), person), (number, person)


def two_readers_at_once(scene: Scene) -> None:
    """Two threads, two cards: each gets its own person, every time."""
    hands, people = (scene.hand(0), scene.hand(1)), ("an", "quy")
    warm_up(scene, hands[0])
    wrong: list[str] = []

    def read_often(slot: int) -> None:
        for _ in range(4):
            with take(scene.slots[slot]) as card:
                if not is_of(read(card, people[slot]), people[slot]):
                    wrong.append(people[slot])

    for hand, person in zip(hands, people, strict=True):
        hand.lay(person)
    with nothing_left():
        threads = [threading.Thread(target=read_often, args=(slot,)) for slot in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong


@contextlib.contextmanager
def another_program(reader_name: str, share: str) -> Iterator[None]:
    """Holds the card, selects the identity application, and in the end leaves it selected."""
    words = [sys.executable, str(FOLDER / "pcsc_holder.py"), reader_name, share]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        assert program.stdout.readline().strip() == "9000"
        yield
        program.communicate()


def another_program_holds_the_card(scene: Scene) -> None:
    """Alone or shared: it is told, nothing is forced, and when it lets go the card is read from a clean start."""
    from reader.transport import PcscReturning
    from reader.transport.monitor import ReaderMonitor
    from reader.transport.pcsc import list_readers

    hand, slot, events = scene.hand(), scene.slots[0], Events()
    warm_up(scene, hand)
    with nothing_left(), ReaderMonitor(events):
        events.expect("card_placed", slot)
        for share in ("exclusive", "shared"):
            with another_program(slot, share):
                events.expect("card_in_use", slot)
                assert [info.state.value for info in list_readers()] == ["in_use", "empty", "empty", "empty"]
                assert code_of(lambda: take_at_once(slot)) == "card.in_use"
                assert code_of(lambda: PcscReturning(slot).wait(SHORT_WAIT_S, NEVER)) == "card.in_use"
            events.expect("card_free", slot)
            with take_at_once(slot) as card:
                assert is_of(read(card, "an"), "an")
                assert [info.state.value for info in list_readers()] == ["card", "empty", "empty", "empty"], (
                    "our own hold is none"
                )
        hand.lift()
        before = events.expect("card_removed", slot)
        assert before == [], "what we hold ourselves is never told as in use"


def a_slow_card_can_be_stopped_within_one_command(scene: Scene) -> None:
    """Two seconds for each command, as with many waiting-time extensions: the command under way is the last one.

    Waiting for a card can be stopped, too.
    """
    from reader.transport import PcscReturning

    hand, slot = scene.hand(), scene.slots[0]
    with nothing_left():
        cancel = threading.Event()
        stop = threading.Timer(0.3, cancel.set)
        stop.start()
        with contextlib.suppress(errors.Cancelled):
            PcscReturning(slot).wait(600, cancel)
            raise AssertionError("there is no card")
        stop.join()
    warm_up(scene, hand)
    hand.lay("an", delay_s=2)
    with nothing_left(), take(slot) as card:
        cancel = threading.Event()
        reading = threading.Thread(target=read_until_stopped, args=(card, cancel))
        reading.start()
        wait_until(lambda: hand.commands == 1)
        cancel.set()
        reading.join()
        assert hand.commands == 1
    hand.lay("an")
    with take(slot) as card:
        assert is_of(read(card, "an"), "an")


def read_until_stopped(card: CardTransport, cancel: threading.Event) -> None:
    with contextlib.suppress(errors.Cancelled):
        read(card, "an", cancel=cancel)


def a_torn_card_comes_back(scene: Scene, *tears: str) -> None:
    """Torn away at that command, after so many octets of its answer, and laid down again: the reading goes on.

    Args:
        scene: the desk.
        tears: ``COMMAND:OCTETS``; ``every`` stands for each tenth command.
    """
    from reader.transport import PcscReturning

    hand, slot = scene.hand(), scene.slots[0]
    warm_up(scene, hand)
    commands = hand.commands
    with nothing_left():
        for number, octets in tears_of(tears, commands):
            hand.lay("an", tear_at=number, tear_after=octets)
            with take(slot) as card:
                laying = threading.Thread(target=lay_when_torn, args=(hand,))
                laying.start()
                outcome = read(card, "an", comes_back=PcscReturning(slot))
                laying.join()
                assert is_of(outcome, "an"), (number, octets)


def tears_of(tears: tuple[str, ...], commands: int) -> Iterator[tuple[int, int]]:
    """Those that lie within a reading of so many commands."""
    for tear in tears:
        number, _, octets = tear.partition(":")
        for each in range(1, commands + 1, 10) if number == "every" else (int(number),):
            if each <= commands:
                yield each, int(octets)


def another_card_comes_back(scene: Scene) -> None:
    """Somebody else's is refused at once, as another one; nothing of the two is put together."""
    from reader.transport import PcscReturning

    hand, slot = scene.hand(), scene.slots[0]
    warm_up(scene, hand)
    for number, octets in ((hand.commands - 3, 0), (hand.commands - 8, 7)):
        hand.lay("an", tear_at=number, tear_after=octets)
        with take(slot) as card:
            laying = threading.Thread(target=lay_when_torn, args=(hand, "quy"))
            laying.start()
            # its number opens nothing here: told as another card, or as one that this number does not open
            assert protocol_code_of(card, PcscReturning(slot)) in ("card.another", "access.wrong_key")
            laying.join()


def protocol_code_of(card: CardTransport, comes_back: ReturningCard) -> str:
    try:
        read(card, "an", comes_back=comes_back)
    except errors.ProtocolError as error:
        return error.code.name
    return ""


def lay_when_torn(hand: Hand, card: str = "an") -> None:
    wait_until(lambda: hand.has_torn)
    hand.lay(card)


def a_card_falls_silent(scene: Scene) -> None:
    """It falls silent until it is lifted: that is told, and the next card is read."""
    from reader.transport.monitor import ReaderMonitor

    hand, slot, events = scene.hand(), scene.slots[0], Events()
    warm_up(scene, hand)
    hand.lift()
    with nothing_left(), ReaderMonitor(events):
        hand.lay("an", mute=True)
        with take(slot) as card:
            lifting = threading.Timer(1, hand.lift)
            lifting.start()
            assert code_of(lambda: read(card, "an")) == "card.removed"
            lifting.join()
        events.expect("card_removed", slot)
        hand.lay("an")
        events.expect("card_placed", slot)
        with take(slot) as card:
            assert is_of(read(card, "an"), "an")


SCENARIOS = {
    scenario.__name__: scenario
    for scenario in (
        the_service_dies_and_comes_back,
        a_reading_outlives_its_service,
        a_reader_is_unplugged_and_plugged_in_again,
        cards_in_a_row,
        two_readers_at_once,
        another_program_holds_the_card,
        a_slow_card_can_be_stopped_within_one_command,
        a_card_falls_silent,
        a_torn_card_comes_back,
        another_card_comes_back,
    )
}


def main(orders: list[str]) -> None:
    """One after the other in one process, each from empty readers; what came of each is printed as a line of JSON."""
    with Scene() as scene:
        for order in orders:
            name, *arguments = order.split()
            try:
                SCENARIOS[name](scene, *arguments)
                scene.clear()
            except (ChipIdError, AssertionError, OSError):
                sys.stdout.write(json.dumps({"scenario": name, "problem": traceback.format_exc()}) + "\n")
            else:
                sys.stdout.write(json.dumps({"scenario": name, "problem": ""}) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
