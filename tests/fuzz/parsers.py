"""Every parser of octets that somebody else chooses, as one function each: octets in, anything or an error of ours out.

What a parser answers is looked at (:mod:`tests.fuzz.looking`): its properties are asked for and its repr is made. An architecture
test shows that no public parse, decode, read, take or feed is missing here without a reason.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Final

from crypto.pki.ber import to_definite_lengths
from crypto.pki.card_security import read_card_security
from crypto.pki.certificate import Certificate
from crypto.pki.certificate_bundle import parse_certificate_bundle
from crypto.pki.revocation import RevocationList
from reader.evidence import canonical, challenge, container, statement
from reader.lds import com, dg1, dg5, dg7, dg11, dg12, dg14, dg15, dg16, security_infos, tag_list
from reader.vietnamese import text
from tests.fuzz import calls
from tests.fuzz.mutation import Grammar

__all__ = ["PARSERS", "Parser"]


TREE: Final = Grammar(is_tree=True)
OCTETS: Final = Grammar()
MRZ: Final = Grammar(
    words=(b"<", b"<<", b"<<<<<", b"\n", b"\r\n", b"VNM", b"I<", b"P<", b"9", b"99", b"\xff", b"\xc4\x90")
)
LINE: Final = Grammar(
    words=(
        b"|", b"||", b"|" * 40, b"\r", b"\n", b"\xc4\x90", b"\xe1\xba\xbf", b"\xc3\xa1\xc2\xba", b"\xff\xfe", b"\0", b"$",
        b"29022024", b"31022023", b"001199000000", b"https://vneid.gov.vn/", b"http://[", b"\xf0\x9f\x98\x80", b"\xed\xa0\x80",
    )
)  # fmt: skip
JSON: Final = Grammar(
    words=(
        b"{", b"}", b"[", b"]", b":", b",", b'"', b"null", b"true", b"-0", b"1e999", b"NaN", b"-Infinity", b"0.5", b"[" * 3000,
        b'{"":' * 300, b"9" * 30, b"9" * 5000, b'"\\ud800"', b'"\\u0000"', b"\\", b"\xff", b'"":0,', b"\xef\xbb\xbf", b"1e5",
    )
)  # fmt: skip
LDIF: Final = Grammar(
    words=(
        b"dn: ",
        b"\n",
        b"\r\n",
        b"\n ",
        b"::",
        b":",
        b"#",
        b"-\n",
        b"cACertificate;binary:: ",
        b"=",
        b"AAAA",
        b"version: 1",
    )
)
PEM: Final = Grammar(
    words=(b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----", b"\n", b"=", b"AAAA", b"-----")
)


@dataclasses.dataclass(frozen=True, slots=True)
class Parser:
    """One parser.

    Attributes:
        name: of its file in the corpus.
        run: what is done with octets.
        grammar: how its inputs are written.
        covers: dotted names of the functions that it calls with them.
        also: errors beside :class:`ChipIdError` that it promises.
    """

    name: str
    run: Callable[[bytes], object]
    grammar: Grammar
    covers: tuple[str, ...]
    also: tuple[type[Exception], ...] = ()


def _dotted(covers: str) -> Iterator[str]:
    for line in covers.split("\n"):
        module, _, names = line.strip().partition(": ")
        yield from (f"{module}.{name}" for name in names.split())


def _parser(
    name: str, run: Callable[[bytes], object], grammar: Grammar, covers: str, also: tuple[type[Exception], ...] = ()
) -> Parser:
    return Parser(name, run, grammar, tuple(_dotted(covers)), also)


_ALL: Final = (
    _parser(
        "tlv",
        calls.tlvs,
        TREE,
        """
        crypto.wire.tlv: parse_tlv_header parse_tag parse_tlv_prefix parse_tlv
        crypto.wire.tlv: TlvReader.take TlvReader.take_any TlvReader.take_optional
        """,
    ),
    _parser("card-says", calls.card_says, OCTETS, "crypto.wire.apdu: CommandApdu.parse ResponseApdu.parse"),
    _parser("ber", to_definite_lengths, TREE, ""),
    _parser(
        "elements",
        calls.elements,
        TREE,
        """
        crypto.primitives.curves: Curve.decode_point
        crypto.wire.oid: decode_oid
        crypto.signatures.explicit_parameters: decode_any_point
        crypto.primitives.dh_groups: DhGroup.decode
        crypto.signatures.ecdsa_plain: parse_der parse_plain
        crypto.signatures.rsa_iso9796_2: parse_representative
        """,
    ),
    _parser(
        "keys",
        calls.keys,
        TREE,
        """
        crypto.signatures.public_key: parse_public_key parse_certificate_key
        crypto.signatures.dh_public_key: parse_dh_public_key parse_dh_domain
        crypto.signatures.dsa: parse_dsa_key
        crypto.signatures.algorithms: parse_algorithm_identifier
        crypto.signatures.der: read_integer read_bit_string read_oid
        reader.lds.public_key: parse_subject_public_key parse_algorithm_identifier
        """,
    ),
    _parser(
        "certificate",
        calls.looked_at(Certificate.parse),
        TREE,
        """
        crypto.pki.certificate: Certificate.parse read_time
        crypto.pki.names: parse_name
        crypto.pki.extensions: parse_extensions read_subject_key_identifier read_authority_key_identifier
        crypto.pki.extensions: read_key_usage read_basic_constraints read_document_types read_directory_names read_issuing_states
        """,
    ),
    _parser(
        "revocation-list",
        calls.looked_at(RevocationList.parse),
        TREE,
        """
        crypto.pki.revocation: RevocationList.parse
        crypto.pki.extensions: parse_extension_list
        """,
    ),
    _parser("master-list", calls.certificates_of_master_list, TREE, "crypto.pki.master_list: parse_master_list"),
    _parser(
        "deviation-list",
        calls.deviations_published,
        TREE,
        """
        crypto.pki.deviation_list: parse_deviation_list
        reader.trust.deviations: read_deviations
        """,
    ),
    _parser(
        "certificate-bundle",
        calls.looked_at(parse_certificate_bundle),
        TREE,
        "crypto.pki.certificate_bundle: parse_certificate_bundle",
    ),
    _parser(
        "signed-data",
        calls.signed,
        TREE,
        """
        crypto.pki.cms: parse_signed_data
        crypto.pki.signed_list: parse_signed_list
        """,
    ),
    _parser("card-security", read_card_security, TREE, "crypto.pki.card_security: read_card_security"),
    _parser(
        "cv-certificate",
        calls.cv_certificates,
        TREE,
        "crypto.pki.cvc: parse_cv_certificates parse_cv_certificate parse_cv_public_key",
    ),
    _parser(
        "sod",
        calls.ef_sod,
        TREE,
        """
        crypto.pki.passive_authentication: read_security_object
        crypto.pki.security_object: parse_security_object
        reader.lds.sod: signed_data_of
        """,
    ),
    _parser("com", calls.looked_at(com.parse_com), TREE, "reader.lds.com: parse_com"),
    _parser("dg1", calls.looked_at(dg1.parse_dg1), TREE, "reader.lds.dg1: parse_dg1"),
    _parser(
        "dg2",
        calls.looked_at(calls.faces),
        TREE,
        """
        reader.lds.dg2: parse_dg2
        reader.lds.biometric_template: parse_biometric_group
        """,
    ),
    _parser("dg3", calls.looked_at(calls.fingers), TREE, "reader.lds.dg3: parse_dg3"),
    _parser("dg4", calls.looked_at(calls.irises), TREE, "reader.lds.dg4: parse_dg4"),
    _parser(
        "dg5",
        calls.looked_at(dg5.parse_dg5),
        TREE,
        """
        reader.lds.dg5: parse_dg5
        reader.lds.displayed_image: parse_displayed_images
        """,
    ),
    _parser("dg7", calls.looked_at(dg7.parse_dg7), TREE, "reader.lds.dg7: parse_dg7"),
    _parser(
        "dg11",
        calls.looked_at(dg11.parse_dg11),
        TREE,
        """
        reader.lds.dg11: parse_dg11
        reader.lds.detail_template: parse_detail_template
        """,
    ),
    _parser("dg12", calls.looked_at(dg12.parse_dg12), TREE, "reader.lds.dg12: parse_dg12"),
    _parser(
        "dg13",
        calls.dg13,
        TREE,
        """
        reader.lds.vietnam: parse_dg13
        reader.lds.open_groups: parse_open_group
        """,
    ),
    _parser(
        "dg14",
        calls.looked_at(dg14.parse_dg14),
        TREE,
        """
        reader.lds.dg14: parse_dg14
        reader.lds.security_infos: parse_security_infos
        """,
    ),
    _parser("dg15", calls.looked_at(dg15.parse_dg15), TREE, "reader.lds.dg15: parse_dg15"),
    _parser("dg16", calls.looked_at(dg16.parse_dg16), TREE, "reader.lds.dg16: parse_dg16"),
    _parser(
        "card-access",
        calls.looked_at(security_infos.parse_card_access),
        TREE,
        "reader.lds.security_infos: parse_card_access",
    ),
    _parser("tag-list", tag_list.split_tags, OCTETS, "reader.lds.tag_list: split_tags"),
    _parser(
        "records",
        calls.records,
        OCTETS,
        """
        reader.lds.face_record: parse_face_record
        reader.lds.finger_record: parse_finger_record
        reader.lds.iris_record: parse_iris_record
        """,
    ),
    _parser(
        "data-blocks",
        calls.blocks,
        TREE,
        """
        reader.lds.iso39794_face: parse_face_data_block
        reader.lds.iso39794_finger: parse_finger_data_block
        reader.lds.iso39794_iris: parse_iris_data_block
        """,
    ),
    _parser("picture-headers", calls.picture_headers, OCTETS, ""),
    _parser(
        "mrz",
        calls.lines,
        MRZ,
        """
        reader.lds.mrz: parse_mrz parse_mrz_text parse_scanned_mrz
        reader.lds.mrz_fields: parse_name
        """,
    ),
    _parser("document", calls.document, TREE, ""),
    _parser("text", text.decode_text, LINE, "reader.vietnamese.text: decode_text"),
    _parser(
        "scanned",
        calls.scanned_lines,
        LINE,
        """
        reader.scanners.recognition: recognise
        reader.scanners.mrz: MrzCollector.add
        reader.scanners.qr: parse_citizen_qr_octets
        """,
    ),
    _parser(
        "typed",
        calls.typed,
        LINE,
        """
        reader.scanners.keyboard: parse_keyed_code KeyedLines.take
        reader.scanners.insurance_qr: parse_insurance_qr
        reader.scanners.qr: parse_citizen_qr
        reader.vietnamese.number: parse_number
        reader.lds.vietnam: parse_date
        reader.trust.list_signers: parse_fingerprint
        """,
    ),
    _parser(
        "framed",
        calls.framed,
        LINE,
        """
        reader.scanners.framing: LineFramer.feed EnvelopeFramer.feed
        reader.scanners.vendor.elyctis: ElyctisFramer.feed ElyctisInterpreter.take
        reader.scanners.vendor.desko: DeskoInterpreter.take
        reader.scanners.vendor.est100pr: Est100PrInterpreter.take
        reader.scanners.recognition: LineInterpreter.take
        """,
    ),
    _parser(
        "device-json",
        calls.device_json,
        JSON,
        """
        reader.scanners.vendor.est100pr: parse_json
        reader.scanners.vendor.hn212: Hn212Card.take
        reader.scanners.vendor.declared: decode_image decode_octets
        """,
    ),
    _parser("canonical", canonical.decode, JSON, "reader.evidence.canonical: decode", (canonical.NotCanonicalError,)),
    _parser(
        "statement", calls.looked_at(statement.decode_statement), JSON, "reader.evidence.statement: decode_statement"
    ),
    _parser(
        "challenge",
        calls.looked_at(challenge.decode_origin),
        JSON,
        "reader.evidence.challenge: decode_origin",
        (canonical.NotCanonicalError,),
    ),
    _parser("evidence", calls.looked_at(container.open_evidence), JSON, "reader.evidence.container: open_evidence"),
    _parser("evidence-parts", calls.sealed_parts, TREE, "reader.evidence.kept_reading: parse"),
    _parser("manifest", calls.store_manifest, JSON, "reader.trust.manifest: parse_manifest"),
    _parser("ldif", calls.directory, LDIF, ""),
    _parser("trust-files", calls.trust_files, PEM, ""),
)

PARSERS: Final = {parser.name: parser for parser in _ALL}
