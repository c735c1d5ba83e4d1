"""The XML report has the structure, names and words of TR-03135-1 v5.0.1, and tells nothing of the person."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

import reader
from crypto.pki.trust_store import TrustStore
from emulator.cards import catalogue, chip_content
from reader import errors
from reader.lds import files
from reader.lds.document import RawDocument
from reader.reports import xml as xml_module
from reader.reports.page import Circumstances, trust_summary
from reader.reports.xml import NAMESPACES, as_xml
from reader.verification.checks import CheckResult, CheckStatus
from reader.verification.policy import HOSPITAL, evaluate
from tests.unit.reader_cards import NOON, PEOPLE, TRUST, can_of, read_content

# Typed from the guideline's tables 5.80, 5.29 and 5.131: name, section, what may stand below
ELECTRONIC = {
    "SelectableApplicationsCheck": {"SelectableApplicationCheck": {}},
    "AccessProtocolsCheck": {"BacCheck": {}, "PaceCheck": {}, "PlainCheck": {}},
    "MandatoryFilesCheck": {
        "AvailabilityCheck": {"FileAvailabilityCheck": {}},
        "SyntaxCheck": {"EfSodCheck": {}, "EfComCheck": {}, "Dg1Check": {}, "Dg2Check": {}},
    },
    "AuthenticityCheck": {"ActiveAuthCheck": {}, "ChipAuthCheck": {}, "PaceChipAuthMappingCheck": {}},
    "SignatureCheck": {"SecurityFileCheck": {"DigestCheck": {}, "SignatureValueCheck": {}}},
    "IssuerCertificatesCheck": {
        "SecurityFileCheck": {
            "SignerSignatureCheck": {},
            "SignerValidityPeriodCheck": {},
            "CountrySignerValidityPeriodCheck": {},
            "SignerTrustedCheck": {},
        }
    },
    "IntegrityCheck": {"EfSodVsEfComCheck": {}, "DataGroupsIntegrityCheck": {"DataGroupIntegrityCheck": {}}},
    "IssuingCountryCheck": {"SignerCertificateCheck": {}},
}
COMBINED = {
    "DateOfExpiryCheck": {},
    "MrzVsSignerExpiryCheck": {},
    "MrzVsDg1Check": {"ComponentCheck": {}},
    "ChipPresenceCheck": {},
}
WORDS = ["failed", "aborted", "undetermined", "successful", "not supported"]  # §3.6.2, in the order of §3.8
BY_ANOTHER_RULE = {"AuthenticityCheck", "AccessProtocolsCheck", "SecurityFileCheck", "IssuerCertificatesCheck"}


def outcome_of(name: str, trust: TrustStore = TRUST, **how: object) -> reader.ReadOutcome:
    return read_content(chip_content(name), can_of(name), trust=trust, **how)  # type: ignore[arg-type]


def circumstances(outcome: reader.ReadOutcome) -> Circumstances:
    return Circumstances(
        NOON, "hospital", "chipid-kiosk 1", trust_summary(outcome, TRUST), "Desk \x00&<2>", "ab" * 32, "cd" * 32
    )


def tree_of(outcome: reader.ReadOutcome) -> ElementTree.Element:
    return ElementTree.fromstring(as_xml(outcome, circumstances(outcome)))  # noqa: S314 - our own


def local(element: ElementTree.Element) -> str:
    return element.tag.partition("}")[2]


def result(element: ElementTree.Element) -> str | None:
    return element.findtext("base:Result", namespaces=NAMESPACES)


def follows(element: ElementTree.Element, table: dict[str, dict], prefix: str) -> None:  # type: ignore[type-arg]
    """Every child is one of the table's, in its order, with a result of its own."""
    children = [child for child in element if local(child) != "Result"]
    names = [local(child) for child in children]
    assert set(names) <= set(table), element.tag
    assert names == sorted(names, key=list(table).index), "in the table's order"
    for child in children:
        assert child.tag == f"{{{NAMESPACES[prefix]}}}{local(child)}"
        assert result(child) in WORDS
        assert local(child[0]) == "Result", "the aggregate stands first"
        follows(child, table[local(child)], prefix)
        below = [result(each) for each in child if local(each) != "Result"]
        if below and local(child) not in BY_ANOTHER_RULE:
            assert result(child) == min(below, key=WORDS.index), f"table 3.1 at {local(child)}"


@pytest.mark.parametrize("name", [person.name for person in catalogue()])
def test_every_card_gives_a_log_of_the_guidelines_shape(name: str) -> None:
    root = tree_of(outcome_of(name))
    assert root.tag == f"{{{NAMESPACES['ct']}}}CheckTransaction"
    assert [local(child) for child in root] == ["TimeMeasurement", "DocumentCheck", "Report"]
    document = root.find("dc:DocumentCheck", NAMESPACES)
    assert document is not None
    assert [local(child) for child in document] == ["TimeMeasurement", "Checks", "ElectronicCheck", "CombinedCheck"]
    electronic = document.find("dce:ElectronicCheck/dce:Checks", NAMESPACES)
    combined = document.find("dcc:CombinedCheck/dcc:Checks", NAMESPACES)
    assert electronic is not None
    assert combined is not None
    follows(electronic, ELECTRONIC, "dce")
    follows(combined, COMBINED, "dcc")
    whole = document.find("dc:Checks", NAMESPACES)
    assert whole is not None
    assert result(whole) in WORDS


