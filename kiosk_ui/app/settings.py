"""Settings of a kiosk: one TOML file, overridden by environment variables ``CHIPID_…``, all problems told at once.

Nested settings are tables in the file and take two underscores in the environment: ``CHIPID_RELAY__URL``.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import ipaddress
import os
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from kiosk_ui.app.domain.departments import DEFAULT_DEPARTMENTS, Department
from kiosk_ui.app.failures import SETTINGS_UNUSABLE, SettingsError
from kiosk_ui.app.flows.rules import CheckInRules
from kiosk_ui.app.flows.time_limits import TimeLimits
from kiosk_ui.app.gateways.secret_place import SecretPlace
from kiosk_ui.app.settings_addresses import relay_address
from kiosk_ui.app.settings_check_in import CheckInSettings
from kiosk_ui.app.settings_hospital import HospitalSettings
from kiosk_ui.app.settings_looks import LooksSettings
from kiosk_ui.app.settings_operation import OperationSettings
from kiosk_ui.app.settings_origin import origin_in, problems_of_variables, with_variables
from kiosk_ui.app.settings_printing import PrinterSettings
from kiosk_ui.app.settings_problems import sentences_of
from kiosk_ui.app.settings_queue import QueueSettings
from kiosk_ui.app.settings_sound import SoundSettings
from kiosk_ui.app.settings_store import StoreSettings

__all__ = [
    "AuthenticationSettings",
    "HandoverSettings",
    "RelaySettings",
    "ScannerSettings",
    "Settings",
    "load_settings",
]


def _only_known(kind: type) -> Callable[[object], object]:
    """Refuse names that ``kind`` does not have: a misspelt setting must not be passed over in silence."""
    known = {field.name for field in dataclasses.fields(kind)}

    def check(value: object) -> object:
        unknown = sorted(set(value) - known) if isinstance(value, Mapping) else []
        if unknown:
            raise ValueError(f"there is no setting named {', '.join(map(str, unknown))} here")
        return value

    return check


_SLIPS = "counter"  # as the queue service calls the queue of slips (docs/queue.md)


def _usable_departments(departments: tuple[Department, ...]) -> tuple[Department, ...]:
    problems = []
    for department in departments:
        if re.fullmatch(r"[a-z0-9_]{1,40}", department.code) is None:
            problems.append(f"the code {department.code!r} may hold a–z, 0–9 and _ only, at most 40 of them")
        if re.fullmatch(r"[A-Z]", department.prefix) is None:
            problems.append(f"the prefix of {department.code!r} must be one letter A–Z")
        if department.code == _SLIPS:
            problems.append(
                f"the code {_SLIPS!r} is the queue of those who are sent to the reception counter; choose another"
            )
        if not (department.name_vi.strip() and department.name_en.strip() and department.place_vi.strip()):
            problems.append(f"{department.code!r} needs a name in both languages and a place")
    for what in ("code", "prefix"):
        counts = Counter(getattr(department, what) for department in departments)
        problems.extend(f"the {what} {value!r} is given twice" for value, count in counts.items() if count > 1)
    if problems:
        raise ValueError("; ".join(problems))
    return departments


class RelaySettings(BaseModel):
    """Where insurance is looked up.

    Attributes:
        url: the hospital relay's address for the check, or ``None``: nothing is looked up, every check-in is
            "unverified". Plain ``http`` only on this machine.
        token: where the token lies by which the relay knows this kiosk; ``None``: the relay asks for none.
        connect_timeout_s: for reaching it.
        total_timeout_s: for the whole look-up.
        authority: file with the certificates of the authority that counts; the system's if not given.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: Annotated[str, AfterValidator(relay_address)] | None = None
    token: SecretPlace | None = None
    connect_timeout_s: Annotated[float, Field(gt=0, le=30)] = 2.0
    total_timeout_s: Annotated[float, Field(gt=0, le=30)] = 4.0
    authority: Path | None = None


class AuthenticationSettings(BaseModel):
    """A licensed authentication service, which knows lost and cancelled cards.

    Attributes:
        url: its address, or that of the hospital's relay to it; ``None``: nobody is asked, and every reading says so.
            Plain ``http`` only on this machine.
        token: where the token lies by which it knows this kiosk; ``None``: it asks for none. The relay always asks.
        connect_timeout_s: for reaching it.
        total_timeout_s: for the whole question.
        authority: file with the certificates of the authority that counts; the system's if not given.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: Annotated[str, AfterValidator(relay_address)] | None = None
    token: SecretPlace | None = None
    connect_timeout_s: Annotated[float, Field(gt=0, le=30)] = 2.0
    total_timeout_s: Annotated[float, Field(gt=0, le=30)] = 3.0
    authority: Path | None = None


def _device_address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
        raise ValueError("this must be an address such as http://192.168.5.1:8000")
    if parts.scheme == "http" and not _is_nearby(parts.hostname):
        raise ValueError("a device that speaks http must have a private address; anything further needs https://")
    return url


def _is_nearby(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return address.is_private or address.is_loopback or address.is_link_local


class ScannerSettings(BaseModel):
    """What people hold their cards to: a code scanner, or a document reader of another maker.

    Attributes:
        kind: which device it is; docs/scanners.md has a table. ``keyboard``: a scanner that types; a fall-back.
        port: its serial port; ``None``: there is none, or it is on the network.
        baud_rate: bits per second; what its maker sets if not given.
        parity: what its maker sets if not given.
        url: of an HN212. Plain ``http`` only to a private address: its own cable.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    kind: Literal["code", "elyctis", "desko", "est-100pr", "hn212", "keyboard"] = "code"
    port: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    baud_rate: Annotated[int, Field(ge=300, le=4_000_000)] | None = None
    parity: Literal["none", "odd", "even"] | None = None
    url: Annotated[str, AfterValidator(_device_address)] = "http://192.168.5.1:8000"


