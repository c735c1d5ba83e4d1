"""How long each screen of the check-in waits. Data, so that a hospital can change it."""

from __future__ import annotations

import dataclasses

from kiosk_ui.app.flows import screens as s

__all__ = ["TimeLimits"]


@dataclasses.dataclass(frozen=True, slots=True)
class TimeLimits:
    """Seconds of each kind of waiting.

    Attributes:
        question_s: a screen that asks something; the warning takes its last :attr:`warning_s`.
        card_away_s: the same when the card has been taken already.
        message_s: a screen that only tells something (refused, emergency), or what went wrong; there with the warning.
        ticket_s: the ticket screen, anew when it is known what came of the paper; :attr:`ticket_card_away_s` once the card
            has been taken and the paper is there. Without paper the screen is all that they have.
        reading_s: longest silence of the reading before it counts as stalled.
        look_up_s: longest wait for the insurer.
        saving_s: longest wait for the store.
        take_card_s: how long the number waits for the card to be taken.
        staff_s: how long "staff are coming" stands.
        warning_s: length of the warning; EN 301 549 asks for at least 20 seconds (clause 9.2.2.1 after WCAG 2.2.1).
    """

    question_s: int = 75
    card_away_s: int = 45
    message_s: int = 60
    ticket_s: int = 30
    ticket_card_away_s: int = 10
    reading_s: int = 20
    look_up_s: int = 6
    saving_s: int = 10
    take_card_s: int = 10
    staff_s: int = 120
    warning_s: int = 20

    def __post_init__(self) -> None:
        if min(dataclasses.astuple(self)) < 1:
            raise ValueError("every time limit is at least one second")
        if self.warning_s >= min(self.question_s, self.card_away_s):
            raise ValueError("the warning must be shorter than the time limits that it ends")

    def seconds(self, screen: s.Screen, *, card_away: bool) -> int:
        """How long ``screen`` waits before its timer fires.

        Welcome waits for ever; what fires there, once it has been touched, is what makes it look as before.
        """
        match screen:
            case s.Welcome():
                return self.question_s
            case s.WrongNumber(wait_seconds=wait) if wait > 0:
                return 1  # the pause counts down by the second
            case s.Reading():
                return self.reading_s
            case s.LookingUp():
                return self.look_up_s
            case s.Saving():
                return self.saving_s
            case s.TakeCard():
                return self.take_card_s
            case s.TicketReady(printing=printing) | s.SlipReady(printing=printing):
                has_all = card_away and printing is s.Printing.DONE
                return self.ticket_card_away_s if has_all else self.ticket_s
            case s.Refused() | s.Emergency():
                return self.message_s
            case s.Problem():
                return max(1, self.message_s - self.warning_s)
            case _:
                return (self.card_away_s if card_away else self.question_s) - self.warning_s
