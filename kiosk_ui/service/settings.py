"""Settings of the hospital's service: one TOML file, all problems told at once."""

from __future__ import annotations

import dataclasses
import datetime as dt
import ipaddress
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic import model_validator as _model_validator

from kiosk_ui.app.domain.departments import DEFAULT_DEPARTMENTS, Department
from kiosk_ui.app.failures import SETTINGS_UNUSABLE, SettingsError
from kiosk_ui.app.gateways.secret_place import SecretPlace
from kiosk_ui.app.settings_problems import sentences_of
from kiosk_ui.service.queue.calling import CallingRule
from kiosk_ui.service.queue.entry import COUNTER_QUEUE
from kiosk_ui.service.queue.sign_in import is_pin_hash
from kiosk_ui.service.relay.settings import RelayServiceSettings

__all__ = ["DeskSettings", "QueueServiceSettings", "ServiceSettings", "is_loopback", "load_service_settings"]

_Code = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]
_Line = Annotated[str, Field(min_length=1, max_length=80)]


class _Strict(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches ``host``."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _pin_hash(value: SecretStr) -> SecretStr:
    if not is_pin_hash(value.get_secret_value()):
        raise ValueError("this must be what `chipid service pin` prints")
    return value


def _record_address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or "{reference}" not in url:
        raise ValueError("this must be an address with {reference} in it")
    return url


def _known_rule(value: object) -> object:
    known = {field.name for field in dataclasses.fields(CallingRule)}
    unknown = sorted(set(value) - known) if isinstance(value, Mapping) else []
    if unknown:
        raise ValueError(f"there is no setting named {', '.join(map(str, unknown))} here")
    return value


def _sound_rule(rule: CallingRule) -> CallingRule:
    problems = [
        f"{name} must be from {least} to {most}"
        for name, least, most in (
            ("ordinary_per_prioritised", 1, 20),
            ("skipped_come_back_after", 0, 50),
            ("returned_come_back_after", 0, 50),
            ("calls_before_left", 1, 10),
            ("quiet_pause_s", 0, 3600),
        )
        if not least <= getattr(rule, name) <= most
    ]
    if problems:
        raise ValueError("; ".join(problems))
    return rule


class DeskSettings(_Strict):
    """A place where people are called to. Fields as in :class:`~kiosk_ui.service.queue.book.Desk`; ``pin`` is a hash."""

    code: _Code
    name: _Line
    place_vi: _Line
    place_en: _Line
    queues: Annotated[tuple[_Code, ...], Field(min_length=1, max_length=24)]
    pin: Annotated[SecretStr, AfterValidator(_pin_hash)]


class QueueServiceSettings(_Strict):
    """The table ``[queue]``.

    Attributes:
        data_folder: store and key, for this program alone.
        store_url: ``postgresql+psycopg://…``; a file in ``data_folder`` if not given.
        kiosks: for each kiosk's name where its token lies.
        desks: where people are called to.
        departments: the same as in the kiosks' settings.
        hospital: its name, as the call screen shows it.
        second_language: of the call screen beside Vietnamese.
        record_url: where the hospital system opens the record of a slip, with ``{reference}`` in it.
        rule: who is called next.
        days_kept: whole days beside today, then numbers are deleted.
        utc_offset_hours: the hospital's own time.
    """

    data_folder: Path
    store_url: SecretStr | None = None  # may hold a password
    kiosks: Annotated[dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,60}$")], SecretPlace], Field(min_length=1)]
    desks: Annotated[tuple[DeskSettings, ...], Field(min_length=1, max_length=200)]
    departments: Annotated[tuple[Department, ...], Field(min_length=1, max_length=24)] = DEFAULT_DEPARTMENTS
    hospital: Annotated[str, Field(max_length=80)] = ""
    second_language: Literal["en", "fr"] = "en"
    record_url: Annotated[str, AfterValidator(_record_address)] | None = None
    rule: Annotated[CallingRule, BeforeValidator(_known_rule), AfterValidator(_sound_rule)] = CallingRule()
    days_kept: Annotated[int, Field(ge=0, le=14)] = 2
    utc_offset_hours: Annotated[float, Field(ge=-12, le=14)] = 7.0

    @property
    def zone(self) -> dt.timezone:
        """The hospital's own time."""
        return dt.timezone(dt.timedelta(hours=self.utc_offset_hours))

    @_model_validator(mode="after")
    def _fits_together(self) -> Self:
        codes = [each.code for each in self.departments]
        problems = [f"the department {code!r} is given twice" for code in sorted(set(codes)) if codes.count(code) > 1]
        if COUNTER_QUEUE in codes:
            problems.append(f"no department may be called {COUNTER_QUEUE!r}: slips have that queue")
        desks = [each.code for each in self.desks]
        problems += [f"the desk {code!r} is given twice" for code in sorted(set(desks)) if desks.count(code) > 1]
        for desk in self.desks:
            unknown = sorted(set(desk.queues) - {*codes, COUNTER_QUEUE})
            problems += [f"the desk {desk.code!r} calls for {code!r}, which is no department" for code in unknown]
        if problems:
            raise ValueError("; ".join(problems))
        return self


class ServiceSettings(_Strict):
    """Everything the service is told.

    Attributes:
        host: address to listen at.
        port: port to listen at.
        certificate: PEM file with the certificate and what leads to it; ``key`` the PEM file with its key.
        plain_http: listen beyond this machine without TLS: only where nobody else is in the network.
        proxies: addresses of reverse proxies whose word about the sender's address counts.
        requests_per_second: from one address; twice as many at once.
        queue: the queues; ``None``: this service has none.
        relay: the relay to the insurer; ``None``: this service has none.
    """

    host: Annotated[str, Field(pattern=r"^[A-Za-z0-9.:-]{1,100}$")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8088
    certificate: Path | None = None
    key: Path | None = None
    plain_http: bool = False
    proxies: tuple[Annotated[str, Field(pattern=r"^[0-9A-Fa-f.:/]{2,60}$")], ...] = ()
    requests_per_second: Annotated[float, Field(ge=1, le=10_000)] = 100.0
    queue: QueueServiceSettings | None = None
    relay: RelayServiceSettings | None = None

    @_model_validator(mode="after")
    def _may_listen(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key belong together")
        if not is_loopback(self.host) and self.certificate is None and not self.plain_http:
            raise ValueError(
                "listening beyond this machine needs certificate and key, or a reverse proxy on this machine with host "
                "127.0.0.1; plain_http = true gives PINs and tokens to everybody in the network"
            )
        if self.queue is None and self.relay is None:
            raise ValueError("there is neither [queue] nor [relay], so there is nothing to do")
        return self


def load_service_settings(file: Path, overrides: Mapping[str, object] | None = None) -> ServiceSettings:
    """Read settings.

    Args:
        file: TOML.
        overrides: what the command line says, in place of the file.

    Raises:
        SettingsError: with one plain sentence for every problem.
    """
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(SETTINGS_UNUSABLE, (f"The file {file} cannot be read ({error.strerror}).",)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(SETTINGS_UNUSABLE, (f"The file {file} is not valid TOML: {error}.",)) from None
    try:
        return ServiceSettings.model_validate({**table, **(overrides or {})})
    except ValidationError as error:
        raise SettingsError(SETTINGS_UNUSABLE, sentences_of(error, ServiceSettings)) from None
