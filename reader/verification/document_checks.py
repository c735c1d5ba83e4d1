"""Checks of what the document itself says: whether it is still valid, and whether its parts agree."""

from __future__ import annotations

import datetime as dt

from crypto.errors import ChipIdError
from crypto.pki.security_object import SecurityObject
from reader.lds.com import CommonData
from reader.lds.document import IdDocument
from reader.lds.mrz import Mrz
from reader.lds.security_infos import ID_PACE, SecurityInfos
from reader.session import AccessReport, CardAccessSource
from reader.verification.checks import CheckName, CheckResult, CheckStatus
from reader.verification.clock import is_plausible
from reader.verification.expiry import expiry_of
from reader.vietnamese.text import compare_with_mrz

__all__ = ["check_access_control", "check_com", "check_consistency", "check_validity"]


def check_validity(
    document: IdDocument, at: dt.datetime, signer_valid_from: dt.date | None = None, *, clock_is_behind: bool = False
) -> CheckResult:
    """Whether the document's last day has passed. The day counts where the reader stands: at noon in Vietnam it is
    the same day in the whole country.

    Args:
        document: the chip's files.
        at: now, in local time with its zone.
        signer_valid_from: first day of the document signer's certificate, which tells the century of an MRZ's year.
        clock_is_behind: whether a certificate shows that the clock is slow: what is over by it is over, and no more can
            be said.
    """
    if not is_plausible(at):
        return _clock_implausible("This computer's clock cannot be right.")
    try:
        no_expiry, expires_on = document.no_expiry, expiry_of(document, signer_valid_from, at.date())
    except ChipIdError:
        return _validity(CheckStatus.UNDETERMINED, "unreadable", "The date of expiry could not be read.")
    if expires_on is not None and at.date() > expires_on:
        return _validity(CheckStatus.FAILED, "expired", "The card's last day has passed.")
    if clock_is_behind:
        return _clock_implausible("This computer's clock is slow: the card's signer is from a later day.")
    if no_expiry:
        return _validity(CheckStatus.SUCCESSFUL, "no_expiry", "The card has no date of expiry.")
    if expires_on is None:
        return _validity(CheckStatus.UNDETERMINED, "unreadable", "The card names no usable date of expiry.")
    return _validity(CheckStatus.SUCCESSFUL, "valid", "The card has not expired.")


def _clock_implausible(detail: str) -> CheckResult:
    return _validity(CheckStatus.UNDETERMINED, "clock_implausible", detail)


def _validity(status: CheckStatus, reason: str, detail: str) -> CheckResult:
    return CheckResult(CheckName.DOCUMENT_VALIDITY, status, f"{CheckName.DOCUMENT_VALIDITY}.{reason}", detail)


def check_access_control(access: AccessReport, document: IdDocument, *, dg14_is_signed: bool) -> CheckResult:
    """Whether the chip was opened by the strongest way it offers, and offered what its issuer signed.

    Args:
        access: how it was opened.
        document: with EF.CardAccess, which nobody signs, and DG14, which repeats it.
        dg14_is_signed: whether DG14's hash stands in an intact EF.SOD.
    """
    if dg14_is_signed and (difference := _difference_to_signed_offer(access, document)) is not None:
        return _access(CheckStatus.FAILED, difference, "What the chip offered is not what its issuer signed.")
    if access.downgrades:
        return _access(
            CheckStatus.UNDETERMINED, "downgraded", "The chip was opened by something weaker than it offers."
        )
    if access.protocol == "NONE":
        detail = "The chip has no access control: anyone near it can read it."
        return _access(CheckStatus.NOT_SUPPORTED, "none", detail)
    return _access(CheckStatus.SUCCESSFUL, "opened", _remark_on_malformed(document))


def _difference_to_signed_offer(access: AccessReport, document: IdDocument) -> str | None:
    """EF.CardAccess against DG14 (Doc 9303-11 §4.2): somebody may have taken PACE away, or put something weaker there.

    Every object of PACE counts, also what is malformed, of another version or spells out parameters. A DG14 that names
    no PACE at all says nothing about it: there are such chips.
    """
    try:
        signed, shown = document.security_infos, document.card_access
    except ChipIdError:
        return None  # what cannot be read is noted elsewhere
    offered = _pace_objects(signed)
    if not offered:
        return None
    if access.card_access is CardAccessSource.READ:
        return None if _pace_objects(shown) == offered else "card_access_differs"
    return None if access.protocol == "PACE" else "pace_hidden"


def _remark_on_malformed(document: IdDocument) -> str:
    """Malformed objects offer nothing, and what was signed so is no forgery; but somebody should know."""
    try:
        sets = [document.security_infos, document.card_access]
    except ChipIdError:
        return ""
    malformed = any(infos is not None and infos.malformed for infos in sets)
    return "An object in the chip's list of protocols is malformed and was left out." if malformed else ""


def _pace_objects(infos: SecurityInfos | None) -> frozenset[bytes]:
    if infos is None:
        return frozenset()
    return frozenset(info.encoded for info in infos.infos if info.oid.startswith(f"{ID_PACE}."))


