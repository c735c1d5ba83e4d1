"""``chipid terminal-certificates``: a TEST terminal's certificates and key, in a folder.

Exit codes: 0 done, 1 the folder cannot be written or is not empty, 64 wrong usage.
"""

from __future__ import annotations

import argparse
import datetime as dt
import pathlib
import sys
from typing import Final

from crypto.pace.parameters import STANDARDIZED_CURVES
from crypto.primitives.curves import curve
from emulator.personalise.cv_issuer import CV_ALGORITHMS, RIGHTS, RSA_BITS, CvSuite, Validity
from emulator.personalise.terminal_folder import EXPIRED, terminal_chain, write_terminal_folder

__all__ = ["add_terminal_certificate_arguments"]

_EXIT_OK: Final = 0
_EXIT_NOT_DONE: Final = 1
_EXIT_USAGE: Final = 64
_NAME: Final = "terminal-certificates"
_CURVES: Final = tuple(name for name in STANDARDIZED_CURVES.values() if curve(name).in_openssl)
"""Those for which a PKCS#8 file can be written and read again."""
_LONGEST_DAYS: Final = 3650


def add_terminal_certificate_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the sub-command ``terminal-certificates``."""
    parser = commands.add_parser(
        _NAME,
        help="make certificates and a key with which a TEST terminal reads fingerprints and irises",
        description="Makes a TEST terminal: a chain of card-verifiable certificates from the TEST authority that "
        "emulated cards trust, and the terminal's private key. With it, `chipid read --terminal FOLDER` opens data "
        "groups 3 and 4 of emulated cards with terminal authentication. Real cards trust none of it.",
    )
    parser.add_argument(
        "--out", metavar="FOLDER", type=pathlib.Path, required=True, help="where to write; must be empty or not exist"
    )
    parser.add_argument(
        "--algorithm",
        choices=tuple(CV_ALGORITHMS),
        default="ecdsa-sha256",
        help=f"how the whole chain signs: {', '.join(CV_ALGORITHMS)} (default ecdsa-sha256)",
        metavar="NAME",
    )
    parser.add_argument(
        "--curve",
        choices=_CURVES,
        default=None,
        metavar="NAME",
        help=f"for ECDSA: {', '.join(_CURVES)} (default brainpoolP256r1)",
    )
    parser.add_argument(
        "--rsa-bits",
        type=int,
        choices=RSA_BITS,
        default=None,
        metavar="BITS",
        help=f"for RSA: {', '.join(map(str, RSA_BITS))} (default 2048)",
    )
    parser.add_argument(
        "--rights", metavar="LIST", type=_rights, default=sum(RIGHTS.values()), help="dg3,dg4 (default both) or none"
    )
    parser.add_argument(
        "--valid-days", metavar="N", type=_days, default=90, help="how long from today, 1 to 3650 (default 90)"
    )
    parser.add_argument("--expired", action="store_true", help="verifier and terminal were valid in 2020 only")
    parser.add_argument(
        "--link", action="store_true", help="the authority has changed its key: with a link certificate"
    )
    parser.set_defaults(run=_run, parser=parser)


def _rights(text: str) -> int:
    if text == "none":
        return 0
    names = text.split(",")
    if any(name not in RIGHTS for name in names):
        raise argparse.ArgumentTypeError(f"give {', '.join(RIGHTS)} with commas between, or none")
    return sum(RIGHTS[name] for name in set(names))


def _days(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= _LONGEST_DAYS):
        raise argparse.ArgumentTypeError(f"give a number of days from 1 to {_LONGEST_DAYS}")
    return int(text)


def _suite(arguments: argparse.Namespace) -> CvSuite:
    """Raises ``ValueError`` with a sentence for the person who typed it."""
    algorithm: str = arguments.algorithm
    if algorithm.startswith("rsa"):
        if arguments.curve is not None:
            raise ValueError("--curve is for ECDSA")
        return CvSuite(algorithm, rsa_bits=arguments.rsa_bits or 2048)
    if arguments.rsa_bits is not None:
        raise ValueError("--rsa-bits is for RSA")
    return CvSuite(algorithm, curve_name=arguments.curve or "brainpoolP256r1")


def _run(arguments: argparse.Namespace) -> int:
    try:
        suite = _suite(arguments)
    except ValueError as wrong:
        sys.stderr.write(f"chipid {_NAME}: {wrong}.\n")
        return _EXIT_USAGE
    today = dt.datetime.now(dt.UTC).date()  # TR-03110-3 §D.2.1.3: dates of certificates are in GMT
    validity = EXPIRED if arguments.expired else Validity(today, today + dt.timedelta(days=arguments.valid_days - 1))
    folder: pathlib.Path = arguments.out
    try:
        chain = terminal_chain(suite, rights=arguments.rights, validity=validity, issued=today, link=arguments.link)
        written = write_terminal_folder(folder, chain)
    except FileExistsError:
        sys.stderr.write(
            f"chipid {_NAME}: {folder} is not an empty folder; nothing is overwritten, so give a new one.\n"
        )
        return _EXIT_NOT_DONE
    except OSError as error:
        sys.stderr.write(
            f"chipid {_NAME}: cannot write into {folder} ({error.strerror}); give a folder that you may write.\n"
        )
        return _EXIT_NOT_DONE
    for path in written:
        sys.stdout.write(f"{path}\n")
    return _EXIT_OK
