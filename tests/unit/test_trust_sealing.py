"""Whoever can write a trust store's folder but has no seal key changes nothing unnoticed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from reader.errors import TrustError
from reader.trust.folder import load_folder
from reader.trust.import_plan import ImportOptions
from reader.trust.importing import import_files
from reader.trust.sealing import SealKey, SealState, default_key_file
from tests.unit import trust_lists as utopia
from tests.unit.trust_lists import NOW, csca

JSON = dict[str, object]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
    bring(tmp_path, csca(1).der, csca(2).der)
    return tmp_path


def bring(place: Path, *certificates: bytes, replace: bool = False) -> None:
    bundle = place / "bundle.pem"
    bundle.write_bytes(utopia.pem(*certificates))
    import_files([bundle], place / "store", ImportOptions(), at=NOW, replace=replace)


def load(place: Path, seal_key: Path | None = None) -> set[str]:
    loaded = load_folder(place / "store", test_mode=False, seal_key=seal_key)
    assert loaded.seal is SealState.SEALED
    return {anchor.certificate.sha256.hex() for anchor in loaded.store}


def rewrite(store: Path, change: Callable[[JSON], object]) -> None:
    table = json.loads((store / "store.json").read_text(encoding="utf-8"))
    change(table)
    (store / "store.json").write_text(json.dumps(table), encoding="utf-8")


def entries(table: JSON) -> list[JSON]:
    found = table["entries"]
    assert isinstance(found, list)
    return found


def file_of(store: Path, party: utopia.Party) -> Path:
    return next((store / "certificates").glob(f"*{party.fingerprint[:16]}*"))


def swap_content(store: Path) -> None:
    file_of(store, csca(1)).write_bytes(csca(3).der)


def drop_file(store: Path) -> None:
    file_of(store, csca(1)).unlink()


def pipe_instead(store: Path) -> None:
    file_of(store, csca(1)).unlink()
    os.mkfifo(file_of_name(store, csca(1)))


def file_of_name(store: Path, party: utopia.Party) -> Path:
    return store / "certificates" / f"UT-{party.fingerprint[:32]}.cer"


def drop_entry(store: Path) -> None:
    rewrite(store, lambda table: entries(table).pop())


def add_entry(store: Path) -> None:
    def add(table: JSON) -> None:
        new = dict(entries(table)[0], sha256=csca(3).fingerprint, file="certificates/UT-ours.cer")
        entries(table).append(new)

    (store / "certificates" / "UT-ours.cer").write_bytes(csca(3).der)
    rewrite(store, add)


def exchange_entry(store: Path) -> None:
    file_of(store, csca(1)).write_bytes(csca(3).der)
    rewrite(store, lambda table: entries(table)[0].update(sha256=csca(3).fingerprint))


def pin_entry(store: Path) -> None:
    rewrite(store, lambda table: entries(table)[0].update(may_sign_lists=True))


def change_provenance(store: Path) -> None:
    rewrite(store, lambda table: table["provenances"].clear() or None)  # type: ignore[attr-defined]


def take_seal_away(store: Path) -> None:
    rewrite(store, lambda table: table.pop("seal"))


def another_seal(store: Path) -> None:
    rewrite(store, lambda table: table.update(seal={"algorithm": "HMAC-SHA256", "key": "0" * 16, "value": "0" * 64}))


def another_number(store: Path) -> None:
    rewrite(store, lambda table: table.update(id="0" * 32))


def count_up(store: Path) -> None:
    rewrite(store, lambda table: table.update(counter=99))


def take_manifest_away(store: Path) -> None:
    (store / "store.json").unlink()


def empty_manifest(store: Path) -> None:
    (store / "store.json").write_bytes(b"")


def loose_folder_instead(store: Path) -> None:
    shutil.rmtree(store)
    store.mkdir()
    (store / "ours.cer").write_bytes(csca(3).der)


def no_folder(store: Path) -> None:
    shutil.rmtree(store)


def sealed_by_ourselves(store: Path) -> None:
    shutil.rmtree(store, ignore_errors=True)
    elsewhere = store.parent / "ours.pem"
    elsewhere.write_bytes(utopia.pem(csca(3).der))
    import_files([elsewhere], store, ImportOptions(), key_file=store.parent / "our-own-key.json", at=NOW)


ATTACKS = [
    swap_content,
    drop_file,
    pipe_instead,
    drop_entry,
    add_entry,
    exchange_entry,
    pin_entry,
    change_provenance,
    take_seal_away,
    another_seal,
    another_number,
    count_up,
    take_manifest_away,
    empty_manifest,
    loose_folder_instead,
    no_folder,
    sealed_by_ourselves,
]


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("names_key", [False, True])
def test_no_change_without_the_key_goes_unnoticed(place: Path, attack: Callable[[Path], None], names_key: bool) -> None:
    key = default_key_file() if names_key else None
    assert load(place, key) == {csca(1).fingerprint, csca(2).fingerprint}
    attack(place / "store")
    with pytest.raises(TrustError) as refusal:
        load(place, key)
    assert refusal.value.code.name == "trust.tampered"


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_import_blesses_what_somebody_changed(place: Path, attack: Callable[[Path], None]) -> None:
    attack(place / "store")
    before = {path: path.read_bytes() for path in (place / "store").rglob("*") if path.is_file()}
    with pytest.raises(TrustError, match="tampered"):
        bring(place, csca(4).der)
    after = {path: path.read_bytes() for path in (place / "store").rglob("*") if path.is_file()}
    assert {path: octets for path, octets in after.items() if path.name != ".lock"} == {
        path: octets for path, octets in before.items() if path.name != ".lock"
    }


def test_an_older_state_of_the_whole_store_is_found_out(place: Path) -> None:
    shutil.copytree(place / "store", place / "copy")
    bring(place, csca(3).der)
    assert csca(3).fingerprint in load(place)
    shutil.rmtree(place / "store")
    shutil.copytree(place / "copy", place / "store")
    with pytest.raises(TrustError, match="tampered; what older state"):
        load(place)


def test_a_file_laid_into_the_folder_counts_for_nothing_and_is_told(place: Path) -> None:
    (place / "store" / "certificates" / "UT-stray.cer").write_bytes(csca(3).der)
    (place / "store" / "loose.cer").write_bytes(csca(4).der)
    loaded = load_folder(place / "store", test_mode=False)
    assert len(loaded.store) == 2
    assert loaded.strays == ("certificates/UT-stray.cer", "loose.cer")


def test_a_reader_without_any_key_is_told_that_nothing_protects_the_store(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(place / "somebody else"))
    loaded = load_folder(place / "store", test_mode=False)
    assert (len(loaded.store), loaded.seal) == (2, SealState.FOREIGN)


def test_a_plain_folder_of_certificates_still_works_and_is_not_sealed(place: Path) -> None:
    (place / "loose").mkdir()
    (place / "loose" / "one.cer").write_bytes(csca(1).der)
    loaded = load_folder(place / "loose", test_mode=False)
    assert (len(loaded.store), loaded.seal) == (1, SealState.NOT_SEALED)


def test_a_kiosk_that_names_its_key_takes_no_plain_folder_and_no_store_of_another_key(place: Path) -> None:
    (place / "loose").mkdir()
    (place / "loose" / "one.cer").write_bytes(csca(1).der)
    with pytest.raises(TrustError, match="tampered"):
        load_folder(place / "loose", test_mode=False, seal_key=default_key_file())
    sealed_by_ourselves(place / "elsewhere")
    with pytest.raises(TrustError, match="seal_foreign"):
        load_folder(place / "elsewhere", test_mode=False, seal_key=default_key_file())
    with pytest.raises(TrustError, match="seal_key_unusable"):
        load_folder(place / "store", test_mode=False, seal_key=place / "no such key")


def test_a_store_that_the_key_has_not_seen_change_is_followed_forward_only(place: Path) -> None:
    # The kiosk has a copy of the key, made when the store had its first state.
    shutil.copy(default_key_file(), place / "kiosk.json")
    shutil.copytree(place / "store", place / "first")
    bring(place, csca(3).der)
    assert len(load(place, place / "kiosk.json")) == 3
    shutil.rmtree(place / "store")
    shutil.copytree(place / "first", place / "store")
    with pytest.raises(TrustError, match="older state"):
        load(place, place / "kiosk.json")


def test_a_lost_store_can_be_begun_anew_on_purpose(place: Path) -> None:
    no_folder(place / "store")
    bring(place, csca(4).der, replace=True)
    assert load(place) == {csca(4).fingerprint}


def test_the_key_is_for_its_owner_only_and_lies_outside_the_store(place: Path) -> None:
    key = default_key_file()
    assert key.stat().st_mode & 0o077 == 0
    assert (place / "store") not in key.parents
    secret = SealKey.load(key).key
    for path in (place / "store").rglob("*"):
        if path.is_file():
            assert secret not in path.read_bytes()
            assert secret.hex().encode() not in path.read_bytes()
    assert secret.hex() not in repr(SealKey.load(key))


@pytest.mark.parametrize(
    "octets", [b"", b"{}", b"[]", b'{"format": "chipid trust seal key 1", "key": "00", "stores": {}}', b"\xff\xfe"]
)
def test_a_key_file_that_is_none_is_said_to_be_none(place: Path, octets: bytes) -> None:
    wrong = place / "wrong.json"
    wrong.write_bytes(octets)
    with pytest.raises(TrustError, match="seal_key_unusable") as refusal:
        load_folder(place / "store", test_mode=False, seal_key=wrong)
    assert "00" not in str(refusal.value)
