"""What a chip's status words say about a password during PACE (TR-03110-3 §B.11.1, §B.11.2; TR-03110-2 §2.2.3).

The holder's PIN and PUK have few tries. Before the last one a chip suspends them until it has seen the card access
number, and announces that when the password is selected. So nobody's last try is used up by an accident: this side
stops there. Card access number and machine-readable zone have no such counter by the standard; chips that slow down or
block them all the same say so with the same words.
"""

from __future__ import annotations

from typing import Final

from crypto.errors import ErrorCode
from crypto.pace.parameters import PasswordReference
from crypto.wire.status_word import StatusWord
from reader import errors

__all__ = ["RESUMABLE", "require_nonce_given", "require_selected", "wrong_password"]

_WRONG: Final = {
    PasswordReference.MRZ: errors.WRONG_MRZ,
    PasswordReference.CAN: errors.WRONG_KEY,
    PasswordReference.PIN: errors.WRONG_PIN,
    PasswordReference.PUK: errors.WRONG_PUK,
}
_BLOCKED: Final = {PasswordReference.PIN: errors.PIN_BLOCKED, PasswordReference.PUK: errors.PUK_BLOCKED}
_SUSPENDED: Final = {PasswordReference.PIN: errors.PIN_SUSPENDED, PasswordReference.PUK: errors.PUK_SUSPENDED}
_LAST_TRY: Final = 1

RESUMABLE: Final = frozenset({errors.PIN_SUSPENDED, errors.PUK_SUSPENDED, errors.SECRET_UNUSABLE})
"""Errors after which the card access number and then the same secret may still open the chip."""


def require_selected(reference: PasswordReference, sw: StatusWord, *, resumed: bool = False) -> int | None:
    """What the answer to MSE:Set AT says.

    Args:
        reference: which password was selected.
        sw: the answer.
        resumed: whether the card access number has been shown in this session, so that the last try may be used.

    Returns:
        How many tries the chip announces; ``None`` if it announces none, as it does while none has failed.

    Raises:
        ProtocolError: ``access.pin_suspended``, ``access.pin_blocked``, ``access.pin_deactivated`` and their like, or
            ``access.not_supported``: the chip does not know this protocol, password or set of parameters.
    """
    _require_usable(reference, sw, resumed=resumed)
    if not sw.is_success and sw.tries_left is None:
        raise errors.ProtocolError(errors.ACCESS_NOT_SUPPORTED, status_word=str(sw), password=reference.name)
    return sw.tries_left


def require_nonce_given(reference: PasswordReference, sw: StatusWord) -> None:
    """Some chips look at the password only when the nonce is fetched (Doc 9303-11 §4.4.4.1 note 1).

    Raises:
        ProtocolError: as :func:`require_selected`, and ``access.secret_unusable`` where the chip hides the reason
            behind 6982 (TR-03110-3 §B.11.2, note).
    """
    _require_usable(reference, sw, resumed=False)
    if sw == StatusWord.REFERENCED_DATA_NOT_FOUND:
        raise errors.ProtocolError(errors.ACCESS_NOT_SUPPORTED, status_word=str(sw), password=reference.name)
    if sw == StatusWord.SECURITY_STATUS_NOT_SATISFIED and reference in _SUSPENDED:
        raise errors.ProtocolError(errors.SECRET_UNUSABLE, status_word=str(sw), password=reference.name)


def wrong_password(reference: PasswordReference, sw: StatusWord) -> errors.ProtocolError:
    """The error for a token that the chip refuses.

    6300 and 63CX by the standard; 6982, 6985, 6988 and 6A80 are seen as well. The token is the first thing that
    depends on the password, so whatever the refusal, the password is meant.
    """
    if (code := _unusable(reference, sw)) is not None:
        return _error(code, reference, sw)
    if sw.tries_left is None:
        return errors.ProtocolError(_WRONG[reference], status_word=str(sw), password=reference.name)
    return errors.ProtocolError(
        _WRONG[reference], status_word=str(sw), password=reference.name, tries_left=sw.tries_left
    )


def _require_usable(reference: PasswordReference, sw: StatusWord, *, resumed: bool) -> None:
    code = _unusable(reference, sw)
    if code is None and sw.tries_left == _LAST_TRY and not resumed:
        code = _SUSPENDED.get(reference)
    if code is not None:
        raise _error(code, reference, sw)


def _unusable(reference: PasswordReference, sw: StatusWord) -> ErrorCode | None:
    """Blocked, switched off or suspended, if the status word says so."""
    if sw == StatusWord.AUTHENTICATION_BLOCKED or sw.tries_left == 0:
        return _BLOCKED.get(reference, errors.KEY_BLOCKED)
    if reference is PasswordReference.PIN and sw in (
        StatusWord.FILE_DEACTIVATED,  # 6283 after MSE:Set AT
        StatusWord.REFERENCE_DATA_NOT_USABLE,  # 6984 after GENERAL AUTHENTICATE
    ):
        return errors.PIN_DEACTIVATED
    if sw == StatusWord.CONDITIONS_NOT_SATISFIED:
        return _SUSPENDED.get(reference)
    return None


def _error(code: ErrorCode, reference: PasswordReference, sw: StatusWord) -> errors.ProtocolError:
    return errors.ProtocolError(code, status_word=str(sw), password=reference.name)
