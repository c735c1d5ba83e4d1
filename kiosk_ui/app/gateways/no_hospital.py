"""A kiosk without a hospital system: nobody is looked up, and check-ins stay in the store for staff."""

from __future__ import annotations

from kiosk_ui.app.domain.hand_over import HandOver, Receipt
from kiosk_ui.app.domain.patient import PatientFinding, PatientQuery
from kiosk_ui.app.failures import HOSPITAL_NOT_SET

__all__ = ["NoHospital"]


class NoHospital:
    """A :class:`~kiosk_ui.app.ports.HospitalSystem` that asks nobody."""

    def find(self, query: PatientQuery) -> PatientFinding:
        """Nothing is known, at once."""
        return PatientFinding.unavailable(HOSPITAL_NOT_SET.name)

    def hand_over(self, record: HandOver) -> Receipt:
        """The store is where such a hospital looks: there is nobody to tell, and nothing to try again."""
        return Receipt()
