"""What countries say is wrong with documents of theirs, asked for one document (Doc 9303-3 §7, Doc 9303-12 §10).

A deviation list excuses nothing by itself: whoever checks a document decides what a known defect means there
(Doc 9303-3 §7.4.3). It is the word of one country about its own documents, and never about those of another.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from collections.abc import Iterable
from typing import Final

from crypto.pki.certificate import Certificate
from crypto.pki.countries import country_of
from crypto.pki.deviation_list import Deviation, DeviationDescription, parse_deviation_list

__all__ = [
    "Criterion",
    "DocumentInQuestion",
    "KnownDeviation",
    "PublishedDeviations",
    "known_deviations",
    "read_deviations",
]

_NUMBER_LETTERS: Final = 9
"""The field of the document number, in every size of document (Doc 9303-4, -5, -6)."""


class Criterion(enum.StrEnum):
    """By what a deviation list names documents (Doc 9303-3 §7.3.6)."""

    DOCUMENT_SIGNER = "document_signer"
    DOCUMENT_TYPE = "document_type"
    DOCUMENT_NUMBER = "document_number"
    ISSUING_DATE = "issuing_date"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class DocumentInQuestion:
    """What is known about a document. ``None`` is "not known".

    Attributes:
        document_code: as in the machine-readable zone, with or without fillers, e.g. ``P<``.
        document_number: as there, with or without fillers.
        issued: when it was issued. Leave out what comes from a data group whose hash is wrong: it may be that defect.
    """

    document_code: str | None = None
    document_number: str | None = None
    issued: dt.date | None = None

    def __repr__(self) -> str:  # the number is personal
        return "DocumentInQuestion()"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class PublishedDeviations:
    """A deviation list of a store.

    Attributes:
        country: whose it is, two letters: that of the CSCA above its signer.
        provenance: where it came from, for people.
        deviations: what is in it.
        is_test: whether a certificate in it marks itself as a test certificate.
    """

    country: str
    provenance: str
    deviations: tuple[Deviation, ...]
    is_test: bool = False

    def __repr__(self) -> str:
        return f"PublishedDeviations({self.country}, {len(self.deviations)} deviations)"


@dataclasses.dataclass(frozen=True, slots=True)
class KnownDeviation:
    """What a country says about a document.

    Attributes:
        defects: what is wrong, typed; each names the data group, field of the zone or of the certificate, if the
            country said so.
        country: who says it, two letters.
        provenance: of the list, for people.
        identified_by: what the list says about its documents and fits this one.
        not_compared: what the list says about its documents and is not known of this one.
    """

    defects: tuple[DeviationDescription, ...]
    country: str
    provenance: str
    identified_by: frozenset[Criterion]
    not_compared: frozenset[Criterion]

    @property
    def is_certain(self) -> bool:
        """Whether the list says which documents it means, and all that it says fits (Doc 9303-3 §7.3.6: conditions
        must be met at once). The date of issue is seldom known: what may be done without it is the caller's decision.
        """
        return bool(self.identified_by) and not self.not_compared


def known_deviations(
    lists: Iterable[PublishedDeviations],
    signer: Certificate,
    document: DocumentInQuestion = DocumentInQuestion(),
    *,
    authorities: Iterable[Certificate] = (),
) -> tuple[KnownDeviation, ...]:
    """What the country of a document signer says about defects of this document.

    Args:
        lists: of a store: :attr:`reader.trust.folder.TrustFolder.deviations`, as
            :func:`reader.trust.folder.load_folder` gives it.
        signer: the document signer's certificate in EF.SOD. Its issuer names the country whose lists count, and says so
            itself: without a verified path to a trust anchor nobody but the signer has said of which country it is.
        document: what is known of the document. Type and number are as trustworthy as where they were read.
        authorities: of the verified path, if there is one: an entry about a CSCA names that one (``CSCA_ENCODING``).

    Returns:
        Every entry that fits as far as can be told, in the order of the lists; empty if there is none. Look at
        :attr:`KnownDeviation.is_certain` before it changes anything.
    """
    country = country_of(signer.issuer)
    if not country:
        return ()
    certificates = (signer, *authorities)
    return tuple(
        known
        for one in lists
        if one.country == country
        for deviation in one.deviations
        if (known := _fitting(one, deviation, certificates, document)) is not None
    )


def read_deviations(octets: bytes, country: str, provenance: str) -> PublishedDeviations:
    """A deviation list whose signer was accepted when it was imported.

    Args:
        octets: the CMS message.
        country: of the CSCA above its signer.
        provenance: for people.

    Raises:
        CryptoError: as :func:`crypto.pki.deviation_list.parse_deviation_list`; ``certificate.malformed``.
    """
    parsed = parse_deviation_list(octets)
    is_test = any(Certificate.parse(encoded).is_test for encoded in parsed.signed.certificates)
    return PublishedDeviations(country, provenance, parsed.deviations, is_test)


def _fitting(
    published: PublishedDeviations,
    deviation: Deviation,
    certificates: tuple[Certificate, ...],
    document: DocumentInQuestion,
) -> KnownDeviation | None:
    answers: dict[Criterion, bool | None] = {}
    if deviation.says_which_signer:
        answers[Criterion.DOCUMENT_SIGNER] = any(deviation.names_signer(one) for one in certificates)
    if deviation.document_type is not None:
        code = document.document_code
        answers[Criterion.DOCUMENT_TYPE] = None if code is None else _plain(code) == _plain(deviation.document_type)
    if deviation.document_numbers:
        answers[Criterion.DOCUMENT_NUMBER] = _has_number(deviation, document.document_number)
    if deviation.first_issued is not None and deviation.last_issued is not None:
        answers[Criterion.ISSUING_DATE] = _was_issued_between(
            deviation.first_issued, deviation.last_issued, document.issued
        )
    if False in answers.values():
        return None
    return KnownDeviation(
        deviation.defects,
        published.country,
        published.provenance,
        frozenset(criterion for criterion, fits in answers.items() if fits),
        frozenset(criterion for criterion, fits in answers.items() if fits is None),
    )


def _plain(text: str) -> str:
    """Without the fillers of the zone, which lists write and leave out."""
    return text.replace("<", "").strip().upper()


def _has_number(deviation: Deviation, number: str | None) -> bool | None:
    if number is None:
        return None
    plain = _plain(number)
    spellings = {number, plain, plain.ljust(_NUMBER_LETTERS, "<")}  # a list may have hundreds of thousands of them
    return not spellings.isdisjoint(deviation.document_numbers)


def _was_issued_between(first: dt.datetime, last: dt.datetime, issued: dt.date | None) -> bool | None:
    """Whole days: a document says no more, and neither side says of which time zone."""
    return None if issued is None else first.date() <= issued <= last.date()
