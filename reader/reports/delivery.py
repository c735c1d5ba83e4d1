"""The options of ``chipid read`` that keep something: evidence for others, reports for people and for programs."""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crypto.errors import ErrorCode
from reader import errors
from reader.private_file import require_free, write_private

if TYPE_CHECKING:
    from crypto.pki.trust_store import TrustStore
    from reader.inspection import ReadOutcome
    from reader.protocols.active_authentication import DrawChallenge
    from reader.reports.page import Circumstances
    from reader.verification.printed import PrintedData

__all__ = ["Delivery", "add_delivery_arguments", "delivery_of"]

_SUFFIXES: Final = (".pdf", ".xml", ".json")


def add_delivery_arguments(parser: argparse.ArgumentParser) -> None:
    """What is to be kept, and where."""
    kept = parser.add_argument_group("keeping the result", "files with personal data, readable by their owner only")
    kept.add_argument(
        "--evidence", metavar="FILE", type=Path, help="keep what can prove the result again; see 'chipid verify'"
    )
    kept.add_argument(
        "--report",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="FILE.pdf for one page, FILE.xml as of TR-03135, FILE.json; may be given more than once",
    )
    kept.add_argument("--report-language", choices=("vi", "en"), default="vi", help="of the page (default: vi)")
    kept.add_argument("--with-photo", action="store_true", help="put the photo on the page")
    kept.add_argument("--place", metavar="TEXT", default="", help="where the card was read, as the report shall say it")
    kept.add_argument("--device-key", metavar="FILE", type=Path, help="key that signs evidence; made at first use")
    kept.add_argument("--force", action="store_true", help="replace evidence and reports that are there already")


@dataclasses.dataclass(frozen=True, slots=True)
class Delivery:
    """What somebody asked to keep.

    Attributes:
        evidence: file, or ``None``.
        reports: files; the suffix says what kind.
        device_key: file.
        language: ``vi`` or ``en``.
        with_photo: whether the page shows the photo.
        place: where the card is read.
        force: whether files may be replaced.
    """

    evidence: Path | None
    reports: tuple[Path, ...]
    device_key: Path | None
    language: str
    with_photo: bool
    place: str
    force: bool

    def prepare(self) -> None:
        """Look before the card is read, so that a wrong path or key costs nobody a reading.

        Raises:
            DocumentError: ``evidence.exists``, ``evidence.unwritable``, ``report.exists``, ``report.unwritable``.
            TrustError: ``device_key.…``.
        """
        if self.evidence is not None:
            from reader.evidence.device_key import default_key_file, load_or_make

            load_or_make(self.device_key or default_key_file())
            _look(self.evidence, self.force, errors.EVIDENCE_EXISTS, errors.EVIDENCE_UNWRITABLE)
        for path in self.reports:
            _look(path, self.force, errors.REPORT_EXISTS, errors.REPORT_UNWRITABLE)

    def challenges(self) -> DrawChallenge:
        """What the chip is to sign: if evidence is kept, challenges that tell by which device and when it was asked.

        Raises:
            TrustError: ``device_key.…``.
        """
        if self.evidence is None:
            from reader.protocols.active_authentication import random_challenge

            return random_challenge
        from reader import inspection
        from reader.evidence.challenge import bound_challenges
        from reader.evidence.device_key import default_key_file, load_or_make

        device = load_or_make(self.device_key or default_key_file()).fingerprint
        return bound_challenges(device, inspection.local_now)

    def keep(
        self,
        outcome: ReadOutcome,
        *,
        trust: TrustStore,
        read_at: dt.datetime,
        policy: str,
        is_emulated: bool,
        printed: PrintedData | None,
    ) -> None:
        """Write everything that was asked for.

        Raises:
            DocumentError: as :meth:`prepare`, ``evidence.too_large``.
            TrustError: ``device_key.…``.
        """
        if self.evidence is None and not self.reports:
            return
        from reader.evidence.device_key import default_key_file, known_device, load_or_make
        from reader.evidence.keeping import evidence_of, one_line, software_name
        from reader.reports.page import Circumstances, trust_summary

        is_test = is_emulated or _is_test(outcome)
        digest = None
        if self.evidence is not None:
            octets = evidence_of(
                outcome,
                load_or_make(self.device_key or default_key_file()),
                trust=trust,
                read_at=read_at,
                policy=policy,
                place=self.place,
                is_test=is_test,
                printed=printed,
            )
            _write(self.evidence, octets, self.force, errors.EVIDENCE_EXISTS, errors.EVIDENCE_UNWRITABLE)
            digest = hashlib.sha256(octets).hexdigest()
        circumstances = Circumstances(
            read_at=read_at,
            policy=policy,
            software=software_name(),
            trust=trust_summary(outcome, trust),
            place=one_line(self.place),
            device=known_device(self.device_key),
            evidence_sha256=digest,
            is_test=is_test,
        )
        for path in self.reports:
            octets = self._report(path.suffix.lower(), outcome, circumstances)
            _write(path, octets, self.force, errors.REPORT_EXISTS, errors.REPORT_UNWRITABLE)

    def _report(self, suffix: str, outcome: ReadOutcome, circumstances: Circumstances) -> bytes:
        if suffix == ".pdf":
            from reader.reports.page import page_of
            from reader.reports.page_texts import Language
            from reader.reports.pdf import report_pdf

            return report_pdf(page_of(outcome, circumstances, Language(self.language), with_photo=self.with_photo))
        if suffix == ".xml":
            from reader.reports.xml import as_xml

            return as_xml(outcome, circumstances)
        from reader.reports.result import as_dict

        report = {
            "read_at": circumstances.read_at.isoformat(),
            "policy": circumstances.policy,
            "place": circumstances.place,
            "device": circumstances.device,
            "evidence_sha256": circumstances.evidence_sha256,
            "software": circumstances.software,
            "is_test": circumstances.is_test,
        }
        return json.dumps(as_dict(outcome) | {"report": report}, ensure_ascii=False, indent=2).encode() + b"\n"


def delivery_of(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> Delivery:
    """Ends the program with wrong usage if a report is of no known kind, or two files are one."""
    for path in arguments.report:
        if path.suffix.lower() not in _SUFFIXES:
            parser.error(f"argument --report: the file's name must end in {', '.join(_SUFFIXES)}")
    paths = [path.absolute() for path in (arguments.evidence, *arguments.report) if path is not None]
    if len(set(paths)) != len(paths):
        parser.error("argument --report: each file may be named once only, and not as evidence as well")
    return Delivery(
        arguments.evidence,
        tuple(arguments.report),
        arguments.device_key,
        arguments.report_language,
        arguments.with_photo,
        arguments.place,
        arguments.force,
    )


def _is_test(outcome: ReadOutcome) -> bool:
    passive = outcome.assessment.passive
    if passive is None:
        return False
    certificates = (passive.signer, None if passive.anchor is None else passive.anchor.certificate)
    return any(certificate is not None and certificate.is_test for certificate in certificates)


def _look(path: Path, force: bool, exists: ErrorCode, unwritable: ErrorCode) -> None:
    try:
        require_free(path, force=force)
    except FileExistsError:
        raise errors.DocumentError(exists) from None
    except OSError as error:
        raise errors.DocumentError(unwritable, cause=type(error).__name__) from None


def _write(path: Path, octets: bytes, force: bool, exists: ErrorCode, unwritable: ErrorCode) -> None:
    try:
        write_private(path, octets, force=force)
    except FileExistsError:
        raise errors.DocumentError(exists) from None
    except OSError as error:
        raise errors.DocumentError(unwritable, cause=type(error).__name__) from None
