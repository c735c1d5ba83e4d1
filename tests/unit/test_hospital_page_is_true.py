"""What docs/hospital-systems.md tells people to write works, and what it lists is what there is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from emulator.services.fhir_server import FhirServer
from emulator.services.loopback import Misbehaviour
from kiosk_ui.app.failures import GatewayError
from kiosk_ui.app.gateways.hospital_choice import hospital_of
from kiosk_ui.app.settings import Settings
from kiosk_ui.service.settings import load_service_settings
from tests.unit.hospital_records import record

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "hospital-systems.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```toml {kind}\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("block", blocks("kiosk"))
def test_settings_of_a_kiosk_are_settings(block: str) -> None:
    settings = Settings(**tomllib.loads(block))
    assert settings.hospital.kind in ("fhir", "medipay")
    assert settings.hospital.facility == "40001"


def test_settings_of_the_relay_are_settings(tmp_path: Path) -> None:
    (block,) = blocks("service")
    file = tmp_path / "service.toml"
    file.write_text(block, encoding="utf-8")
    settings = load_service_settings(file)
    assert settings.relay is not None
    assert list(settings.relay.kiosks) == ["kiosk-1"]


def test_the_example_in_python_does_what_it_says(tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert "Misbehaviour.LOST_ANSWER, times=1" in example
    with FhirServer() as server:
        server.misbehave(Misbehaviour.LOST_ANSWER, times=1)
        system = hospital_of(Settings(data_folder=tmp_path, hospital={"kind": "fhir", "url": server.base_url}))
        with pytest.raises(GatewayError):
            system.hand_over(record())
        assert system.hand_over(record()).reference
        assert len(server.of_kind("Encounter")) == 1


def test_files_that_the_page_and_the_decision_name_are_there() -> None:
    decision = (ROOT / "docs" / "decisions" / "0020-hospital-systems.md").read_text(encoding="utf-8")
    for name in re.findall(r"`((?:tests|kiosk_ui|emulator)/[\w/]+\.py)`", PAGE + decision):
        assert (ROOT / name).is_file(), name
    for module in ("bhxh_gateway", "insurance_gateway", "medipay_his", "fhir_server", "authentication_service"):
        assert module in PAGE
        assert (ROOT / "emulator" / "services" / f"{module}.py").is_file()
