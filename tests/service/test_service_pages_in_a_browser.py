"""The pages as people meet them: in a real browser, by key and by finger, while the service comes and goes."""

from __future__ import annotations

import datetime as dt
import itertools
import os
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk_ui.app.domain.check_in import reference_of
from tests.service.service_scene import (
    NOW,
    PIN,
    RunningService,
    Staff,
    desk,
    put,
    service_settings,
    ticket,
)
from tests.service.web_browser import Browser, missing_browser

pytestmark = pytest.mark.slow
MM_PER_PX_OF_A_TABLET = 25.4 / 160  # Android's reference density; others have larger pixels


@pytest.fixture(scope="module")
def has_browser() -> None:
    reason = missing_browser()
    if reason is not None:
        if os.environ.get("CI", "").lower() in {"1", "true", "yes"}:
            pytest.fail(f"CI must try the pages in a browser: {reason}", pytrace=False)
        pytest.skip(reason)


@pytest.fixture(scope="module")
def browser(has_browser: None) -> Iterator[Browser]:
    with Browser() as found:
        yield found


@pytest.fixture(scope="module")
def tablet(has_browser: None) -> Iterator[Browser]:
    with Browser(1280, 800, touch=True) as found:
        yield found


@pytest.fixture
def hurried(browser: Browser) -> Iterator[Browser]:
    """For what a page does after seconds."""
    with browser.hurried():
        yield browser


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningService]:
    with RunningService(service_settings(tmp_path)) as service:
        yield service


def fill(running: RunningService, count: int = 6) -> None:
    priorities = {2: "age", 4: "pregnant"}
    with running.client() as client:
        for number in range(1, count + 1):
            drawn = (NOW - dt.timedelta(minutes=30 - number)).isoformat()
            body = ticket(
                f"A{number:03d}", priority=priorities.get(number, "none"), issued_at=drawn, holder_checked="none"
            )
            put(client, body).raise_for_status()


def sign_in(browser: Browser, running: RunningService, desk: str, pin: str = PIN) -> None:
    browser.open(f"{running.url}/staff")
    browser.wait_for(
        "document.querySelector('#desk')?.options.length > 0 && !document.querySelector('#sign-in').hidden"
    )
    browser.script("document.querySelector('#desk').value = arguments[0]", desk)
    browser.type("#pin", pin)
    browser.press("Enter")


def label_is(browser: Browser, label: str) -> None:
    browser.wait_for("document.querySelector('#current-label').innerText === arguments[0]", label)


# ---------------------------------------------------------------------------------------- call screen
def test_the_hall_sees_who_is_called_where_and_who_is_next(hurried: Browser, running: RunningService) -> None:
    browser = hurried
    fill(running)
    browser.open(f"{running.url}/call")
    browser.wait_for("document.querySelector('#following').innerText.includes('A002')")
    assert browser.is_shown("#nobody")
    assert "Please wait" in browser.text("#nobody")
    with running.client() as client, running.client() as other:
        Staff(client, "noi1").call_next()
        Staff(other, "noi2").call_next()
    browser.wait_for("document.querySelector('#number').innerText === 'A001'", seconds=30)  # after A002 had its time
    assert (browser.text("#place"), browser.text("#place-2")) == ("Phòng 102", "Room 102")
    assert "A002" in browser.text("#calls")
    assert browser.script("return document.querySelector('#now-title [lang=en]').innerText") == "Now calling"
    assert browser.script("return document.querySelector('#place-2').lang") == "en"
    assert "Mời số A001" in browser.script("return document.querySelector('#spoken').textContent")
    assert browser.text("#clock") == "08:30"
    assert browser.text("#following").split()[:2] == ["A003", "A004"]
    assert browser.complaints() == []


def test_a_number_reads_from_ten_metres(browser: Browser, running: RunningService) -> None:
    fill(running, 1)
    with running.client() as client:
        Staff(client, "noi1").call_next()
    browser.open(f"{running.url}/call")
    browser.wait_for("document.querySelector('#number').innerText === 'A001'")
    sizes = browser.script(
        "return Object.fromEntries(['#number', '#place', '.label', '#calls .place', '#following'].map(s => "
        "[s, document.querySelector(s) ? parseFloat(getComputedStyle(document.querySelector(s)).fontSize) : null]))"
    )
    # A 43-inch screen is 535 mm high; capitals have 0.71 of the size. 0.3 degrees at 10 m are 52 mm, 0.15 are 26 mm.
    mm = {name: size / 1080 * 535 * 0.71 for name, size in sizes.items() if size}
    assert mm["#number"] > 100
    assert mm["#place"] > 26
    assert mm["#following"] > 26
    fits = "return document.querySelector('#now').scrollHeight <= document.querySelector('#now').clientHeight + 1"
    assert browser.script(fits)


