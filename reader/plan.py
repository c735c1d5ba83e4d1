"""What to read, in which order, for which purpose: as data.

Every plan begins alike: EF.COM and EF.SOD say what is there, DG14 how the chip proves itself; then the chip proves it,
so that all that follows comes through the channel which only the genuine chip can keep. After that:

- ``hospital``: who it is (DG1, DG13), the key for the chip's signature (DG15) and the signature, and last the photo
  (DG2), which is longer than all the rest. :meth:`ReadPlan.without_photo` leaves it out.
- ``desk``, ``laboratory``: the same, then every other readable group in the order of its number.

Fingerprints and irises (DG3, DG4) come at the very end, where the chip gives the terminal the right to them.
"""

from __future__ import annotations

import dataclasses
from typing import Final

__all__ = ["DESK", "HOSPITAL", "LABORATORY", "ReadPlan", "plan_named"]

_SENSITIVE: Final = (3, 4)
"""Fingerprints and irises need terminal authentication (Doc 9303-10 §4.7.3): no plan asks for them without it."""

_PHOTO: Final = 2
_LONGEST_WAIT_S: Final = 600.0


@dataclasses.dataclass(frozen=True, slots=True)
class ReadPlan:
    """A purpose's reading.

    Attributes:
        name: ``hospital``, ``desk`` or ``laboratory``.
        first: data groups in the order in which they are wanted, as far as the chip has them.
        others_too: whether every other readable group follows.
        sensitive: whether fingerprints and irises are read too, where the chip gives the terminal the right.
        chip_authentication, active_authentication: whether the chip is asked to prove itself.
        allow_bac_fallback: whether BAC may be used on a chip that offers PACE in a way this reader cannot speak.
            It is reported as a downgrade either way; a *failed* PACE is never followed by BAC.
        assume_cccd: whether EF.CardAccess of the Vietnamese CCCD may be assumed if the chip does not show it and
            the key comes from a Vietnamese number.
        photo: whether DG2 is read where the rest of the plan has it.
        most_returns: how often in one reading a card that was torn away may come back.
        return_within_s: seconds that each return is waited for.
    """

    name: str
    first: tuple[int, ...]
    others_too: bool = False
    sensitive: bool = True
    chip_authentication: bool = True
    active_authentication: bool = True
    allow_bac_fallback: bool = True
    assume_cccd: bool = True
    photo: bool = True
    most_returns: int = 3
    return_within_s: float = 20.0

    def __post_init__(self) -> None:
        if self.most_returns < 0 or not 0 <= self.return_within_s <= _LONGEST_WAIT_S:
            raise ValueError("a plan waits for a card a bounded number of times, and a bounded time")

    def without_photo(self) -> ReadPlan:
        """The same without DG2, for those who need no picture: it is most of what goes over the link."""
        return dataclasses.replace(self, photo=False)

    def groups(self, available: frozenset[int]) -> tuple[int, ...]:
        """The groups to read, in order. DG14 is not among them: it always comes before all others."""
        left_out = {*_SENSITIVE} if self.photo else {*_SENSITIVE, _PHOTO}
        wanted = [group for group in self.first if group in available and group not in left_out]
        if self.others_too:
            wanted += sorted(available - set(wanted) - left_out - {14})
        return tuple(wanted)

    def sensitive_groups(self, available: frozenset[int]) -> tuple[int, ...]:
        """The groups to read besides, once the chip has admitted the terminal."""
        return tuple(group for group in _SENSITIVE if self.sensitive and group in available)


# Identity first, the key for active authentication next, the photo last: it is the longest.
HOSPITAL: Final = ReadPlan("hospital", first=(1, 13, 15, 2))
DESK: Final = ReadPlan("desk", first=(1, 13, 15, 2), others_too=True)
LABORATORY: Final = ReadPlan("laboratory", first=(1, 13, 15, 2), others_too=True)


def plan_named(name: str) -> ReadPlan:
    """The plan of a policy's name. Raises ``KeyError`` for an unknown one."""
    return {plan.name: plan for plan in (HOSPITAL, DESK, LABORATORY)}[name]
