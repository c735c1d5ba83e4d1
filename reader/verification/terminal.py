"""Whether the chip admitted this terminal, as a check. It says nothing about the document and changes no verdict."""

from __future__ import annotations

from crypto.errors import ChipIdError
from reader import errors
from reader.document_reader import Reading
from reader.lds.document import IdDocument
from reader.lds.security_infos import TerminalAuthenticationInfo
from reader.terminal_access import TerminalAnswer
from reader.verification.checks import CheckName, CheckResult, CheckStatus

__all__ = ["check_terminal_authentication"]

_CHECK = CheckName.TERMINAL_AUTHENTICATION


def check_terminal_authentication(
    reading: Reading, document: IdDocument, *, even_if_not_asked: bool
) -> CheckResult | None:
    """What came of showing the terminal's certificates to the chip (TR-03110-1 §3.5, TR-03110-2 §3.3).

    A failure carries the code of the error: ``terminal.certificate_expired``, ``terminal.no_chain`` …

    Args:
        reading: with how it went.
        document: says whether the chip announces it.
        even_if_not_asked: whether to say so, too, if the terminal has no certificates.

    Returns:
        ``None`` if it was not asked for and nobody wants to know.
    """
    terminal = reading.terminal
    if terminal.answer is TerminalAnswer.ADMITTED:
        missing = errors.TERMINAL_RIGHT_MISSING in reading.unread.values()
        reason = "right_missing" if missing else "admitted"
        detail = "The chip admitted this terminal" + (", but not to all that it holds." if missing else ".")
        return CheckResult(_CHECK, CheckStatus.SUCCESSFUL, f"{_CHECK}.{reason}", detail)
    if terminal.answer is TerminalAnswer.FAILED and terminal.error is not None:
        return CheckResult(_CHECK, CheckStatus.FAILED, terminal.error.name, terminal.error.text)
    if terminal.answer is TerminalAnswer.NOT_POSSIBLE:
        detail = "It counts only together with chip authentication, which did not succeed."
        return CheckResult(_CHECK, CheckStatus.ABORTED, f"{_CHECK}.not_possible", detail)
    if terminal.answer is TerminalAnswer.NOT_ASKED and _is_announced(document):
        if not even_if_not_asked:
            return None
        detail = "The chip guards some files for terminals with certificates; this one has none."
        return CheckResult(_CHECK, CheckStatus.UNDETERMINED, f"{_CHECK}.not_asked", detail)
    if terminal.answer is TerminalAnswer.NOT_ASKED and not even_if_not_asked:
        return None
    detail = "The chip guards no file for terminals with certificates."
    return CheckResult(_CHECK, CheckStatus.NOT_SUPPORTED, f"{_CHECK}.not_offered", detail)


def _is_announced(document: IdDocument) -> bool:
    """In DG14 for version 1, in EF.CardAccess for version 2 (TR-03110-3 §A.1.2)."""
    try:
        shown = (document.security_infos, document.card_access)
    except ChipIdError:
        return False
    return any(infos is not None and infos.of(TerminalAuthenticationInfo) for infos in shown)
