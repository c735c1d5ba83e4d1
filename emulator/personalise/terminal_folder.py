"""A folder that makes a program a TEST terminal: the chain from the TEST authority to a terminal, and its private key.

The layout is a contract with whoever reads it: binary certificates, DO'7F21' each, in ``cvca.cvcert``, ``link-N.cvcert``
(if any), ``dv.cvcert`` and ``terminal.cvcert``; ``terminal.key`` as unencrypted PKCS#8.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import os
import pathlib
from typing import Final

from crypto.pki.cvc import CvRole
from emulator.personalise.cv_issuer import (
    RIGHTS,
    CvHolder,
    CvSuite,
    Validity,
    authority_certificate,
    certificate,
    holder,
    verifying_authority,
)

__all__ = ["EXPIRED", "ROOT_SUITES", "TerminalChain", "terminal_chain", "write_terminal_folder"]

ROOT_SUITES: Final = (CvSuite("ecdsa-sha256", "brainpoolP256r1"), CvSuite("rsa-sha256", rsa_bits=2048))
"""Of the two keys that every emulated chip with terminal authentication trusts from the start."""
EXPIRED: Final = Validity(dt.date(2020, 1, 1), dt.date(2020, 12, 31))
"""Past before the first emulated card was issued, so that its chip, which has no clock, knows it as well."""
_ALL_RIGHTS: Final = sum(RIGHTS.values())
_AUTHORITY_DAYS: Final = 3650
_README: Final = """TEST ONLY

These certificates and this key were made by `chipid terminal-certificates`. They open data groups 3 and 4 of emulated
cards and of nothing else: the authority that signed them exists in the emulator only, and anybody can make more of them.

cvca.cvcert       certificate of the TEST verifying authority that emulated chips trust
link-N.cvcert     from that authority's key to its next one; only if the chain has such a step
dv.cvcert         document verifier
terminal.cvcert   terminal (inspection system)
terminal.key      private key of the terminal, PKCS#8, not encrypted
"""


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class TerminalChain:
    """Everything that a terminal needs, the authority first.

    Attributes:
        authority: certificate of the authority that chips trust, signed by itself.
        links: link certificates, in the order in which a chip must see them.
        verifier: the document verifier's certificate.
        terminal: the terminal's certificate.
        private_key_pem: the terminal's key, unencrypted PKCS#8.
    """

    authority: bytes
    links: tuple[bytes, ...]
    verifier: bytes
    terminal: bytes
    private_key_pem: bytes


def terminal_chain(suite: CvSuite, *, rights: int, validity: Validity, issued: dt.date, link: bool) -> TerminalChain:
    """A chain of the TEST authority.

    Args:
        suite: algorithm and size of the keys.
        rights: of the terminal; the document verifier has them all.
        validity: of verifier and terminal.
        issued: day on which link certificates are made.
        link: whether the authority has just changed its key.

    Returns:
        A chain that starts at a key which every emulated chip trusts. For another suite than those of
        :data:`ROOT_SUITES` it starts with a link to it.

    Raises:
        CryptoError: a key on a curve that PKCS#8 cannot be written for here (``curve.unsupported``).
    """
    root = verifying_authority(suite if suite in ROOT_SUITES else ROOT_SUITES[0])
    line = [root]
    if suite not in ROOT_SUITES:
        line.append(verifying_authority(suite))
    if link:
        line.append(verifying_authority(suite, generation=2))
    until = Validity(issued, issued + dt.timedelta(days=_AUTHORITY_DAYS))
    verifier, terminal = holder(f"VNTESTDV{suite.code}01", suite), holder(f"VNTESTIS{suite.code}01", suite)
    return TerminalChain(
        authority_certificate(root),
        tuple(_link(old, new, until) for old, new in itertools.pairwise(line)),
        certificate(line[-1], verifier, role=CvRole.DV_DOMESTIC, rights=_ALL_RIGHTS, validity=validity),
        certificate(verifier, terminal, role=CvRole.TERMINAL, rights=rights, validity=validity),
        terminal.key_pair.private_key_pem(),
    )


def _link(old: CvHolder, new: CvHolder, validity: Validity) -> bytes:
    return certificate(old, new, role=CvRole.CVCA, rights=_ALL_RIGHTS, validity=validity)


def write_terminal_folder(folder: pathlib.Path, chain: TerminalChain) -> tuple[pathlib.Path, ...]:
    """Writes the files; the key for its owner's eyes only.

    Args:
        folder: made if it does not exist.
        chain: what to write.

    Returns:
        The files, in the order of the chain.

    Raises:
        FileExistsError: there is something in the folder. Nothing is ever overwritten.
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(folder)
    contents = {"cvca.cvcert": chain.authority}
    contents |= {f"link-{number}.cvcert": link for number, link in enumerate(chain.links, start=1)}
    contents |= {"dv.cvcert": chain.verifier, "terminal.cvcert": chain.terminal}
    contents |= {"terminal.key": chain.private_key_pem, "README.txt": _README.encode("ascii")}
    for name, content in contents.items():
        _write_new(folder / name, content, 0o600 if name.endswith(".key") else 0o644)
    return tuple(folder / name for name in contents)


def _write_new(path: pathlib.Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
