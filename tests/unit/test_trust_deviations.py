"""What a country says is wrong with its documents is found for those documents, and for no others."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import CryptoError
from crypto.pki.certificate import Certificate
from crypto.pki.deviation_list import (
    EF_SOD,
    Deviation,
    DeviationKind,
    MrzField,
    parse_deviation_list,
)
from crypto.wire.tlv import encode_tlv
from reader.trust.deviations import (
    Criterion,
    DocumentInQuestion,
    PublishedDeviations,
    known_deviations,
    read_deviations,
)
from reader.trust.folder import load_folder
from reader.trust.import_plan import ImportOptions
from reader.trust.importing import import_files
from tests.unit import trust_lists as utopia
from tests.unit.trust_lists import NOW, csca, document_signer

SIGNER = Certificate.parse(document_signer().der)
OTHER_SIGNER = Certificate.parse(document_signer(serial_number=78).der)
TELLER = utopia.list_signer(1, utopia.DEVIATION_LIST_SIGNING)
BY_HAND = ImportOptions(accept_signers=frozenset({TELLER.fingerprint}))
WRONG_HASH_OF_DG12 = "2.2", encode_tlv(0xA0, encode_tlv(0x02, b"\x0c"))
PERIOD = encode_tlv(0xA4, [encode_tlv(0x18, b"20171001000000Z"), encode_tlv(0x18, b"20180205235959.999Z")])


def documents(
    kind: bytes | None = None, signer: bytes = b"", period: bytes = b"", numbers: tuple[bytes, ...] = ()
) -> bytes:
    type_field = b"" if kind is None else encode_tlv(0x80, kind)
    number_field = encode_tlv(0xA5, [encode_tlv(0x13, one) for one in numbers]) if numbers else b""
    return encode_tlv(0x30, [type_field, signer, period, number_field])


def by_serial_number(number: int = 77) -> bytes:
    issuer = csca(1).certificate.subject.public_bytes()
    return encode_tlv(0xA1, [issuer, encode_tlv(0x02, number.to_bytes(2, "big"))])


def deviation(which: bytes, *defects: tuple[str, bytes], text: bytes = b"") -> bytes:
    described = [
        encode_tlv(
            0x30,
            [encode_tlv(0x13, text) if text else b"", utopia.oid(f"{utopia.DEVIATION_LIST}.{kind}"), parameter],
        )
        for kind, parameter in defects
    ]
    return encode_tlv(0x30, [which, encode_tlv(0x31, described)])


def message(*deviations: bytes, teller: utopia.Party = TELLER) -> bytes:
    content = encode_tlv(0x30, [encode_tlv(0x02, b"\0"), encode_tlv(0x31, deviations)])
    return utopia.signed(content, teller, [csca(1)], content_type=utopia.DEVIATION_LIST)


def published(*deviations: bytes, country: str = "UT") -> list[PublishedDeviations]:
    return [read_deviations(message(*deviations), country, "a test")]


def parsed(*deviations: bytes) -> tuple[Deviation, ...]:
    return parse_deviation_list(message(*deviations)).deviations


def found(which: bytes, document: DocumentInQuestion, signer: Certificate = SIGNER) -> str:
    """``no``, ``yes``, or what could not be compared."""
    answers = known_deviations(published(deviation(which, WRONG_HASH_OF_DG12)), signer, document)
    if not answers:
        return "no"
    (one,) = answers
    return "yes" if one.is_certain else ", ".join(sorted(one.not_compared)) or "names none"


# ------------------------------------------------------------------------------------ which documents
UNKNOWN = DocumentInQuestion()
KEY_IDENTIFIER = SIGNER.subject_key_identifier or b""
CASES = [
    ("by its signer's serial number", documents(signer=by_serial_number()), UNKNOWN, "yes"),
    ("another serial number", documents(signer=by_serial_number(78)), UNKNOWN, "no"),
    ("by its signer's key", documents(signer=encode_tlv(0x82, KEY_IDENTIFIER)), UNKNOWN, "yes"),
    ("another key", documents(signer=encode_tlv(0x82, bytes(20))), UNKNOWN, "no"),
    ("by its signer's hash", documents(signer=encode_tlv(0x83, hashlib.sha256(document_signer().der).digest())), UNKNOWN, "yes"),
    ("another hash", documents(signer=encode_tlv(0x83, bytes(32))), UNKNOWN, "no"),
    ("by its number", documents(numbers=(b"UTO1", b"UTO2")), DocumentInQuestion(document_number="UTO2"), "yes"),
    ("with fillers", documents(numbers=(b"UTO2",)), DocumentInQuestion(document_number="UTO2<<<<<"), "yes"),
    ("with the list's fillers", documents(numbers=(b"UTO2<<<<<",)), DocumentInQuestion(document_number="UTO2"), "yes"),
    ("another number", documents(numbers=(b"UTO2",)), DocumentInQuestion(document_number="UTO22"), "no"),
    ("a number that is not known", documents(numbers=(b"UTO2",)), UNKNOWN, "document_number"),
    ("by its type", documents(b"C<"), DocumentInQuestion(document_code="C"), "yes"),
    ("a type of one letter", documents(b"C"), DocumentInQuestion(document_code="C<"), "yes"),
    ("another type", documents(b"P<"), DocumentInQuestion(document_code="ID"), "no"),
    ("by its first day", documents(period=PERIOD), DocumentInQuestion(issued=dt.date(2017, 10, 1)), "yes"),
    ("by its last day", documents(period=PERIOD), DocumentInQuestion(issued=dt.date(2018, 2, 5)), "yes"),
    ("a day too late", documents(period=PERIOD), DocumentInQuestion(issued=dt.date(2018, 2, 6)), "no"),
    ("a day too early", documents(period=PERIOD), DocumentInQuestion(issued=dt.date(2017, 9, 30)), "no"),
    ("a day that is not known", documents(period=PERIOD), UNKNOWN, "issuing_date"),
    ("all conditions at once", documents(b"C<", by_serial_number(), PERIOD, (b"UTO1",)),
     DocumentInQuestion("C<", "UTO1", dt.date(2017, 12, 24)), "yes"),
    ("all but the number", documents(b"C<", by_serial_number(), PERIOD, (b"UTO1",)),
     DocumentInQuestion("C<", "UTO9", dt.date(2017, 12, 24)), "no"),
    ("all but the signer", documents(b"C<", by_serial_number(78), PERIOD, (b"UTO1",)),
     DocumentInQuestion("C<", "UTO1", dt.date(2017, 12, 24)), "no"),
    ("the number fits, the day is not known", documents(b"C<", b"", PERIOD, (b"UTO1",)),
     DocumentInQuestion("C<", "UTO1"), "issuing_date"),
    ("nothing is said", documents(), DocumentInQuestion("C<", "UTO1"), "names none"),
]  # fmt: skip


@pytest.mark.parametrize(("which", "document", "answer"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_document_is_meant_if_all_that_the_list_says_fits(
    which: bytes, document: DocumentInQuestion, answer: str
) -> None:
    assert found(which, document) == answer


def test_what_fitted_is_told_beside_what_could_not_be_compared() -> None:
    which = documents(b"C<", b"", PERIOD, (b"UTO1",))
    (one,) = known_deviations(published(deviation(which, WRONG_HASH_OF_DG12)), SIGNER, DocumentInQuestion("C<", "UTO1"))
    assert one.identified_by == {Criterion.DOCUMENT_TYPE, Criterion.DOCUMENT_NUMBER}
    assert one.not_compared == {Criterion.ISSUING_DATE}
    assert (one.country, one.provenance) == ("UT", "a test")


def test_no_country_speaks_about_documents_of_another() -> None:
    about_us = deviation(documents(signer=by_serial_number()), WRONG_HASH_OF_DG12)
    about_all = deviation(documents(b"P<"), WRONG_HASH_OF_DG12)
    for country in ("XO", "", "ut"):
        lists = published(about_us, about_all, country=country)
        assert known_deviations(lists, SIGNER, DocumentInQuestion("P<")) == ()
    nameless = utopia.certificate(utopia.name("x"), utopia.key(61), authority=None)
    stateless = dataclasses.replace(
        Certificate.parse(nameless.der), issuer=dataclasses.replace(SIGNER.issuer, attributes=(), canonical=())
    )
    assert known_deviations(published(about_all, country=""), stateless, DocumentInQuestion("P<")) == ()


def test_an_entry_about_an_authority_is_found_over_the_path() -> None:
    field = encode_tlv(0xA0, utopia.oid("2.5.29.15"))
    lists = published(deviation(documents(signer=by_serial_number(1)), ("1.3", field)))
    assert known_deviations(lists, SIGNER) == ()
    (one,) = known_deviations(lists, SIGNER, authorities=[Certificate.parse(csca(1).der)])
    assert [(each.kind, each.certificate_field) for each in one.defects] == [(DeviationKind.CSCA_ENCODING, "2.5.29.15")]


def test_no_number_of_a_document_stands_in_any_text() -> None:
    document = DocumentInQuestion("P<", "UTO123456")
    lists = published(deviation(documents(numbers=(b"UTO123456",)), WRONG_HASH_OF_DG12))
    (one,) = known_deviations(lists, SIGNER, document)
    assert "UTO12" not in f"{document!r}{lists!r}{lists[0].deviations!r}{one!r}"


# ----------------------------------------------------------------------------------------- what is wrong
def number(value: int) -> bytes:
    return encode_tlv(0xA0, encode_tlv(0x02, bytes([value])))


KINDS = [
    ("1", b"", DeviationKind.CERTIFICATE_OR_KEY, {}),
    ("1.1", b"", DeviationKind.DOCUMENT_SIGNER_SIGNATURE, {}),
    ("1.2", number(4), DeviationKind.DOCUMENT_SIGNER_ENCODING, {"certificate_field": "issuer"}),
    ("1.3", number(5), DeviationKind.CSCA_ENCODING, {"certificate_field": "validity"}),
    ("1.4", b"", DeviationKind.ACTIVE_AUTHENTICATION_KEY, {}),
    ("2", b"", DeviationKind.LDS, {}),
    ("2.1", number(2), DeviationKind.DATA_GROUP_MALFORMED, {"data_group": 2}),
    ("2.2", number(12), DeviationKind.DATA_GROUP_HASH, {"data_group": 12}),
    ("2.2", b"", DeviationKind.DATA_GROUP_HASH, {"data_group": None}),
    ("2.1", number(EF_SOD), DeviationKind.DATA_GROUP_MALFORMED, {"data_group": EF_SOD}),
    ("2.2", encode_tlv(0x80, b"\x0c"), DeviationKind.DATA_GROUP_HASH, {"data_group": 12}),
    ("2.3", b"", DeviationKind.SECURITY_OBJECT_SIGNATURE, {}),
    ("2.4", b"", DeviationKind.COM_INCONSISTENT, {}),
    ("3", b"", DeviationKind.MRZ, {}),
    ("3.1", number(6), DeviationKind.MRZ_DATA, {"mrz_field": MrzField.DATE_OF_BIRTH}),
    ("3.2", number(4), DeviationKind.MRZ_CHECK_DIGIT, {"mrz_field": MrzField.DOCUMENT_NUMBER}),
    ("4", b"", DeviationKind.CHIP, {}),
    ("5", encode_tlv(0xA1, b"\x05\x00"), DeviationKind.NATIONAL_USE, {}),
    ("9.9", number(1), DeviationKind.UNKNOWN, {}),
]


@pytest.mark.parametrize(("arc", "parameter", "kind", "more"), KINDS)
def test_every_kind_of_the_standard_comes_out_typed(
    arc: str, parameter: bytes, kind: DeviationKind, more: dict[str, object]
) -> None:
    (one,) = parsed(deviation(documents(b"P<"), (arc, parameter), text=b"as told"))
    (defect,) = one.defects
    said = {name: getattr(defect, name) for name in ("data_group", "mrz_field", "certificate_field")}
    assert said == {"data_group": None, "mrz_field": None, "certificate_field": None} | more
    assert (defect.kind, defect.text, defect.oid) == (kind, "as told", f"{utopia.DEVIATION_LIST}.{arc}")


UNUSABLE_PARAMETERS = [
    ("2.2", encode_tlv(0xA0, b"")),
    ("2.2", encode_tlv(0xA0, utopia.oid("1.2"))),
    ("3.1", number(77)),
    ("1.2", number(10)),
    ("1.2", number(0xFF)),
]


@pytest.mark.parametrize(("arc", "parameter"), UNUSABLE_PARAMETERS)
def test_a_parameter_that_cannot_be_understood_is_not_taken_for_none(arc: str, parameter: bytes) -> None:
    """Else a defect of one data group would read like one of any."""
    with pytest.raises(CryptoError) as refusal:
        parsed(deviation(documents(b"P<"), (arc, parameter)))
    assert refusal.value.code.name in ("deviation_list.malformed", "tlv.truncated")


# --------------------------------------------------------------------------------------- size and damage
@pytest.mark.slow
def test_a_list_as_long_as_the_longest_published_is_read_and_asked() -> None:
    """In 2018 Italy named 299,400 cards in one entry and 46,875 in another."""
    numbers = tuple(b"CA%05dA%c" % (one % 100_000, 65 + one // 100_000) for one in range(299_400))
    which = documents(b"C", b"", PERIOD, numbers)
    lists = published(deviation(which, WRONG_HASH_OF_DG12), deviation(documents(b"C", b"", PERIOD, numbers[:46_875])))
    document = DocumentInQuestion("C<", "CA99399AC", dt.date(2018, 1, 1))
    (one,) = known_deviations(lists, SIGNER, document)
    assert one.is_certain
    assert known_deviations(lists, SIGNER, dataclasses.replace(document, document_number="CA99400AC")) == ()


@pytest.mark.parametrize(
    "octets", [b"\x13", b"\x13\x05UTO", b"\x13\x81\x01A", b"\x30\x00", b"\x04\x01A", b"\x31\x03\x13\x05A"]
)
def test_damaged_numbers_make_the_list_unusable(octets: bytes) -> None:
    with pytest.raises(CryptoError, match="deviation_list"):
        parsed(deviation(encode_tlv(0x30, encode_tlv(0xA5, octets)), WRONG_HASH_OF_DG12))


@given(st.binary(max_size=60))
def test_no_octets_break_the_parser(octets: bytes) -> None:
    content = encode_tlv(0x30, [encode_tlv(0x02, b"\0"), encode_tlv(0x31, octets)])
    try:
        parse_deviation_list(utopia.signed(content, TELLER, [], content_type=utopia.DEVIATION_LIST))
    except CryptoError as error:
        code = error.code.name
    else:
        code = "deviation_list.malformed" if not octets else "read"
    assert code in ("deviation_list.malformed", "read")


# --------------------------------------------------------------------------------------------- the store
def bring(tmp_path: Path, octets: bytes, options: ImportOptions = BY_HAND) -> None:
    (tmp_path / "list.dvl").write_bytes(octets)
    import_files([tmp_path / "list.dvl"], tmp_path / "store", options, key_file=tmp_path / "key.json", at=NOW)


def test_an_imported_list_is_asked_over_the_loaded_store(tmp_path: Path) -> None:
    bring(tmp_path, message(deviation(documents(signer=by_serial_number()), WRONG_HASH_OF_DG12)))
    loaded = load_folder(tmp_path / "store", test_mode=False, seal_key=tmp_path / "key.json")
    (one,) = known_deviations(loaded.deviations, SIGNER)
    assert one.is_certain
    assert (one.defects[0].kind, one.defects[0].data_group) == (DeviationKind.DATA_GROUP_HASH, 12)
    assert "list.dvl" in one.provenance
    assert known_deviations(loaded.deviations, OTHER_SIGNER) == ()


def test_a_newer_edition_takes_the_place_of_the_older_one(tmp_path: Path) -> None:
    bring(tmp_path, message(deviation(documents(signer=by_serial_number()), WRONG_HASH_OF_DG12)))
    newer = encode_tlv(0x30, [encode_tlv(0x02, b"\0"), encode_tlv(0x31)])
    bring(tmp_path, utopia.signed(newer, TELLER, [csca(1)], content_type=utopia.DEVIATION_LIST, at=NOW))
    loaded = load_folder(tmp_path / "store", test_mode=False, seal_key=tmp_path / "key.json")
    assert known_deviations(loaded.deviations, SIGNER) == ()


def test_a_list_that_only_a_test_certificate_vouches_for_counts_in_test_mode_only(tmp_path: Path) -> None:
    authority = utopia.certificate(utopia.name("Utopia TEST CSCA"), utopia.key(9))
    teller = utopia.certificate(
        utopia.name("Utopia teller"), utopia.key(53), authority, authority=None,
        purposes=(utopia.DEVIATION_LIST_SIGNING,),
    )  # fmt: skip
    content = encode_tlv(0x30, [encode_tlv(0x02, b"\0"), encode_tlv(0x31)])
    octets = utopia.signed(content, teller, content_type=utopia.DEVIATION_LIST)
    (tmp_path / "csca.cer").write_bytes(authority.der)
    options = ImportOptions(accept_signers=frozenset({teller.fingerprint}), test_mode=True)
    import_files([tmp_path / "csca.cer"], tmp_path / "store", options, key_file=tmp_path / "key.json", at=NOW)
    bring(tmp_path, octets, options)
    key = tmp_path / "key.json"
    assert load_folder(tmp_path / "store", test_mode=False, seal_key=key).deviations == ()
    assert len(load_folder(tmp_path / "store", test_mode=True, seal_key=key).deviations) == 1
