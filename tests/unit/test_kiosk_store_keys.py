"""The key of the store: made once, closed to others, never replaced in silence; what is sealed opens there and nowhere else."""

from __future__ import annotations

import hashlib
import hmac
import os
import pickle
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from crypto.primitives.secret import Secret
from kiosk_ui.app.failures import StoreError
from kiosk_ui.app.keys import CREDENTIAL, CellPlace, KeyPlace, StoreKey, StoreKeys, key_file, make_once, new_key
from kiosk_ui.app.store.database import Database, sqlite_url

MASTER = Secret(bytes(range(32)))
PLACE = CellPlace("patient_snapshot", "content", "00" * 16)


def name_of(error: pytest.ExceptionInfo[StoreError]) -> str:
    return error.value.code.name


# ------------------------------------------------------------------------------------------- one key
def test_a_sealed_cell_is_what_the_standards_make_of_it() -> None:
    """HKDF (RFC 5869) computed here with the standard library alone, AES-GCM opened with the bare cipher."""
    extracted = hmac.new(bytes(32), MASTER.reveal(), hashlib.sha256).digest()
    key = hmac.new(extracted, b"chipid store cells\x01", hashlib.sha256).digest()
    cell = StoreKey(MASTER).seal(b"content", PLACE)
    name = hmac.new(extracted, b"chipid store name\x01", hashlib.sha256).digest()[:8].hex()
    assert StoreKey(MASTER).id == name
    associated = f"chipid store\x1fpatient_snapshot\x1fcontent\x1f{'00' * 16}\x1f{name}".encode()
    assert cell[:1] == b"\x01"
    assert AESGCM(key).decrypt(cell[1:13], cell[13:], associated) == b"content"


@given(st.binary(max_size=2_000))
def test_what_was_sealed_opens_again(content: bytes) -> None:
    key = StoreKey(MASTER)
    assert key.open(key.seal(content, PLACE), PLACE) == content


@given(st.data())
def test_a_cell_that_was_changed_or_cut_does_not_open(data: st.DataObject) -> None:
    key = StoreKey(MASTER)
    cell = bytearray(key.seal(b"Nguyen Van An", PLACE))
    if data.draw(st.booleans()):
        cell[data.draw(st.integers(0, len(cell) - 1))] ^= data.draw(st.integers(1, 255))
    else:
        del cell[data.draw(st.integers(0, len(cell) - 1)) :]
    with pytest.raises(StoreError) as caught:
        key.open(bytes(cell), PLACE)
    assert name_of(caught) == "store.damaged"
    assert "Nguyen" not in str(caught.value)


@pytest.mark.parametrize(
    "elsewhere",
    [
        CellPlace("insurance_answer", "content", "00" * 16),
        CellPlace("patient_snapshot", "slip", "00" * 16),
        CellPlace("patient_snapshot", "content", "11" * 16),
    ],
)
def test_a_cell_does_not_open_in_another_place(elsewhere: CellPlace) -> None:
    key = StoreKey(MASTER)
    with pytest.raises(StoreError):
        key.open(key.seal(b"content", PLACE), elsewhere)


def test_the_same_content_never_looks_the_same() -> None:
    key = StoreKey(MASTER)
    assert len({key.seal(b"040085000017", PLACE) for _ in range(100)}) == 100


def test_one_number_has_one_word_per_key() -> None:
    one, other = StoreKey(MASTER), StoreKey(new_key())
    assert one.search_word("040085000017") == StoreKey(MASTER).search_word("040085000017")
    assert one.search_word("040085000017") != other.search_word("040085000017")
    assert one.search_word("040085000017") != one.search_word("040085000018")


def test_keys_show_and_hand_on_nothing() -> None:
    keys = StoreKeys([MASTER])
    for shown in (repr(keys), str(keys.first), repr(keys.first)):
        assert MASTER.reveal().hex() not in shown
    with pytest.raises(TypeError):
        pickle.dumps(keys.first.master)


# -------------------------------------------------------------------------------------------- the file
def test_a_first_key_is_made_for_this_user_alone(tmp_path: Path) -> None:
    place = KeyPlace(tmp_path / "data" / "store.key")
    keys = place.load(needed=False)
    assert place.path.stat().st_mode & 0o777 == 0o600
    assert place.load(needed=True).first.id == keys.first.id
    assert [path.name for path in place.path.parent.iterdir()] == ["store.key"]


