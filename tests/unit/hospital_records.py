"""Invented people, check-ins and hospital systems for the tests of the hospital's adapters."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections.abc import Callable
from pathlib import Path

from emulator.services.fhir_server import FhirServer
from emulator.services.loopback import LoopbackSite
from emulator.services.medipay_his import MediPayHis
from kiosk_ui.app.domain.consent import Consent, ConsentPurpose
from kiosk_ui.app.domain.departments import DEFAULT_DEPARTMENTS
from kiosk_ui.app.domain.hand_over import HandOver
from kiosk_ui.app.domain.identification import Identification
from kiosk_ui.app.domain.insurance import Eligibility, EligibilityKind, EligibilityQuery
from kiosk_ui.app.domain.patient import PatientQuery
from kiosk_ui.app.domain.priority import Priority
from kiosk_ui.app.domain.visitor import NumberKind, Visitor
from kiosk_ui.app.gateways.hospital_choice import hospital_of, insurer_of
from kiosk_ui.app.ports import EligibilityGateway, HospitalSystem
from kiosk_ui.app.settings import Settings
from reader.verification.identity import Assurance, HolderChecked, Sex

HANOI = dt.timezone(dt.timedelta(hours=7))
NOON = dt.datetime(2026, 3, 2, 12, 0, tzinfo=HANOI)
NUMBER, NAME, BORN = "040085000017", "Nguyễn Văn An", dt.date(1985, 2, 3)
AN = PatientQuery(NUMBER, NAME, BORN, Sex.MALE)
ASK_AN = EligibilityQuery(NUMBER, NAME, BORN)
PORTRAIT = b"TEST-portrait-octets"
RAW = '{"maKetQua": "000", "ghiChu": "canary of the raw answer"}'
VALID = Eligibility(
    EligibilityKind.OK, "000", dt.date(2026, 1, 1), dt.date(2026, 12, 31), "DN4404012345678", "40001", raw=RAW
)
PERSONAL = (NUMBER, NAME, "Nguyễn", "1985-02-03", "0912345678", "Hưng Dũng", "DN4404012345678", "canary")


def visitor(**changes: object) -> Visitor:
    chip = Visitor(
        number=NUMBER,
        number_kind=NumberKind.CITIZEN,
        full_name=NAME,
        date_of_birth=BORN,
        birth_year=1985,
        sex=Sex.MALE,
        nationality="VNM",
        address="Số 5, ngõ 12, Hưng Dũng",
        assurance=Assurance.CHIP_VERIFIED,
        identification=Identification.CHIP,
        portrait=PORTRAIT,
    )
    return dataclasses.replace(chip, **changes)


def record(who: Visitor | None = None, **changes: object) -> HandOver:
    made = HandOver(
        key=uuid.UUID("00000000-0000-4000-8000-000000000007"),
        visitor=who or visitor(),
        eligibility=VALID,
        department=DEFAULT_DEPARTMENTS[0],
        priority=Priority.NONE,
        phone="0912345678",
        consents=(Consent(ConsentPurpose.REMINDER_BY_PHONE, given=True, text_version="1", at=NOON),),
        method="CHIP_CCCD",
        holder_checked=HolderChecked.NONE,
        at=NOON,
        queue_number="A012",
    )
    return dataclasses.replace(made, **changes)


@dataclasses.dataclass(frozen=True)
class Peer:
    """One kind of hospital system, emulated.

    Attributes:
        site: the emulated peer.
        open: the adapter, with settings that differ from the usual ones.
        insurer: the adapter of its insurance.
        add: makes the peer know a patient and gives the identifier.
        visits: what the peer has registered, as JSON.
    """

    site: LoopbackSite
    settings: Callable[..., Settings]
    add: Callable[..., str]
    visits: Callable[[], list[object]]

    def open(self, **changes: object) -> HospitalSystem:
        return hospital_of(self.settings(**changes), now=lambda: NOON)

    def insurer(self, **changes: object) -> EligibilityGateway:
        return insurer_of(self.settings(insurer="hospital", **changes), now=lambda: NOON)


def secret_file(folder: Path, name: str, content: str) -> str:
    path = folder / name
    path.touch(mode=0o600)
    path.write_text(content + "\n", encoding="ascii")
    return str(path)


def medipay_peer(folder: Path) -> Peer:
    his = MediPayHis(now_ms=round(NOON.timestamp() * 1000))

    def settings(**changes: object) -> Settings:
        secret = secret_file(folder, "medipay", "TEST-secret")
        table = {
            "kind": "medipay",
            "url": his.base_url,
            "facility": "40001",
            "medipay": {"merchant_id": "TEST-merchant", "secret": secret},
        }
        return Settings(data_folder=folder, hospital={**table, **changes})

    def add(number: str = NUMBER, name: str = NAME, born: str = "1985-02-03", patient_id: str = "BN000777") -> str:
        row = {"ID_BN": "1", "MA_BN": patient_id, "HO_TEN": name, "NGAY_SINH": born, "MA_DINH_DANH": number}
        known = his.patients.get(number)
        his.patients[number] = row if known is None else [known, {**row, "MA_BN": "BN000778"}]
        return patient_id

    return Peer(his, settings, add, lambda: list(his.visits.values()))


def fhir_peer(folder: Path) -> Peer:
    server = FhirServer(token="TEST-token")

    def settings(**changes: object) -> Settings:
        table = {
            "kind": "fhir",
            "url": server.base_url,
            "facility": "40001",
            "fhir": {"token": secret_file(folder, "fhir", "TEST-token")},
        }
        return Settings(data_folder=folder, hospital={**table, **changes})

    def add(number: str = NUMBER, name: str = NAME, born: str = "1985-02-03", **more: object) -> str:
        numbers = [{"system": "urn:chipid:citizen-number", "value": number}]
        return server.put("Patient", identifier=numbers, name=[{"text": name}], birthDate=born, **more)

    return Peer(server, settings, add, lambda: server.of_kind("Encounter"))
