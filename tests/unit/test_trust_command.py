"""``chipid trust`` as people and scripts use it."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from kiosk_ui import cli
from reader.trust.audit_codes import AuditCode
from reader.trust.command import trust_command
from reader.trust.folder import load_folder
from reader.trust.sealing import is_sealed_place
from tests.unit import trust_lists as utopia
from tests.unit.trust_lists import csca, link, list_signer

TODAY = dt.datetime.now(dt.UTC)
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
    monkeypatch.setenv("CHIPID_DATA_FOLDER", str(tmp_path / "kiosk"))
    monkeypatch.chdir(tmp_path)


def run_json(capsys: Capture, *words: str, code: int = 0) -> Any:
    assert trust_command([*words, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def write(name: str, octets: bytes) -> str:
    Path(name).write_bytes(octets)
    return name


def codes(table: Any) -> dict[str, list[str | None]]:
    found: dict[str, list[str | None]] = {}
    for one in table["findings"]:
        found.setdefault(one["code"], []).append(one["entry"] and one["entry"]["fingerprint"])
    return found


def test_from_import_to_removal_through_the_one_command(capsys: Capture, tmp_path: Path) -> None:
    bundle = write("utopia.pem", utopia.pem(csca(1).der, link(1, 2).der))
    assert cli.main(["trust", "import", bundle]) == 0
    told = capsys.readouterr()
    assert "New: 2 (UT 2)" in told.out
    assert "Reading utopia.pem" in told.err
    assert "Verifying signatures" in told.err
    assert cli.main(["trust", "list"]) == 0
    listed = capsys.readouterr().out
    assert "sealed" in listed
    assert csca(1).fingerprint[:16] in listed
    assert cli.main(["trust", "show", csca(1).fingerprint[:8].upper()]) == 0
    assert "EC secp256r1" in capsys.readouterr().out
    assert cli.main(["trust", "remove", csca(1).fingerprint]) == 0
    capsys.readouterr()
    assert [one["fingerprint"] for one in run_json(capsys, "list")["entries"]] == [link(1, 2).fingerprint]
    assert (tmp_path / "kiosk" / "trust" / "store.json").exists(), "where a kiosk looks"


def test_the_json_of_an_import_says_all_that_the_text_says(capsys: Capture) -> None:
    table = run_json(capsys, "import", write("a.cer", csca(1).der))
    assert set(table) == {
        "store", "counter", "sealed", "files", "lists", "totals", "new", "known", "gone", "expired", "rejected", "older",
        "unusable", "restricted", "unverified", "moved_from",
    }  # fmt: skip
    assert table["new"][0] == {
        "fingerprint": csca(1).fingerprint,
        "kind": "csca",
        "country": "UT",
        "name": "C=UT, CN=Utopia CSCA",
        "expires_at": "2036-05-29T12:00:00Z",
        "test": False,
    }


def test_every_entry_says_where_it_came_from_and_how_old_it_is(capsys: Capture) -> None:
    octets = utopia.master_list(csca(1), csca(2), at=TODAY - dt.timedelta(days=200))
    trust_command(["import", write("ut.ml", octets), "--accept-signer", list_signer().fingerprint])
    capsys.readouterr()
    table = run_json(capsys, "list", "--country", "ut")
    assert {one["age_days"] for one in table["entries"]} == {0}
    assert all("ut.ml" in one["provenance"] and "accepted by hand" in one["provenance"] for one in table["entries"])
    (provenance,) = table["provenances"].values()
    assert provenance["signer"] == list_signer().fingerprint
    assert provenance["acceptance"] == "signer_accepted_by_hand"
    found = codes(run_json(capsys, "audit"))
    assert {"list_old", "accepted_by_hand", "no_revocation_lists"} <= set(found)
    assert run_json(capsys, "list", "--country", "vn")["entries"] == []


def test_the_audit_names_what_is_wrong_and_where(capsys: Capture) -> None:
    old = utopia.certificate(utopia.name("old"), utopia.key(20), not_after=TODAY - dt.timedelta(days=1))
    soon = utopia.certificate(utopia.name("soon"), utopia.key(21), not_after=TODAY + dt.timedelta(days=9))
    later = utopia.certificate(utopia.name("later"), utopia.key(22), not_before=TODAY + dt.timedelta(days=9))
    unmarked = utopia.certificate(utopia.name("unmarked"), utopia.key(23), authority=False, signs_certificates=True)
    test = utopia.certificate(utopia.name("TEST"), utopia.key(24))
    stranger = utopia.certificate(utopia.name("ds"), utopia.key(25), csca(9, "AX"), authority=None)
    parties = (csca(1), link(3, 4), old, soon, later, unmarked, test, stranger)
    files = [
        write("all.pem", utopia.pem(*(one.der for one in parties))),
        write("a.crl", utopia.revocation_list(csca(1), [4], at=TODAY - dt.timedelta(days=60))),
    ]
    trust_command(["import", *files, "--test-mode"])
    capsys.readouterr()
    store = Path("kiosk/trust")
    (store / "left.txt").write_text("?", encoding="utf-8")
    table = run_json(capsys, "audit")
    found = codes(table)
    expected = {
        "expired": old, "expires_soon": soon, "not_yet_valid": later, "not_marked_as_ca": unmarked,
        "test_certificate": test, "issuer_missing": stranger, "own_signature_unverified": link(3, 4),
    }  # fmt: skip
    for code, party in expected.items():
        assert party.fingerprint in found[code], code
    assert len(found["revocation_list_expired"]) == 1
    assert found["stray_file"] == [None]
    assert all(one["advice"] for one in table["findings"])
    assert trust_command(["audit"]) == 0
    assert "What to do:" in capsys.readouterr().out


def test_an_audit_that_finds_a_problem_ends_with_1(capsys: Capture) -> None:
    forged = bytearray(csca(1).der)
    forged[-1] ^= 1
    trust_command(["import", write("forged.cer", bytes(forged))])
    capsys.readouterr()
    table = run_json(capsys, "audit", code=1)
    assert "own_signature_wrong" in codes(table)
    assert table["totals"]["problem"] == 1


def test_every_audit_code_has_a_meaning_and_advice() -> None:
    for code in AuditCode:
        assert code.meaning.endswith(".")
        assert code.advice.endswith(".")


def test_a_plain_folder_is_listed_as_not_sealed(capsys: Capture, tmp_path: Path) -> None:
    (tmp_path / "loose").mkdir()
    (tmp_path / "loose" / "one.pem").write_bytes(utopia.pem(csca(1).der, link(1, 2).der))
    table = run_json(capsys, "list", "--store", "loose")
    assert (table["seal"], len(table["entries"])) == ("not_sealed", 2)
    assert "not_sealed" in codes(run_json(capsys, "audit", "--store", "loose"))
    assert trust_command(["list", "--store", "loose"]) == 0
    assert "NOT SEALED" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["list"], "trust.store_absent"),
        (["audit", "--store", "nowhere"], "trust.store_absent"),
        (["remove", "12345678"], "trust.store_absent"),
        (["import", "nothing-there.ml"], "trust.source_unreadable"),
        (["import", "."], "trust.source_unreadable"),
        (["update", "nothing-there"], "trust.source_unreadable"),
        (["import", "x.cer", "--accept-signer", "abc"], "trust.fingerprint_malformed"),
        (["list", "--seal-key", "no-key"], "trust.seal_key_unusable"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_changes_nothing(words: list[str], code: str, capsys: Capture) -> None:
    assert trust_command(words) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert code in told.err
    assert "Traceback" not in told.err
    assert not Path("kiosk/trust/store.json").exists()


@pytest.mark.parametrize("words", [[], ["import"], ["show"], ["forget"], ["list", "too much"], ["update", "a", "b"]])
def test_wrong_usage_ends_with_64(words: list[str], capsys: Capture) -> None:
    with pytest.raises(SystemExit) as end:
        trust_command(words)
    assert end.value.code == 64
    assert "usage: chipid trust" in capsys.readouterr().err


def test_one_bad_file_among_good_ones_keeps_all_out(capsys: Capture) -> None:
    assert trust_command(["import", write("good.cer", csca(1).der), write("bad.txt", b"no")]) == 2
    assert "bad.txt" in capsys.readouterr().err
    assert not Path("kiosk/trust/store.json").exists()


def test_files_and_options_may_be_mixed(capsys: Capture) -> None:
    first, second = write("a.cer", csca(1).der), write("b.cer", csca(2).der)
    assert trust_command(["import", first, "--pin", second, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["new"]) == 2


def test_a_fingerprint_may_be_written_as_browsers_and_openssl_write_it(capsys: Capture) -> None:
    plain = list_signer().fingerprint.upper()
    with_colons = ":".join(plain[start : start + 2] for start in range(0, 64, 2))
    assert trust_command(["import", write("ut.ml", utopia.master_list(csca(1))), "--accept-signer", with_colons]) == 0


def test_a_kiosk_knows_that_a_store_belongs_in_a_place_that_is_empty(tmp_path: Path, capsys: Capture) -> None:
    place = tmp_path / "kiosk" / "trust"
    assert not is_sealed_place(place)
    trust_command(["import", write("a.cer", csca(1).der)])
    assert is_sealed_place(place)
    assert len(load_folder(place, test_mode=False).store) == 1


def test_deviations_come_in_signed_and_are_told_without_the_numbers_of_documents(capsys: Capture) -> None:
    from crypto.pki.deviation_list import parse_deviation_list
    from crypto.wire.tlv import encode_tlv

    def defect(kind: str, text: bytes) -> bytes:
        return encode_tlv(0x30, [encode_tlv(0x13, text), utopia.oid(f"{utopia.DEVIATION_LIST}.{kind}")])

    signer = utopia.document_signer()
    issuer_name = signer.certificate.issuer.public_bytes()
    documents = encode_tlv(
        0x30,
        [
            encode_tlv(0x80, b"P<"),
            encode_tlv(0xA1, [issuer_name, encode_tlv(0x02, b"\x4d")]),
            encode_tlv(0xA4, [encode_tlv(0x18, b"20240101000000Z"), encode_tlv(0x18, b"20240201000000Z")]),
            encode_tlv(0xA5, [encode_tlv(0x13, b"UTO123456"), encode_tlv(0x13, b"UTO123457")]),
        ],
    )
    one = encode_tlv(0x30, [documents, encode_tlv(0x31, defect("2.2", b"wrong hash of DG11"))])
    digest = encode_tlv(0x30, utopia.oid("2.16.840.1.101.3.4.2.1"))
    content = encode_tlv(0x30, [encode_tlv(0x02, b"\0"), digest, encode_tlv(0x31, one)])
    teller = utopia.list_signer(1, utopia.DEVIATION_LIST_SIGNING)
    octets = utopia.signed(content, teller, [csca(1)], content_type=utopia.DEVIATION_LIST)
    (deviation,) = parse_deviation_list(octets).deviations
    assert deviation.kind_texts == ("wrong hash of a data group",)
    assert deviation.descriptions == ("wrong hash of DG11",)
    assert (deviation.document_type, deviation.signer_serial_number) == ("P<", 77)
    assert deviation.document_numbers == {"UTO123456", "UTO123457"}
    assert deviation.first_issued == dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    assert "UTO12" not in repr(deviation)
    from crypto.pki.certificate import Certificate

    assert deviation.names_signer(Certificate.parse(signer.der))
    assert not deviation.names_signer(Certificate.parse(csca(1).der))
    assert trust_command(["import", write("ut.dvl", octets)]) == 2
    assert teller.fingerprint in capsys.readouterr().err
    table = run_json(capsys, "import", "ut.dvl", "--accept-signer", teller.fingerprint)
    assert (table["lists"][0]["kind"], table["lists"][0]["members"]) == ("deviation_list", 1)
    shown = run_json(capsys, "show", table["new"][0]["fingerprint"])
    assert shown["content"]["deviations"] == ["wrong hash of a data group (1)"]
    assert "UTO12" not in json.dumps(shown)


def test_a_signer_of_master_lists_may_not_sign_deviation_lists(capsys: Capture) -> None:
    from crypto.wire.tlv import encode_tlv

    content = encode_tlv(0x30, [encode_tlv(0x02, b"\0"), encode_tlv(0x31)])
    octets = utopia.signed(content, list_signer(), [csca(1)], content_type=utopia.DEVIATION_LIST)
    assert trust_command(["import", write("ut.dvl", octets), "--accept-signer", list_signer().fingerprint]) == 2
    assert "signer_unfit" in capsys.readouterr().err
