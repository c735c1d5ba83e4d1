"""The insurer of a kiosk that has no relay: it never knows, and everybody is admitted as "unverified"."""

from __future__ import annotations

from kiosk_ui.app.domain.insurance import Eligibility, EligibilityQuery
from kiosk_ui.app.failures import RELAY_NOT_SET, GatewayError

__all__ = ["NoRelay"]


class NoRelay:
    """An :class:`~kiosk_ui.app.ports.EligibilityGateway` that asks nobody."""

    def check(self, query: EligibilityQuery) -> Eligibility:
        """Raises ``relay.not_set`` at once."""
        raise GatewayError(RELAY_NOT_SET)
