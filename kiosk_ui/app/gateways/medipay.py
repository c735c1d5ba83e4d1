"""Hospital systems with the interface of the MediPay kiosks (HIS API 1.0.6 of 12 August 2024; vietnam.md G.1).

Each request is signed: ``x-sign`` is HMAC-SHA256 in hexadecimal over the values of its fields in their order, joined by
``|``, what is absent being empty. Answers are ``{"code": "000" | "404" | "999", "message", "data"}``.

The trap of this interface: ``GIOI_TINH`` is 1 male, 2 female, 3 unknown everywhere except in ``/bhyt``, where it is
1 male and 0 female.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Final

from kiosk_ui.app.domain.departments import Department
from kiosk_ui.app.domain.hand_over import HandOver, Receipt
from kiosk_ui.app.domain.patient import PatientFinding, PatientKind, PatientQuery
from kiosk_ui.app.domain.priority import Priority
from kiosk_ui.app.domain.visitor import NumberKind, kind_of_number
from kiosk_ui.app.domain.xml0 import Xml0Record, xml0_of
from kiosk_ui.app.failures import (
    HOSPITAL_ANSWER_UNUSABLE,
    HOSPITAL_DEPARTMENT_UNKNOWN,
    HOSPITAL_PATIENT_AMBIGUOUS,
    HOSPITAL_RECORD_REFUSED,
    HOSPITAL_REFUSED,
    HOSPITAL_SLOW,
    GatewayError,
)
from kiosk_ui.app.gateways.deadline import Deadline
from kiosk_ui.app.gateways.hospital_peer import text_of, valid_xml0
from kiosk_ui.app.gateways.medipay_peer import (
    DONE,
    NOT_FOUND,
    Fields,
    MediPayPeer,
    Reply,
    records_of,
    signature,
)
from kiosk_ui.app.gateways.medipay_services import TO_CHOOSE, MediPayServices, bare_name
from kiosk_ui.app.gateways.same_person import is_same_birth, is_same_name
from kiosk_ui.app.settings_hospital import HospitalSettings, MediPaySettings
from reader.vietnamese.text import NameMatch, compare_names

__all__ = ["Fields", "MediPayHospital", "MediPayPeer", "Reply", "document_type", "signature"]

_MAX_RECORDS: Final = 20  # of patients under one number, more than any register has
_MAX_DEPARTMENTS: Final = 500
_OLD_CARD_DIGITS: Final = 9
_AMBIGUOUS: Final = "patient_ambiguous"  # in CAN_XEM_LAI


def document_type(number: str, kind: NumberKind | None, types: Mapping[str, str]) -> str | None:
    """``LOAI_GTTT`` of a number; ``None`` where there is no number."""
    if kind is None:
        is_old = len(number) == _OLD_CARD_DIGITS and number.isascii() and number.isdigit()
        kind = NumberKind.OLD_CARD if is_old else kind_of_number(number)
    return types.get(kind.value)


class MediPayHospital:
    """A :class:`~kiosk_ui.app.ports.HospitalSystem` over this interface.

    Args:
        peer: the system.
        settings: how it is set up.
        access: how it calls documents.
        zone: the hospital's own time.
        counter: code of the counter's own queue, which is no department there.
    """

    def __init__(
        self, peer: MediPayPeer, settings: HospitalSettings, access: MediPaySettings, zone: dt.tzinfo, counter: str
    ) -> None:
        self._peer = peer
        self._settings = settings
        self._types = {str(kind): word for kind, word in access.document_types.items()}
        self._asks_for_services = access.look_up_services or bool(access.service_ids)
        self._zone = zone
        self._counter = counter
        self._services = MediPayServices(peer, access)

    def find(self, query: PatientQuery) -> PatientFinding:
        """Look for a patient by ``GET /benhnhan``. This interface knows no appointments.

        Raises:
            GatewayError: no usable answer came, or one of somebody else.
        """
        if not query.number:
            return PatientFinding(PatientKind.UNAVAILABLE)  # a name alone is nobody's
        return self._found(query, self._settings.find_timeout_s)

    def _found(self, query: PatientQuery, timeout_s: float) -> PatientFinding:
        fields = [
            ("SO_GTTT", query.number),
            ("LOAI_GTTT", document_type(query.number, None, self._types)),
            ("DIEN_THOAI", None),
        ]
        reply = self._peer.get("/benhnhan", fields, timeout_s)
        if reply.code == NOT_FOUND:
            return PatientFinding(PatientKind.NEW)
        records = records_of(reply, _MAX_RECORDS)
        if not records:
            return PatientFinding(PatientKind.NEW)
        if len(records) > 1 or not _is_about(records[0], query):
            raise GatewayError(HOSPITAL_PATIENT_AMBIGUOUS, records=len(records))
        patient_id = text_of(records[0], "MA_BN") or text_of(records[0], "ID_BN")
        if not patient_id:
            raise GatewayError(HOSPITAL_ANSWER_UNUSABLE, cause="a patient without identifier")
        return PatientFinding(PatientKind.KNOWN, patient_id)

    def departments(self, timeout_s: float | None = None) -> Mapping[str, str]:
        """Names of the system's departments by ``ID_KHOA`` (``GET /khoa``). Raises ``GatewayError``."""
        reply = self._peer.get("/khoa", [], timeout_s or self._settings.find_timeout_s)
        records = [] if reply.code == NOT_FOUND else records_of(reply, _MAX_DEPARTMENTS)
        found = {text_of(record, "ID_KHOA"): text_of(record, "TEN_KHOA") for record in records}
        return {identifier: name for identifier, name in found.items() if identifier}

    def hand_over(self, record: HandOver) -> Receipt:
        """Register a visit by ``POST /dangky-kcb``; ``MA_LK`` is the same at every repetition.

        Raises:
            GatewayError: it is not known to be taken; ``hospital.record_refused`` and ``hospital.department_unknown``
                if repeating it cannot help.
        """
        deadline = Deadline(self._settings.hand_over_timeout_s, HOSPITAL_SLOW)
        department = self._department_id(record.department, deadline)
        service = self._services.service_of(record.department, department, deadline)
        if service is None and department is not None and self._asks_for_services:
            record = dataclasses.replace(record, missing=(*record.missing, TO_CHOOSE))
        record, is_apart = self._joining(record, deadline)
        made = xml0_of(record, facility=self._settings.facility, zone=self._zone)
        groups = {
            "THONG_TIN_BN": self._patient_fields(record, made, is_apart=is_apart),
            "THONG_TIN_DICH_VU": _visit_fields(record, department, service),
        }
        reply = self._peer.post("/dangky-kcb", groups, deadline.left_s())
        if reply.code == NOT_FOUND:
            raise GatewayError(HOSPITAL_RECORD_REFUSED, cause=NOT_FOUND)
        if reply.code != DONE:
            raise GatewayError(HOSPITAL_REFUSED, cause="another code than 000")
        taken = reply.data if isinstance(reply.data, dict) else {}
        known = made.values["MA_BN"] or None
        return Receipt(text_of(taken, "MA_LK"), text_of(taken, "MA_BN") or known)

    def _joining(self, record: HandOver, deadline: Deadline) -> tuple[HandOver, bool]:
        """Whose record the visit goes into, looked up now if it was not known at the check-in.

        The second is true where the records under a chip's number do not fit the person: the system would take the
        visit into one of them by the number.
        """
        visitor = record.visitor
        if visitor.is_declared or not visitor.number or record.patient_id is not None:
            return record, False
        query = PatientQuery(visitor.number, visitor.full_name, visitor.date_of_birth, visitor.sex)
        try:
            found = self._found(query, deadline.left_s())
        except GatewayError as error:
            if error.code is not HOSPITAL_PATIENT_AMBIGUOUS:
                raise
            return dataclasses.replace(record, missing=(*record.missing, _AMBIGUOUS)), True
        return dataclasses.replace(record, patient_id=found.patient_id), False

    def _department_id(self, department: Department, deadline: Deadline) -> str | None:
        """The system's name of a department: as set, else found by its Vietnamese name."""
        if department.code == self._counter:
            return None  # the counter decides where the visit is
        known = self._settings.department_ids.get(department.code)
        if known is not None:
            return known
        for identifier, name in self.departments(deadline.left_s()).items():
            if name and compare_names(bare_name(name), bare_name(department.name_vi)) <= NameMatch.TONE_PLACEMENT:
                return identifier
        raise GatewayError(HOSPITAL_DEPARTMENT_UNKNOWN)

    def _patient_fields(self, record: HandOver, made: Xml0Record, *, is_apart: bool) -> Fields:
        visitor, known = record.visitor, made.values
        number = None if is_apart else visitor.number  # it stands in XML0, for staff
        kind = None if is_apart else document_type(visitor.number, visitor.number_kind, self._types)
        born = visitor.date_of_birth
        xml0 = valid_xml0(record, made)
        return [
            ("MA_LK", str(record.key)),
            ("MA_BN", known["MA_BN"] or None),
            ("HO_TEN", visitor.full_name),
            ("SO_GTTT", number or None),
            ("LOAI_GTTT", kind),
            ("NGAY_SINH", None if born is None else born.isoformat()),
            ("NAM_SINH", None if visitor.birth_year is None else str(visitor.birth_year)),
            ("GIOI_TINH", known["GIOI_TINH"]),  # 1, 2, 3
            ("DIA_CHI", visitor.address),
            ("DIEN_THOAI", record.phone),
            ("MA_THE_BHYT", known["MA_THE_BHYT"] or None),
            ("MA_DKBD", known["MA_DKBD"] or None),
            ("GT_THE_TU", known["GT_THE_TU"] or None),
            ("GT_THE_DEN", known["GT_THE_DEN"] or None),
            ("NGAY_CAP_GTTT", None),
            ("NOI_CAP_GTTT", None),
            ("ANH_BN_CCCD", None),  # a photo leaves the kiosk for no purpose that anybody agreed to
            ("PHUONG_THUC_DINH_DANH", record.method),
            ("NGUOI_DOI_CHIEU", record.holder_checked.value),
            ("XML0", None if xml0 is None else base64.b64encode(xml0).decode()),
        ]


def _visit_fields(record: HandOver, department: str | None, service: str | None) -> Fields:
    return [
        ("ID_KHOA", department),
        ("ID_DICH_VU", service),
        ("SO_GIAY_CHUYEN_TUYEN", None),
        ("NGAY_VAO", record.at.isoformat(timespec="seconds")),
        ("SO_THU_TU", record.queue_number or None),
        ("UU_TIEN", None if record.priority is Priority.NONE else record.priority.value),
        ("MA_KQ_BHYT", record.eligibility.code),
        ("CAN_XEM_LAI", " ".join(record.missing) or None),
    ]


def _is_about(record: Mapping[str, object], query: PatientQuery) -> bool:
    number = text_of(record, "MA_DINH_DANH")
    return (
        number in ("", query.number)
        and is_same_name(text_of(record, "HO_TEN"), query.full_name)
        and is_same_birth(text_of(record, "NGAY_SINH"), query.date_of_birth)
    )
