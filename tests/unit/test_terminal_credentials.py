"""Which certificates a terminal shows to a chip, and what it says when it has none that fit."""

from __future__ import annotations

import datetime as dt
import itertools
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import ChipIdError
from reader import errors
from reader.terminal_credentials import TerminalChain, TerminalCredentials, load_credentials
from reader.terminal_keys import FileSigner
from tests.unit.terminal_tree import (
    AT,
    CVCA,
    DG3,
    DG4,
    DV_DOMESTIC,
    DV_FOREIGN,
    ROOT,
    SYSTEM,
    TERMINAL,
    VERIFIER,
    certificate,
    key,
    pem,
    plain_tree,
    write_folder,
)

DAY = dt.date(2026, 6, 1)
NEW_ROOT = "XXTESTCVCA00002"


def credentials(*certificates: bytes, holder: str = SYSTEM) -> TerminalCredentials:
    return TerminalCredentials.of(certificates, FileSigner(pem(key(holder))))


def shown(chain: TerminalChain) -> list[str]:
    return [one.holder_reference for one in chain.certificates]


# ------------------------------------------------------------------------------------------ the way
def test_the_authoritys_own_certificate_is_not_shown_as_the_chip_has_its_key() -> None:
    chain = credentials(plain_tree().octets).chain_from([ROOT], DAY)
    assert shown(chain) == [VERIFIER, SYSTEM]


def test_the_order_of_certificates_in_the_folder_does_not_matter() -> None:
    tree = plain_tree()
    chain = credentials(tree.terminal, tree.root, tree.verifier).chain_from([ROOT], DAY)
    assert shown(chain) == [VERIFIER, SYSTEM]


def test_the_authoritys_own_certificate_is_not_needed() -> None:
    tree = plain_tree()
    assert shown(credentials(tree.verifier, tree.terminal).chain_from([ROOT], DAY)) == [VERIFIER, SYSTEM]


LINK = certificate(NEW_ROOT, ROOT, CVCA)
NEW_VERIFIER = certificate("XXTESTDV00002", NEW_ROOT, DV_DOMESTIC)
NEW_SYSTEM = certificate(SYSTEM, "XXTESTDV00002", TERMINAL)


def test_a_link_certificate_leads_from_the_old_key_of_an_authority_to_the_new_one() -> None:
    """TR-03110-3 §2.4: a chip that was not read for years knows the old key only."""
    own = credentials(LINK, NEW_VERIFIER, NEW_SYSTEM)
    assert shown(own.chain_from([ROOT], DAY)) == [NEW_ROOT, "XXTESTDV00002", SYSTEM]


def test_a_chip_that_knows_the_new_key_is_not_shown_the_link() -> None:
    own = credentials(LINK, NEW_VERIFIER, NEW_SYSTEM)
    assert shown(own.chain_from([NEW_ROOT, ROOT], DAY)) == ["XXTESTDV00002", SYSTEM]


def test_the_older_trust_point_is_tried_where_the_newest_leads_nowhere() -> None:
    own = credentials(plain_tree().octets)
    assert shown(own.chain_from([NEW_ROOT, ROOT], DAY)) == [VERIFIER, SYSTEM]


def test_several_links_are_followed_one_after_the_other() -> None:
    names = [f"XXTESTCVCA{number:05}" for number in range(1, 8)]
    links = [certificate(new, old, CVCA) for old, new in itertools.pairwise(names)]
    verifier = certificate(VERIFIER, names[-1], DV_DOMESTIC)
    own = credentials(*links, verifier, certificate(SYSTEM, VERIFIER, TERMINAL))
    assert shown(own.chain_from([names[0]], DAY)) == [*names[1:], VERIFIER, SYSTEM]


def test_two_authorities_of_two_states_lead_to_one_terminal() -> None:
    foreign = certificate("YYTESTDV00001", "YYTESTCVCA00001", DV_FOREIGN)
    own = credentials(plain_tree().octets, foreign, certificate(SYSTEM, "YYTESTDV00001", TERMINAL))
    assert shown(own.chain_from(["YYTESTCVCA00001"], DAY)) == ["YYTESTDV00001", SYSTEM]
    assert shown(own.chain_from([ROOT], DAY)) == [VERIFIER, SYSTEM]


