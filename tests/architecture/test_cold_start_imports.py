"""Nobody waits for what the first command to a card does not need. The seconds are measured in ``bench/cold_start.py``."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    "PIL": "pictures are drawn and decoded later",
    "PySide6": "the window",
    "alembic": "the kiosk's store",
    "asn1crypto": "the issuer signs when a file is first read",
    "cryptography.x509": "certificates are read by our own parser",
    "ecdsa": "three curves",
    "email": "comes with importlib.metadata",
    "fpdf": "reports",
    "httpx": "gateways",
    "importlib.metadata": "entry points are found without it",
    "pkcs11": "keys in tokens",
    "pydantic": "the kiosk's settings",
    "segno": "QR codes of reports",
    "serial": "scanners",
    "smartcard": "PC/SC",
    "sqlalchemy": "the kiosk's store",
    "wsq": "fingers",
    "reader.evidence": "keeping evidence",
    "reader.reports.page": "reports",
    "reader.trust.import_plan": "importing trust",
    "reader.verification.assessment": "the judgement comes last",
    "emulator.faults": "cards that misbehave",
    "emulator.laboratory": "chips made to order",
    "emulator.personalise.attacks": "cards that somebody forged",
    "emulator.personalise.issuer": "the issuer signs when a file is first read",
}

_IMPORTS = """
import sys
before = set(sys.modules)
{work}
print("\\n".join(sorted(set(sys.modules) - before)))
"""
_FIRST_COMMAND = """
from reader import transport
class Stop(Exception): pass
class First:
    def __init__(self, card): self._card = card
    def __getattr__(self, name): return getattr(self._card, name)
    def __enter__(self): return self
    def __exit__(self, *reason): self._card.close()
    def transmit(self, command): raise Stop
really = transport.open_emulated
transport.open_emulated = lambda name: First(really(name))
from kiosk_ui.cli import main
try:
    main(["read", "--emulated", "an", "--can", "000017", "--json"])
    raise SystemExit("no command was sent")
except Stop:
    pass
"""


def modules_after(work: str) -> set[str]:
    program = _IMPORTS.format(work=work)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "work",
    [
        pytest.param("import reader", id="import reader"),
        pytest.param("import reader; reader.CanKey, reader.open_emulated, reader.open_pcsc", id="open a card"),
        pytest.param(_FIRST_COMMAND, id="first command of chipid read --emulated"),
    ],
)
def test_what_is_heavy_is_not_there_yet(work: str) -> None:
    loaded = modules_after(work)
    found = {name: HEAVY[name] for name in HEAVY if any(each == name or each.startswith(f"{name}.") for each in loaded)}
    assert not found


def test_reader_alone_is_one_module() -> None:
    ours = {
        name for name in modules_after("import reader") if name.partition(".")[0] in ("reader", "crypto", "emulator")
    }
    assert ours == {"reader"}