class HandoverSettings(BaseModel):
    """A hospital system that takes readings in the record of the JTHeID tool.

    Attributes:
        url: its address, usually ``http://localhost:8050/``; ``None``: nothing is sent. Plain ``http`` only on this
            machine.
        least_assurance: what is less sure is not sent, because the record cannot say how sure it is.
        connect_timeout_s: for reaching it.
        total_timeout_s: for everything.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: Annotated[str, AfterValidator(relay_address)] | None = None
    least_assurance: Literal["chip_verified", "chip_read"] = "chip_verified"
    connect_timeout_s: Annotated[float, Field(gt=0, le=30)] = 1.0
    total_timeout_s: Annotated[float, Field(gt=0, le=30)] = 3.0


class Settings(BaseModel):
    """Everything that differs from kiosk to kiosk.

    Attributes:
        device: name of this kiosk in the audit trail.
        counter: number or name of the counter where people help.
        data_folder: store, keys and tickets, for this program alone.
        store_url: database of several kiosks (``postgresql+psycopg://…``); a file in ``data_folder`` if not given.
        trust_seal_key: key file with which the trust store must be sealed; by default the user's own key counts for the
            stores that it knows.
        utc_offset_hours: the hospital's own time. Vietnam has UTC+7 all year.
        photo: whether the chip's photo is read, to be shown while the patient confirms; it is most of the reading's time.
        relay: the insurance look-up.
        authentication: the service that knows lost and cancelled cards.
        scanner: the code scanner or document reader.
        handover: a hospital system that takes readings.
        hospital: the hospital system that knows patients and takes check-ins.
        operation: the operator's page, figures for monitoring, the watchdog.
        printer: what prints tickets and slips.
        sound: the spoken prompts.
        looks: how every visit begins to look.
        check_in: what the check-in asks, and where it sends people.
        queue: which queue numbers this kiosk draws, and the service that calls them.
        store: the store's key, and how long what is kept.
        time_limits: how long screens wait, in seconds.
        departments: what a patient can choose.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    device: Annotated[str, Field(min_length=1, max_length=60)] = "kiosk-1"
    counter: Annotated[str, Field(min_length=1, max_length=20)] = "1"
    data_folder: Path = Field(default_factory=lambda: Path.home() / ".local" / "share" / "chipid-kiosk")
    store_url: SecretStr | None = None  # may hold a password
    trust_seal_key: Path | None = None
    utc_offset_hours: Annotated[float, Field(ge=-12, le=14)] = 7.0
    photo: bool = True
    relay: RelaySettings = RelaySettings()
    authentication: AuthenticationSettings = AuthenticationSettings()
    scanner: ScannerSettings = ScannerSettings()
    handover: HandoverSettings = HandoverSettings()
    hospital: HospitalSettings = HospitalSettings()
    operation: OperationSettings = OperationSettings()
    printer: PrinterSettings = PrinterSettings()
    sound: SoundSettings = SoundSettings()
    looks: LooksSettings = LooksSettings()
    check_in: CheckInSettings = CheckInSettings()
    queue: QueueSettings = QueueSettings()
    store: StoreSettings = StoreSettings()
    time_limits: Annotated[TimeLimits, BeforeValidator(_only_known(TimeLimits))] = TimeLimits()
    departments: Annotated[
        tuple[Annotated[Department, BeforeValidator(_only_known(Department))], ...],
        Field(min_length=1, max_length=24),
        AfterValidator(_usable_departments),
    ] = DEFAULT_DEPARTMENTS

    @property
    def zone(self) -> dt.timezone:
        """The hospital's own time."""
        return dt.timezone(dt.timedelta(hours=self.utc_offset_hours))

    @property
    def rules(self) -> CheckInRules:
        """The check-in's rules."""
        return CheckInRules(
            departments=self.departments,
            counter=self.counter,
            time_limits=self.time_limits,
            **self.check_in.model_dump(),
        )


def load_settings(file: Path | None = None) -> Settings:
    """Read settings from ``file`` (none: defaults) and the environment.

    Raises:
        SettingsError: with one plain sentence for every problem.
    """
    text = ""
    table: dict[str, object] = {}
    if file is not None:
        try:
            text = file.read_text(encoding="utf-8")
            table = tomllib.loads(text)
        except OSError as error:
            raise SettingsError(SETTINGS_UNUSABLE, (f"The file {file} cannot be read ({error.strerror}).",)) from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(SETTINGS_UNUSABLE, (f"The file {file} is not valid TOML: {error}.",)) from None
    problems = problems_of_variables(os.environ, Settings)
    try:
        settings = Settings.model_validate(with_variables(table, os.environ, Settings))
    except ValidationError as error:
        said = sentences_of(error, Settings, origin_in(text, os.environ))
        raise SettingsError(SETTINGS_UNUSABLE, _each_once(problems, said)) from None
    if problems:
        raise SettingsError(SETTINGS_UNUSABLE, problems)
    return settings


def _each_once(of_variables: tuple[str, ...], of_values: tuple[str, ...]) -> tuple[str, ...]:
    """A misspelt variable of a table is found twice: by its own name, and as a setting that its table has not."""
    named = {sentence.partition(":")[0].upper() for sentence in of_variables}
    return (*of_variables, *(each for each in of_values if not each.upper().endswith(tuple(f"({n})." for n in named))))
