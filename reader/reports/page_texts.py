"""What the one-page report says in both languages, but for the findings themselves (:mod:`.finding_texts`)."""

from __future__ import annotations

import enum
from typing import Final

__all__ = ["Language", "group_title", "text"]


class Language(enum.StrEnum):
    """Of the page."""

    VIETNAMESE = "vi"
    ENGLISH = "en"


def text(key: str, language: Language) -> str:
    """The text of a place on the page. Raises ``KeyError`` for an unknown one."""
    return _TEXTS[key][language is Language.ENGLISH]


def group_title(check: str, language: Language) -> str:
    """What a check is about, in two or three words."""
    return _TITLES[check.partition(".")[0]][language is Language.ENGLISH]


_TEXTS: Final = {
    "title": ("Phiếu kết quả kiểm tra chip", "Result of a chip check"),
    "test": ("THẺ THỬ – KHÔNG CÓ GIÁ TRỊ", "TEST CARD – NOT VALID"),
    "verdict.verified": ("ĐÃ XÁC THỰC", "GENUINE"),
    "verdict.accepted": ("ĐƯỢC CHẤP NHẬN", "ACCEPTED"),
    "verdict.refer": ("CẦN NGƯỜI KIỂM TRA", "A PERSON MUST DECIDE"),
    "verdict.reject": ("KHÔNG CHẤP NHẬN", "DO NOT ACCEPT"),
    "why.verified": (
        "Dữ liệu do cơ quan cấp ký, chip đúng là chip đã được cấp.",
        "The data are signed by their issuer, on the chip that was issued.",
    ),
    "why.accepted": (
        "Theo quy định của nơi kiểm tra; chưa chứng minh được mọi điều.",
        "By the policy of this place; not everything was proven.",
    ),
    "who": ("Dữ liệu trên chip", "What the chip says"),
    "nobody": ("Không đọc được thông tin cá nhân trên chip.", "The chip names nobody readable."),
    "number": ("Số", "Number"),
    "born": ("Ngày sinh", "Born"),
    "sex": ("Giới tính", "Sex"),
    "sex.M": ("Nam", "male"),
    "sex.F": ("Nữ", "female"),
    "sex.X": ("không ghi", "not stated"),
    "nationality.VNM": ("Việt Nam", "Viet Nam"),
    "nationality": ("Quốc tịch", "Nationality"),
    "address": ("Nơi thường trú", "Address"),
    "expires": ("Có giá trị đến", "Valid until"),
    "never": ("Không thời hạn", "no date of expiry"),
    "unknown": ("không rõ", "not known"),
    "proven": ("Đã chứng minh", "Proven"),
    "nothing": ("Chưa chứng minh được điều gì.", "Nothing was proven."),
    "not_proven": ("Chưa chứng minh được, và vì sao", "Not proven, and why"),
    "more": ("… và {count} điều khác: xem báo cáo JSON hoặc XML.", "… and {count} more: see the JSON or XML report."),
    "holder": (
        "Người cầm thẻ: phiếu này không so sánh khuôn mặt. Hãy so ảnh với người.",
        "The holder: this report compares no face. Compare the photo with the person.",
    ),
    "proven.signature": (
        "Chữ ký của cơ quan cấp đúng và được tin cậy ({issuer}).",
        "The issuer's signature is right and trusted ({issuer}).",
    ),
    "proven.unchanged": (
        "Dữ liệu đọc từ chip không bị sửa sau khi ký ({count} phần).",
        "What was read from the chip is unchanged since it was signed ({count} parts).",
    ),
    "proven.chip": (
        "Chip là chip gốc, không phải bản sao ({ways}).",
        "The chip is no copy: it is the one that was issued ({ways}).",
    ),
    "proven.valid": ("Giấy tờ còn hạn.", "The document has not expired."),
    "proven.no_expiry": ("Giấy tờ không có thời hạn.", "The document has no date of expiry."),
    "proven.printed": ("Nội dung in trên thẻ khớp với chip.", "What is printed on the card agrees with its chip."),
    "proven.revocation": ("Chứng thư của bên ký không bị thu hồi.", "The signer's certificate has not been revoked."),
    "proven.online": (
        "Dịch vụ xác thực trả lời: dữ liệu khớp, thẻ không bị báo mất hay hủy.",
        "An authentication service answered: the data match, the card is neither lost nor cancelled.",
    ),
    "circumstances": ("Khi nào, ở đâu, bằng gì", "When, where, by what"),
    "read_at": ("Thời điểm", "Read"),
    "place": ("Nơi kiểm tra", "Place"),
    "device": ("Thiết bị", "Device"),
    "no_device": ("không có khóa thiết bị", "no device key"),
    "policy": ("Quy tắc", "Policy"),
    "policy.hospital": ("bệnh viện", "hospital"),
    "policy.desk": ("quầy kiểm tra", "desk"),
    "policy.laboratory": ("phòng thử", "laboratory"),
    "opened": ("Cách mở chip", "Opened by"),
    "opened.NONE": ("không có kiểm soát truy cập", "no access control"),
    "software": ("Phần mềm", "Software"),
    "issuer": ("Cơ quan ký", "Authority"),
    "until": ("{name}, chứng thư đến {date}", "{name}, certificate until {date}"),
    "no_issuer": ("không có trong {count} cơ quan đã cài", "none of the {count} installed"),
    "signer.until": ("chứng thư đến {date}", "certificate until {date}"),
    "signer": ("Bên ký giấy tờ", "Document signer"),
    "none_installed": ("chưa cài cơ quan nào", "no authority is installed"),
    "lists": ("Danh sách thu hồi", "Revocation list"),
    "list": ("ngày {date}", "of {date}"),
    "list.until": ("ngày {date}, dùng đến {until}", "of {date}, due again {until}"),
    "no_list": ("không cài", "none installed"),
    "tied": (
        "Mã này và dòng SHA-256 chỉ đúng một tệp bằng chứng. Kiểm tra lại: chipid verify TỆP",
        "This code and the SHA-256 name one evidence file. To check it again: chipid verify FILE",
    ),
    "untied": (
        "Không giữ tệp bằng chứng cho lần đọc này: phiếu này không thể kiểm tra lại.",
        "No evidence file was kept of this reading: this page cannot be checked again.",
    ),
    "proves_nothing": (
        "Tờ giấy này tự nó không chứng minh điều gì; tệp bằng chứng mới chứng minh.",
        "This paper proves nothing by itself; the evidence file does.",
    ),
}
_TITLES: Final = {
    "passive_authentication": ("Chữ ký của cơ quan cấp", "Issuer's signature"),
    "data_group_hash": ("Dữ liệu nguyên vẹn", "Data unchanged"),
    "chip_authentication": ("Chip gốc", "Genuine chip"),
    "active_authentication": ("Chip gốc", "Genuine chip"),
    "chip_authentication_mapping": ("Chip gốc", "Genuine chip"),
    "chip_genuine": ("Chip gốc", "Genuine chip"),
    "document_validity": ("Thời hạn", "Validity"),
    "data_consistency": ("Dữ liệu trên chip khớp nhau", "Data on the chip agree"),
    "access_control": ("Cách mở chip", "Opening the chip"),
    "com_consistency": ("Danh mục tệp của chip", "The chip's list of files"),
    "known_deviation": ("Lỗi đã công bố", "Known defects"),
    "signer_revocation": ("Thu hồi chứng thư", "Revocation"),
    "printed_data": ("Nội dung in trên thẻ", "Printed data"),
    "online_verification": ("Mất hoặc hủy", "Lost or cancelled"),
    "terminal_authentication": ("Quyền của thiết bị", "Rights of this device"),
    "other": ("Khác", "Other"),
}
