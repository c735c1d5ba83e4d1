"""What pymrtd says about documents. Runs in an interpreter that has it, and knows nothing of this project.

Cases come as one JSON list on standard input, answers go as one JSON list of the same length to standard output. A case
holds files as hexadecimal text: ``sod``, ``dg1``, ``dg14``, ``dg15``, ``csca``, ``crl``, each optional. What pymrtd
refuses is ``{"error": TYPE}``; a signature is "right", "wrong" or "error: TYPE". Exit code 86: there is no pymrtd.
"""

import json
import sys

NOT_THERE = 86
FILES = ("sod", "dg1", "dg14", "dg15", "csca", "crl")


def said_by(name, case):
    """One file's answer. pymrtd raises whatever comes up; that it did is the answer."""
    try:
        return ABOUT[name](case)
    except Exception as error:  # noqa: BLE001
        return {"error": type(error).__name__}


def whether(verify, *arguments):
    """pymrtd raises an error of its own for a wrong signature, and any other for what it cannot do."""
    try:
        verify(*arguments)
    except Exception as error:  # noqa: BLE001
        name = type(error).__name__
        return "wrong" if name in WRONG and not isinstance(error.__cause__, UNABLE) else "error: " + name
    return "right"


WRONG = ("CertificateVerificationError", "CertificateRevocationListError", "SODError", "MrtdSignedDataError")
UNABLE = (ValueError, TypeError, KeyError, NotImplementedError)


def octets(case, name):
    return bytes.fromhex(case[name])


def authority(case):
    from pymrtd.pki.x509 import CscaCertificate

    return CscaCertificate.load(octets(case, "csca"))


def security_object(case):
    from pymrtd.ef import SOD

    sod = SOD.load(octets(case, "sod"))
    listed = sod.ldsSecurityObject
    signatures, chains = [], []
    for signer in sod.signers:
        certificate = sod.getDscCertificate(signer)
        if certificate is None:
            signatures.append("no certificate")
            continue
        signatures.append(whether(sod.verify, signer, certificate))
        if "csca" in case:
            chains.append(whether(certificate.verify, authority(case)))
    return {
        "version": listed.version.value,
        "hash": listed.dgHashAlgo["algorithm"].native,
        "groups": {str(entry.number.value): entry.hash.hex() for entry in listed.dgHashes},
        "contains": {name: listed.contains(group) for name, group in groups(case)},
        "signatures": signatures,
        "chains": chains,
    }


def groups(case):
    from pymrtd.ef import DG1, DG14, DG15

    classes = {"dg1": DG1, "dg14": DG14, "dg15": DG15}
    return [(name, kind.load(octets(case, name))) for name, kind in classes.items() if name in case]


def zone(case):
    from pymrtd.ef import DG1

    mrz = DG1.load(octets(case, "dg1")).mrz
    return {
        "document_code": mrz.documentCode,
        "issuing_state": mrz.country,
        "document_number": mrz.documentNumber,
        "nationality": mrz.nationality,
        "sex": mrz.gender,
        "born": mrz.dateOfBirth.strftime("%y%m%d") if mrz.dateOfBirth else "",
        "expires": mrz.dateOfExpiry.strftime("%y%m%d"),
        "name": " ".join((mrz.surname + " " + mrz.name).split()),
    }


def security_infos(case):
    from pymrtd.ef import DG14

    group = DG14.load(octets(case, "dg14"))
    info = group.aaInfo
    return {
        "count": len(group.content),
        "active_authentication": None if info is None else info.chosen["signature_algorithm"].dotted,
    }


def public_key(case):
    from pymrtd.ef import DG15

    group = DG15.load(octets(case, "dg15"))
    kind = "rsa" if group.aaPublicKey.isRsaKey() else "ec" if group.aaPublicKey.isEcKey() else "other"
    return {"kind": kind, "encoded": group.aaPublicKeyInfo.dump().hex()}


def authority_certificate(case):
    certificate = authority(case)
    return {
        "sha256": certificate.fingerprint,
        "key_identifier": (certificate.subjectKey or b"").hex(),
        "country": certificate.issuerCountry,
        "signature": whether(certificate.verify),
    }


def revocation_list(case):
    from pymrtd.pki.crl import CertificateRevocationList

    found = CertificateRevocationList.load(octets(case, "crl"))
    entries = found["tbs_cert_list"]["revoked_certificates"]
    return {
        "serials": sorted(entry["user_certificate"].native for entry in entries or ()),
        "signature": whether(found.verify, authority(case)) if "csca" in case else "not asked",
    }


ABOUT = {
    "sod": security_object,
    "dg1": zone,
    "dg14": security_infos,
    "dg15": public_key,
    "csca": authority_certificate,
    "crl": revocation_list,
}


def main():
    try:
        import pymrtd.ef
        import pymrtd.pki.x509  # noqa: F401
    except ImportError:
        return NOT_THERE
    cases = json.load(sys.stdin)
    answers = [{name: said_by(name, case) for name in FILES if name in case} for case in cases]
    json.dump(answers, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
