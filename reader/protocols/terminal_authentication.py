"""Terminal authentication, the terminal's half (TR-03110-1 §3.5, TR-03110-2 §3.3, TR-03110-3 §B.3; Doc 9303-11 §7.1).

The terminal shows a chain of card-verifiable certificates that begins at an authority which the chip trusts, and
signs a challenge. Version 1 comes after chip authentication, version 2 before it: there the terminal commits to the
key that it will use then.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

from crypto.errors import WireError
from crypto.wire.apdu import CommandApdu, ResponseApdu
from crypto.wire.oid import encode_oid
from crypto.wire.tlv import encode_tlv, iter_tlvs, parse_tlv
from reader import errors
from reader.protocols.exchange import Steps

if TYPE_CHECKING:
    from crypto.pki.cvc import CvCertificate

__all__ = [
    "EF_CVCA_FID",
    "EF_CVCA_SFI",
    "TerminalClaim",
    "authority_references_terminal",
    "terminal_authentication_terminal",
]

EF_CVCA_FID = 0x011C
EF_CVCA_SFI = 0x1C
"""Where the chip names its trust points, unless DG14 says otherwise (TR-03110-3 §A.6.2.4)."""

_EF_CVCA_BYTES = 36
_MOST_REFERENCES = 2
_CAR = 0x42
_CHALLENGE_BYTES = 8  # TR-03110-3 §B.11.6


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class TerminalClaim:
    """What the terminal shows and signs.

    Attributes:
        certificates: in the order in which the chip sees them; the last one is the terminal's.
        sign: makes a signature with the terminal's key by the algorithm of its certificate.
        chip_identifier: ID_PICC: the document number with its check digit after BAC, the chip's compressed ephemeral
            key after PACE.
        terminal_key: Comp(PK_PCD), the terminal's compressed ephemeral key of chip authentication.
        version: 1 or 2.
        auxiliary_data: DO'67' for version 2, or nothing.
    """

    certificates: tuple[CvCertificate, ...]
    sign: Callable[[bytes], bytes]
    chip_identifier: bytes
    terminal_key: bytes
    version: int = 1
    auxiliary_data: bytes = b""


def terminal_authentication_terminal(claim: TerminalClaim) -> Steps[None]:
    """Have the chip admit the terminal.

    Raises:
        TerminalError: ``terminal.refused``; its facts name the step, the chip's status word and, for a certificate,
            its place in the chain from 1. Whatever ``sign`` raises.
        ProtocolError: ``access.protocol_violation`` for a challenge that is none.
    """
    for number, certificate in enumerate(claim.certificates, start=1):
        yield from _verify_certificate(number, certificate)
    _require(
        (yield CommandApdu(0x00, 0x22, 0x81, 0xA4, _authentication_template(claim))),
        errors.TerminalError(errors.TERMINAL_REFUSED, step="set_at"),
    )
    answer = yield CommandApdu(0x00, 0x84, 0x00, 0x00, ne=_CHALLENGE_BYTES)
    _require(answer, errors.TerminalError(errors.TERMINAL_REFUSED, step="get_challenge"))
    if len(answer.data) != _CHALLENGE_BYTES:
        raise errors.ProtocolError(errors.CHIP_DECEPTIVE)
    # s = Sign(ID_PICC ‖ r_PICC ‖ Comp(PK_PCD) [‖ A_PCD]) (TR-03110-1 §3.5.1, TR-03110-2 §3.3.1)
    signed = claim.chip_identifier + answer.data + claim.terminal_key + claim.auxiliary_data
    _require(
        (yield CommandApdu(0x00, 0x82, 0x00, 0x00, claim.sign(signed))),
        errors.TerminalError(errors.TERMINAL_REFUSED, step="external_authenticate"),
    )


def _verify_certificate(number: int, certificate: CvCertificate) -> Steps[None]:
    """MSE:Set DST with the authority's reference, then PSO:Verify Certificate (TR-03110-3 §B.11.4, §B.11.5)."""
    reference = encode_tlv(0x83, certificate.authority_reference.encode("latin-1"))
    _require(
        (yield CommandApdu(0x00, 0x22, 0x81, 0xB6, reference)),
        errors.TerminalError(errors.TERMINAL_REFUSED, step="set_dst", certificate=number),
    )
    data = parse_tlv(certificate.encoded).value  # body and signature exactly as they were signed
    _require(
        (yield CommandApdu(0x00, 0x2A, 0x00, 0xBE, data)),
        errors.TerminalError(errors.TERMINAL_REFUSED, step="verify_certificate", certificate=number),
    )


def _authentication_template(claim: TerminalClaim) -> bytes:
    """Data of MSE:Set AT (TR-03110-3 §B.11.1)."""
    terminal = claim.certificates[-1]
    reference = encode_tlv(0x83, terminal.holder_reference.encode("latin-1"))
    if claim.version == 1:
        return reference
    protocol = encode_tlv(0x80, encode_oid(terminal.public_key.oid))
    return protocol + reference + claim.auxiliary_data + encode_tlv(0x91, claim.terminal_key)


def _require(answer: ResponseApdu, refusal: errors.TerminalError) -> None:
    if not answer.is_success:
        raise errors.TerminalError(refusal.code, **refusal.facts, status_word=str(answer.sw))


def authority_references_terminal(fid: int = EF_CVCA_FID, sfi: int | None = EF_CVCA_SFI) -> Steps[tuple[str, ...]]:
    """The trust points of the chip, the newest first, from EF.CVCA; version 1 only (TR-03110-3 §A.6.2.4).

    The file has a fixed length and no template around it: references one after the other, then zeros.

    Args:
        fid: file identifier.
        sfi: short file identifier, or ``None`` if the file has none.

    Returns:
        At most two; none if the chip shows no such file.

    Raises:
        DocumentError: ``document.malformed``.
    """
    answer = ResponseApdu(b"", 0x6A82)
    if sfi is not None:
        answer = yield from _read_binary(0x80 | sfi)
    if not answer.data:  # chips differ in what they say to a short identifier; SELECT gives the definite word
        selected = yield CommandApdu(0x00, 0xA4, 0x02, 0x0C, fid.to_bytes(2, "big"))
        if not selected.is_success and not selected.sw.is_warning:
            return ()
        answer = yield from _read_binary(0x00)
    return _references(answer.data)


def _read_binary(p1: int) -> Steps[ResponseApdu]:
    answer = yield CommandApdu(0x00, 0xB0, p1, 0x00, ne=_EF_CVCA_BYTES)
    right_ne = answer.sw.correct_ne
    if not answer.data and right_ne:  # shorter than the standard says: asked again, as a new command
        answer = yield CommandApdu(0x00, 0xB0, p1, 0x00, ne=right_ne)
    return answer if answer.is_success or answer.sw.is_warning else ResponseApdu(b"", answer.sw)


def _references(octets: bytes) -> tuple[str, ...]:
    # no tag of a data object is 00, so that the padding can be told from what stands before it
    content = octets.rstrip(b"\0")
    try:
        objects = list(iter_tlvs(content))
    except WireError as error:
        raise errors.DocumentError(errors.FILE_MALFORMED, file="CVCA") from error
    if any(found.tag != _CAR for found in objects) or len(objects) > _MOST_REFERENCES:
        raise errors.DocumentError(errors.FILE_MALFORMED, file="CVCA")
    return tuple(found.value.decode("latin-1") for found in objects)
