"""Who is kept out and who is not: guessers and nurses, a hall full of phones, desks that are no more."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk_ui.service.crowd import Crowd
from kiosk_ui.service.queue.database import QueueDatabase
from kiosk_ui.service.queue.sign_in import Sessions
from tests.service.service_scene import (
    PIN,
    PIN_HASH,
    TOKENS,
    ManualClock,
    RunningService,
    Staff,
    desk,
    put,
    service_settings,
    ticket,
)

OTHER_PIN = "731946"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def running(tmp_path: Path, clock: ManualClock) -> Iterator[RunningService]:
    with RunningService(service_settings(tmp_path), clock) as service:
        yield service


@pytest.fixture
def client(running: RunningService) -> Iterator[httpx.Client]:
    with running.client() as found:
        yield found


def sessions_of(folder: Path, clock: ManualClock, **pins: str) -> contextlib.AbstractContextManager[Sessions]:
    """Sessions whose PINs are compared as they are: scrypt would take a minute for so many guesses."""

    @contextlib.contextmanager
    def opened() -> Iterator[Sessions]:
        with contextlib.closing(QueueDatabase.file(folder / "queue.sqlite")) as database:
            yield Sessions(database, pins, clock, check=str.__eq__)

    return opened()


# -------------------------------------------------------------------------------------- known browsers
def test_guessers_at_many_addresses_keep_no_nurse_out_of_her_own_desk(tmp_path: Path, clock: ManualClock) -> None:
    with sessions_of(tmp_path, clock, noi1=PIN) as sessions:
        known = sessions.sign_in("noi1", PIN, "10.0.0.5").device
        refused = 0
        for hour in range(24):
            for number in range(200):
                refused += sessions.sign_in("noi1", "000111", f"10.{hour}.1.{number}").wait_s > 0
            assert sessions.sign_in("noi1", PIN, "10.0.0.5").token is None, "a strange browser waits with the guessers"
            assert sessions.sign_in("noi1", PIN, "10.0.0.5", known).token is not None
            clock.advance(3600)
        assert refused > 24 * 190, "guessing is no faster than it was"


def test_a_known_browser_answers_for_its_own_slips(tmp_path: Path, clock: ManualClock) -> None:
    with sessions_of(tmp_path, clock, noi1=PIN) as sessions:
        stolen = sessions.sign_in("noi1", PIN, "10.0.0.5").device
        found = [sessions.sign_in("noi1", "000111", f"10.0.9.{number}", stolen).wait_s for number in range(8)]
        assert found[:5] == [0] * 5
        assert all(found[5:]), "another address makes no new browser"
        clock.advance(31)
        assert sessions.sign_in("noi1", PIN, "10.0.0.5", stolen).token is not None
        assert sessions.sign_in("noi1", "000111", "10.0.0.5", stolen).wait_s == 0, "and then it begins anew"


def test_a_browser_is_known_at_its_desk_until_the_pin_changes(tmp_path: Path, clock: ManualClock) -> None:
    with sessions_of(tmp_path, clock, noi1=PIN, noi2=PIN) as sessions:
        device = sessions.sign_in("noi1", PIN, "10.0.0.5").device
        assert sessions.knows("noi1", device)
        assert not sessions.knows("noi2", device)
        assert not sessions.knows("gone", device)
    with sessions_of(tmp_path, clock, noi1=PIN, noi2=PIN) as sessions:
        assert sessions.knows("noi1", device), "a restart makes nobody a stranger"
    with sessions_of(tmp_path, clock, noi1=OTHER_PIN) as sessions:
        assert not sessions.knows("noi1", device)


def test_who_got_in_by_an_old_pin_is_out_when_there_is_a_new_one(tmp_path: Path, clock: ManualClock) -> None:
    with sessions_of(tmp_path, clock, noi1=PIN, noi2=PIN) as sessions:
        tokens = [sessions.sign_in(desk, PIN, "10.0.0.5").token or "" for desk in ("noi1", "noi2")]
    with sessions_of(tmp_path, clock, noi1=PIN, noi2=PIN) as sessions:
        assert [sessions.desk_of(each) for each in tokens] == ["noi1", "noi2"], "a restart signs nobody out"
    with sessions_of(tmp_path, clock, noi1=OTHER_PIN, noi2=PIN) as sessions:
        assert [sessions.desk_of(each) for each in tokens] == [None, "noi2"]
        sessions.sign_out(tokens[1])
        assert sessions.desk_of(tokens[1]) is None


@given(st.text(max_size=120))
def test_no_made_up_word_makes_a_browser_known(word: str) -> None:
    sessions = Sessions(None, {"noi1": PIN_HASH}, ManualClock())  # type: ignore[arg-type] - nothing is stored here
    for device in (word, f"{'0' * 32}.{word}", f"{word}.{'0' * 64}"):
        assert not sessions.knows("noi1", device)


def test_the_browsers_word_is_for_the_panel_alone_and_nothing_in_it_tells_the_pin(client: httpx.Client) -> None:
    answer = client.post("/staff/api/sign-in", json={"desk": "noi1", "pin": PIN})
    (cookie,) = (each for each in answer.headers.get_list("set-cookie") if each.startswith("chipid_device_noi1="))
    for part in ("HttpOnly", "SameSite=strict", "Path=/staff"):
        assert part.lower() in cookie.lower()
    assert PIN not in cookie
    for part in PIN_HASH.split(":")[1:]:
        assert part not in cookie
    for _ in range(7):
        with httpx.Client(base_url=client.base_url, trust_env=False) as stranger:
            stranger.post("/staff/api/sign-in", json={"desk": "noi1", "pin": "000111"})
    assert client.post("/staff/api/sign-in", json={"desk": "noi1", "pin": PIN}).status_code == 200
    with httpx.Client(base_url=client.base_url, trust_env=False) as stranger:
        assert stranger.post("/staff/api/sign-in", json={"desk": "noi1", "pin": PIN}).status_code == 429


# ------------------------------------------------------------------------------------- a hall of phones
def test_a_screen_that_shows_the_newest_already_gets_no_body(client: httpx.Client, clock: ManualClock) -> None:
    first = client.get("/call/state")
    assert first.headers["Cache-Control"] == "public, max-age=1"
    tag = {"If-None-Match": f'"another", {first.headers["ETag"]}'}
    clock.advance(5)
    same = client.get("/call/state", headers=tag)
    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert client.get("/call/state?queues=mat", headers=tag).status_code == 304, "it looks the same"
    put(client, ticket("A001"))
    Staff(client, "noi1").call_next()
    clock.advance(2)
    changed = client.get("/call/state", headers=tag)
    assert changed.status_code == 200
    assert changed.json()["calls"][0]["label"] == "A001"


def test_a_hall_full_of_phones_takes_no_place_from_kiosks_and_desks(running: RunningService) -> None:
    look = b"GET /call/state HTTP/1.1\r\nHost: x\r\n\r\n"
    kept = let_go = 0
    with contextlib.ExitStack() as phones:
        for _ in range(340):
            phone = phones.enter_context(socket.create_connection(("127.0.0.1", running.port), timeout=20))
            phone.sendall(look)
            head = phone.recv(4096).lower()
            assert head.startswith(b"http/1.1 200"), "nobody is turned away"
            if b"connection: close" in head:
                let_go += 1
            else:
                kept += 1
        assert 0 < kept < 300
        assert let_go >= 40
        with running.client() as kiosk:
            assert put(kiosk, ticket("A001")).status_code == 201
            assert put(kiosk, ticket("A002")).headers.get("connection") is None, "whoever works here keeps a connection"
            assert Staff(kiosk, "noi1").call_next() is not None
    assert not running.service.crowd.is_crowded("10.0.0.1")


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abc")), max_size=200))
def test_the_count_of_connections_is_right_after_any_coming_and_going(steps: list[tuple[bool, str]]) -> None:
    crowd, there = Crowd(), dict.fromkeys("abc", 0)
    for comes, address in steps:
        if comes:
            there[address] += 1
            assert crowd.opened(address) == there[address]
        elif there[address]:
            there[address] -= 1
            crowd.closed(address)
    for address, count in there.items():
        assert crowd.is_crowded(address) == (count >= 40)


# --------------------------------------------------------------------------------------- removed desks
def test_what_was_called_at_a_desk_that_is_no_more_is_ended_by_another(tmp_path: Path, clock: ManualClock) -> None:
    with RunningService(service_settings(tmp_path), clock) as before, before.client() as client:
        put(client, ticket("A001"))
        put(client, ticket("A002"))
        assert Staff(client, "noi1").call_next()["label"] == "A001"  # type: ignore[index]
    fewer = service_settings(tmp_path, desks=[desk("noi2", ("noi",)), desk("mat1", ("mat",))])
    with RunningService(fewer, clock) as after, after.client() as client, after.client() as other:
        assert Staff(other, "mat1").state()["stranded"] == [], "another department's is not theirs"
        staff = Staff(client, "noi2")
        (left,) = staff.state()["stranded"]
        assert (left["label"], left["desk"]) == ("A001", "noi1")
        body: dict[str, object] = {"key": left["key"], "revision": left["revision"], "action": "serve"}
        assert staff.post("act", body).json()["entry"]["state"] == "served"
        assert staff.state()["stranded"] == []
        assert staff.call_next()["label"] == "A002"  # type: ignore[index]


def test_a_number_that_another_desk_is_at_is_not_stranded(client: httpx.Client, running: RunningService) -> None:
    put(client, ticket("A001"))
    Staff(client, "noi1").call_next()
    with running.client() as other:
        staff = Staff(other, "noi2")
        assert staff.state()["stranded"] == []
        at = Staff(client, "noi1").state()["current"]
        body: dict[str, object] = {"key": at["key"], "revision": at["revision"], "action": "serve"}
        assert staff.post("act", body).status_code == 409


# -------------------------------------------------------------------------------------------- holders
def bearer(name: str = "kiosk-1") -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKENS[name]}"}


def marks(client: httpx.Client, name: str = "kiosk-1") -> list[tuple[str, str]]:
    found = client.get("/queue/2026-03-02/holders", headers=bearer(name)).json()["holders"]
    return [(each["number"], each["checked"]) for each in found]


def test_staff_see_whether_the_holder_was_checked_and_the_kiosk_hears_of_it(client: httpx.Client) -> None:
    put(client, ticket("A001", holder_checked="none"))
    put(client, ticket("A002", holder_checked="matcher"))
    put(client, ticket("A003"))  # of a kiosk that says nothing
    staff = Staff(client, "noi1")
    staff.call_next()
    state = staff.state()
    assert state["holder_checked"] == "none"
    at = state["current"]
    body: dict[str, object] = {"key": at["key"], "revision": at["revision"], "checked": True}
    assert staff.post("holder", body).json() == {"holder_checked": "staff"}
    assert staff.post("holder", body).json() == {"holder_checked": "staff"}, "pressed twice it is the same"
    assert staff.state()["holder_checked"] == "staff"
    assert marks(client) == [("A001", "staff")]
    assert marks(client, "kiosk-2") == [], "another kiosk's numbers are not its own"
    assert staff.post("holder", {**body, "checked": False}).status_code == 200
    assert marks(client) == [("A001", "none")], "a slip of the finger is told, too"
    for label, holder in (("A002", "matcher"), ("A003", None)):
        staff.call_next()
        state = staff.state()
        assert (state["current"]["label"], state["holder_checked"]) == (label, holder)
        at = state["current"]
        answer = staff.post("holder", {"key": at["key"], "revision": at["revision"], "checked": True})
        assert answer.json() == {"error": "queue.action_not_allowed"}
    assert marks(client) == [("A001", "none")]


def test_a_mark_on_a_number_that_a_kiosk_drew_twice_is_told_of_neither(client: httpx.Client) -> None:
    """Its store was lost: the new A001 is another person than the one whose face was compared."""
    put(client, ticket("A001", holder_checked="none"))
    put(client, ticket("A002", holder_checked="none"))
    staff = Staff(client, "noi1")
    for _ in range(2):
        staff.call_next()
        at = staff.state()["current"]
        staff.post("holder", {"key": at["key"], "revision": at["revision"], "checked": True})
    assert marks(client) == [("A001", "staff"), ("A002", "staff")]
    put(client, ticket("A001", holder_checked="none"))
    assert marks(client) == [("A002", "staff")]


def test_nobody_vouches_for_a_person_who_is_not_there(client: httpx.Client, running: RunningService) -> None:
    put(client, ticket("A001", holder_checked="none"))
    put(client, ticket("A002", holder_checked="none"))
    staff = Staff(client, "noi1")
    staff.call_next()
    at, waiting = staff.state()["current"], staff.state()["following"][0]
    for entry, changes in ((waiting, {}), (at, {"revision": at["revision"] + 1}), (at, {"key": "0" * 32})):
        body = {"key": entry["key"], "revision": entry["revision"], "checked": True, **changes}
        assert staff.post("holder", body).status_code in (404, 409)
    with running.client() as other:
        body = {"key": at["key"], "revision": at["revision"], "checked": True}
        assert Staff(other, "noi2").post("holder", body).status_code == 409
        assert other.get("/queue/2026-03-02/holders").status_code == 401
        assert other.get("/queue/yesterday/holders", headers=bearer()).status_code == 404
    assert marks(client) == []