def test_a_key_that_another_process_made_meanwhile_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = KeyPlace(tmp_path / "store.key")
    make_once(place.path, key_file([MASTER]))
    monkeypatch.setattr(Path, "exists", lambda path: path != place.path and os.path.exists(path))  # the race
    assert place.load(needed=False).first.id == StoreKey(MASTER).id


def test_no_key_is_made_for_a_store_that_needs_another(tmp_path: Path) -> None:
    place = KeyPlace(tmp_path / "store.key")
    with pytest.raises(StoreError) as caught:
        place.load(needed=True)
    assert name_of(caught) == "store.key_missing"
    assert not place.path.exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o660])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    place = KeyPlace(tmp_path / "store.key")
    make_once(place.path, key_file([MASTER]))
    place.path.chmod(mode)
    with pytest.raises(StoreError) as caught:
        place.load(needed=True)
    assert name_of(caught) == "store.key_unusable"
    assert "chmod 600" in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"# nothing\n",
        b"0123\n",
        key_file([MASTER])[:32],
        b"QmFzZTY0IG9mIDI0IG9jdGV0cyBvbmx5",
        b"zz" * 32,
        b"ab" * 31 + b"\n",
        b"ab" * 32 + b" " + b"cd" * 32,
        b"\xff" * 31,
    ],
)
def test_a_file_without_keys_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    place = KeyPlace(tmp_path / "store.key")
    make_once(place.path, content)
    with pytest.raises(StoreError) as caught:
        place.load(needed=False)
    assert name_of(caught) == "store.key_unusable"
    assert place.path.read_bytes() == content


def test_a_folder_in_place_of_the_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "store.key").mkdir(mode=0o700)
    with pytest.raises(StoreError) as caught:
        KeyPlace(tmp_path / "store.key").load(needed=False)
    assert name_of(caught) == "store.key_unusable"


def test_thirty_two_raw_octets_are_a_key(tmp_path: Path) -> None:
    path = tmp_path / "store.key"
    make_once(path, bytes(range(200, 232)))
    assert KeyPlace(path).load(needed=True).first.id == StoreKey(Secret(bytes(range(200, 232)))).id


def test_the_settings_come_before_the_credential_and_that_before_the_data_folder(tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    given = {"CREDENTIALS_DIRECTORY": str(credentials)}
    data, named = tmp_path / "data", tmp_path / "named"
    assert KeyPlace.chosen(data, named, given) == KeyPlace(named)
    assert KeyPlace.chosen(data, None, {}) == KeyPlace(data / CREDENTIAL)
    assert KeyPlace.chosen(data, None, given) == KeyPlace(data / CREDENTIAL)  # other credentials, not this one
    make_once(credentials / CREDENTIAL, key_file([MASTER]))
    assert KeyPlace.chosen(data, None, given) == KeyPlace(credentials / CREDENTIAL, may_make=False)
    (credentials / CREDENTIAL).chmod(0o440)  # as systemd hands it out
    assert KeyPlace.chosen(data, None, given).load(needed=True).first.id == StoreKey(MASTER).id


def test_a_missing_credential_is_not_made_up(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        KeyPlace(tmp_path / CREDENTIAL, may_make=False).load(needed=False)
    assert name_of(caught) == "store.key_missing"


# ------------------------------------------------------------------------------------- the store with it
def test_a_store_opens_with_its_own_key_only_and_is_left_as_it_is(tmp_path: Path) -> None:
    file, key = tmp_path / "kiosk.sqlite", tmp_path / CREDENTIAL
    Database(sqlite_url(file)).close()
    before, own = file.read_bytes(), key.read_bytes()
    key.unlink()
    with pytest.raises(StoreError) as caught:
        Database(sqlite_url(file))
    assert name_of(caught) == "store.key_missing"
    make_once(key, key_file([MASTER]))
    with pytest.raises(StoreError) as caught:
        Database(sqlite_url(file))
    assert name_of(caught) == "store.key_wrong"
    assert key.read_bytes() == key_file([MASTER])
    assert file.read_bytes() == before
    key.write_bytes(own)
    Database(sqlite_url(file)).close()


def test_kiosks_that_share_a_store_must_share_its_key(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "kiosk.sqlite")
    Database(url, keys=KeyPlace(tmp_path / "one.key")).close()
    with pytest.raises(StoreError) as caught:
        Database(url, keys=KeyPlace(tmp_path / "two.key"))
    assert name_of(caught) in ("store.key_missing", "store.key_wrong")
    Database(url, keys=KeyPlace(tmp_path / "one.key")).close()
