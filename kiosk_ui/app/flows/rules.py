"""What a hospital decides about its check-in."""

from __future__ import annotations

import dataclasses
import string

from kiosk_ui.app.domain.departments import DEFAULT_DEPARTMENTS, Department
from kiosk_ui.app.flows.time_limits import TimeLimits
from reader.verification.identity import Assurance

__all__ = ["CheckInRules"]

_COUNTER_CODE = "counter"


@dataclasses.dataclass(frozen=True, slots=True)
class CheckInRules:
    """What a hospital decides about its check-in.

    Attributes:
        departments: at least one; offered in this order.
        counter: number or name of the counter where people help.
        admitted: assurances that may check in unless the verdict is REJECT. A chip whose issuer could not be
            verified is admitted and marked so (house vocabulary, ``chip_read``). Who is less sure gets a slip.
        max_tries: wrong numbers in one visit before staff must help.
        pauses_s: pause after the first, second … wrong number; the last one repeats.
        time_limits: how long each screen waits.
        ask_phone: whether first visits are asked for a phone number.
        misreads: how often a card may be unreadable before "go on without the chip" is offered.
        emergency_place_vi: where the emergency department is; ``emergency_place_en`` the same in English.
    """

    departments: tuple[Department, ...] = DEFAULT_DEPARTMENTS
    counter: str = "1"
    admitted: frozenset[Assurance] = frozenset(
        {Assurance.CHIP_VERIFIED, Assurance.CHIP_READ, Assurance.ONLINE_VERIFIED}
    )
    max_tries: int = 5
    pauses_s: tuple[int, ...] = (0, 0, 10, 30)
    time_limits: TimeLimits = TimeLimits()  # noqa: RUF009 - frozen
    ask_phone: bool = False
    misreads: int = 2
    emergency_place_vi: str = "Khoa Cấp cứu"
    emergency_place_en: str = "Emergency department"

    @property
    def counter_queue(self) -> Department:
        """The queue of the counter, from which slips get their numbers. Its prefix is no department's, Q if it is free."""
        code = _COUNTER_CODE
        while any(department.code == code for department in self.departments):
            code += "_"
        taken = {department.prefix for department in self.departments}
        prefix = next((letter for letter in "QZYXW" + string.ascii_uppercase if letter not in taken), "Q")
        return Department(
            code,
            "Quầy tiếp đón",
            "Reception counter",
            prefix,
            f"Quầy số {self.counter}",
            f"Counter {self.counter}",
        )

    def department(self, code: str) -> Department | None:
        """The department of that code, if there is one."""
        return next((department for department in self.departments if department.code == code), None)