def _access(status: CheckStatus, reason: str, detail: str = "") -> CheckResult:
    return CheckResult(CheckName.ACCESS_CONTROL, status, f"{CheckName.ACCESS_CONTROL}.{reason}", detail)


def check_com(document: IdDocument, security_object: SecurityObject | None) -> CheckResult:
    """EF.COM against EF.SOD (TR-03135-1 v5.0.1 §5.8.8.1): nobody signs EF.COM, so it may be made to hide a group.

    Args:
        document: with EF.COM.
        security_object: the list of hashes in EF.SOD; ``None`` if it could not be read.
    """
    try:
        com = document.com
    except ChipIdError as error:
        return _com(CheckStatus.ABORTED, "unreadable", f"EF.COM cannot be read ({error.code.name}).")
    if com is None or security_object is None:
        return _com(
            CheckStatus.NOT_SUPPORTED, "absent", "EF.COM or EF.SOD was not read, so there is nothing to compare."
        )
    listed, signed = set(com.data_groups), set(security_object.hashes)
    if signed - listed:
        return _com(CheckStatus.FAILED, "group_missing", f"EF.COM leaves out {_names(signed - listed)} of EF.SOD.")
    if listed - signed:
        return _com(
            CheckStatus.FAILED, "group_extra", f"EF.COM lists {_names(listed - signed)}, which EF.SOD does not."
        )
    if not _same_versions(com, security_object):
        return _com(CheckStatus.FAILED, "version_differs", "EF.COM names another version than EF.SOD.")
    return _com(CheckStatus.SUCCESSFUL, "agrees")


def _same_versions(com: CommonData, security_object: SecurityObject) -> bool:
    """Only LDS 1.8 puts the versions into EF.SOD (Doc 9303-10 §4.6.2.3); what is not there differs from nothing."""
    pairs = (
        (com.lds_version, security_object.lds_version),
        (com.unicode_version, security_object.unicode_version),
    )
    return all(signed is None or listed is None or listed == signed for listed, signed in pairs)


def _names(groups: set[int]) -> str:
    return ", ".join(f"DG{number}" for number in sorted(groups))


def _com(status: CheckStatus, reason: str, detail: str = "") -> CheckResult:
    return CheckResult(CheckName.COM_CONSISTENCY, status, f"{CheckName.COM_CONSISTENCY}.{reason}", detail)


def check_consistency(document: IdDocument, today: dt.date) -> CheckResult:
    """Whether the machine-readable zone and the personal data of the chip tell of one person."""
    try:
        return _compare(document, today)
    except ChipIdError as error:
        # Whether the issuer signed it as it is, its hash says. What this program cannot read may be a newer structure.
        return _consistency(CheckStatus.UNDETERMINED, "unreadable", f"A data group cannot be read ({error.code.name}).")


def _compare(document: IdDocument, today: dt.date) -> CheckResult:
    mrz = document.mrz
    if mrz is None:
        return _consistency(CheckStatus.UNDETERMINED, "no_mrz", "The chip's machine-readable zone was not read.")
    if mrz.wrong_check_digits:
        return _consistency(CheckStatus.UNDETERMINED, "check_digit", "A check digit of the chip's MRZ is wrong.")
    difference = _first_difference(document, mrz, today)
    if difference is not None:
        return _consistency(CheckStatus.FAILED, difference, "MRZ and personal data of the chip differ.")
    personal = document.personal_data
    name = None if personal is None else personal.text("ho_ten")
    if name is not None:
        agreement = compare_with_mrz(name, mrz.name.words, may_be_truncated=mrz.name.may_be_truncated)
        if not agreement.agrees:
            return _consistency(CheckStatus.UNDETERMINED, "name_differs", "The two names on the chip differ.")
    number = document.citizen_number
    remarks = () if number is None else number.findings(date_of_birth=document.date_of_birth(today), sex=document.sex)
    detail = "Remarks on the number: " + ", ".join(remark.value for remark in remarks) if remarks else ""
    return _consistency(CheckStatus.SUCCESSFUL, "agrees", detail)


def _first_difference(document: IdDocument, mrz: Mrz, today: dt.date) -> str | None:
    """Number and date of birth must be the same in DG1 and DG13; spelling may differ, they may not."""
    personal = document.personal_data
    if personal is None:
        return None
    number = personal.text("so_cccd")
    if number is not None and mrz.citizen_number is not None and number != mrz.citizen_number:
        return "number_differs"
    born = personal.date("ngay_sinh")
    citizen = document.citizen_number
    century = None if citizen is None else citizen.century
    in_mrz = mrz.date_of_birth.birth_date(today, century)
    if born is not None and in_mrz is not None and born != in_mrz:
        return "date_of_birth_differs"
    return None


def _consistency(status: CheckStatus, reason: str, detail: str = "") -> CheckResult:
    return CheckResult(CheckName.DATA_CONSISTENCY, status, f"{CheckName.DATA_CONSISTENCY}.{reason}", detail)