@pytest.mark.parametrize("references", [[], ["ZZTESTCVCA00001"], [""], ["XXTESTCVCA0000"], [VERIFIER + " "]])
def test_no_way_is_an_error_of_its_own(references: list[str]) -> None:
    with pytest.raises(errors.TerminalError) as caught:
        credentials(plain_tree().octets).chain_from(references, DAY)
    assert caught.value.code is errors.TERMINAL_NO_CHAIN


def test_a_missing_link_of_the_chain_is_no_way() -> None:
    tree = plain_tree()
    with pytest.raises(errors.TerminalError) as caught:
        credentials(tree.root, tree.terminal).chain_from([ROOT], DAY)
    assert caught.value.code is errors.TERMINAL_NO_CHAIN


def test_authorities_that_sign_one_another_end_in_no_way() -> None:
    first, second = certificate("A00001", "B00001", CVCA), certificate("B00001", "A00001", CVCA)
    with pytest.raises(errors.TerminalError) as caught:
        credentials(first, second, plain_tree().terminal).chain_from(["A00001"], DAY)
    assert caught.value.code is errors.TERMINAL_NO_CHAIN


def test_a_certificate_with_a_wrong_signature_is_no_way_while_another_one_is() -> None:
    forged = certificate(VERIFIER, ROOT, DV_DOMESTIC, signed_by="somebody else")
    tree = plain_tree()
    with pytest.raises(errors.TerminalError):
        credentials(tree.root, forged, tree.terminal).chain_from([ROOT], DAY)
    chain = credentials(tree.root, forged, tree.verifier, tree.terminal).chain_from([ROOT], DAY)
    assert chain.certificates[0].encoded == tree.verifier


def test_the_way_is_found_among_a_thousand_certificates() -> None:
    tree = plain_tree()
    others = [certificate(f"XXTESTDV{number:05}", "ZZ", DV_DOMESTIC) for number in range(2, 900)]
    own = credentials(*others, tree.octets)
    assert shown(own.chain_from([ROOT], DAY)) == [VERIFIER, SYSTEM]


# ------------------------------------------------------------------------------------------- dates
def test_an_expired_terminal_is_told_apart_from_one_without_a_way() -> None:
    tree = plain_tree()
    old = certificate(SYSTEM, VERIFIER, TERMINAL, valid=("2025-01-01", "2025-03-01"))
    with pytest.raises(errors.TerminalError) as caught:
        credentials(tree.root, tree.verifier, old).chain_from([ROOT], DAY)
    assert caught.value.code is errors.TERMINAL_CERTIFICATE_EXPIRED


def test_an_expired_verifier_counts_as_well() -> None:
    tree = plain_tree()
    old = certificate(VERIFIER, ROOT, DV_DOMESTIC, valid=("2025-01-01", "2025-03-01"))
    with pytest.raises(errors.TerminalError) as caught:
        credentials(tree.root, old, tree.terminal).chain_from([ROOT], DAY)
    assert caught.value.code is errors.TERMINAL_CERTIFICATE_EXPIRED


def test_an_expired_link_does_not_count() -> None:
    """TR-03110-3 §2.5.1: a chip takes link certificates whatever their expiration date."""
    link = certificate(NEW_ROOT, ROOT, CVCA, valid=("2020-01-01", "2023-01-01"))
    assert len(credentials(link, NEW_VERIFIER, NEW_SYSTEM).chain_from([ROOT], DAY).certificates) == 3


@pytest.mark.parametrize(("day", "is_good"), [("2026-12-31", True), ("2027-01-01", False)])
def test_the_last_day_is_a_good_day(day: str, is_good: bool) -> None:
    own = credentials(plain_tree().octets)
    if is_good:
        assert own.chain_from([ROOT], dt.date.fromisoformat(day))
    else:
        with pytest.raises(errors.TerminalError):
            own.chain_from([ROOT], dt.date.fromisoformat(day))


