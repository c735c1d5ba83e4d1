"""``python -m tests.fuzz.make_corpus``: writes the seeds of every parser to ``corpus/``.

They come from emulated documents, from published examples and lists, and from the small encoders of the unit tests. Pictures are
cut to a few pixels: what is fuzzed is what stands around them. People in them are invented.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Final

from crypto.pki.cms import parse_signed_data
from crypto.wire.tlv import encode_tlv, parse_tlv
from emulator.cards import chip_content
from reader.evidence.challenge import bound_challenges
from reader.evidence.container import open_evidence, seal
from reader.evidence.keeping import evidence_of
from reader.lds.sod import signed_data_of
from reader.trust.importing import ImportOptions, import_files
from tests.fuzz.calls import a_key
from tests.fuzz.corpus_files import write_seeds
from tests.fuzz.parsers import PARSERS
from tests.unit import test_lds_face as faces
from tests.unit import test_lds_fingers_and_irises as older
from tests.unit import test_lds_iso39794 as newer
from tests.unit import test_trust_deviations as lists
from tests.unit import trust_lists as utopia
from tests.unit.reader_cards import NOON, TRUST, can_of, read_content

LONGEST_SEED: Final = 3000
LONGEST_EVIDENCE: Final = 9000
MOST_SEEDS: Final = 8
VECTORS: Final = Path(__file__).parents[1] / "vectors"
SPECIMEN: Final = VECTORS / "specimen" / "bsi_mustermann"
PUBLISHED_TERMINALS: Final = json.loads((VECTORS / "eac_worked_example_certificates.json").read_text(encoding="utf-8"))
SAMPLES: Final = json.loads((VECTORS / "vietnam_samples.json").read_text(encoding="utf-8"))
_CARDS: Final = (
    "quy an can-cuoc-2024 passport-td3 id-td2 pace-cam pace-dh pace-explicit rsa-active eac2 lds-1-8 sod-indefinite sod-old-type"
    " unknown-tags chip-auth-dh eac1-dh-rsa"
)


def _files() -> dict[int, list[bytes]]:
    """Octets of every file of the chosen cards, by the low octet of its identifier."""
    found: dict[int, list[bytes]] = {}
    for name in _CARDS.split():
        content = chip_content(name)
        access = [file for file in content.master_files if file.identifier == 0x011C]  # EF.CardAccess
        for file in (*content.application_files, *access):
            found.setdefault(file.identifier & 0xFF, []).append(file.content)
    return found


def _specimen(name: str) -> list[bytes]:
    return [(SPECIMEN / f"EF_{name}.bin").read_bytes()]


def _biometrics() -> dict[str, list[bytes]]:
    kinds = ("jpeg", "jp2", "j2k", "png")
    pictures = [faces.picture(kind, (4, 4)) for kind in kinds]
    face_records = [
        faces.record(faces.block(pictures[0], points=2)),
        faces.record(faces.block(pictures[2]), faces.block(pictures[0][:40]), deviation=4),
    ]
    finger_records = [
        older.finger_record(older.view(bytes(6)), older.view(b"\xff\xa0\xff\xa8")),
        older.finger_record(older.view(pictures[2], deviation=3), compression=4),
    ]
    iris_records = [older.iris_record((1, [pictures[2]]), (2, [b"\xff\xd8\xff"]))]
    blocks = {
        0x65: newer.face(pictures[0]),
        0x64: newer.finger(pictures[2]),
        0x66: newer.iris(pictures[2]),
    }
    enveloped = {tag: newer.block(tag, octets) for tag, octets in blocks.items()}
    wsq = older.wsq_header(30, 20)
    return {
        "dg2": [faces.group(*face_records), newer.group(0x75, enveloped[0x65])],
        "dg3": [older.group(0x63, *finger_records), newer.group(0x63, enveloped[0x64])],
        "dg4": [older.group(0x76, *iris_records), newer.group(0x76, enveloped[0x66])],
        "records": [*face_records, *finger_records, *iris_records],
        "data-blocks": [
            *enveloped.values(),
            *(newer.block(tag, octets, enveloped=False) for tag, octets in blocks.items()),
        ],
        "picture-headers": [*pictures, wsq],
    }


def _deviation_list() -> bytes:
    meant = lists.documents(b"P", lists.by_serial_number(), lists.PERIOD, (b"X1234567",))
    return lists.message(
        lists.deviation(meant, lists.WRONG_HASH_OF_DG12, text=b"as told"),
        lists.deviation(lists.documents(signer=lists.by_serial_number(78)), ("1.1", b"")),
    )


def _trust() -> dict[str, list[bytes]]:
    party, signer = utopia.csca(), utopia.document_signer()
    published = utopia.master_list(party, utopia.csca(2))
    revoked = utopia.revocation_list(party, [1, 77])
    deviations = _deviation_list()
    directory = utopia.ldif(
        ("cACertificate;binary", party.der[:90]), ("certificateRevocationList;binary", revoked[:60])
    )
    return {
        "certificate": [party.der, signer.der, utopia.link(1, 2).der],
        "revocation-list": [revoked],
        "master-list": [published],
        "deviation-list": [deviations],
        "signed-data": [published, deviations],
        "ldif": [directory, directory.replace(b"\n", b"\r\n")],
        "trust-files": [utopia.pem(party.der), utopia.pem(party.der, signer.der), party.der],
    }


def _store_manifest() -> bytes:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "in.der").write_bytes(utopia.csca().der)
        import_files([folder / "in.der"], folder / "store", ImportOptions(), key_file=folder / "key")
        return (folder / "store" / "store.json").read_bytes()


def _evidence() -> dict[str, list[bytes]]:
    key = a_key()
    challenges = bound_challenges(key.fingerprint, lambda: NOON, bytes)
    outcome = read_content(chip_content("an"), can_of("an"), draw_challenge=challenges)
    parts = dict(
        open_evidence(evidence_of(outcome, key, trust=TRUST, read_at=NOON, policy="hospital", is_test=True)).parts
    )
    small = {name: part for name, part in parts.items() if len(part) < 2500}
    sealed = seal({name: part for name, part in small.items() if len(part) < 300}, key)
    as_objects = b"".join(encode_tlv(0x0C, name.encode()) + encode_tlv(0x04, part) for name, part in small.items())
    origins = [part for name, part in parts.items() if "origin" in name]
    values = [b'{"a":[1,true,null,"x"]}', b"[]", b'{"":{"b":-1}}']
    return {
        "evidence": [sealed],
        "evidence-parts": [as_objects],
        "statement": [parts["statement"]],
        "challenge": origins,
        "canonical": [*values, *origins, parts["statement"]],
    }


def _keys(found: dict[int, list[bytes]]) -> list[bytes]:
    """SubjectPublicKeyInfo: of certificates, of DG15, of DG14."""
    of_cards = [parse_tlv(octets).value for octets in found.get(0x0F, [])]
    agreement = [
        child.encoded
        for octets in found.get(0x0E, [])
        for info in parse_tlv(parse_tlv(octets).value).children()
        for child in info.children()
        if child.tag == 0x30
    ]
    return _varied([*of_cards, *agreement])


def _varied(octets: list[bytes]) -> list[bytes]:
    """One of each length: two of the same length rarely differ in kind."""
    return list({len(each): each for each in octets}.values())


def _bundle(certificate: bytes, revoked: bytes = b"") -> bytes:
    """A CMS message that signs nothing and carries certificates (RFC 5652 §5.1)."""
    crls = encode_tlv(0xA1, revoked) if revoked else b""
    content = encode_tlv(0x30, utopia.oid("1.2.840.113549.1.7.1"))
    inner = [b"\x02\x01\x01", encode_tlv(0x31), content, encode_tlv(0xA0, certificate), crls, encode_tlv(0x31)]
    return encode_tlv(0x30, [utopia.oid("1.2.840.113549.1.7.2"), encode_tlv(0xA0, encode_tlv(0x30, inner))])


def _texts() -> dict[str, list[bytes]]:
    lines = [b"\n".join(line.encode() for line in person["mrz"]) for person in SAMPLES["persons"]]
    codes = [person["qr"].encode() for person in SAMPLES["persons"]]
    number = codes[0].partition(b"|")[0]
    insured = SAMPLES["bhyt_qr_new"].encode()
    older_card = SAMPLES["bhyt_qr_old"].encode()
    camel = {
        "idCode": number.decode(),
        "personName": "Nguyễn Văn An",
        "dateOfBirth": "01/01/1990",
        "gender": "Nam",
    }
    messages = [
        json.dumps([{"id": 1}, {"id": 2, "data": camel}, {"id": 4, "data": {"sod": "dwA=", "img_data": "/9j/"}}]),
        json.dumps({"EidlinkResult": json.dumps(camel)}),
        json.dumps({"CameraData": codes[0].decode()}),
        json.dumps(camel),
    ]
    reading = b"\n".join(lines[:1]) + b"\r\n" + codes[0] + b"\r\n" + number + b"\r"
    passport = b"P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
    return {
        "mrz": [*lines[:3], passport],
        "text": [
            *codes[:3],
            codes[0].decode().encode("cp1258", "replace"),
            codes[0].decode().encode().decode("latin-1").encode(),
        ],
        "scanned": [*codes[:3], *lines[:2], insured, older_card, number, b"https://vneid.gov.vn/qr?x=1"],
        "typed": [
            *codes[:2],
            insured,
            older_card,
            number,
            lines[0].replace(b"\n", b""),
            b"29/02/2024",
            b"ab:" * 31 + b"cd",
        ],
        "framed": [reading, b"\x02" + codes[0] + b"\x03", b"\x49\x00\x5a" + lines[0], messages[0].encode()],
        "device-json": [message.encode() for message in messages],
    }


def _of_cards(found: dict[int, list[bytes]]) -> dict[str, list[bytes]]:
    seeds = {
        name: _varied([*found.get(identifier, []), *extra])
        for name, identifier, extra in (
            ("com", 0x1E, _specimen("COM")),
            ("sod", 0x1D, []),
            ("card-access", 0x1C, []),
            *((f"dg{number}", number, []) for number in (1, 11, 12, 13, 14, 15, 16)),
        )
    }
    seeds["dg5"] = [
        faces.encode_tlv(0x65, encode_tlv(0x02, b"\x01") + encode_tlv(0x5F40, faces.picture("jpeg", (4, 4))))
    ]
    seeds["dg7"] = [encode_tlv(0x67, encode_tlv(0x02, b"\x01") + encode_tlv(0x5F43, faces.picture("j2k", (4, 4))))]
    seeds["dg11"] += _specimen("DG11")
    seeds["dg12"] += _specimen("DG12")
    seeds["ber"] = [*found[0x1D][-4:], bytes.fromhex("30800201013180040100000000 00".replace(" ", ""))]
    names = ("com", "dg1", "dg11", "dg12", "dg13", "dg14", "dg15")
    seeds["document"] = [
        b"".join(seeds[name][0] for name in names),
        b"".join(seeds[name][-1] for name in (*names, "dg16")),
    ]
    seeds["tlv"] = [seeds["com"][0], seeds["dg11"][0], seeds["dg14"][0]]
    return seeds


def main() -> None:
    """Write all of them."""
    found = _files()
    seeds: dict[str, list[bytes]] = {**_of_cards(found), **_biometrics(), **_trust(), **_evidence(), **_texts()}
    signed = [signed_data_of(octets) for octets in found[0x1D]]
    seeds["certificate"] += _varied([one for each in signed[:6] for one in parse_signed_data(each).certificates])
    seeds["card-security"] = _varied(
        [
            file.content
            for name in ("pace-cam", "eac2")
            for file in chip_content(name).master_files
            if file.identifier == 0x011D  # EF.CardSecurity
        ]
    )
    seeds["signed-data"] += signed[:2]
    seeds["manifest"] = [_store_manifest()]
    seeds["keys"] = _keys(found)
    seeds["cv-certificate"] = [bytes.fromhex(octets) for octets in PUBLISHED_TERMINALS["certificates"].values()]
    seeds["certificate-bundle"] = [_bundle(utopia.csca().der), _bundle(utopia.csca().der, seeds["revocation-list"][0])]
    point = bytes.fromhex(
        "046B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C2964FE342E2FE1A7F9B8EE7EB4A7C0F9E16"
        "2BCE33576B315ECECBB6406837BF51F5"
    )
    seeds["elements"] = [
        point,
        bytes.fromhex("3006020101020101"),
        bytes(64),
        b"\x6a" + bytes(126) + b"\xbc",
        b"\x02" + point[1:33],
        bytes.fromhex("04007F000702020402"),
        b"\x80" + bytes(15),
    ]
    seeds["card-says"] = [bytes.fromhex(octets) for octets in (
        "3B8880010073C8400000900055", "3B8F80018031806545444931737321C0830590004C", "7F66080202FFFF0202FFFF",
        "00A4040C07A0000002471001", "00B09C0000", "0CB0000D0D97019E8E08AABBCCDDEEFF001122", "61009000", "00B00000000400",
        "00DB3FFF00000354014100FF",
    )]  # fmt: skip
    seeds["tag-list"] = [bytes.fromhex("615F1F5F2E7F61"), bytes.fromhex("6175")]
    assert set(seeds) == set(PARSERS), set(seeds) ^ set(PARSERS)
    for name, octets in seeds.items():
        longest = LONGEST_EVIDENCE if name.startswith("evidence") else LONGEST_SEED
        small = sorted((each for each in octets if len(each) <= longest), key=len)
        step = max(1, -(-len(small) // MOST_SEEDS))
        assert small, name
        write_seeds(name, small[::step])


if __name__ == "__main__":
    main()
