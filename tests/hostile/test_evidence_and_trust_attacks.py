"""Somebody with a forged card, somebody who may write the trust folder, somebody who forwards an evidence file.

None of them has a key: not the seal's, not a state's, not the device's. Each test is one attempt.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import reader
from crypto.errors import ChipIdError
from crypto.pki.trust_store import TrustStore
from emulator.cards import chip_content
from kiosk_ui.cli import main
from reader import errors
from reader.chip_proofs import ChipAnswer
from reader.document_reader import Reading
from reader.errors import TrustError
from reader.evidence.canonical import decode, encode
from reader.evidence.challenge import bound_challenges
from reader.evidence.command import Whose, _as_json, _as_text
from reader.evidence.container import open_evidence, seal
from reader.evidence.device_key import DeviceKey
from reader.evidence.keeping import evidence_of
from reader.evidence.recheck import Judgement, KeptReading, judge_again, parse
from reader.inspection import ReadOutcome
from reader.lds import files
from reader.trust.folder import load_folder
from reader.trust.import_plan import ImportOptions
from reader.trust.importing import import_files
from reader.trust.sealing import SealState
from reader.verification.assessment import assess
from reader.verification.identity import Assurance
from reader.verification.online import OnlineAnswer, OnlineStatus
from reader.verification.policy import HOSPITAL
from reader.verification.verdict import Decision
from tests.unit import trust_lists as utopia
from tests.unit.reader_cards import NOON, TRUST, can_of, read_content
from tests.unit.trust_lists import NOW, csca, document_signer, list_signer

DEVICE = DeviceKey(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
FORWARDER = DeviceKey(Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))))
MUTATIONS = 150
SEED = 20260602


# ============================================================================================ evidence
@pytest.fixture(scope="module")
def outcome() -> ReadOutcome:
    """A genuine card that proves itself in two ways."""
    return read_content(
        chip_content("an"), can_of("an"), draw_challenge=bound_challenges(DEVICE.fingerprint, lambda: NOON)
    )


@pytest.fixture(scope="module")
def evidence(outcome: ReadOutcome) -> bytes:
    return kept_of(outcome, outcome.reading)


def kept_of(outcome: ReadOutcome, reading: Reading, online: OnlineAnswer | None = None) -> bytes:
    """What an honest device keeps of a reading that went otherwise."""
    assessment = assess(reading, TRUST, HOSPITAL, NOON, online=online)
    changed = dataclasses.replace(outcome, reading=reading, assessment=assessment)
    return evidence_of(changed, DEVICE, trust=TRUST, read_at=NOON, policy="hospital", is_test=True)


def judged(octets: bytes, trust: TrustStore | None = None) -> tuple[KeptReading, Judgement]:
    kept = parse(octets)
    return kept, judge_again(kept, reader.trust_for(None, test_mode=True) if trust is None else trust, NOON)


def forwarded(octets: bytes, change: Callable[[dict[str, bytes]], object], signer: DeviceKey = FORWARDER) -> bytes:
    """The parts with something changed, signed with a key that nobody has named."""
    parts = dict(open_evidence(octets).parts)
    change(parts)
    return seal(parts, signer)


def check_of(judgement: Judgement, name: str) -> tuple[str, str]:
    return next((one.status.value, one.code) for one in judgement.checks if one.check == name)


@pytest.mark.parametrize("answer", [ChipAnswer.LOST, ChipAnswer.REFUSED, ChipAnswer.BROKE_OFF])
def test_a_copy_that_the_device_caught_is_not_accepted_for_another_proof(
    outcome: ReadOutcome, answer: ChipAnswer
) -> None:
    """Chip authentication failed, active authentication was passed on to the genuine card: the device said REJECT."""
    chip = dataclasses.replace(outcome.reading.chip, answer=answer)
    kept, again = judged(kept_of(outcome, dataclasses.replace(outcome.reading, chip=chip)))
    assert kept.statement.verdict.decision is Decision.REJECT
    assert check_of(again, "active_authentication")[0] == "successful"
    assert check_of(again, "chip_authentication") == ("undetermined", "chip_authentication.not_transferable")
    assert again.verdict.decision is not Decision.ACCEPT
    assert "chip_authentication.not_transferable" in again.verdict.reasons
    assert again.verdict.assurance is not Assurance.CHIP_VERIFIED
    assert again.identity is None or again.identity.assurance is again.verdict.assurance


@pytest.mark.parametrize(
    "status", [OnlineStatus.LOST, OnlineStatus.CANCELLED, OnlineStatus.DIFFERS, OnlineStatus.UNKNOWN]
)
def test_a_card_that_a_service_did_not_confirm_counts_later_as_it_counted_then(
    outcome: ReadOutcome, status: OnlineStatus
) -> None:
    kept, again = judged(kept_of(outcome, outcome.reading, OnlineAnswer(status)))
    assert kept.statement.verdict.decision is not Decision.ACCEPT
    assert again.verdict.decision is kept.statement.verdict.decision
    assert again.verdict.assurance is kept.statement.verdict.assurance
    assert again.verdict.reasons == kept.statement.verdict.reasons == (f"online_verification.{status}",)
    assert "online_verification" in again.stated
    text = _as_text(kept, Whose.UNKNOWN, again, again, is_test_mode=True)
    assert "by the word of the device that read the card" in text
    assert f"online_verification.{status}" in text


@pytest.mark.parametrize(
    ("code", "claimed", "status", "decision"),
    [
        ("lost", "successful", "failed", Decision.REJECT),
        ("unknown", "successful", "undetermined", Decision.REFER),
        ("new_word", "failed", "undetermined", Decision.REFER),
        ("matches", "failed", "undetermined", Decision.REFER),
        ("matches", "successful", "undetermined", Decision.ACCEPT),
    ],
)
def test_what_is_stated_about_a_service_never_makes_a_card_better(
    evidence: bytes, code: str, claimed: str, status: str, decision: Decision
) -> None:
    """The device itself signs, and what it signs may fit together badly."""

    def change(parts: dict[str, bytes]) -> None:
        statement = decode(parts["statement"])
        row = ["online_verification", claimed, f"online_verification.{code}", ""]
        rows = [row if row[0] == each[0] else each for each in statement["checks"]]
        parts["statement"] = encode(statement | {"checks": rows})

    _, again = judged(forwarded(evidence, change, DEVICE))
    assert check_of(again, "online_verification")[0] == status
    assert again.verdict.decision is decision
    assert again.verdict.assurance is not Assurance.ONLINE_VERIFIED


@pytest.mark.parametrize("status", [OnlineStatus.MATCHES, OnlineStatus.NO_ANSWER])
def test_good_news_of_a_service_and_its_silence_prove_nothing_later(outcome: ReadOutcome, status: OnlineStatus) -> None:
    _, again = judged(kept_of(outcome, outcome.reading, OnlineAnswer(status)))
    assert check_of(again, "online_verification")[0] == "undetermined"
    assert again.verdict.assurance is not Assurance.ONLINE_VERIFIED


def test_a_key_that_the_chip_hid_is_not_forgotten(outcome: ReadOutcome) -> None:
    contents = {file: octets for file, octets in outcome.reading.document.contents.items() if file.number != 14}
    reading = dataclasses.replace(
        outcome.reading,
        document=type(outcome.reading.document)(contents),
        unread={files.data_group(14): errors.FILE_NOT_FOUND},
        chip=dataclasses.replace(outcome.reading.chip, answer=ChipAnswer.NOT_OFFERED),
    )
    kept, again = judged(kept_of(outcome, reading))
    assert kept.statement.verdict.decision is Decision.REJECT
    assert again.verdict.decision is not Decision.ACCEPT


def test_the_files_of_another_card_do_not_mix(evidence: bytes) -> None:
    other = read_content(chip_content("quy"), can_of("quy"))
    theirs = open_evidence(kept_of(other, other.reading)).parts
    ours = open_evidence(evidence).parts
    for name in sorted(name for name in theirs.keys() & ours.keys() if name.startswith(("file.", "active"))):
        if theirs[name] == ours[name]:
            continue
        _, again = judged(forwarded(evidence, lambda parts, name=name: parts.update({name: theirs[name]})))  # type: ignore[misc]
        assert again.verdict.decision is Decision.REJECT, name
    certificates = [name for name in theirs.keys() & ours.keys() if name.startswith("certificate.")]
    swapped = forwarded(evidence, lambda parts: parts.update({name: theirs[name] for name in certificates}), DEVICE)
    assert judged(swapped)[1].verdict == judged(evidence)[1].verdict, "the certificates of a file help, and never count"


def test_no_word_of_the_forwarder_makes_a_chip_genuine() -> None:
    """All that can be stated is stated in the best way; the chip has no key of active authentication."""
    caught = read_content(chip_content("tdes-pace"), can_of("tdes-pace"))

    def praise(parts: dict[str, bytes]) -> None:
        statement = decode(parts["statement"])
        rows = [[check, "successful", f"{check}.genuine", detail] for check, _, _, detail in statement["checks"]]
        names = ("chip_authentication", "chip_authentication_mapping", "active_authentication", "online_verification")
        rows += [[name, "successful", f"{name}.genuine", ""] for name in names if name not in {row[0] for row in rows}]
        statement |= {"checks": rows, "verdict": "ACCEPT", "reasons": [], "assurance": "chip_verified"}
        statement["chip_authentication"] |= {"answer": "given", "version": 1}
        parts["statement"] = encode(statement | {"mapping_proofs": 1})

    _, again = judged(forwarded(kept_of(caught, caught.reading), praise))
    assert again.verdict.decision is Decision.REFER
    assert again.verdict.assurance is Assurance.CHIP_READ
    proofs = {one.check: one.status.value for one in again.checks if "authentication" in one.check}
    assert {name for name, status in proofs.items() if status == "successful"} == {"passive_authentication"}


@pytest.mark.parametrize(
    "read_at", ["1990-01-01T00:00:00+00:00", "2025-12-31T12:00:00+00:00", "2150-01-01T00:00:00+00:00"]
)
def test_a_time_that_cannot_be_accepts_nobody(evidence: bytes, read_at: str) -> None:
    def backdate(parts: dict[str, bytes]) -> None:
        parts["statement"] = encode(decode(parts["statement"]) | {"read_at": read_at})

    kept = parse(forwarded(evidence, backdate))
    again = judge_again(kept, reader.trust_for(None, test_mode=True), kept.statement.read_at)
    assert again.verdict.decision is not Decision.ACCEPT


def test_outside_test_mode_a_test_card_is_nobodys(evidence: bytes) -> None:
    def deny(parts: dict[str, bytes]) -> None:
        parts["statement"] = encode(decode(parts["statement"]) | {"is_test": False})

    _, again = judged(forwarded(evidence, deny), reader.trust_for(None, test_mode=False))
    assert check_of(again, "passive_authentication") == ("undetermined", "passive_authentication.issuer_unknown")
    assert again.verdict.decision is Decision.REFER


def test_whatever_is_put_into_a_part_ends_in_a_judgement_or_a_refusal(evidence: bytes) -> None:
    """Never in another exception, never in ACCEPT for changed data, and no refusal shows what is in the file."""
    chance, original = random.Random(SEED), open_evidence(evidence).parts
    names = [name for name in original if name != "statement"]
    signed = {"file.DG1", "file.DG2", "file.DG13", "file.DG14", "file.DG15"}
    trust, refusals = reader.trust_for(None, test_mode=True), [""]
    for _ in range(MUTATIONS):
        name = chance.choice(names)
        octets = mutated(original[name], chance)
        try:
            kept, again = judged(seal({**original, name: octets}, FORWARDER), trust)
            _as_text(kept, Whose.UNKNOWN, again, again, is_test_mode=True)
            _as_json(kept, Whose.UNKNOWN, again, again)
        except ChipIdError as error:
            refusals.append(str(error))
            continue
        if name in signed | {"active-authentication.challenge", "active-authentication.signature"}:
            assert octets == original[name] or again.verdict.decision is Decision.REJECT, name
    assert "040085000017" not in " ".join(refusals)


def mutated(octets: bytes, chance: random.Random) -> bytes:
    changed = bytearray(octets)
    match chance.randrange(4):
        case 0:
            changed[chance.randrange(min(len(changed), 400))] ^= chance.randrange(1, 256)
        case 1:
            del changed[chance.randrange(len(changed)) :]
        case 2:
            place = chance.randrange(len(changed))
            changed[place:place] = changed[: chance.randrange(1, 50)]
        case _:
            changed += bytes(chance.randrange(1, 9))
    return bytes(changed)


# ============================================================================================ the folder of a store
@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
    bring(tmp_path, "store", csca(1), csca(2))
    return tmp_path


def bring(place: Path, store: str, *parties: utopia.Party) -> None:
    bundle = place / "bundle.pem"
    bundle.write_bytes(utopia.pem(*(party.der for party in parties)))
    import_files([bundle], place / store, ImportOptions(), at=NOW)


def trusted(folder: Path) -> set[str]:
    loaded = load_folder(folder, test_mode=False)
    assert loaded.seal is SealState.SEALED
    return {anchor.certificate.sha256.hex() for anchor in loaded.store}


def refusal(folder: Path) -> str:
    with pytest.raises(TrustError) as caught:
        load_folder(folder, test_mode=False)
    return caught.value.code.name


def put_in_its_place(place: Path, what: str) -> None:
    shutil.rmtree(place / "store")
    shutil.copytree(place / what, place / "store")


def test_another_store_of_the_same_key_does_not_count_in_this_place(place: Path) -> None:
    """A store for tests, say, sealed on the same machine: each seal is right, and the two are swapped."""
    bring(place, "bench", csca(3))
    put_in_its_place(place, "bench")
    assert refusal(place / "store") == "trust.tampered"
    assert trusted(place / "bench") == {csca(3).fingerprint}


def test_a_link_in_the_place_of_the_store_leads_nowhere(place: Path) -> None:
    (place / "loose").mkdir()
    (place / "loose" / "ours.cer").write_bytes(csca(4).der)
    bring(place, "bench", csca(3))
    for target in ("loose", "bench"):
        shutil.rmtree(place / "store") if not (place / "store").is_symlink() else (place / "store").unlink()
        (place / "store").symlink_to(place / target, target_is_directory=True)
        assert refusal(place / "store") == "trust.tampered", target
        assert refusal(place / "bench" / ".." / "store") == "trust.tampered", target


def test_a_store_that_was_always_reached_by_a_link_works(place: Path) -> None:
    (place / "link").symlink_to(place / "store", target_is_directory=True)
    assert len(trusted(place / "link")) == 2
    (place / "store" / "store.json").unlink()
    assert refusal(place / "link") == "trust.tampered"


def test_looking_into_a_copy_does_not_leave_the_store_unwatched(place: Path) -> None:
    shutil.copytree(place / "store", place / "copy")
    assert len(trusted(place / "copy")) == 2
    shutil.rmtree(place / "store")
    (place / "store").mkdir()
    (place / "store" / "ours.cer").write_bytes(csca(4).der)
    assert refusal(place / "store") == "trust.tampered"


def test_a_store_that_was_moved_is_watched_where_it_is_now(place: Path) -> None:
    (place / "store").rename(place / "moved")
    assert len(trusted(place / "moved")) == 2
    (place / "moved" / "store.json").unlink()
    assert refusal(place / "moved") == "trust.tampered"


def test_an_older_copy_counts_in_no_place(place: Path) -> None:
    shutil.copytree(place / "store", place / "old")
    bring(place, "store", csca(3))
    assert refusal(place / "old") == "trust.tampered"
    put_in_its_place(place, "old")
    assert refusal(place / "store") == "trust.tampered"


@pytest.mark.parametrize(
    "seal",
    [
        None,
        "",
        [],
        {},
        {"key": None, "value": None},
        {"key": "é" * 16, "value": "é" * 64},
        {"key": "\ud800", "value": "\ud800"},
        {"key": "0" * 16, "value": 0},
        {"algorithm": "none", "key": "", "value": ""},
    ],
)
def test_whatever_stands_in_place_of_the_seal_is_no_seal(place: Path, seal: object) -> None:
    manifest = place / "store" / "store.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text(encoding="utf-8")) | {"seal": seal}), encoding="utf-8")
    assert refusal(place / "store") == "trust.tampered"


def test_no_octet_of_the_manifest_can_be_changed(place: Path) -> None:
    manifest, chance = place / "store" / "store.json", random.Random(SEED)
    whole, codes = manifest.read_bytes(), set()
    for offset in chance.sample(range(len(whole)), 120):
        changed = bytearray(whole)
        changed[offset] ^= 1 << chance.randrange(8)
        manifest.write_bytes(changed)
        try:
            assert trusted(place / "store") == {csca(1).fingerprint, csca(2).fingerprint}, "only blanks may differ"
        except TrustError as error:
            codes.add(error.code.name)
    assert codes == {"trust.tampered"}


@pytest.mark.skipif(os.name != "posix", reason="pipes in folders are a POSIX thing")
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(place: Path) -> None:
    entry = next((place / "store" / "certificates").iterdir())
    entry.unlink()
    os.mkfifo(entry)
    assert refusal(place / "store") == "trust.tampered"


# ============================================================================================ what is imported
def imported(place: Path, name: str, octets: bytes, **options: object) -> tuple[set[str], set[str]]:
    """Fingerprints of what is new, and why the rest is not."""
    source = place / name
    source.write_bytes(octets)
    report = import_files([source], place / "store", ImportOptions(**options), at=NOW)  # type: ignore[arg-type]
    return {entry.sha256 for entry in report.new}, {one.reason for one in report.rejected}


def stranger(common_name: str = "Utopia CSCA", country: str = "UT") -> utopia.Party:
    """An authority that anybody can make: it has the right name, and nobody signed for it."""
    return utopia.certificate(utopia.name(common_name, country), utopia.key(666), serial_number=6)


def test_a_state_in_the_store_cannot_make_itself_another_state(place: Path) -> None:
    """In a directory, an authority that a trusted one signed for comes in as a link; of its own state only."""
    other = utopia.certificate(utopia.name("Another CSCA", "XX"), utopia.key(7), csca(1), serial_number=70)
    new, reasons = imported(place, "directory.ldif", utopia.ldif(("cACertificate;binary", other.der)))
    assert (new, reasons) == (set(), {"authority_that_nobody_signed_for"})
    own = utopia.link(1, 5)
    assert imported(place, "own.ldif", utopia.ldif(("cACertificate;binary", own.der)))[0] == {own.fingerprint}


def test_a_document_signer_of_a_directory_vouches_for_no_authority_and_no_list(place: Path) -> None:
    """Document signers come in without a signature. One that bears an authority's name must not be taken for it."""
    key = utopia.key(666)
    posing = utopia.certificate(utopia.name("Utopia CSCA"), key, csca(1), authority=None, serial_number=8)
    forged = dataclasses.replace(posing, key=key)
    child = utopia.certificate(utopia.name("Utopia CSCA"), utopia.key(667), forged, serial_number=9)
    octets = utopia.ldif(
        *[
            ("userCertificate;binary", posing.der),
            ("cACertificate;binary", child.der),
            ("certificateRevocationList;binary", utopia.revocation_list(forged, [1])),
        ]
    )
    new, reasons = imported(place, "directory.ldif", octets)
    assert new == {posing.fingerprint}
    assert reasons == {"authority_that_nobody_signed_for", "signature_wrong"}
    assert trusted(place / "store") == {csca(1).fingerprint, csca(2).fingerprint}