def test_a_valid_way_is_preferred_to_an_expired_one_even_from_the_older_trust_point() -> None:
    tree = plain_tree()
    expired = certificate(SYSTEM, "XXTESTDV00002", TERMINAL, valid=("2025-01-01", "2025-03-01"))
    own = credentials(tree.octets, NEW_VERIFIER, expired)
    assert shown(own.chain_from([NEW_ROOT, ROOT], DAY)) == [VERIFIER, SYSTEM]


def test_a_renewed_certificate_of_the_same_name_is_found_behind_an_expired_one() -> None:
    tree = plain_tree()
    old = certificate(VERIFIER, ROOT, DV_DOMESTIC, valid=("2025-01-01", "2025-03-01"))
    chain = credentials(tree.root, old, tree.verifier, tree.terminal).chain_from([ROOT], DAY)
    assert chain.certificates[0].encoded == tree.verifier


def test_without_a_clock_nothing_counts_as_expired() -> None:
    tree = plain_tree()
    old = certificate(SYSTEM, VERIFIER, TERMINAL, valid=("2025-01-01", "2025-03-01"))
    assert credentials(tree.root, tree.verifier, old).chain_from([ROOT], None)


# ------------------------------------------------------------------------------------------ rights
@pytest.mark.parametrize(
    ("root", "verifier", "terminal", "groups"),
    [
        (DG3 | DG4, DG3 | DG4, DG3 | DG4, {3, 4}),
        (DG3 | DG4, DG3 | DG4, DG3, {3}),
        (DG3 | DG4, DG4, DG3 | DG4, {4}),
        (DG3, DG3 | DG4, DG3 | DG4, {3}),
        (DG3 | DG4, DG3, DG4, set()),
        (0, DG3 | DG4, DG3 | DG4, set()),
    ],
)
def test_a_right_is_what_every_certificate_of_the_chain_gives(
    root: int, verifier: int, terminal: int, groups: set[int]
) -> None:
    """TR-03110-3 §2.6: the effective authorisation is the AND of all."""
    own = credentials(
        certificate(ROOT, ROOT, CVCA, rights=root),
        certificate(VERIFIER, ROOT, DV_DOMESTIC, rights=verifier),
        certificate(SYSTEM, VERIFIER, TERMINAL, rights=terminal),
    )
    assert own.chain_from([ROOT], DAY).groups == groups


def test_bits_of_another_kind_of_terminal_are_no_rights_to_fingerprints() -> None:
    """Bits 0 and 1 of an authentication terminal mean something else (TR-03110-3 §C.4.2)."""
    verifier = certificate(VERIFIER, ROOT, DV_DOMESTIC, template=AT, rights=3)
    own = credentials(verifier, certificate(SYSTEM, VERIFIER, TERMINAL, template=AT, rights=3))
    assert own.chain_from([ROOT], DAY).groups == frozenset()
    mixed = credentials(verifier, certificate(SYSTEM, VERIFIER, TERMINAL, rights=3))
    assert mixed.chain_from([ROOT], DAY).groups == frozenset()


def test_an_authority_may_be_of_another_kind() -> None:
    """As in the official worked example, where the roles along the chain differ."""
    root = certificate(ROOT, ROOT, CVCA, template=AT, rights=0)
    tree = plain_tree()
    assert credentials(root, tree.verifier, tree.terminal).chain_from([ROOT], DAY).groups == {3, 4}


def test_the_authorisation_shown_in_pace_is_an_inspection_systems_that_has_not_expired() -> None:
    tree = plain_tree()
    other = certificate(SYSTEM, VERIFIER, TERMINAL, template=AT, rights=0)
    old = certificate(SYSTEM, VERIFIER, TERMINAL, rights=DG3, valid=("2025-01-01", "2025-03-01"))
    own = credentials(other, old, tree.octets)
    assert own.authorization(DAY).hex() == "7f4c0e060904007f000703010201530103"
    assert own.kind(DAY) == "0.4.0.127.0.7.3.1.2.1"
    assert {one.role_oid for one in own.chain_from([ROOT], DAY, own.kind(DAY)).certificates[-1:]} == {own.kind(DAY)}