def test_a_lost_service_is_said_and_a_new_one_is_found(hurried: Browser, tmp_path: Path) -> None:
    browser = hurried
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = service_settings(tmp_path)
    with RunningService(settings, port=port) as first:
        fill(first)
        with first.client() as client:
            Staff(client, "noi1").call_next()
        browser.open(f"{first.url}/call")
        browser.wait_for("document.querySelector('#number').innerText === 'A002'")
        assert not browser.is_shown("#offline")
    browser.wait_for("!document.querySelector('#offline').hidden", seconds=30)
    assert "No connection" in browser.text("#offline")
    assert browser.text("#number") == "A002", "what was called stays readable"
    browser.complaints()  # the browser's own words about requests that failed
    with RunningService(settings, port=port) as second, second.client() as client:
        Staff(client, "noi2").call_next()
        browser.wait_for("document.querySelector('#offline').hidden", seconds=30)
        browser.wait_for("document.querySelector('#number').innerText === 'A001'", seconds=30)


# --------------------------------------------------------------------------------------------- panel
def test_a_desk_works_by_keys_alone(browser: Browser, running: RunningService) -> None:
    fill(running)
    sign_in(browser, running, "noi1")
    browser.wait_for("!document.querySelector('#panel').hidden")
    assert browser.script("return document.activeElement.id") == "next"
    browser.press("F2")
    label_is(browser, "A002")
    browser.press("F8")
    browser.wait_for("document.querySelector('#skipped').innerText.includes('A002')")
    browser.press("Enter")  # the focus stayed on "next"
    label_is(browser, "A001")
    browser.press("F4")
    browser.wait_for("document.querySelector('#current-notes').innerText.includes('2')")
    browser.press("F9")
    browser.wait_for("document.querySelector('#done').innerText.includes('A001')")
    reached = set()
    for _ in range(40):
        browser.press("Tab")
        name, visible = browser.script(
            "const e = document.activeElement; return [e.id || e.dataset.focus, "
            "e === document.body || getComputedStyle(e).outlineWidth === '4px']"
        )
        reached.add(name)
        assert visible, "whoever works by keys sees where they are"
    assert {"next", "find", "emergency", "theme", "language", "sign-out"} <= reached


def test_staff_confirm_a_priority_find_a_slip_and_add_an_emergency(browser: Browser, running: RunningService) -> None:
    fill(running)
    check_in = uuid.uuid4()
    with running.client() as client:
        put(client, ticket("Q001", kind="counter", department="counter"), check_in).raise_for_status()
    sign_in(browser, running, "quay")
    browser.wait_for("document.querySelector('#asked').innerText.includes('A004')")
    assert "Mang thai" in browser.text("#asked")
    browser.click("#asked button")
    browser.wait_for("document.querySelector('#asked-part').hidden")
    reference = reference_of(check_in)
    browser.type("#find", reference.lower())
    browser.press("Enter")
    browser.wait_for("document.querySelector('#found').innerText.includes('Q001')")
    link = "return document.querySelector('#found a').href"
    assert browser.script(link) == f"https://his.hospital.example/check-in?ref={reference}"
    browser.click("#emergency")
    browser.wait_for("document.querySelector('#sure').open")
    browser.click("#sure button[value=yes]")
    browser.wait_for("document.querySelector('#following').innerText.includes('CC001')")
    browser.press("F2")
    label_is(browser, "CC001")


def test_staff_say_that_they_compared_the_person_with_the_photo(browser: Browser, running: RunningService) -> None:
    with running.client() as client:
        for number, holder in (("A001", "none"), ("A002", "matcher")):
            put(client, ticket(number, holder_checked=holder)).raise_for_status()
        put(client, ticket("A003")).raise_for_status()
    sign_in(browser, running, "noi1")
    browser.wait_for("!document.querySelector('#panel').hidden")
    assert not browser.is_shown("#holder"), "nobody is there"
    browser.press("F2")
    label_is(browser, "A001")
    browser.wait_for("document.querySelector('#holder-words').innerText.includes('Chưa đối chiếu')")
    browser.click("#holder-change")
    browser.wait_for("document.querySelector('#holder-words').innerText.includes('Nhân viên đã đối chiếu')")
    assert browser.text("#holder-change") == "Bỏ đánh dấu"
    browser.press("F2")
    label_is(browser, "A002")
    browser.wait_for("document.querySelector('#holder-words').innerText.includes('Máy đã đối chiếu')")
    assert not browser.is_shown("#holder-change")
    browser.press("F9")  # and not "next" twice within a second: that would be a double click
    browser.wait_for("document.querySelector('#done').innerText.includes('A002')")
    browser.press("F2")
    label_is(browser, "A003")
    browser.wait_for("document.querySelector('#holder').hidden")


