"""Our half of the comparison with pymrtd: what this project says about the same files, and how the two are held together.

pymrtd runs in a process of its own (:mod:`tests.peers.pymrtd_process`), in the interpreter that ``CHIPID_PYMRTD_PYTHON``
names: it pins libraries that this project must not have, and changes asn1crypto for the whole process.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import pathlib
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crypto.errors import ChipIdError
from crypto.pki.certificate import Certificate
from crypto.pki.cms import parse_signed_data
from crypto.pki.findings import Finding, Outcome
from crypto.pki.names import COUNTRY
from crypto.pki.passive_authentication import compare_hashes, verify_security_object
from crypto.pki.revocation import RevocationList
from crypto.pki.trust_store import TrustStore
from crypto.signatures.public_key import RsaPublicKey
from crypto.wire.tlv import parse_tlv
from reader.lds.dg1 import parse_dg1
from reader.lds.dg14 import parse_dg14
from reader.lds.dg15 import parse_dg15
from reader.lds.security_infos import ActiveAuthenticationInfo
from reader.verification.identity import Sex

__all__ = [
    "VARIABLE",
    "Answer",
    "Case",
    "Difference",
    "PeerError",
    "PeerMissingError",
    "Pymrtd",
    "differences",
    "from_environment",
    "our_answer",
]

VARIABLE = "CHIPID_PYMRTD_PYTHON"
PROCESS = pathlib.Path(__file__).with_name("pymrtd_process.py")
NOT_THERE = 86
FILES = ("sod", "dg1", "dg14", "dg15", "csca", "crl")
_MOST_OUTPUT = 32 << 20
_GROUPS = {"dg1": 1, "dg14": 14, "dg15": 15}

Answer = Mapping[str, Any]


class PeerError(Exception):
    """pymrtd's process did not answer as agreed."""


class PeerMissingError(PeerError):
    """The interpreter has no pymrtd."""


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """Files about which both are asked.

    Attributes:
        name: for people.
        files: octets by name: ``sod``, ``dg1``, ``dg14``, ``dg15``, ``csca``, ``crl``.
        at: the instant for our own chain.
    """

    name: str
    files: Mapping[str, bytes]
    at: dt.datetime


@dataclasses.dataclass(frozen=True, slots=True)
class Difference:
    """One thing about which the two do not agree."""

    case: str
    about: str
    ours: object
    theirs: object


class Pymrtd:
    """The other program.

    Args:
        interpreter: path of a Python that has pymrtd.
        timeout_s: for all cases together.
    """

    def __init__(self, interpreter: str, timeout_s: float = 120.0) -> None:
        self._interpreter = interpreter
        self._timeout_s = timeout_s

    def answers(self, cases: Sequence[Case]) -> list[Answer]:
        """What it says, in the order of the cases.

        Raises:
            PeerMissingError: there is no such interpreter, or it has no pymrtd.
            PeerError: it crashed, hung, or wrote something else.
        """
        question = json.dumps([{name: octets.hex() for name, octets in case.files.items()} for case in cases])
        try:
            done = subprocess.run(
                [self._interpreter, str(PROCESS)],
                input=question,
                capture_output=True,
                text=True,
                check=False,
                timeout=self._timeout_s,
            )
        except subprocess.TimeoutExpired:
            raise PeerError("pymrtd gave no answer in time") from None
        except OSError as error:
            raise PeerMissingError(f"{self._interpreter} cannot be run ({error.strerror})") from None
        if done.returncode == NOT_THERE:
            raise PeerMissingError(f"{self._interpreter} has no pymrtd")
        if done.returncode != 0:
            raise PeerError(f"pymrtd's process ended with {done.returncode}: {done.stderr[-500:]}")
        return _read(done.stdout, cases)


def from_environment() -> Pymrtd | None:
    """The interpreter that the environment names, or ``None``."""
    interpreter = os.environ.get(VARIABLE, "")
    return Pymrtd(interpreter) if interpreter else None


def _read(text: str, cases: Sequence[Case]) -> list[Answer]:
    if len(text) > _MOST_OUTPUT:
        raise PeerError("pymrtd's answer is too long")
    try:
        answers = json.loads(text)
    except json.JSONDecodeError:
        raise PeerError("pymrtd's answer is no JSON") from None
    is_list = isinstance(answers, list) and all(isinstance(answer, dict) for answer in answers)
    if not is_list or [set(answer) for answer in answers] != [set(case.files) for case in cases]:
        raise PeerError("pymrtd's answer is not one for each file of each case")
    return answers


# -- what we say -------------------------------------------------------------------------------------------


def our_answer(case: Case) -> Answer:
    """The same things in the same words, by this project."""
    return {name: _said_by(name, case) for name in FILES if name in case.files}


def _said_by(name: str, case: Case) -> Answer:
    try:
        return _ABOUT[name](case)
    except ChipIdError as error:
        return {"error": error.code.name}


def _store(case: Case) -> TrustStore:
    store = TrustStore()
    if "csca" in case.files:
        store.add(case.files["csca"], "the case")
    return store


def _word(finding: Finding) -> str:
    words = {Outcome.SUCCESSFUL: "right", Outcome.FAILED: "wrong"}
    return words.get(finding.outcome, f"error: {finding.code.value}")