# --------------------------------------------------------------------------------- folder and key
def test_a_folder_is_read_as_it_is_written(tmp_path: Path) -> None:
    tree = plain_tree()
    folder = write_folder(tmp_path / "t", tree.root + tree.verifier, tree.terminal, private_key=pem(key(SYSTEM)))
    (folder / "README.txt").write_text("nothing to read")
    (folder / "subfolder").mkdir()
    assert shown(load_credentials(folder).chain_from([ROOT], DAY)) == [VERIFIER, SYSTEM]


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({}, "terminal.certificate_absent"),
        ({"terminal.key": "good"}, "terminal.certificate_absent"),
        ({"a.cvcert": "root+verifier", "terminal.key": "good"}, "terminal.certificate_absent"),
        ({"a.cvcert": "all"}, "terminal.key_unreadable"),
        ({"a.cvcert": "all", "terminal.key": "rubbish"}, "terminal.key_unreadable"),
        ({"a.cvcert": "all", "terminal.key": "encrypted"}, "terminal.key_unreadable"),
        ({"a.cvcert": "all", "terminal.key": "other"}, "terminal.key_wrong"),
        ({"a.cvcert": "all", "terminal.key": "rsa"}, "terminal.key_wrong"),
        ({"a.cvcert": "rubbish", "terminal.key": "good"}, "terminal.certificate_unreadable"),
        ({"a.cvcert": "truncated", "terminal.key": "good"}, "terminal.certificate_unreadable"),
    ],
)
def test_what_is_wrong_with_a_folder_is_told_by_its_own_name(tmp_path: Path, files: dict[str, str], code: str) -> None:
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

    tree = plain_tree()
    contents = {
        "all": tree.octets,
        "root+verifier": tree.root + tree.verifier,
        "good": pem(key(SYSTEM)),
        "other": pem(key("somebody else")),
        "rsa": pem(key("a", "rsa2048")),
        "rubbish": b"no certificate and no key",
        "truncated": tree.octets[:-1],
        "encrypted": key(SYSTEM).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(contents[content])
    with pytest.raises(errors.TerminalError) as caught:
        load_credentials(tmp_path)
    assert caught.value.code.name == code


def test_a_folder_that_is_none_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "nowhere", tmp_path / "file"):
        with pytest.raises(errors.TerminalError) as caught:
            load_credentials(path)
        assert caught.value.code is errors.TERMINAL_FOLDER_UNREADABLE


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes on this system")
def test_a_pipe_in_the_folder_holds_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.cvcert")
    with pytest.raises(errors.TerminalError) as caught:
        load_credentials(tmp_path)
    assert caught.value.code is errors.TERMINAL_FOLDER_UNREADABLE


def test_only_the_certificates_of_our_own_key_are_the_terminals() -> None:
    other = certificate("XXTESTIS00002", VERIFIER, TERMINAL)
    own = credentials(other, plain_tree().octets)
    assert [one.holder_reference for one in own.terminals] == [SYSTEM]


def test_credentials_show_neither_key_nor_holder() -> None:
    own = credentials(plain_tree().octets)
    assert repr(own) == "TerminalCredentials(3 certificates)"
    assert repr(own.signer) == "FileSigner(…)"


@given(st.binary(max_size=300))
def test_arbitrary_octets_are_an_error_of_ours(octets: bytes) -> None:
    with pytest.raises(ChipIdError) as caught:
        TerminalCredentials.from_octets(octets, pem(key(SYSTEM)))
    assert caught.value.code in (errors.TERMINAL_CERTIFICATE_UNREADABLE, errors.TERMINAL_CERTIFICATE_ABSENT)


@given(st.binary(max_size=200))
def test_arbitrary_keys_are_an_error_of_ours(octets: bytes) -> None:
    with pytest.raises(errors.TerminalError) as caught:
        TerminalCredentials.from_octets(plain_tree().octets, octets)
    assert caught.value.code is errors.TERMINAL_KEY_UNREADABLE
