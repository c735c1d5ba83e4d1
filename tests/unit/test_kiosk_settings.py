"""Settings: right ones work, wrong ones are all named at once; and what may be seen of a person."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk_ui.app.domain.masking import mask_number
from kiosk_ui.app.domain.number import CitizenNumber
from kiosk_ui.app.failures import KioskError, SettingsError
from kiosk_ui.app.privacy import Pseudonyms
from kiosk_ui.app.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def no_settings_in_the_environment(monkeypatch: pytest.MonkeyPatch):
    for name in [name for name in os.environ if name.startswith("CHIPID_")]:
        monkeypatch.delenv(name)


def problems_of(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "kiosk.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(file)
    assert all(problem in str(caught.value) for problem in caught.value.problems)
    return list(caught.value.problems)


def test_defaults_work():
    settings = load_settings()
    assert settings.relay.url is None
    assert [d.name_vi for d in settings.departments] == [
        "Nội", "Ngoại", "Nhi", "Sản", "Mắt", "Tai Mũi Họng", "Răng Hàm Mặt", "Da liễu",
    ]  # fmt: skip
    assert settings.rules.time_limits.warning_s == 20
    assert settings.zone.utcoffset(None).total_seconds() == 7 * 3600


def test_the_file_is_read_and_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = tmp_path / "kiosk.toml"
    file.write_text(
        'counter = "5"\ndevice = "sảnh A"\n[relay]\nurl = "https://relay.hospital.example/check"\n'
        'total_timeout_s = 3\n[[departments]]\ncode = "noi"\nname_vi = "Nội"\nname_en = "Medicine"\n'
        'prefix = "N"\nplace_vi = "Tầng 1"\nplace_en = "Floor 1"\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("CHIPID_COUNTER", "9")
    monkeypatch.setenv("CHIPID_RELAY__URL", "http://127.0.0.1:8086/check")
    settings = load_settings(file)
    assert (settings.device, settings.counter) == ("sảnh A", "9")
    assert (settings.relay.url, settings.relay.total_timeout_s) == ("http://127.0.0.1:8086/check", 3)
    assert [d.prefix for d in settings.rules.departments] == ["N"]


def test_all_problems_are_told_at_once(tmp_path: Path):
    problems = problems_of(
        tmp_path,
        'device = ""\ncuonter = "1"\n[relay]\nurl = "http://relay.hospital.example/check"\nconnect_timeout_s = -1\n'
        "[time_limits]\nquestoin_s = 30\n",
    )
    text = "\n".join(problems)
    assert len(problems) == 5
    assert "cuonter: there is no such setting; perhaps counter (line 2)." in problems
    assert "relay.connect_timeout_s: this must be a number above 0 and at most 30 (line 5)." in problems
    for word in ("device", "https://", "connect_timeout_s", "questoin_s"):
        assert word in text


@pytest.mark.parametrize(
    "url",
    [
        "relay",
        "ftp://127.0.0.1/",
        "http://10.0.0.5/check",
        "http://localhost.evil.example/",
        "https://user:secret@relay.example/",
        "https:///check",
    ],
)
def test_addresses_that_would_leak_or_lead_nowhere_are_refused(tmp_path: Path, url: str):
    (problem,) = problems_of(tmp_path, f'[relay]\nurl = "{url}"\n')
    assert problem.startswith("relay.url: ")
    assert "secret@" not in problem


@pytest.mark.parametrize(
    ("limits", "word"),
    [("warning_s = 60\n", "warning"), ("ticket_s = 0\n", "second"), ('ticket_s = "x"\n', "ticket_s")],
)
def test_time_limits_must_make_sense(tmp_path: Path, limits: str, word: str):
    (problem,) = problems_of(tmp_path, "[time_limits]\n" + limits)
    assert word in problem


def test_two_departments_never_share_a_letter(tmp_path: Path):
    department = 'code = "{}"\nname_vi = "x"\nname_en = "x"\nprefix = "{}"\nplace_vi = "x"\nplace_en = "x"\n'
    text = "".join(
        "[[departments]]\n" + department.format(*pair) for pair in [("noi", "A"), ("mat", "A"), ("mat", "b")]
    )
    (problem,) = problems_of(tmp_path, text)
    for word in ("'A' is given twice", "'mat' is given twice", "one letter A–Z"):
        assert word in problem


def test_no_department_has_the_name_of_the_queue_of_slips(tmp_path: Path):
    """The queue service keeps slips under this name: whoever is sent to the counter would wait among its patients."""
    department = 'code = "counter"\nname_vi = "x"\nname_en = "x"\nprefix = "A"\nplace_vi = "x"\nplace_en = "x"\n'
    (problem,) = problems_of(tmp_path, "[[departments]]\n" + department)
    assert "'counter' is the queue of those who are sent to the reception counter" in problem


def test_a_file_that_cannot_be_read_or_is_no_toml(tmp_path: Path):
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path / "nowhere.toml")
    assert "cannot be read" in str(caught.value)
    assert "not valid TOML" in problems_of(tmp_path, "counter = \n")[0]


def test_the_databases_password_is_not_shown():
    settings = Settings(store_url="postgresql+psycopg://kiosk:secret@db.hospital.example/kiosk")
    assert "secret" not in repr(settings)


# ------------------------------------------------------------------------------------------- privacy
def test_the_number_is_masked_as_bystanders_may_see_it():
    assert mask_number("040085000017") == "040 *** *** 017"
    assert mask_number("B1234567") == "***"


@given(st.text(alphabet="0123456789", min_size=0, max_size=20))
def test_at_most_six_digits_are_ever_seen(number: str):
    assert sum(character.isdigit() for character in mask_number(number)) <= 6


def test_pseudonyms_join_but_do_not_tell():
    one, other = Pseudonyms(b"a" * 32), Pseudonyms(b"b" * 32)
    assert one.of("040085000017") == one.of("040085000017")
    assert (
        len({one.of("040085000017"), other.of("040085000017"), one.of("040085000018"), one.of("040085000017", "audit")})
        == 4
    )
    assert "040085" not in one.of("040085000017") + repr(one)
    with pytest.raises(ValueError, match="16"):
        Pseudonyms(b"short")


def test_the_key_is_made_once_for_the_owner_alone(tmp_path: Path):
    path = tmp_path / "keys" / "pseudonyms.key"
    first = Pseudonyms.from_key_file(path).of("x")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Pseudonyms.from_key_file(path).of("x") == first
    assert [p.name for p in path.parent.iterdir()] == ["pseudonyms.key"]
    path.write_bytes(b"cut")
    with pytest.raises(SettingsError):
        Pseudonyms.from_key_file(path)


@given(st.text(max_size=16))
def test_a_citizen_number_is_twelve_digits_or_an_error(text: str):
    digits = [c for c in text if c not in " .-\u00a0"]
    right = len(digits) == 12 and all(c in "0123456789" for c in digits)
    if right:
        assert CitizenNumber.from_text(text).digits == "".join(digits)
    else:
        with pytest.raises(KioskError):
            CitizenNumber.from_text(text)


def test_a_citizen_number_never_shows_itself():
    number = CitizenNumber.from_text("040 085 000 017")
    assert "040" not in f"{number} {number!r}"
