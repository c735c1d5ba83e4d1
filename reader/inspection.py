"""One card from first contact to verdict: the inspection procedure (Doc 9303-11 §4.2, TR-03110-1 §2.4).

with reader.open_emulated("an") as card:
    outcome = reader.read(card, reader.CanKey.from_citizen_number("040085000017"), trust=reader.trust_for(None, test_mode=True))
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from reader import transport as transports
from reader.beside import Beside, OnFile, ignore_file
from reader.document_reader import DocumentReader, Reading
from reader.link import Link, LinkStatistics, LinkWitness
from reader.plan import ReadPlan, plan_named
from reader.progress import OnProgress, ProgressEvent, ReadingPhase, ignore_progress
from reader.protocols.access_key import AccessKey
from reader.protocols.active_authentication import DrawChallenge, random_challenge
from reader.randomness import SYSTEM_RANDOMNESS, Randomness
from reader.resumption import Returns
from reader.session import CardSession
from reader.verification.passive import Basis
from reader.verification.policy import policy_named

if TYPE_CHECKING:
    from crypto.pki.trust_store import TrustStore
    from reader.lds.document import IdDocument
    from reader.terminal_credentials import TerminalCredentials
    from reader.transport.base import CardTransport, ReturningCard
    from reader.trust.deviations import PublishedDeviations
    from reader.verification.assessment import Assessment
    from reader.verification.checks import CheckResult
    from reader.verification.identity import Identity
    from reader.verification.online import AuthenticationService
    from reader.verification.passive import EarlyFindings
    from reader.verification.printed import PrintedData
    from reader.verification.verdict import Verdict

__all__ = ["ReadOutcome", "local_now", "read", "trust_for"]


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class ReadOutcome:
    """Everything that one reading came to. Its ``repr`` shows no personal data.

    Attributes:
        reading: access, files as read, what the chip did.
        assessment: checks, verdict, identity.
        link: what went over the link.
        timing_ms: milliseconds by phase.
    """

    reading: Reading
    assessment: Assessment
    link: LinkStatistics
    timing_ms: dict[str, float]

    def __repr__(self) -> str:
        return f"ReadOutcome({self.verdict.decision.value}, {self.verdict.assurance.value})"

    @property
    def document(self) -> IdDocument:
        """The files as a typed view."""
        return self.reading.document.view

    @property
    def checks(self) -> tuple[CheckResult, ...]:
        """What was checked, and what came out."""
        return self.assessment.checks

    @property
    def verdict(self) -> Verdict:
        """Accept, refer or reject, with reasons."""
        return self.assessment.verdict

    @property
    def identity(self) -> Identity | None:
        """Who it is and how sure we are; ``None`` if the chip names nobody readable."""
        return self.assessment.identity


def local_now() -> dt.datetime:
    """The clock, in local time with its zone."""
    return dt.datetime.now(dt.UTC).astimezone()


def read(
    card: CardTransport,
    key: AccessKey,
    *,
    trust: TrustStore | Callable[[], TrustStore],
    policy: str = "hospital",
    plan: ReadPlan | None = None,
    on_progress: OnProgress = ignore_progress,
    cancel: threading.Event | None = None,
    now: Callable[[], dt.datetime] = local_now,
    terminal: TerminalCredentials | None = None,
    printed: PrintedData | None = None,
    service: AuthenticationService | None = None,
    deviations: Iterable[PublishedDeviations] = (),
    draw_challenge: DrawChallenge = random_challenge,
    comes_back: ReturningCard | None = None,
    on_file: OnFile = ignore_file,
    randomness: Randomness = SYSTEM_RANDOMNESS,
    witness: LinkWitness | None = None,
) -> ReadOutcome:
    """Open, read, verify and judge one card.

    Args:
        card: an open connection; it stays open.
        key: CAN, MRZ, PIN or PUK.
        trust: trust anchors, or who brings them, asked once when the first file is there that needs them; an empty
            store trusts nobody, and says so.
        policy: ``hospital``, ``desk`` or ``laboratory``.
        plan: what to read; the policy's own by default.
        on_progress: told about every step, in this thread.
        cancel: set it from anywhere; the reading ends before the next command.
        now: local time with its zone. The document is judged for the moment at which its reading began.
        terminal: this terminal's certificates and key, which open fingerprints and irises; see
            :func:`reader.terminal_credentials.load_credentials`. If the chip does not admit it, that is a finding.
        printed: what was scanned or typed from the card's surface, to be held against the chip.
        service: a licensed authentication service, asked once the card is read; a service that does not answer is a
            finding, too. Without one nobody knows whether the card is lost or cancelled, and the verdict says so. It
            is not asked about a chip that is not that of the printed number: this would be somebody else's business.
        deviations: what countries say about defects of their documents, as the trust store has it
            (:attr:`reader.trust.folder.TrustFolder.deviations`). It never makes a result better.
        draw_challenge: source of the challenges that the chip signs. Whoever keeps evidence takes
            :func:`reader.evidence.challenge.bound_challenges`, so that the signature tells who asked, and when.
        comes_back: where a card that is torn away would be laid down again. It is opened anew, has to be the same one
            (``card.another``) and proves itself anew; reading goes on where it stopped. How often and how long it is
            waited for stands in the plan. A PIN or PUK is never sent again: with these a torn card ends the reading.
        on_file: told about each file as soon as it is complete, in this thread.
        randomness: source of what the terminal draws by lot, but for the challenges above.
        witness: told about all that goes over the link; see :mod:`reader.trace`.

    Raises:
        ChipIdError: the card could not be read; see :mod:`reader.errors`.
        Cancelled: somebody asked to stop.
    """
    judging, reading_plan = policy_named(policy), plan or plan_named(policy)  # a wrong name costs nobody a reading
    begun, cancel = now(), cancel or threading.Event()

    @functools.cache
    def basis() -> Basis:
        return Basis(trust() if callable(trust) else trust, judging, begun)

    link = Link(card, cancel, randomness=randomness, witness=witness)
    session = CardSession(link, on_progress)
    returns = Returns(link, key, reading_plan, comes_back, cancel, on_progress)
    with Beside(basis, on_file) as beside:
        try:
            reading = DocumentReader(
                session,
                key,
                reading_plan,
                on_progress,
                credentials=terminal,
                now=now,
                draw_challenge=draw_challenge,
                returns=returns,
                on_complete=beside.on_complete,
                signed_list=beside.signed_list,
            ).run()
        finally:
            session.close()
            returns.close()
        on_progress(ProgressEvent(ReadingPhase.VERIFYING))
        with link.phase(ReadingPhase.VERIFYING):
            assessment = _judge(reading, basis(), beside.findings(), printed, service, deviations)
    on_progress(ProgressEvent(ReadingPhase.DONE))
    return ReadOutcome(reading, assessment, link.statistics, link.timing_ms)


def _judge(
    reading: Reading,
    basis: Basis,
    early: EarlyFindings,
    printed: PrintedData | None,
    service: AuthenticationService | None,
    deviations: Iterable[PublishedDeviations],
) -> Assessment:
    # only now: the first command to the card waits for none of this
    from reader.verification.assessment import assess
    from reader.verification.online import NOT_ASKED, ask
    from reader.verification.printed import is_another_card

    document = reading.document.view
    is_another = printed is not None and is_another_card(document, printed)
    answer = NOT_ASKED if service is None or is_another else ask(service, document, basis.at.date())
    return assess(
        reading, basis.trust, basis.policy, basis.at, printed=printed, online=answer, deviations=deviations, early=early
    )


def trust_for(folder: Path | None, *, test_mode: bool = False, seal_key: Path | None = None) -> TrustStore:
    """Trust anchors of a folder; without one, nobody, or in test mode the TEST authorities of the emulated cards.

    Args:
        folder: a trust store, or a plain folder of certificates.
        test_mode: whether TEST authorities count.
        seal_key: key file with which the store must be sealed; see :func:`reader.trust.folder.load_folder`.

    Raises:
        TrustError: ``trust.unreadable``, ``trust.tampered``, ``trust.store_damaged``, ``trust.seal_foreign``,
            ``trust.seal_key_unusable``.
    """
    from reader.trust.folder import load_folder, trust_of

    if folder is not None:
        return load_folder(folder, test_mode=test_mode, seal_key=seal_key).store
    providers = tuple(transports.providers()) if test_mode else ()
    anchors = [
        (f"test authority {number}", encoded)
        for provider in providers
        for number, encoded in enumerate(provider.test_trust_anchors(), start=1)
    ]
    store = trust_of(anchors, test_mode=test_mode).store
    for provider in providers:
        for number, encoded in enumerate(provider.test_revocation_lists(), start=1):
            store.add_revocation_list(encoded, f"test revocation list {number}")
    return store
