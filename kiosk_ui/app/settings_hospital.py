"""Settings of the hospital's own system: which kind it is, where it is, and how it calls things."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from kiosk_ui.app.gateways.secret_place import SecretPlace
from kiosk_ui.app.settings_addresses import system_address
from kiosk_ui.app.settings_fhir_access import FhirAccessSettings

__all__ = ["FhirSettings", "HospitalSettings", "MediPaySettings"]


_Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
_Uri = Annotated[str, Field(pattern=r"^(https?://|urn:)[^\s|]+$", max_length=200)]


class _Strict(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class MediPaySettings(_Strict):
    """A hospital system with the interface of the MediPay kiosks, version 1.0.6.

    Attributes:
        merchant_id: this hospital's ``x-merchant-id``.
        secret: where the key of the signatures lies.
        service_ids: which service (``ID_DICH_VU``) a visit is registered for, by our department's code.
        look_up_services: ask the system (``/dichvu``) for the services of departments that are not named there.
        examination_kind: the kind of examination (``/loai-kham``) among whose services is looked: its name or number.
        document_types: how ``LOAI_GTTT`` calls each kind of document. The values are not published; ask the system's
            maker.
    """

    merchant_id: Annotated[str, Field(pattern=r"^[!-~]{1,100}$")]  # goes into a header
    secret: SecretPlace
    service_ids: dict[Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")], _Word] = {}
    look_up_services: bool = False
    examination_kind: _Word | None = None
    document_types: dict[Literal["citizen", "old_card", "document", "birth_certificate"], _Word] = {
        "citizen": "CCCD",
        "old_card": "CMND",
        "document": "HC",
        "birth_certificate": "GKS",
    }


class FhirSettings(_Strict):
    """A FHIR R4B server.

    Attributes:
        token: where a bearer token lies that somebody else keeps fresh; it is read again when it is refused.
        access: how the kiosk gets tokens by itself. With neither the server asks for none.
        citizen_system: ``Identifier.system`` of the 12-digit number; nobody has published one for Vietnam, so it is the
            hospital's to choose.
        old_card_system, passport_system: of the other numbers.
        card_system: of insurance cards.
        check_in_system: of this project's own check-ins.
        result_code_system: ``Coding.system`` in which the server passes on the insurer's three digits.
    """

    token: SecretPlace | None = None
    access: FhirAccessSettings | None = None
    citizen_system: _Uri = "urn:chipid:citizen-number"
    old_card_system: _Uri = "urn:chipid:old-card-number"
    passport_system: _Uri = "urn:chipid:document-number"
    card_system: _Uri = "urn:chipid:insurance-card"
    check_in_system: _Uri = "urn:chipid:check-in"
    result_code_system: _Uri = "urn:chipid:insurer-result"

    @model_validator(mode="after")
    def _has_one_way_in(self) -> Self:
        if self.token is not None and self.access is not None:
            raise ValueError("hospital.fhir: either token or access is used, not both")
        return self


class HospitalSettings(_Strict):
    """The table ``[hospital]``.

    Attributes:
        kind: which interface the hospital system has; ``none``: there is no system, and check-ins stay in the store.
        url: its base address. Plain ``http`` only on this machine.
        insurer: who is asked about insurance: the relay of ``[relay]``, or the hospital system.
        facility: the hospital's code (``MA_CSKCB``), five characters; needed for the record XML0.
        department_ids: how the system calls a department, by our code; a department that is not named here keeps our
            code (FHIR), or is looked up by its name (MediPay).
        connect_timeout_s: for reaching it.
        find_timeout_s: for looking for a patient, while that patient waits.
        hand_over_timeout_s: for handing over, in the background.
        authority: file with the certificates of the authority that counts; the system's if not given.
        medipay, fhir: what each kind needs besides.
    """

    kind: Literal["none", "medipay", "fhir"] = "none"
    url: Annotated[str, AfterValidator(system_address)] | None = None
    insurer: Literal["relay", "hospital"] = "relay"
    facility: Annotated[str, Field(pattern=r"^[0-9A-Z]{5}$")] | None = None
    department_ids: dict[Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")], _Word] = {}
    connect_timeout_s: Annotated[float, Field(gt=0, le=30)] = 1.5
    find_timeout_s: Annotated[float, Field(gt=0, le=30)] = 3.5
    hand_over_timeout_s: Annotated[float, Field(gt=0, le=60)] = 15.0
    authority: Path | None = None
    medipay: MediPaySettings | None = None
    fhir: FhirSettings = FhirSettings()

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Self:
        if self.kind != "none" and self.url is None:
            raise ValueError("hospital.url is needed: the address of the hospital system")
        if self.kind == "medipay" and self.medipay is None:
            raise ValueError("hospital.medipay with merchant_id and secret is needed")
        if self.kind == "none" and self.insurer == "hospital":
            raise ValueError("there is no hospital system that could be asked about insurance")
        return self
