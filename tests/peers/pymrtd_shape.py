"""Modules with pymrtd's names and calls, made of asn1crypto and the crypto library: lets its process run without it.

``python pymrtd_shape.py SCRIPT`` runs the script with them. It shows that the script uses the calls as pymrtd's own pages
describe them, and what it brings back is a second opinion by other parsers than ours. It is not pymrtd.
"""

from __future__ import annotations

import hashlib
import runpy
import sys
import types
from datetime import date, datetime

from asn1crypto import algos, cms, core, crl, keys, parser, x509
from cryptography import x509 as native
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa


class SODError(Exception):
    pass


class CertificateVerificationError(Exception):
    pass


class CertificateRevocationListError(Exception):
    pass


def verify(certificate, data, signature, digest):
    key = native.load_der_x509_certificate(certificate.dump()).public_key()
    algorithm = getattr(hashes, digest.upper())()
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, data, padding.PKCS1v15(), algorithm)
    else:
        key.verify(signature, data, ec.ECDSA(algorithm))


class CscaCertificate(x509.Certificate):
    fingerprint = property(lambda self: self.sha256.hex())
    subjectKey = property(lambda self: self.key_identifier)  # noqa: N815
    issuerCountry = property(lambda self: self.issuer.native["country_name"])  # noqa: N815

    def verify(self, issuer=None):
        try:
            algorithm = self["signature_algorithm"].hash_algo
            verify(issuer or self, self["tbs_certificate"].dump(), self.signature, algorithm)
        except InvalidSignature as error:
            raise CertificateVerificationError from error


class CertificateRevocationList(crl.CertificateList):
    def verify(self, issuer):
        try:
            verify(issuer, self["tbs_cert_list"].dump(), self.signature, self["signature_algorithm"].hash_algo)
        except InvalidSignature as error:
            raise CertificateRevocationListError from error


class Number(core.Integer):
    value = property(lambda self: int.from_bytes(self.contents, "big"))


class GroupHash(core.Sequence):
    _fields = [("number", Number), ("hash", core.OctetString)]  # noqa: RUF012
    number = property(lambda self: self["number"])
    hash = property(lambda self: self["hash"].native)


class GroupHashes(core.SequenceOf):
    _child_spec = GroupHash


class Listed(core.Sequence):
    _fields = [  # noqa: RUF012
        ("version", Number),
        ("algorithm", algos.DigestAlgorithm),
        ("hashes", GroupHashes),
        ("versions", core.Any, {"optional": True}),
    ]
    version = property(lambda self: self["version"])
    dgHashAlgo = property(lambda self: self["algorithm"])  # noqa: N815
    dgHashes = property(lambda self: self["hashes"])  # noqa: N815

    def contains(self, group):
        digest = hashlib.new(self.dgHashAlgo["algorithm"].native, group.octets).digest()
        return any(entry.number.value == group.number and entry.hash == digest for entry in self.dgHashes)


class File:
    number = 0

    def __init__(self, octets):
        self.octets = octets
        self.contents = parser.parse(octets, strict=True)[4]
        self.read()

    @classmethod
    def load(cls, octets):
        return cls(octets)


class SOD(File):
    def read(self):
        self.signed = cms.ContentInfo.load(self.contents)["content"]
        self.ldsSecurityObject = Listed.load(self.signed["encap_content_info"]["content"].contents)
        self.signers = self.signed["signer_infos"]

    def getDscCertificate(self, signer):  # noqa: N802
        name = signer["sid"].chosen
        for each in self.signed["certificates"]:
            one = CscaCertificate.load(each.chosen.dump())
            if isinstance(name, core.OctetString):
                if one.key_identifier == name.native:
                    return one
            elif one.serial_number == name["serial_number"].native and one.issuer == name["issuer"]:
                return one
        return None

    def verify(self, signer, certificate):
        content = self.signed["encap_content_info"]["content"].contents
        digest = signer["digest_algorithm"]["algorithm"].native
        stated = [
            each["values"][0].native for each in signer["signed_attrs"] if each["type"].native == "message_digest"
        ]
        if stated != [hashlib.new(digest, content).digest()]:
            raise SODError("digest")
        try:
            verify(certificate, signer["signed_attrs"].untag().dump(), signer["signature"].native, digest)
        except InvalidSignature as error:
            raise SODError("signature") from error


class DG1(File):
    number = 1

    def read(self):
        self.mrz = self
        text = parser.parse(self.contents, strict=True)[4].decode("ascii")
        cuts = {90: (0, 5, 30, 45, 60, 37, 38), 72: (0, 36, 49, 46, 5, 56, 57), 88: (0, 44, 57, 54, 5, 64, 65)}[
            len(text)
        ]
        code, number, born, nation, name, sex, expires = cuts
        ends = {90: 90, 72: 36, 88: 44}[len(text)]
        self.documentCode, self.country = text[code : code + 2].rstrip("<"), text[2:5].rstrip("<")
        self.documentNumber = text[number : number + 9].rstrip("<")
        self.nationality, self.gender = text[nation : nation + 3].rstrip("<"), text[sex].rstrip("<")
        self.dateOfBirth, self.dateOfExpiry = day(text[born : born + 6]), day(text[expires : expires + 6])
        parts = [part.replace("<", " ") for part in text[name:ends].rstrip("<").split("<<")]
        self.surname, self.name = parts[0], parts[-1] if len(parts) > 1 else ""


def day(text) -> date | None:
    return None if "<" in text else datetime.strptime(text, "%y%m%d").date()  # noqa: DTZ007


class SecurityInfo(core.Sequence):
    _fields = [  # noqa: RUF012
        ("protocol", core.ObjectIdentifier),
        ("required", core.Any),
        ("optional", core.Any, {"optional": True}),
    ]


class SecurityInfos(core.SetOf):
    _child_spec = SecurityInfo


class DG14(File):
    number = 14

    def read(self):
        self.content = SecurityInfos.load(self.contents)

    @property
    def aaInfo(self):  # noqa: N802
        for info in self.content:
            if info["protocol"].dotted == "2.23.136.1.1.5":
                algorithm = core.ObjectIdentifier.load(info["optional"].dump())
                return types.SimpleNamespace(chosen={"signature_algorithm": algorithm})
        return None


class DG15(File):
    number = 15

    def read(self):
        self.aaPublicKeyInfo = keys.PublicKeyInfo.load(self.contents)

    @property
    def aaPublicKey(self):  # noqa: N802
        key = serialization.load_der_public_key(self.contents)
        return types.SimpleNamespace(
            isRsaKey=lambda: isinstance(key, rsa.RSAPublicKey),
            isEcKey=lambda: isinstance(key, ec.EllipticCurvePublicKey),
        )


def install():
    """The modules by their names."""
    members = {
        "pymrtd": {},
        "pymrtd.ef": {"SOD": SOD, "DG1": DG1, "DG14": DG14, "DG15": DG15},
        "pymrtd.pki": {},
        "pymrtd.pki.x509": {"CscaCertificate": CscaCertificate},
        "pymrtd.pki.crl": {"CertificateRevocationList": CertificateRevocationList},
    }
    for name, values in members.items():
        module = types.ModuleType(name)
        vars(module).update(values, __path__=[])
        sys.modules[name] = module
    for name in ("pymrtd.ef", "pymrtd.pki", "pymrtd.pki.x509", "pymrtd.pki.crl"):
        parent, _, child = name.rpartition(".")
        setattr(sys.modules[parent], child, sys.modules[name])


if __name__ == "__main__":
    install()
    runpy.run_path(sys.argv[1], run_name="__main__")
