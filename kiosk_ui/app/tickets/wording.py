"""What tickets and slips say, Vietnamese first, English below. Screens have their words elsewhere: paper has no switch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from kiosk_ui.app.domain.check_in import Missing

__all__ = ["GO_TO_COUNTER", "REASONS", "Words", "reason_words", "wait_words"]


class Words(NamedTuple):
    """One thing in both languages."""

    vi: str
    en: str


QUEUE_NUMBER: Final = Words("Số thứ tự", "Queue number")
COUNTER_NUMBER: Final = Words("Số thứ tự ở quầy", "Number at the counter")
GO_TO_COUNTER: Final = Words("Mời đến quầy\u00a0{n}", "Please go to counter\u00a0{n}")
PRIORITY: Final = Words("Ưu tiên", "Priority")
STAFF_CONFIRM: Final = Words("Nhân viên xác nhận", "Staff will confirm")
UNVERIFIED: Final = Words(
    "Bảo hiểm chưa được xác minh. Nhân viên sẽ kiểm tra sau.", "Insurance not verified yet. Staff will check later."
)
AT_COUNTER: Final = Words(
    "Mời đến quầy để kiểm tra bảo hiểm. Số thứ tự vẫn được giữ.",
    "Insurance is checked at the counter. Your place is kept.",
)
TAKE_CARD: Final = Words("Nhớ lấy thẻ, giữ phiếu này", "Take your card, keep this paper")
KEEP_SLIP: Final = Words("Xin đưa phiếu này cho nhân viên.", "Please hand this slip to the staff.")
TO_SETTLE: Final = Words("Nhân viên sẽ xem giúp:", "The counter will see to:")
BORN: Final = Words("Ngày sinh", "Date of birth")
NUMBER: Final = Words("Số giấy tờ", "Document number")
REFERENCE: Final = Words("Mã tra cứu", "Reference")

REASONS: Final[Mapping[str, Words]] = {
    Missing.IDENTITY: Words("Giấy tờ của quý khách", "Your papers"),
    Missing.NUMBER: Words("Số giấy tờ", "Document number"),
    Missing.NAME: Words("Họ và tên", "Full name"),
    Missing.DATE_OF_BIRTH: Words("Ngày sinh", "Date of birth"),
    Missing.GUARDIAN: Words("Thẻ của người đi cùng bé", "The card of the child's guardian"),
    Missing.INSURANCE: Words("Bảo hiểm y tế", "Health insurance"),
    Missing.PRIORITY: Words("Diện ưu tiên", "Priority"),
}
_OTHER_REASON: Final = Words("Thông tin khác", "Something else")


def reason_words(reasons: tuple[str, ...]) -> tuple[Words, ...]:
    """The words for stable reason codes, each once. An unknown code is said as "something else", never as a code."""
    return tuple(dict.fromkeys(REASONS.get(reason, _OTHER_REASON) for reason in reasons))


def wait_words(minutes: int) -> Words:
    """Estimated wait; from an hour on in hours and minutes."""
    if minutes < 60:
        return Words(f"Chờ khoảng {minutes} phút", f"About {minutes} min to wait")
    hours, rest = divmod(minutes, 60)
    vi = f"{hours} giờ {rest} phút" if rest else f"{hours} giờ"
    en = f"{hours} h {rest} min" if rest else f"{hours} h"
    return Words(f"Chờ khoảng {vi}", f"About {en} to wait")