def test_what_a_removed_desk_was_at_can_be_ended_here(browser: Browser, tmp_path: Path) -> None:
    with RunningService(service_settings(tmp_path)) as before, before.client() as client:
        fill(before, 1)
        Staff(client, "noi2").call_next()
    with RunningService(service_settings(tmp_path, desks=[desk("noi1", ("noi",))])) as after:
        sign_in(browser, after, "noi1")
        browser.wait_for("document.querySelector('#held').innerText.includes('A001')")
        browser.click("#held button")
        browser.wait_for("document.querySelector('#done').innerText.includes('A001')")
        assert "A001" not in browser.text("#held")


def test_names_and_rooms_of_the_settings_are_words_and_never_markup(browser: Browser, tmp_path: Path) -> None:
    evil = "<img src=x onerror=document.title='taken'><b>'\"&amp;"
    desks = [{**desk("noi1", ("noi",), evil, evil), "name": evil}]
    with RunningService(service_settings(tmp_path, desks=desks, hospital=evil)) as running:
        fill(running, 2)
        sign_in(browser, running, "noi1")
        browser.wait_for("!document.querySelector('#panel').hidden")
        assert evil in browser.script("return document.querySelector('#desk-name').textContent")
        browser.press("F2")
        label_is(browser, "A002")
        browser.open(f"{running.url}/call")
        browser.wait_for("document.querySelector('#number').innerText === 'A002'")
        assert browser.script("return document.querySelector('#place').textContent") == evil
        assert browser.script("return document.querySelectorAll('img, b').length") == 0
        assert "taken" not in browser.script("return document.title")
        assert [each for each in browser.complaints() if "Security" in each or "/x" in each] == []


def test_a_phone_asks_less_often_and_gets_no_body_while_nothing_changes(
    hurried: Browser, running: RunningService
) -> None:
    browser = hurried
    fill(running, 3)
    with browser.sized(412, 860):
        browser.open(f"{running.url}/call")
        browser.wait_for("document.querySelector('#following').innerText.includes('A002')")
        browser.script(
            "window.statuses = []; const plain = window.fetch; window.fetch = async (...all) => "
            "{ const answer = await plain(...all); window.statuses.push(answer.status); return answer; }"
        )
        browser.wait_for("window.statuses.length >= 2", seconds=40)
        assert set(browser.script("return window.statuses")) == {304}
        with running.client() as client:
            Staff(client, "noi1").call_next()
        browser.wait_for("document.querySelector('#number').innerText === 'A002'", seconds=40)
        assert browser.script("return document.querySelector('#offline').hidden")


def test_a_wrong_pin_is_said_and_guessing_is_stopped_with_the_time_to_wait(
    browser: Browser, running: RunningService
) -> None:
    sign_in(browser, running, "noi1", "000111")
    browser.wait_for("document.querySelector('#pin-problem').innerText.includes('không đúng')")
    assert browser.script("return document.querySelector('#pin').value") == ""
    # From this very browser: it may be known at the desk, and then others' guesses are not its own.
    browser.script(
        "window.guesses = 0; for (let i = 0; i < 4; i += 1) fetch('/staff/api/sign-in', {method: 'POST', headers: "
        "{'Content-Type': 'application/json'}, body: JSON.stringify({desk: 'noi1', pin: '000111'})})"
        ".then(() => { window.guesses += 1; })"
    )
    browser.wait_for("window.guesses === 4")
    browser.type("#pin", PIN)
    browser.press("Enter")
    browser.wait_for(r"/Chờ \d+ giây/.test(document.querySelector('#pin-problem').innerText)")
    assert not browser.is_shown("#panel")


def test_two_panels_of_one_desk_call_one_person(browser: Browser, running: RunningService) -> None:
    fill(running)
    sign_in(browser, running, "noi1")
    browser.wait_for("!document.querySelector('#panel').hidden")
    with running.client() as client:
        Staff(client, "noi1").call_next()
        browser.press("F2")  # at most two seconds behind
        label_is(browser, "A002")
        assert Staff(client, "noi1").state()["waiting"] in (4, 5)


def test_a_double_click_calls_one_person(browser: Browser, running: RunningService) -> None:
    fill(running)
    sign_in(browser, running, "noi1")
    browser.wait_for("!document.querySelector('#panel').hidden")
    browser.script(
        "document.querySelector('#next').click(); window.again = 0; const timer = setInterval(() => {"
        "if (document.querySelector('#current-label').innerText !== 'A002' || document.body.hasAttribute('data-busy')) return;"
        "document.querySelector('#next').click(); window.again += 1; if (window.again === 3) clearInterval(timer); }, 20)"
    )
    browser.wait_for("window.again === 3 && !document.body.hasAttribute('data-busy')")
    label_is(browser, "A002")
    with running.client() as client:
        state = Staff(client, "noi1").state()
    assert (state["current"]["label"], state["done"]) == ("A002", [])


