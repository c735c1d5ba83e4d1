"""The reception with its trust store: sealed with the key that the settings name, or nobody is attended to."""

from __future__ import annotations

import argparse
import threading
from pathlib import Path

import pytest

from emulator.personalise.authorities import Authority, authority_certificate
from kiosk_ui.app.settings import Settings
from kiosk_ui.bootstrap import _parser, attending, reception
from kiosk_ui.bootstrap.attending import load_trust
from kiosk_ui.bootstrap.emulated import InProcessTray
from reader.errors import TrustError
from reader.trust.import_plan import ImportOptions
from reader.trust.importing import import_files


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    """A kiosk's data folder with a store, sealed with a key that lies elsewhere."""
    (tmp_path / "csca.cer").write_bytes(authority_certificate(Authority.TEST))
    options = ImportOptions(test_mode=True, pin=True)
    import_files([tmp_path / "csca.cer"], tmp_path / "data" / "trust", options, key_file=tmp_path / "seal.key")
    return tmp_path


def arguments(place: Path, seal_key: Path) -> argparse.Namespace:
    settings = place / "kiosk.toml"
    settings.write_text(
        f'device = "kiosk-test"\ncounter = "3"\ndata_folder = "{place / "data"}"\ntrust_seal_key = "{seal_key}"\n'
    )
    return _parser().parse_args(["--settings", str(settings), "--still"])


@pytest.fixture
def at_the_desk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A display drawn into memory, and a tray in place of the reader."""
    monkeypatch.setattr(reception, "why_no_window", lambda: None)
    monkeypatch.setattr(attending, "PcscPlace", lambda name: InProcessTray())


@pytest.mark.usefixtures("qapp", "at_the_desk")
def test_a_reception_runs_with_a_store_that_its_own_key_sealed(sealed: Path, caplog: pytest.LogCaptureFixture) -> None:
    stop = threading.Event()
    threading.Timer(1.0, stop.set).start()
    assert reception.run(arguments(sealed, sealed / "seal.key"), stop) == 0
    assert "not sealed" not in caplog.text


@pytest.mark.usefixtures("qapp", "at_the_desk")
def test_a_reception_does_not_open_with_a_store_that_another_key_sealed(sealed: Path) -> None:
    other = sealed / "other"
    other.mkdir()
    import_files(
        [sealed / "csca.cer"], other / "store", ImportOptions(test_mode=True, pin=True), key_file=other / "key"
    )
    with pytest.raises(TrustError) as error:
        reception.run(arguments(sealed, other / "key"), threading.Event())
    assert error.value.code.name == "trust.seal_foreign"


@pytest.mark.usefixtures("qapp", "at_the_desk")
def test_a_changed_store_opens_no_reception(sealed: Path) -> None:
    anchor = next((sealed / "data" / "trust").rglob("*.cer"), None) or next((sealed / "data" / "trust").rglob("*.der"))
    anchor.write_bytes(authority_certificate(Authority.UTOPIA))
    with pytest.raises(TrustError) as error:
        reception.run(arguments(sealed, sealed / "seal.key"), threading.Event())
    assert error.value.code.name == "trust.tampered"


def test_the_log_says_when_nobody_is_trusted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The usual reason why every real card ends as "issuer not verified" on the first day of a kiosk."""
    settings = Settings(data_folder=tmp_path / "data")
    assert len(load_trust(None, settings).store) == 0
    assert caplog.text.count("no issuing authority is trusted") == 1
    (tmp_path / "trust").mkdir()
    (tmp_path / "trust" / "csca.cer").write_bytes(authority_certificate(Authority.TEST))  # counts for nothing here
    caplog.clear()
    assert len(load_trust(tmp_path / "trust", settings).store) == 0
    assert caplog.text.count("no issuing authority is trusted") == 1