@pytest.mark.parametrize("path", ["ct:TimeMeasurement/ct:Overall", "dc:DocumentCheck/dc:TimeMeasurement/dc:Overall",
                                  "dc:DocumentCheck/dce:ElectronicCheck/dce:TimeMeasurement/dce:Overall"])  # fmt: skip
def test_times_stand_where_the_guideline_looks_for_them(path: str) -> None:
    overall = tree_of(outcome_of("an")).find(path, NAMESPACES)
    assert overall is not None
    start, end, duration = (
        overall.findtext(f"base:{name}", "", NAMESPACES) for name in ("StartTime", "EndTime", "Duration")
    )
    took = dt.datetime.fromisoformat(end) - dt.datetime.fromisoformat(start)
    assert dt.datetime.fromisoformat(start) == NOON
    seconds = re.fullmatch(r"PT([0-9]+\.[0-9]{3})S", duration)
    assert seconds is not None
    assert abs(took.total_seconds() - float(seconds[1])) < 0.002


def test_what_is_wrong_is_found_where_the_guideline_puts_it() -> None:
    def at(name: str, path: str, trust: TrustStore = TRUST) -> str | None:
        found = tree_of(outcome_of(name, trust)).find(f".//{path}", NAMESPACES)
        return None if found is None else result(found)

    assert at("changed", "dce:DataGroupIntegrityCheck[@file='EF.DG13']") == "failed"
    assert at("changed", "dce:DataGroupIntegrityCheck[@file='EF.DG1']") == "successful"
    assert at("changed", "dce:IntegrityCheck") == "failed"
    assert at("copied", "dce:AuthenticityCheck") == "failed"
    assert at("copied", "dce:ChipAuthCheck") == "failed"
    assert at("an", "dce:SignerTrustedCheck", TrustStore()) == "undetermined"
    assert at("an", "dce:SignatureValueCheck", TrustStore()) == "successful"
    assert at("expired", "dcc:DateOfExpiryCheck") == "failed"
    assert at("an", "dce:PaceCheck") == "successful"
    assert at("an", "dce:BacCheck") is None


def test_a_chip_that_fails_one_proof_is_not_authentic_whatever_another_says() -> None:
    outcome = outcome_of("an")
    checks = [each for each in outcome.checks if each.check != "active_authentication"]
    checks.append(CheckResult("active_authentication", CheckStatus.FAILED, "active_authentication.not_genuine"))
    assessment = dataclasses.replace(outcome.assessment, checks=tuple(checks), verdict=evaluate(checks, HOSPITAL))
    found = tree_of(dataclasses.replace(outcome, assessment=assessment)).find(".//dce:AuthenticityCheck", NAMESPACES)
    assert found is not None
    assert result(found) == "failed"


def test_nothing_in_it_relates_to_the_person() -> None:
    for name in ("an", "long-name"):
        outcome = outcome_of(name)
        text = as_xml(outcome, circumstances(outcome)).decode()
        person = outcome.identity
        assert person is not None
        for datum in (person.full_name, person.number, PEOPLE[name].can, *PEOPLE[name].mrz, person.address or "?"):
            assert datum not in text
        assert str(person.date_of_birth) not in text


def test_our_own_part_says_what_its_schema_allows() -> None:
    schema = ElementTree.parse(Path(xml_module.__file__).with_name("chipid-report-1.xsd")).getroot()  # noqa: S314 - our own
    namespaces = {"xs": "http://www.w3.org/2001/XMLSchema"}
    assert schema.get("targetNamespace") == NAMESPACES["own"]
    sequence = schema.find("xs:element[@name='Report']/xs:complexType/xs:sequence", namespaces)
    assert sequence is not None
    order = [element.get("name") for element in sequence]
    attributes = {element.get("name") for element in sequence.iter("{http://www.w3.org/2001/XMLSchema}attribute")}
    report = tree_of(outcome_of("changed")).find("own:Report", NAMESPACES)
    assert report is not None
    names = [local(child) for child in report]
    assert [name for name in order if name in names] == list(dict.fromkeys(names)), "in the schema's order"
    assert set(names) == set(order)
    assert all(set(check.keys()) == attributes for check in report.findall("own:Check", NAMESPACES))
    assert report.findtext("own:Place", namespaces=NAMESPACES) == "Desk &<2>"
    assert report.findtext("own:Verdict", namespaces=NAMESPACES) == "REJECT"
    assert "data_group_hash.mismatch" in [each.text for each in report.findall("own:Reason", NAMESPACES)]


def test_a_file_that_the_chip_withholds_is_missing_and_not_malformed() -> None:
    outcome = outcome_of("an")
    contents = {file: octets for file, octets in outcome.reading.document.contents.items() if file.name != "COM"}
    reading = dataclasses.replace(
        outcome.reading,
        document=RawDocument(contents),
        unread=outcome.reading.unread | {files.COM: errors.FILE_ACCESS_DENIED},
    )
    root = tree_of(dataclasses.replace(outcome, reading=reading))
    missing = root.find(".//dce:FileAvailabilityCheck[@file='EF.COM']", NAMESPACES)
    assert missing is not None
    assert result(missing) == "failed"
    assert root.find(".//dce:EfComCheck", NAMESPACES) is None