def test_at_twice_the_size_nothing_of_the_panel_is_lost(browser: Browser, running: RunningService) -> None:
    """WCAG 2.2, 1.4.4 and 1.4.10: a window of 1920 by 1080 at 200 % has 960 by 540 pixels of the page."""
    fill(running)
    sign_in(browser, running, "noi1")
    browser.wait_for("document.querySelector('#asked').innerText.includes('A004')")
    with browser.sized(960, 540):
        assert browser.script("return document.documentElement.scrollWidth <= innerWidth")
        cut = browser.script(
            "return [...document.querySelectorAll('button, select, input, a, .label, h1, h2')].filter(e => "
            "e.checkVisibility() && (e.getBoundingClientRect().right > innerWidth || e.scrollWidth > e.clientWidth + 2))"
            ".map(e => e.outerHTML)"
        )
        assert cut == []
        browser.click("#next")  # reached and not covered
        label_is(browser, "A002")


@pytest.mark.parametrize("language", ["vi", "en", "fr"])
def test_every_target_is_large_enough_for_a_finger(tablet: Browser, running: RunningService, language: str) -> None:
    fill(running)
    sign_in(tablet, running, "noi1")
    tablet.wait_for("document.querySelector('#asked').innerText.includes('A004')")
    tablet.press("F2")
    label_is(tablet, "A002")
    tablet.wait_for("!document.querySelector('#holder').hidden")
    tablet.script(
        "const s = document.querySelector('#language'); s.value = arguments[0]; s.dispatchEvent(new Event('change'))",
        language,
    )
    tablet.wait_for("document.documentElement.lang === arguments[0]", language)
    boxes = tablet.script(
        "return [...document.querySelectorAll('button, select, input, a')].filter(e => e.checkVisibility()).map(e => "
        "{const b = e.getBoundingClientRect(); return [e.id || e.innerText, b.x, b.y, b.width, b.height]})"
    )
    assert len(boxes) > 15
    small = [box for box in boxes if min(box[3], box[4]) * MM_PER_PX_OF_A_TABLET < 15]
    assert small == []
    for one, two in itertools.combinations(boxes, 2):
        apart_x = max(one[1], two[1]) - min(one[1] + one[3], two[1] + two[3])
        apart_y = max(one[2], two[2]) - min(one[2] + one[4], two[2] + two[4])
        assert max(apart_x, apart_y) >= 6, f"{one[0]} and {two[0]} are too close"
    assert tablet.script("return document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"
    next_button = next(box for box in boxes if box[0] == "next")
    assert next_button[2] + next_button[4] <= 800, "the next step is seen without scrolling"
    assert "undefined" not in tablet.text("body")


_CONTRASTS = """
const channel = v => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
const light = c => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
const parts = s => s.match(/[\\d.]+/g).map(Number);
const behind = e => { for (; e; e = e.parentElement) { const c = parts(getComputedStyle(e).backgroundColor);
  if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
const found = [];
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {
  const e = walk.currentNode.parentElement;
  if (!walk.currentNode.textContent.trim() || !e.checkVisibility() || e.closest('.unseen') || e.tagName === 'OPTION') continue;
  const [a, b] = [light(parts(getComputedStyle(e).color)), light(behind(e))];
  found.push([(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), walk.currentNode.textContent.trim()]);
}
return found;
"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_word_has_contrast_in_both_themes(browser: Browser, running: RunningService, theme: str) -> None:
    """WCAG 2.2, 1.4.6: 7:1."""
    fill(running)
    sign_in(browser, running, "noi1")
    browser.wait_for("document.querySelector('#asked').innerText.includes('A004')")
    browser.press("F2")
    label_is(browser, "A002")
    browser.script("document.documentElement.dataset.theme = arguments[0]", theme)
    panel = browser.script(_CONTRASTS)
    browser.open(f"{running.url}/call?theme={theme}")
    browser.wait_for("document.querySelector('#number').innerText === 'A002'")
    hall = browser.script(_CONTRASTS)
    assert len(panel) > 25
    assert len(hall) > 8
    assert [each for each in panel + hall if each[0] < 7] == []


def test_everything_that_can_be_touched_has_a_name(browser: Browser, running: RunningService) -> None:
    fill(running)
    sign_in(browser, running, "noi1")
    browser.wait_for("document.querySelector('#asked').innerText.includes('A004')")
    nameless = browser.script(
        "return [...document.querySelectorAll('button, select, input, a')].filter(e => e.checkVisibility()"
        " && !(e.getAttribute('aria-label') || e.innerText.trim() || [...(e.labels ?? [])].some(l => l.textContent.trim())))"
        ".map(e => e.outerHTML)"
    )
    assert nameless == []
    assert browser.script("return document.documentElement.lang") == "vi"
    ids = browser.script("return [...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
