"""A sentence in both languages for every code that keeps something from being proven. Keys are codes of checks."""

from __future__ import annotations

from typing import Final

from reader.reports.page_texts import Language

__all__ = ["finding_text"]

_CHIP_PROOFS: Final = ("chip_authentication", "active_authentication", "chip_authentication_mapping")


def finding_text(code: str, language: Language) -> str | None:
    """The sentence for a check's code, or ``None`` for a code of which this page knows nothing."""
    pair = _FINDINGS.get(code)
    if pair is None:
        check, _, reason = code.partition(".")
        pair = _CHIP_FINDINGS.get(reason) if check in _CHIP_PROOFS else None
    if pair is None and code.startswith("printed_data.name_"):
        pair = _FINDINGS["printed_data.name_differs"]
    return None if pair is None else pair[language is Language.ENGLISH]


_CHIP_FINDINGS: Final = {
    "issuer_unknown": (
        "Chip có khóa ghi trong tệp của nó, nhưng không cơ quan được tin cậy nào xác nhận khóa đó.",
        "The chip holds the key that its files name, but nobody trusted vouches for that key.",
    ),
    "key_not_signed": (
        "Khóa của chip không nằm trong phần mà cơ quan cấp đã ký.",
        "The chip's key is not among what its issuer signed.",
    ),
    "not_asked": ("Lần đọc này không hỏi.", "The chip was not asked in this reading."),
    "not_offered": ("Chip không có khóa cho việc này.", "The chip has no key for it."),
    "key_not_shown": ("Chip không cho xem khóa.", "The chip did not show its key."),
    "terminal_unable": (
        "Thiết bị này không dùng được loại khóa của chip.",
        "This device cannot use the chip's kind of key.",
    ),
    "refused": ("Chip từ chối, dù tệp của nó nói là có thể.", "The chip refused, though its files say that it can."),
    "broke_off": ("Chip ngắt kết nối khi được hỏi.", "The chip broke the connection when it was asked."),
    "not_genuine": (
        "Chip không giữ khóa riêng của thẻ mà nó trình ra: đây là bản sao.",
        "The chip does not hold the private key of the card whose data it shows: it is a copy.",
    ),
    "key_withheld": ("Chip giấu khóa mà cơ quan cấp đã ký.", "The chip hides the key that its issuer signed."),
    "key_compromised": (
        "Nước cấp nói khóa của chip có thể đã bị lộ.",
        "The issuing country says that the chip's key may have leaked.",
    ),
    "key_manipulated": (
        "Khóa của chip ghi một nhóm đã biết với một số bị đổi: ai cũng có thể có khóa riêng.",
        "The chip's key spells out a known group with a number changed: anybody can have its private key.",
    ),
    "card_security_unreadable": (
        "Chip không cho xem danh sách khóa đã ký.",
        "The chip did not show its signed list of keys.",
    ),
    "card_security_wrong": ("Danh sách khóa đã ký của chip sai.", "The signed list of the chip's keys is wrong."),
    "not_transferable": (
        "Chỉ là lời của thiết bị đã đọc; không chứng minh lại được.",
        "Only the word of the device that read it; it cannot be proven again.",
    ),
}
_FINDINGS: Final = {
    "chip_genuine.not_proven": (
        "Chưa có gì chứng minh đây là chip đã được cấp.",
        "Nothing has proven that this chip is the one that was issued.",
    ),
    "passive_authentication.not_done": ("Chưa kiểm tra chữ ký.", "The signature was not checked."),
    "passive_authentication.absent": ("Chip không có danh sách đã ký.", "The chip has no signed list."),
    "passive_authentication.unreadable": (
        "Không đọc được danh sách đã ký.",
        "The chip's signed list could not be read.",
    ),
    "passive_authentication.malformed": (
        "Danh sách đã ký có cấu trúc sai.",
        "The chip's signed list is not well formed.",
    ),
    "passive_authentication.version_unsupported": (
        "Danh sách đã ký có phiên bản mà chương trình chưa biết.",
        "The chip's signed list has a version that this program does not know.",
    ),
    "passive_authentication.signer_certificate_absent": (
        "Không tìm thấy chứng thư của bên ký.",
        "The signer's certificate was not found.",
    ),
    "passive_authentication.attribute_missing": (
        "Chữ ký thiếu một phần bắt buộc.",
        "The signature lacks a part that it must have.",
    ),
    "passive_authentication.content_type_mismatch": (
        "Thứ được ký không phải danh sách dữ liệu của chip.",
        "What was signed is not the list of this chip's data.",
    ),
    "passive_authentication.content_digest_mismatch": (
        "Danh sách trên chip không phải danh sách đã được ký.",
        "The list on the chip is not the one that was signed.",
    ),
    "passive_authentication.signature_wrong": ("Chữ ký của cơ quan cấp sai.", "The issuer's signature is wrong."),
    "passive_authentication.algorithm_unsupported": (
        "Chữ ký dùng phương pháp mà chương trình không kiểm tra được.",
        "The signature uses a method that this program cannot check.",
    ),
    "passive_authentication.curve_manipulated": (
        "Khóa của bên ký dùng một đường cong quen thuộc bị sửa một số.",
        "The signer's key spells out a known curve with a number changed.",
    ),
    "passive_authentication.chain_not_checked": (
        "Không kiểm tra được cơ quan cấp có đáng tin không.",
        "Whether the issuer is trusted could not be checked.",
    ),
    "passive_authentication.issuer_unknown": (
        "Chưa cài chứng thư của cơ quan cấp này.",
        "No trusted authority of this issuer is installed.",
    ),
    "passive_authentication.issuer_key_unknown": (
        "Có cài cơ quan cấp này, nhưng không có khóa đã ký ở đây.",
        "The authority is installed, but not with the key that signed here.",
    ),
    "passive_authentication.issuer_name_mismatch": (
        "Các chứng thư ghi cơ quan cấp khác nhau.",
        "The certificates name different issuers.",
    ),
    "passive_authentication.issuer_not_ca": (
        "Chứng thư của bên cấp không phải của một cơ quan chứng thực.",
        "The issuer's certificate is not one of an authority.",
    ),
    "passive_authentication.issuer_key_usage": (
        "Khóa của bên cấp không dùng để ký chứng thư.",
        "The issuer's key is not meant for signing certificates.",
    ),
    "passive_authentication.issuer_expired": (
        "Chứng thư của cơ quan cấp đã hết hạn.",
        "The authority's certificate had expired.",
    ),
    "passive_authentication.issuer_not_yet_valid": (
        "Chứng thư của cơ quan cấp chưa có hiệu lực.",
        "The authority's certificate was not yet valid.",
    ),
    "passive_authentication.signer_malformed": (
        "Chứng thư của bên ký có cấu trúc sai.",
        "The signer's certificate is not well formed.",
    ),
    "passive_authentication.signer_signature_wrong": (
        "Cơ quan cấp không ký chứng thư của bên ký này.",
        "The authority did not sign this signer's certificate.",
    ),
    "passive_authentication.signer_key_usage": (
        "Khóa của bên ký không dùng để ký giấy tờ.",
        "The signer's key is not meant for signing documents.",
    ),
    "passive_authentication.signer_expired": (
        "Chứng thư của bên ký đã hết hạn.",
        "The signer's certificate has expired.",
    ),
    "passive_authentication.signer_not_yet_valid": (
        "Chứng thư của bên ký chưa có hiệu lực.",
        "The signer's certificate is not yet valid.",
    ),
    "passive_authentication.critical_extension": (
        "Một chứng thư đòi hỏi điều mà chương trình không biết.",
        "A certificate demands something that this program does not know.",
    ),
    "passive_authentication.signer_revoked": (
        "Chứng thư của bên ký đã bị thu hồi.",
        "The signer's certificate has been revoked.",
    ),
    "passive_authentication.issuer_revoked": (
        "Chứng thư của cơ quan cấp đã bị thu hồi.",
        "The authority's certificate has been revoked.",
    ),
    "passive_authentication.link_country_mismatch": (
        "Một cơ quan bảo đảm cho cơ quan của nước khác.",
        "An authority vouches for an authority of another country.",
    ),
    "passive_authentication.country_mismatch": (
        "Giấy tờ ghi nước khác với nước của bên ký.",
        "The document names another country than its signer's.",
    ),
    "passive_authentication.country_unknown": (
        "Không rõ cơ quan ký thuộc nước nào.",
        "Which country signed could not be told.",
    ),
    "passive_authentication.document_type_not_allowed": (
        "Bên ký không được ký loại giấy tờ này.",
        "The signer may not sign documents of this type.",
    ),
    "passive_authentication.document_type_unreadable": (
        "Không đọc được bên ký được ký loại giấy tờ nào.",
        "Which documents the signer may sign could not be read.",
    ),
    "signer_revocation.no_list": (
        "Chưa kiểm tra: chưa cài danh sách thu hồi.",
        "Not checked: no list of revoked signers is installed.",
    ),
    "signer_revocation.not_checked": ("Chưa kiểm tra.", "Not checked."),
    "signer_revocation.list_outdated": (
        "Danh sách thu hồi mới nhất đã quá cũ.",
        "The newest list of revoked signers is too old.",
    ),
    "signer_revocation.list_unusable": (
        "Không dựa vào danh sách thu hồi được.",
        "The installed list of revoked signers cannot be relied on.",
    ),
    "known_deviation.known": (
        "Nước cấp đã báo giấy tờ loại này có lỗi.",
        "The issuing country says that such documents have a defect.",
    ),
    "known_deviation.possible": (
        "Nước cấp đã báo lỗi ở một số giấy tờ; chưa biết có giấy này không.",
        "The issuing country names a defect of some documents, perhaps of this one.",
    ),
    "known_deviation.signer_key": (
        "Nước cấp nói khóa hoặc chứng thư của bên ký có vấn đề.",
        "The issuing country says that the signer's key or certificate is bad.",
    ),
    "data_group_hash.mismatch": ("Đã bị sửa sau khi ký: {groups}.", "Changed after it was signed: {groups}."),
    "data_group_hash.not_listed": ("Cơ quan cấp không ký: {groups}.", "The issuer did not sign: {groups}."),
    "data_group_hash.unreadable": ("Chip không đưa ra: {groups}.", "The chip did not give: {groups}."),
    "data_group_hash.not_permitted": (
        "Thiết bị này không có quyền đọc: {groups}.",
        "This device has no right to read: {groups}.",
    ),
    "document_validity.expired": ("Giấy tờ đã hết hạn.", "The document's last day has passed."),
    "document_validity.unreadable": ("Không đọc được ngày hết hạn.", "The date of expiry could not be read."),
    "document_validity.clock_implausible": (
        "Đồng hồ của máy này không thể đúng.",
        "This computer's clock cannot be right.",
    ),
    "data_consistency.number_differs": (
        "Hai nơi trên chip ghi hai số khác nhau.",
        "Two places on the chip give different numbers.",
    ),
    "data_consistency.date_of_birth_differs": (
        "Hai nơi trên chip ghi hai ngày sinh khác nhau.",
        "Two places on the chip give different dates of birth.",
    ),
    "data_consistency.name_differs": (
        "Hai nơi trên chip ghi tên khác nhau.",
        "Two places on the chip give different names.",
    ),
    "data_consistency.check_digit": ("Một chữ số kiểm tra của MRZ sai.", "A check digit of the chip's MRZ is wrong."),
    "data_consistency.no_mrz": ("Chưa đọc MRZ của chip.", "The chip's MRZ was not read."),
    "data_consistency.unreadable": ("Không đọc được một phần dữ liệu.", "A part of the data cannot be read."),
    "access_control.card_access_differs": (
        "Cách mở mà chip chào không phải cách mà cơ quan cấp đã ký.",
        "The ways of opening that the chip offered are not those its issuer signed.",
    ),
    "access_control.pace_hidden": (
        "Chip giấu cách mở an toàn hơn mà cơ quan cấp đã ký.",
        "The chip hides the better way of opening that its issuer signed.",
    ),
    "access_control.downgraded": (
        "Chip được mở bằng cách yếu hơn cách mà nó chào.",
        "The chip was opened by something weaker than it offers.",
    ),
    "access_control.none": (
        "Chip không có kiểm soát truy cập: ai ở gần cũng đọc được.",
        "The chip has no access control: anyone near it can read it.",
    ),
    "com_consistency.group_missing": (
        "Danh mục không ký bỏ sót dữ liệu đã ký.",
        "The unsigned list leaves out data that were signed.",
    ),
    "com_consistency.group_extra": (
        "Danh mục không ký ghi thêm dữ liệu chưa được ký.",
        "The unsigned list names data that were not signed.",
    ),
    "com_consistency.version_differs": (
        "Hai danh mục ghi phiên bản khác nhau.",
        "The two lists name different versions.",
    ),
    "com_consistency.unreadable": ("Không đọc được danh mục không ký.", "The unsigned list cannot be read."),
    "com_consistency.absent": ("Không có gì để so.", "There is nothing to compare."),
    "printed_data.number_differs": ("Số in trên thẻ khác số trên chip.", "The printed number is not the chip's."),
    "printed_data.date_of_birth_differs": (
        "Ngày sinh in khác ngày sinh trên chip.",
        "The printed date of birth is not the chip's.",
    ),
    "printed_data.date_of_expiry_differs": (
        "Ngày hết hạn in khác trên chip.",
        "The printed date of expiry is not the chip's.",
    ),
    "printed_data.sex_differs": ("Giới tính in khác trên chip.", "The printed sex is not the chip's."),
    "printed_data.mrz_differs": ("MRZ in trên thẻ khác MRZ trên chip.", "The printed MRZ is not the chip's."),
    "printed_data.optional_data_differs": (
        "Phần dữ liệu thêm của MRZ khác trên chip.",
        "The optional data of the printed MRZ are not the chip's.",
    ),
    "printed_data.date_of_issue_differs": (
        "Ngày cấp in khác trên chip.",
        "The printed date of issue is not the chip's.",
    ),
    "printed_data.name_differs": ("Tên in trên thẻ khác tên trên chip.", "The printed name is not quite the chip's."),
    "printed_data.not_comparable": ("Không so được với chip.", "It could not be compared with the chip."),
    "printed_data.chip_unreadable": (
        "Không đọc được dữ liệu chip để so.",
        "The chip's data could not be read to compare.",
    ),
    "online_verification.not_asked": ("Chưa hỏi cơ quan nào.", "Nobody was asked."),
    "online_verification.no_answer": ("Dịch vụ xác thực không trả lời.", "The authentication service did not answer."),
    "online_verification.unknown": (
        "Dịch vụ xác thực không biết thẻ này.",
        "The authentication service does not know this card.",
    ),
    "online_verification.differs": (
        "Dịch vụ xác thực: dữ liệu không khớp.",
        "The authentication service says that the data do not match.",
    ),
    "online_verification.lost": ("Thẻ đã được báo mất.", "The card is reported lost."),
    "online_verification.cancelled": ("Thẻ đã bị hủy.", "The card has been cancelled."),
    "terminal_authentication.not_possible": ("Không thực hiện được.", "It was not possible."),
}
