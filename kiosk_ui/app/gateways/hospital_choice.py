"""The hospital system and the insurer that the settings name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

from kiosk_ui.app.gateways.authority import trusting
from kiosk_ui.app.gateways.bounded_http import BoundedHttp
from kiosk_ui.app.gateways.fhir import FhirHospital
from kiosk_ui.app.gateways.fhir_access import ClientAccess, NoAccess, StoredToken
from kiosk_ui.app.gateways.fhir_insurance import FhirInsurance
from kiosk_ui.app.gateways.fhir_peer import FhirPeer
from kiosk_ui.app.gateways.medipay import MediPayHospital
from kiosk_ui.app.gateways.medipay_insurance import MediPayInsurance
from kiosk_ui.app.gateways.medipay_peer import MediPayPeer
from kiosk_ui.app.gateways.no_hospital import NoHospital
from kiosk_ui.app.gateways.no_relay import NoRelay
from kiosk_ui.app.gateways.relay import HospitalRelay
from kiosk_ui.app.gateways.secret_place import read_secret
from kiosk_ui.app.ports import EligibilityGateway, HospitalSystem
from kiosk_ui.app.settings import Settings
from kiosk_ui.app.settings_fhir_access import FhirAccessSettings

__all__ = ["hospital_of", "insurer_of"]

Now = Callable[[], dt.datetime]


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def hospital_of(
    settings: Settings, now: Now = _utc_now, environment: Mapping[str, str] | None = None
) -> HospitalSystem:
    """The hospital system.

    Args:
        settings: of the kiosk.
        now: aware present moment.
        environment: where systemd's credentials are looked up; the process's own by default.

    Raises:
        SettingsError: its secret is not where the settings say.
    """
    hospital = settings.hospital
    counter = settings.rules.counter_queue.code
    if hospital.medipay is not None and hospital.kind == "medipay":
        peer = MediPayPeer(hospital, hospital.medipay, read_secret(hospital.medipay.secret, environment), now)
        return MediPayHospital(peer, hospital, hospital.medipay, settings.zone, counter)
    if hospital.kind == "fhir":
        codes = tuple(department.code for department in settings.departments)
        return FhirHospital(
            _fhir_peer(settings, environment), hospital, departments=codes, zone=settings.zone, counter=counter, now=now
        )
    return NoHospital()


def insurer_of(
    settings: Settings, now: Now = _utc_now, environment: Mapping[str, str] | None = None
) -> EligibilityGateway:
    """Who is asked about insurance: the relay, the hospital system, or nobody.

    Raises:
        SettingsError: a secret is not where the settings say.
    """
    hospital, relay = settings.hospital, settings.relay
    if hospital.insurer == "hospital" and hospital.kind == "medipay" and hospital.medipay is not None:
        peer = MediPayPeer(hospital, hospital.medipay, read_secret(hospital.medipay.secret, environment), now)
        return MediPayInsurance(peer, hospital, hospital.medipay, settings.zone, now)
    if hospital.insurer == "hospital" and hospital.kind == "fhir":
        return FhirInsurance(_fhir_peer(settings, environment), hospital, settings.zone, now)
    if relay.url is None:
        return NoRelay()
    return HospitalRelay(
        relay.url,
        connect_timeout_s=relay.connect_timeout_s,
        total_timeout_s=relay.total_timeout_s,
        zone=settings.zone,
        now=now,
        ssl_context=trusting(relay.authority),
        token=None if relay.token is None else read_secret(relay.token, environment),
    )


def _fhir_peer(settings: Settings, environment: Mapping[str, str] | None) -> FhirPeer:
    fhir = settings.hospital.fhir
    if fhir.access is not None:
        return FhirPeer(settings.hospital, _client_access(settings, fhir.access, environment))
    return FhirPeer(settings.hospital, NoAccess() if fhir.token is None else StoredToken(fhir.token, environment))


def _client_access(
    settings: Settings, access: FhirAccessSettings, environment: Mapping[str, str] | None
) -> ClientAccess:
    hospital = settings.hospital
    peer = BoundedHttp.to(
        access.token_url,
        connect_timeout_s=hospital.connect_timeout_s,
        total_timeout_s=hospital.find_timeout_s,
        ssl_context=trusting(hospital.authority),
    )
    return ClientAccess(access, peer, read_secret(access.key or access.secret or "", environment))