def test_a_list_by_a_signer_whom_nobody_accepted_is_refused_whole(place: Path) -> None:
    evil = stranger()
    signer = utopia.certificate(
        utopia.name("Utopia list signer"), utopia.key(668), evil, authority=None, purposes=(utopia.MASTER_LIST_SIGNING,)
    )
    attempts = {
        "own authority": utopia.master_list(csca(3), evil, signer=signer, carried=(evil,)),
        "with the right authorities carried": utopia.master_list(csca(3), evil, signer=signer, carried=(csca(1), evil)),
        "signed by the authority itself": utopia.master_list(csca(3), signer=evil, carried=()),
        "a document signer's": utopia.master_list(csca(3), signer=document_signer(), carried=(csca(1),)),
        "right signer, wrong signature": utopia.master_list(csca(3), spoil=True),
    }
    for name, octets in attempts.items():
        accept = frozenset({csca(1).fingerprint, list_signer().fingerprint})
        with pytest.raises(TrustError) as caught:
            imported(place, "list.ml", octets, accept_signers=accept)
        assert caught.value.code.name in ("trust.signer_not_accepted", "trust.list_not_genuine"), name
        assert trusted(place / "store") == {csca(1).fingerprint, csca(2).fingerprint}


def test_a_revocation_list_by_another_key_of_that_name_changes_nothing(place: Path) -> None:
    genuine = utopia.revocation_list(csca(1), [77])
    new, _ = imported(place, "genuine.crl", genuine)
    assert len(new) == 1
    for moment in (NOW - dt.timedelta(days=1), NOW + dt.timedelta(days=3650)):
        forged = utopia.revocation_list(stranger(), [], at=moment)
        assert imported(place, "forged.crl", forged) == (set(), {"signature_wrong"})
    older = utopia.revocation_list(csca(1), [], at=NOW - dt.timedelta(days=50))
    assert imported(place, "older.crl", older)[0] == set()
    loaded = load_folder(place / "store", test_mode=False)
    assert [known.revocation_list.encoded for known in loaded.store.revocation_lists] == [genuine]


