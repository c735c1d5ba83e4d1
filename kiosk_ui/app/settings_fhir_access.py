"""How a kiosk gets its tokens for a FHIR server by itself."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from kiosk_ui.app.gateways.secret_place import SecretPlace
from kiosk_ui.app.settings_addresses import system_address

__all__ = ["FhirAccessSettings"]


class FhirAccessSettings(BaseModel):
    """The table ``[hospital.fhir.access]``: OAuth 2.0 client credentials, as SMART's backend services have them.

    Attributes:
        token_url: where tokens are given.
        client_id: this kiosk's name there.
        secret: where its secret lies; or ``key``: where its private key lies (PEM; P-384 or RSA), which is better: the
            server knows the public half alone.
        key_id: how the server calls the key.
        scope: what is asked for.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    token_url: Annotated[str, AfterValidator(system_address)]
    client_id: Annotated[str, Field(pattern=r"^[!-~]{1,200}$")]
    secret: SecretPlace | None = None
    key: SecretPlace | None = None
    key_id: Annotated[str, Field(pattern=r"^[!-~]{1,200}$")] | None = None
    scope: Annotated[str, Field(pattern=r"^[!-~]+( [!-~]+)*$", max_length=1_000)] = "system/*.*"

    @model_validator(mode="after")
    def _has_one_proof(self) -> Self:
        if (self.secret is None) == (self.key is None):
            raise ValueError("hospital.fhir.access: either secret or key is needed")
        return self
