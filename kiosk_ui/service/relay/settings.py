"""Settings of the relay: the insurer's gateway, the hospital's account there, and which kiosk asks for which officer."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from kiosk_ui.app.gateways.secret_place import SecretPlace
from kiosk_ui.app.settings_addresses import gateway_address

__all__ = ["CardKey", "KioskAccess", "RelayServiceSettings"]

CardKey = Literal["cccd", "bhxh10", "the15"]
"""What may stand in ``maThe``: the citizen number, the ten digits of social insurance, the whole card code."""


def _citizen_number(value: SecretStr) -> SecretStr:
    if re.fullmatch(r"[0-9]{12}", value.get_secret_value()) is None:
        raise ValueError("this must be the officer's citizen number of 12 digits")
    return value


class _Strict(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class KioskAccess(_Strict):
    """One kiosk that may ask, and the officer in whose name it does.

    The insurer wants to know for each query who made it, and answers 054 or 055 if the officer is not registered with
    the hospital's account (CV 1923/BHXH-CNTT, appendix 03; separate accounts since 1 August 2024).

    Attributes:
        token: where the kiosk's token lies; the kiosk sends it as ``Authorization: Bearer``.
        officer_name: ``hoTenCb``, as registered.
        officer_number: ``cccdCb``, the officer's citizen number.
    """

    token: SecretPlace
    officer_name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    officer_number: Annotated[SecretStr, AfterValidator(_citizen_number)]


class RelayServiceSettings(_Strict):
    """The table ``[relay]`` of the service.

    Attributes:
        gateway_url: the insurer's gateway, without path.
        token_path, check_path: of the two calls (CV 1923/BHXH-CNTT, appendix 03).
        username: the hospital's account, five digits of the facility and ``_BV``.
        password: where the account's password lies.
        kiosks: who may ask, by name.
        key_order: which of the numbers that a kiosk sends is tried first; the next one only when the insurer does not
            know the one before.
        connect_timeout_s: for reaching the gateway.
        total_timeout_s: for one whole check with everything that belongs to it; less than a kiosk waits.
        authority: file with the certificates of the authority that counts; the system's if not given.
        pseudonym_key: file with the key by which officers are named in answers and logs; made if it is not there.
        verify_url: an authentication service to which ``POST /verify`` is passed through; ``None``: there is none.
        verify_token: where the token for it lies.
    """

    gateway_url: Annotated[str, AfterValidator(gateway_address)]
    token_path: Annotated[str, Field(pattern=r"^/[A-Za-z0-9/_.-]+$")] = "/api/token/take"  # noqa: S105 - an address
    check_path: Annotated[str, Field(pattern=r"^/[A-Za-z0-9/_.-]+$")] = "/api/egw/KQNhanLichSuKCB2024"
    username: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.@-]{1,60}$")]
    password: SecretPlace
    kiosks: Annotated[dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,60}$")], KioskAccess], Field(min_length=1)]
    key_order: Annotated[tuple[CardKey, ...], Field(min_length=1, max_length=3)] = ("cccd", "bhxh10", "the15")
    connect_timeout_s: Annotated[float, Field(gt=0, le=30)] = 1.5
    total_timeout_s: Annotated[float, Field(gt=0, le=30)] = 3.5
    authority: Path | None = None
    pseudonym_key: Path
    verify_url: Annotated[str, AfterValidator(gateway_address)] | None = None
    verify_token: SecretPlace | None = None