def test_test_authorities_stay_out_by_every_way(place: Path) -> None:
    tests = utopia.certificate(utopia.name("Utopia CSCA TEST"), utopia.key(669), serial_number=10)
    ways = {
        "one.cer": tests.der,
        "bundle.pem": utopia.pem(tests.der),
        "directory.ldif": utopia.ldif(("cACertificate;binary", tests.der)),
        "list.ml": utopia.master_list(tests),
    }
    for name, octets in ways.items():
        new, _ = imported(place, name, octets, accept_signers=frozenset({list_signer().fingerprint}))
        assert tests.fingerprint not in new, name
    imported(place, "one.cer", tests.der, test_mode=True)
    loaded = load_folder(place / "store", test_mode=False)
    assert tests.fingerprint not in {anchor.certificate.sha256.hex() for anchor in loaded.store}
    assert len(loaded.test_refused) == 1


def test_what_only_a_test_authority_vouches_for_does_not_count_outside_test_mode(place: Path) -> None:
    """Anybody can have a TEST authority's key. What it signs need not say TEST; tried in test mode, it must not stay."""
    root = utopia.certificate(utopia.name("Utopia CSCA TEST"), utopia.key(670), serial_number=11)
    child = utopia.certificate(utopia.name("Utopia CSCA"), utopia.key(671), root, serial_number=12)
    signer = utopia.certificate(
        utopia.name("Utopia list signer"), utopia.key(672), root, authority=None, purposes=(utopia.MASTER_LIST_SIGNING,)
    )
    imported(place, "root.cer", root.der, test_mode=True, pin=True)
    new, reasons = imported(place, "child.ldif", utopia.ldif(("cACertificate;binary", child.der)), test_mode=True)
    assert (new, reasons) == (set(), {"authority_that_nobody_signed_for"})
    octets = utopia.master_list(csca(3), root, child, signer=signer, carried=(root,))
    new, reasons = imported(place, "list.ml", octets, test_mode=True)
    assert (new, reasons) == (set(), {"only_a_test_certificate_vouches"})
    assert trusted(place / "store") == {csca(1).fingerprint, csca(2).fingerprint}
    for accepted in (frozenset[str](), frozenset({root.fingerprint}), frozenset({signer.fingerprint})):
        with pytest.raises(TrustError) as caught:
            imported(place, "list.ml", octets, accept_signers=accepted)
        assert caught.value.code.name == "trust.list_not_genuine"


def test_what_somebody_wrote_into_the_folder_writes_nothing_on_the_terminal(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Escape sequences in names would let the folder say "sealed" in the program's own voice."""
    (place / "store" / "certificates" / "\x1b[2Jsealed\u202e.cer").write_bytes(b"")
    for action in ("list", "audit"):
        main(["trust", action, "--store", str(place / "store")])
        shown = "".join(capsys.readouterr())
        assert "sealed" in shown
        assert not {"\x1b", "\u202e"} & set(shown), action
    monkeypatch.setenv("XDG_CONFIG_HOME", str(place / "somebody else"))
    manifest = place / "store" / "store.json"
    table = json.loads(manifest.read_text(encoding="utf-8"))
    table["entries"][0]["name"] = "\x1b[2J"
    manifest.write_text(json.dumps(table), encoding="utf-8")
    assert refusal(place / "store") == "trust.store_damaged"
