"""Which certificates a chip believes in terminal authentication, and which it must refuse (TR-03110-3 §2.5)."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.pki.cvc import CvRole, parse_cv_certificate
from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.secret import Secret
from crypto.wire.tlv import encode_tlv, iter_tlvs
from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipAuthenticationKey, ChipContent
from emulator.chip.trust_points import TrustedKey
from emulator.personalise.cv_issuer import (
    CvHolder,
    CvSuite,
    Validity,
    authority_certificate,
    holder,
)
from tests.unit.emulator_extended_access import DAY, ID_CA_ECDH
from tests.unit.inspection_systems import (
    KEY,
    LONGER,
    MRZ_INFORMATION,
    OTHER_CURVE,
    PERSONALISED,
    ROOT,
    STRANGER,
    SUITE,
    TERMINAL,
    VERIFIER,
    a_chip,
    ef_cvca,
    parts_of,
    prove_terminal,
    proven,
    terminal_certificate,
    verifier_certificate,
)


def test_long_certificates_may_come_in_parts() -> None:
    """ISO/IEC 7816-4 §5.3.3: for terminals without extended length."""
    terminal = proven(a_chip(ROOT))
    assert terminal.choose_issuer(ROOT.reference) == "9000"
    body = b"".join(tlv.encoded for tlv in parts_of(verifier_certificate()))
    parts = [body[start : start + 150] for start in range(0, len(body), 150)]
    assert len(parts) > 1
    for part in parts[:-1]:
        assert terminal.send("102A00BE", part)[1] == "9000"
    assert terminal.send("002A00BE", parts[-1])[1] == "9000"
    assert terminal.choose_issuer(VERIFIER.reference) == "9000"


# -- certificates that a chip must not believe ---------------------------------------------------------------------


def forged(octets: bytes) -> bytes:
    return octets[:-1] + bytes([octets[-1] ^ 1])


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "a wrong signature": (lambda: forged(verifier_certificate()), "6300"),
    "another authority of the same name": (
        lambda: verifier_certificate(CvHolder(ROOT.reference, STRANGER.key_pair)),
        "6300",
    ),
    "a verifier that calls itself": (lambda: verifier_certificate(CvHolder(ROOT.reference, VERIFIER.key_pair)), "6300"),
    "expired before the chip was made": (
        lambda: verifier_certificate(validity=Validity(PERSONALISED - 90 * DAY, PERSONALISED - DAY)),
        "6300",
    ),
    "a terminal straight from the authority": (lambda: terminal_certificate(ROOT, TERMINAL), "6300"),
    "a key with domain parameters of its own": (lambda: verifier_certificate(domain=True), "6300"),
    "a key of another hash": (
        lambda: verifier_certificate(subject=holder("VNTESTDV00001", CvSuite("ecdsa-sha384", "brainpoolP256r1"))),
        "6300",
    ),
    "a key on another curve of the same size": (
        lambda: verifier_certificate(subject=holder("VNTESTDV00001", OTHER_CURVE)),
        "6A80",  # the point is not on the authority's curve
    ),
    "a longer key": (lambda: verifier_certificate(subject=holder("VNTESTDV00001", LONGER)), "6A80"),
    "the authority's own certificate": (lambda: authority_certificate(ROOT), "6300"),
    "a verifier under the authority's name": (
        lambda: verifier_certificate(subject=CvHolder(ROOT.reference, VERIFIER.key_pair)),
        "6300",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_certificate_that_is_refused_leaves_everything_as_it_was(name: str) -> None:
    make, status = REFUSED[name]
    chip = a_chip(ROOT)
    terminal = proven(chip)
    before = ef_cvca(terminal)
    assert terminal.choose_issuer(ROOT.reference) == "9000"
    assert terminal.show(make()) == status
    assert ef_cvca(terminal) == before
    assert terminal.choose_issuer(VERIFIER.reference) == "6A88"  # nothing was imported
    # The date has not moved either: a certificate that ends on the very day of personalisation is still good.
    last_day = Validity(PERSONALISED - DAY, PERSONALISED)
    assert terminal.show_chain(verifier_certificate(validity=last_day)) == ["9000"]


MALFORMED = {
    "nothing": b"",
    "no signature": parts_of(verifier_certificate())[0].encoded,
    "no body": parts_of(verifier_certificate())[1].encoded,
    "wrong order": b"".join(tlv.encoded for tlv in reversed(parts_of(verifier_certificate()))),
    "something after it": b"".join(tlv.encoded for tlv in parts_of(verifier_certificate())) + b"\x81\0",
    "the whole object": verifier_certificate(),
    "no data objects": bytes(range(64)),
    "cut off": b"".join(tlv.encoded for tlv in parts_of(verifier_certificate()))[:-1],
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_certificate_is_called_so(name: str) -> None:
    terminal = proven(a_chip(ROOT))
    assert terminal.choose_issuer(ROOT.reference) == "9000"
    assert terminal.send("002A00BE", MALFORMED[name], extended=True)[1] == "6A80"
    assert terminal.show(verifier_certificate()) == "9000"


@pytest.mark.parametrize("tag", [0x5F29, 0x42, 0x7F49, 0x5F20, 0x7F4C, 0x5F25, 0x5F24])
def test_a_body_without_one_of_its_fields_is_malformed_though_well_signed(tag: int) -> None:
    body, _ = parts_of(verifier_certificate())
    kept = encode_tlv(0x7F4E, b"".join(tlv.encoded for tlv in iter_tlvs(body.value) if tlv.tag != tag))
    terminal = proven(a_chip(ROOT))
    assert terminal.choose_issuer(ROOT.reference) == "9000"
    signed = kept + encode_tlv(0x5F37, ROOT.key_pair.sign(kept))
    assert terminal.send("002A00BE", signed, extended=True)[1] == "6A80"


@pytest.mark.parametrize("issuer_role", [CvRole.DV_DOMESTIC, CvRole.DV_FOREIGN])
@pytest.mark.parametrize("role", [CvRole.DV_DOMESTIC, CvRole.DV_FOREIGN, CvRole.CVCA])
def test_a_verifier_makes_neither_verifiers_nor_authorities(issuer_role: CvRole, role: CvRole) -> None:
    terminal = proven(a_chip(ROOT))
    assert terminal.show_chain(verifier_certificate(role=issuer_role)) == ["9000"]
    other = holder("VNTESTDV00002", SUITE)
    assert terminal.show_chain(verifier_certificate(VERIFIER, other, role=role)) == ["6300"]


@pytest.mark.parametrize("role", list(CvRole))
def test_a_terminal_makes_nobody(role: CvRole) -> None:
    terminal = proven(a_chip(ROOT))
    assert terminal.show_chain(verifier_certificate(), terminal_certificate()) == ["9000", "9000"]
    other = holder("VNTESTIS00002", SUITE)
    assert terminal.show_chain(verifier_certificate(TERMINAL, other, role=role)) == ["6300"]
    assert prove_terminal(terminal) == "9000"  # its own key is still there


def test_only_the_last_key_is_remembered_and_never_twice() -> None:
    terminal = proven(a_chip(ROOT))
    assert terminal.show_chain(verifier_certificate(), verifier_certificate()) == ["9000", "6300"]
    assert terminal.show_chain(terminal_certificate()) == ["9000"]
    assert terminal.show_chain(terminal_certificate()) == ["6A88"]  # the verifier has made room for the terminal
    assert terminal.choose_terminal(VERIFIER.reference) == "6A88"
    assert terminal.show_chain(verifier_certificate()) == ["9000"]
    assert terminal.choose_terminal(TERMINAL.reference) == "6A88"
    assert terminal.choose_terminal(VERIFIER.reference) == "6A88"  # a verifier is no terminal


def test_a_key_serves_one_certificate_for_each_time_that_it_is_chosen() -> None:
    terminal = proven(a_chip(ROOT))
    assert terminal.show(verifier_certificate()) == "6985"
    assert terminal.choose_issuer(ROOT.reference) == "9000"
    assert terminal.show(forged(verifier_certificate())) == "6300"
    assert terminal.show(verifier_certificate()) == "9000"
    assert terminal.show(terminal_certificate()) == "6985"
    assert terminal.choose_issuer("VNTESTCVCA00099") == "6A88"
    assert terminal.choose_issuer(ROOT.reference) == "9000"
    assert terminal.choose_issuer("VNTESTCVCA00099") == "6A88"
    assert terminal.show(verifier_certificate(subject=holder("VNTESTDV00003", SUITE))) == "6985"


# -- one that is published ------------------------------------------------------------------------------------------


def test_the_published_chain_is_believed() -> None:
    """The guideline's worked example, in which the authority's type differs from the other two."""
    path = Path(__file__).parent.parent / "vectors" / "eac_worked_example_certificates.json"
    published = {name: bytes.fromhex(text) for name, text in json.loads(path.read_text())["certificates"].items()}
    point = TrustedKey.at_personalisation(parse_cv_certificate(published["ecdh_cvca"]))
    terminal = proven(a_chip(suite_key=point))
    # the example is of 2010; this chip was made before
    chip = VirtualCard(
        ChipContent(
            mrz_information=Secret(MRZ_INFORMATION),
            chip_authentication=(ChipAuthenticationKey(f"{ID_CA_ECDH}.2", SymmetricCipher.AES128, KEY),),
            terminal_trust_points=(point,),
            personalised_on=dt.date(2009, 1, 1),
        )
    )
    late, early = terminal, proven(chip)
    assert late.show_chain(published["ecdh_dv"]) == ["6300"]
    assert early.show_chain(published["ecdh_dv"], published["ecdh_terminal"]) == ["9000", "9000"]
    name = parse_cv_certificate(published["ecdh_terminal"]).holder_reference
    assert early.choose_terminal(name) == "9000"


# -- anything at all -----------------------------------------------------------------------------------------------


CHAIN = b"".join(tlv.encoded for tlv in parts_of(verifier_certificate()))


@given(position=st.integers(0, 8 * len(CHAIN) - 1))
def test_one_flipped_bit_anywhere_in_a_certificate_is_never_accepted(position: int) -> None:
    changed = bytearray(CHAIN)
    changed[position // 8] ^= 1 << position % 8
    assert FUZZED.choose_issuer(ROOT.reference) == "9000"
    assert FUZZED.send("002A00BE", bytes(changed), extended=True)[1] in ("6300", "6A80")


FUZZED = proven(a_chip(ROOT))