def _security_object(case: Case) -> Answer:
    result = verify_security_object(case.files["sod"], _store(case), case.at)
    listed = result.security_object
    if listed is None:
        return {"error": result.signature.code.value}
    read = {number: case.files[name] for name, number in _GROUPS.items() if name in case.files}
    hashes = compare_hashes(listed, read)
    return {
        "version": listed.version,
        "hash": listed.hash_algorithm.label,
        "groups": {str(number): value.hex() for number, value in listed.hashes.items()},
        "contains": {name: hashes[number].is_successful for name, number in _GROUPS.items() if name in case.files},
        "signatures": [_word(result.signature)],
        "chains": [_word(result.chain)] if "csca" in case.files else [],
    }


def _zone(case: Case) -> Answer:
    mrz = parse_dg1(case.files["dg1"]).mrz
    return {
        "document_code": mrz.document_code,
        "issuing_state": mrz.issuing_state,
        "document_number": mrz.document_number,
        "nationality": mrz.nationality,
        "sex": "" if mrz.sex is Sex.UNSPECIFIED else mrz.sex.value,
        "born": "" if mrz.date_of_birth.is_partial else mrz.date_of_birth.text,
        "expires": mrz.date_of_expiry.text,
        "name": mrz.name.full,
    }


def _security_infos(case: Case) -> Answer:
    infos = parse_dg14(case.files["dg14"]).security_infos
    declared = infos.of(ActiveAuthenticationInfo)
    return {
        "count": len(infos.infos),
        "active_authentication": declared[0].signature_algorithm if declared else None,
    }


def _public_key(case: Case) -> Answer:
    key = parse_dg15(case.files["dg15"]).public_key
    return {"kind": "rsa" if isinstance(key.resolve(), RsaPublicKey) else "ec", "encoded": key.encoded.hex()}


def _authority(case: Case) -> Answer:
    certificate = Certificate.parse(case.files["csca"])
    right = certificate.is_signed_by(certificate.public_key())
    return {
        "sha256": certificate.sha256.hex(),
        "key_identifier": (certificate.subject_key_identifier or b"").hex(),
        "country": certificate.issuer.values(COUNTRY)[0],
        "signature": "right" if right else "wrong",
    }


def _revocation_list(case: Case) -> Answer:
    found = RevocationList.parse(case.files["crl"])
    signature = "not asked"
    if "csca" in case.files:
        right = found.is_signed_by(Certificate.parse(case.files["csca"]).public_key())
        signature = "right" if right else "wrong"
    return {"serials": sorted(found.revoked), "signature": signature}


_ABOUT = {
    "sod": _security_object,
    "dg1": _zone,
    "dg14": _security_infos,
    "dg15": _public_key,
    "csca": _authority,
    "crl": _revocation_list,
}


# -- both together -----------------------------------------------------------------------------------------


def differences(case: Case, theirs: Answer) -> list[Difference]:
    """What the two do not agree on, without what pymrtd is known not to do.

    pymrtd may believe what we refuse, as it knows no path rules and takes explicit curves by their point alone; or may
    not be able to use such a curve at all. It must never call wrong what we believe: that, and every value that is read
    differently, is a difference.
    """
    ours = our_answer(case)
    return [
        Difference(case.name, f"{name}.{field}", mine, other)
        for name in case.files
        if "error" not in ours[name] and not _cannot_use(case.files[name], theirs[name])
        for field, mine, other in _fields(ours[name], theirs[name])
        if not _is_agreed(case, field, mine, other)
    ]


def _fields(ours: Answer, theirs: Any) -> Iterator[tuple[str, object, object]]:
    if not isinstance(theirs, dict):
        yield "answer", ours, theirs
        return
    for field in sorted({*ours, *theirs}):
        yield field, ours.get(field), theirs.get(field)


def _is_agreed(case: Case, field: str, ours: object, theirs: object) -> bool:
    if field not in ("signature", "signatures", "chains"):
        return ours == theirs
    mine = list(ours) if isinstance(ours, list) else [ours]
    other = list(theirs) if isinstance(theirs, list) else [theirs]
    if "right" not in mine:  # we are the stricter one; or neither could tell
        return True
    spelt_out = any(_PRIME_FIELD in octets for octets in case.files.values())
    unable = spelt_out and all(str(word).startswith("error") for word in other)
    return "right" in other or unable or _splits_wrongly(case)


_PRIME_FIELD = bytes.fromhex("06072A8648CE3D0101")
"""In every key that spells its curve out (RFC 3279 §2.3.5)."""


def _cannot_use(octets: bytes, theirs: Any) -> bool:
    return isinstance(theirs, dict) and "error" in theirs and _PRIME_FIELD in octets


def _splits_wrongly(case: Case) -> bool:
    """Whether a signature of the case has r and s whose lengths differ by an even number, which pymrtd cuts in half.

    It joins both without padding and parts them in the middle, so that one P-256 signature in 512 is called wrong.
    """
    return any(_differs_evenly(signature) for signature in _signatures(case))


def _differs_evenly(signature: bytes) -> bool:
    try:
        lengths = [len(number.value) for number in parse_tlv(signature, 0x30).children()]
    except ChipIdError:  # RSA
        return False
    return len(lengths) == 2 and lengths[0] != lengths[1] and (lengths[0] - lengths[1]) % 2 == 0


def _signatures(case: Case) -> Iterator[bytes]:
    for name in ("csca", "crl"):
        if name in case.files:
            yield parse_tlv(case.files[name], 0x30).children()[2].value[1:]
    if "sod" in case.files:
        signed = parse_signed_data(parse_tlv(case.files["sod"], 0x77).value)
        yield from (signer.signature for signer in signed.signers)
        yield from (parse_tlv(one, 0x30).children()[2].value[1:] for one in signed.certificates)
