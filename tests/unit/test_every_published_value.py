"""Every value of every published worked example is met by the terminal's half and by the chip's half.

Other tests replay the messages. This one counts: each field of a vector file that holds octets must turn up while the
half in question runs the example, or stand here by name with the reason why it cannot. And each vector file must be
known to some test.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crypto.pace.parameters import PasswordReference, pace_protocol, standardized_curve
from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.curves import curve
from crypto.primitives.dh_groups import DH_GROUPS
from crypto.primitives.kdf import KeyUse, derive_key
from crypto.primitives.secret import Secret
from crypto.wire.apdu import CommandApdu, ResponseApdu
from emulator.chip.access_rules import AccessCondition
from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipAuthenticationMappingKey, ChipContent, ElementaryFile, PaceOffer
from emulator.chip.secure_messaging import ChipChannel
from reader.protocols.access_key import AccessKey, MrzKey
from reader.protocols.bac import bac_terminal
from reader.protocols.exchange import run
from reader.protocols.pace import PaceSuite, pace_terminal
from reader.protocols.pace_domain import DhDomain, EcdhDomain
from reader.protocols.secure_messaging import SecureChannel, SessionKeys
from tests.unit.value_trace import ValueTrace, hex_leaves

TESTS = Path(__file__).parents[1]
VECTORS = TESTS / "vectors"
MRZ_OF_APPENDIX_D = Secret(b"L898902C<369080619406236")


def load(name: str) -> Any:
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))


def leaves(case: dict[str, Any]) -> dict[str, str]:
    """Octets of a case. Misprints are kept beside the right value, and texts may look like octets."""
    texts = frozenset({"password", "password_fields", "symbols", "domain_parameters", "name", "published_defects"})
    return {place: text for place, text in hex_leaves(case, without=texts).items() if "as_printed" not in place}


def drawn(values: list[bytes]) -> Callable[[int], bytes]:
    queue = iter(values)

    def draw(count: int) -> bytes:
        value = next(queue)
        assert len(value) == count
        return value

    return draw


# -- basic access control and its secure messaging (appendix D) -----------------------------------------------------------

BAC = load("bac_mutual_authentication.json")["cases"][0]
MESSAGES = load("secure_messaging_3des.json")


def bac_messages() -> dict[str, Any]:
    """Appendix D.3 and D.4 in one."""
    return {"bac": BAC, "messages": MESSAGES["cases"]} | {name: MESSAGES[name] for name in ("ks_enc", "ks_mac")}


def test_the_terminal_meets_every_value_of_appendix_d() -> None:
    exchanges = iter(
        [(BAC[f"{step}_command"], BAC[f"{step}_response"]) for step in ("get_challenge", "external_authenticate")]
    )

    def chip(command: CommandApdu) -> ResponseApdu:
        expected, answer = next(exchanges)
        assert command.encode().hex() == expected
        return ResponseApdu.parse(bytes.fromhex(answer))

    with ValueTrace() as seen:
        randoms = drawn([bytes.fromhex(BAC[name]) for name in ("rnd_ifd", "k_ifd")])
        channel = SecureChannel(run(bac_terminal(MrzKey(MRZ_OF_APPENDIX_D), randoms), chip))
        for case in MESSAGES["cases"]:
            plain = CommandApdu.parse(bytes.fromhex(case["plain_command"]))
            assert channel.protect(plain).encode().hex() == case["protected_command"]
            answer = channel.unprotect(ResponseApdu.parse(bytes.fromhex(case["protected_response"])))
            assert answer.encode().hex() == case["plain_response"]
    chips_own = {"bac.k_ic"}  # it arrives inside a longer plain text and is used at once
    # the header's padding goes before the counter at once, so that the printed step between has no place of its own
    assert seen.missing(leaves(bac_messages())) == chips_own | _places({"command_mac_data"})


def test_the_chip_meets_every_value_of_appendix_d() -> None:
    ef_com = bytes.fromhex(MESSAGES["file_content_read"])
    content = ChipContent(
        application_files=(ElementaryFile(0x011E, ef_com, 0x1E, AccessCondition.CHIP_ACCESS),),
        mrz_information=MRZ_OF_APPENDIX_D,
    )
    card = VirtualCard(content, random_bytes=drawn([bytes.fromhex(BAC[name]) for name in ("rnd_ic", "k_ic")]))
    card.transmit(bytes.fromhex("00A4040C07A0000002471001"))
    with ValueTrace() as seen:
        for step in ("get_challenge", "external_authenticate"):
            assert card.transmit(bytes.fromhex(BAC[f"{step}_command"])).hex() == BAC[f"{step}_response"]
        for case in MESSAGES["cases"]:
            assert card.transmit(bytes.fromhex(case["protected_command"])).hex() == case["protected_response"]
    assert seen.missing(leaves(bac_messages())) == set()


def _places(names: set[str]) -> set[str]:
    return {place for place in leaves(bac_messages()) if place.rpartition(".")[2] in names}


# -- PACE (appendices G, H, I) -----------------------------------------------------------------------------------------------

PACE_FILES = ["pace_gm_ecdh.json", "pace_gm_dh.json", "pace_im_ecdh.json", "pace_im_dh.json", "pace_cam_ecdh.json"]
# Who opens EF.CardAccess, EF.CardSecurity or the MRZ is tested elsewhere; here PACE alone runs
OUTSIDE_PACE = {"pace_info", "chip_authentication_public_key_info", "chip_static_private_key_derived"}


class PublishedPassword(AccessKey):
    """The seed as the example has it: a hashed MRZ, or the six characters of appendix H."""

    def __init__(self, case: dict[str, Any]) -> None:
        seed = case.get("password_key_seed")
        super().__init__(Secret(bytes.fromhex(seed) if seed else case["password"].encode()))

    @property
    def reference(self) -> PasswordReference:
        return PasswordReference.MRZ

    @property
    def pace_seed(self) -> Secret:
        return self._password


def pace_apdus(case: dict[str, Any]) -> list[tuple[str, str]]:
    """The printed conversation, or for appendix H the one that its values make."""
    if "apdus" in case:
        printed = [(apdu["command"], apdu["response"]) for apdu in case["apdus"]]
        if case["mapping"] == "gm" and case["domain_parameters"]["type"] == "dh":
            # misprints of appendix G.2: a data object of terminal authentication, and no status word
            printed[-1] = (printed[-1][0], f"7c0a8608{case['chip_token']}9000")
        return printed
    oid = bytes.fromhex("04007f00070202040" + {"ecdh": "4", "dh": "3"}[case["domain_parameters"]["type"]] + "02")
    steps = [("", "80", case["encrypted_nonce"]), ("81" + _sized(case["nonce_t"]), "82", "")]
    steps += [("83" + _sized(case["terminal_public_key"]), "84", case["chip_public_key"])]
    steps += [("85" + _sized(case["terminal_token"]), "86", case["chip_token"])]
    found = [(f"0022c1a40f800a{oid.hex()}830101", "9000")]
    for place, (sent, tag, received) in enumerate(steps):
        data = "7c" + _sized(sent)
        head = "00860000" if place == 3 else "10860000"
        command = head + f"{len(data) // 2:02x}" + data + "00"
        found.append((command, "7c" + _sized(tag + _sized(received)) + "9000"))
    return found


def _sized(value: str) -> str:
    size = len(value) // 2
    return (f"{size:02x}" if size < 0x80 else f"81{size:02x}") + value


def group_of(case: dict[str, Any]) -> EcdhDomain | DhDomain:
    number = case["domain_parameters"]["standardized_id"]
    found = standardized_curve(number)
    return DhDomain(DH_GROUPS[number]) if found is None else EcdhDomain(found)


@pytest.mark.parametrize("name", PACE_FILES)
def test_the_terminal_meets_every_value_of_pace(name: str) -> None:
    case = load(name)["cases"][0]
    protocol = pace_protocol(case["oid"])
    assert protocol is not None
    exchanges = iter(pace_apdus(case))
    scalars = (int(case[key], 16) for key in ("terminal_mapping_private_key", "terminal_private_key") if key in case)

    def chip(command: CommandApdu) -> ResponseApdu:
        expected, answer = next(exchanges)
        assert command.encode().hex() == expected
        return ResponseApdu.parse(bytes.fromhex(answer))

    with ValueTrace() as seen:
        nonces = drawn([bytes.fromhex(case["nonce_t"])] if "nonce_t" in case else [])
        suite = PaceSuite(protocol, group_of(case))
        proof = run(pace_terminal(suite, PublishedPassword(case), lambda group: next(scalars), nonces), chip).proof
        if proof is not None:
            assert proof.holds_for(proof.curve.decode_point(bytes.fromhex(case["chip_static_public_key"])))
    chips_own = {"chip_mapping_private_key", "chip_private_key"}
    assert missing_of_pace(seen, case) == chips_own & case.keys()


@pytest.mark.parametrize("name", PACE_FILES)
def test_the_chip_meets_every_value_of_pace(name: str) -> None:
    case = load(name)["cases"][0]
    protocol, order = pace_protocol(case["oid"]), int(case["domain_parameters"]["order"], 16)
    assert protocol is not None
    size = (order.bit_length() + 7) // 8
    # Some printed private keys are not below the order; a chip draws the reduced ones, which serve the same
    privates = [
        (int(case[key], 16) % order).to_bytes(size, "big")
        for key in ("chip_mapping_private_key", "chip_private_key")
        if key in case
    ]
    static = case.get("chip_static_private_key_derived")
    password = PublishedPassword(case)
    hashed = "password_fields" in case
    content = ChipContent(
        mrz_information=_mrz_information(case) if hashed else None,
        can=None if hashed else password.pace_seed,
        pace=(PaceOffer(protocol, case["domain_parameters"]["standardized_id"]),),
        chip_authentication_mapping=(
            (ChipAuthenticationMappingKey(curve("brainpoolP256r1"), Secret(bytes.fromhex(static))),) if static else ()
        ),
    )
    card = VirtualCard(content, random_bytes=drawn([bytes.fromhex(case["nonce"]), *privates]))
    with ValueTrace() as seen:
        for command, answer in pace_apdus(case):
            if not hashed:
                command = command.replace("830101", "830102")  # appendix H's password is no hashed MRZ
            assert card.transmit(bytes.fromhex(command)).hex() == answer
    terminals_own = {"terminal_mapping_private_key", "terminal_private_key"} & case.keys()
    reduced = {key for key in ("chip_private_key",) if int(case[key], 16) >= order}
    not_the_chips = {"chip_static_public_key"} & case.keys()  # lies in EF.CardSecurity
    expected = terminals_own | reduced | not_the_chips
    assert missing_of_pace(seen, case) == expected


def missing_of_pace(seen: ValueTrace, case: dict[str, Any]) -> set[str]:
    wanted = {place: text for place, text in leaves(case).items() if place not in OUTSIDE_PACE}
    for place in [place for place in wanted if place.startswith("apdus.")]:
        del wanted[place]  # each was compared when it was sent or answered
    return seen.missing(wanted)


def _mrz_information(case: dict[str, Any]) -> Secret:
    fields = case["password_fields"]
    names = ("document_number", "date_of_birth", "date_of_expiry")
    return Secret("".join(fields[name] + fields[f"{name}_check_digit"] for name in names).encode())


@pytest.mark.parametrize("name", PACE_FILES)
def test_the_domain_parameters_are_the_published_ones(name: str) -> None:
    case = load(name)["cases"][0]
    published, domain = case["domain_parameters"], group_of(case)
    if isinstance(domain, DhDomain):
        group = domain.group
        assert (group.p, group.g, group.q) == tuple(int(published[key], 16) for key in ("p", "generator", "order"))
        return
    found = domain.curve
    assert found.name == published["name"]
    assert [found.p, found.a, found.b, found.n] == [int(published[key], 16) for key in ("p", "a", "b", "order")]
    assert found.encode_point(found.g).hex() == published["generator"]
    assert published["cofactor"] == 1


# -- a recorded AES-256 session --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["terminal", "chip"])
def test_both_halves_meet_every_value_of_the_recorded_session(side: str) -> None:
    case = load("secure_messaging_aes256.json")["cases"][0]
    before = case["before"]
    k_enc, k_mac, counter = bytes.fromhex(before["ks_enc"]), bytes.fromhex(before["ks_mac"]), int(before["ssc"], 16)
    with ValueTrace() as seen:
        terminal = SecureChannel(SessionKeys(SymmetricCipher.AES256, Secret(k_enc), Secret(k_mac), counter))
        chip = ChipChannel(SymmetricCipher.AES256, k_enc, k_mac, counter)
        data = b""
        for step in case["exchanges"]:
            plain, protected = (CommandApdu.parse(bytes.fromhex(step[key])) for key in ("plain_command", "command"))
            answer, sealed = (ResponseApdu.parse(bytes.fromhex(step[key])) for key in ("plain_response", "response"))
            if side == "terminal":
                assert terminal.protect(plain) == protected
                assert terminal.unprotect(sealed) == answer
            else:
                assert chip.open_command(protected) == plain
                assert chip.seal_response(answer, odd_ins=False) == sealed
            data += answer.data
    assert data.hex() == case["file"]
    assert seen.missing(leaves(case)) == {"file"}


# -- key derivation --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", load("bac_kdf.json")["cases"], ids=lambda case: str(case["name"]))
def test_every_value_of_a_3des_key_derivation_is_met(case: dict[str, Any]) -> None:
    halves = ("key_first_half_before_parity", "key_second_half_before_parity", "key_first_half", "key_second_half")
    with ValueTrace() as seen:
        if case["kind"] == "kdf_3des":
            uses = {"encryption": KeyUse.ENCRYPTION, "mac": KeyUse.MAC}
            assert uses[case["key_use"]] == case["counter"]
            key = derive_key(bytes.fromhex(case["key_seed"]), uses[case["key_use"]], SymmetricCipher.TDES)
            assert [key[:8].hex(), key[8:].hex()] == [case["key_first_half"], case["key_second_half"]]
            digest = bytes.fromhex(case["hash_output"])
            assert [digest[:8].hex(), digest[8:16].hex()] == [case[name] for name in halves[:2]]
        else:
            mrz_key = MrzKey(Secret(case["mrz_information"].encode()))
            for use, name in ((KeyUse.ENCRYPTION, "k_enc"), (KeyUse.MAC, "k_mac")):
                assert derive_key(mrz_key.bac_seed.reveal(), use, SymmetricCipher.TDES).hex() == case.get(name)
    # how the fields are cut out of a zone is tested in test_mrz_check_digits.py
    elsewhere = (*halves, "date_of_birth", "date_of_expiry")
    wanted = {place: text for place, text in leaves(case).items() if place not in elsewhere}
    in_one_piece = {"hash_input"} & case.keys()  # seed and counter go into the hash without a name
    assert seen.missing(wanted) == in_one_piece


# -- no file without a test -----------------------------------------------------------------------------------------------


def test_every_vector_file_is_known_to_a_test() -> None:
    """A file that nobody reads proves nothing. Folders of whole documents count by their name."""
    sources = [path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py")]
    sources += [path.read_text(encoding="utf-8") for path in (VECTORS / "ours").glob("*.py")]
    known = "\n".join(sources)
    forgotten = []
    for path in VECTORS.rglob("*"):
        if not path.is_file() or path.suffix in {".md", ".txt", ".py", ".pyc"}:
            continue
        folder = path.relative_to(VECTORS).parts[0]
        needle = path.parent.name if folder == "specimen" else path.name
        if needle not in known:
            forgotten.append(str(path.relative_to(VECTORS)))
    assert not forgotten
