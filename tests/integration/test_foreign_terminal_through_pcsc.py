"""`chipid card run` in a slot of a real pcscd, read through pyscard by the terminal that shares no code with this project."""

import json
import subprocess
import sys
from collections.abc import Callable

import pytest

from emulator.adapters.private_pcscd import SLOT_PORTS, PrivatePcscd
from emulator.cards import card, catalogue, chip_content

pytestmark = [pytest.mark.pcsc, pytest.mark.slow]

SERVE = "import sys; from emulator.cli import main; sys.exit(main(sys.argv[1:]))"
READ = """
import hashlib, json
from smartcard.CardConnection import CardConnection
from smartcard.System import readers
from smartcard.scard import SCARD_RESET_CARD
from tests.interop import reading_habits
from tests.interop.foreign_terminal import Terminal

link = next(reader for reader in readers() if str(reader) == {reader!r}).createConnection()

def transmit(command):
    answer, sw1, sw2 = link.transmit(list(command))
    return bytes([*answer, sw1, sw2])

result = {{}}
for habit in {habits!r}:
    link.connect(CardConnection.T1_protocol, disposition=SCARD_RESET_CARD)
    reading = getattr(reading_habits, habit)(Terminal(transmit), reading_habits.Printed({can!r}, {mrz!r}))
    atr = bytes(link.getATR()).hex()
    link.disconnect()
    result[habit] = {{
        "files": {{f"{{identifier:04X}}": hashlib.sha256(content).hexdigest() for identifier, content in reading.files.items()}},
        "refused": sorted(reading.refused.values()),
        "chip": reading.chip_authentication,
        "active": reading.active_authentication,
    }}
print(json.dumps({{"atr": atr, "habits": result}}))
"""
ALL = ["by_identifier_with_reference", "counting_what_comes", "le_on_every_command", "basic_access_and_odd_reads"]
LONG = ["by_short_identifier", "extended_with_authorisation"]


@pytest.mark.parametrize(
    ("name", "habits"),
    [("an", ALL + LONG), ("aes256", ALL + LONG), ("tdes-pace", ALL), ("rsa-active-2048", ALL + LONG)],
)
def test_every_habit_reads_the_card_through_a_real_pcsc_service(
    name: str, habits: list[str], private_pcscd: PrivatePcscd, pcsc_client: Callable[[str], str]
) -> None:
    spec = next(spec for spec in catalogue(laboratory=True) if spec.name == name)
    arguments = ["card", "run", name, "--vpcd", f"127.0.0.1:{SLOT_PORTS[0]}"]
    program = READ.format(
        reader=private_pcscd.reader_names[0], habits=habits, can=spec.can.encode("ascii"), mrz=spec.mrz
    )
    with private_pcscd.run_inside([sys.executable, "-c", SERVE, *arguments], stdout=subprocess.PIPE) as served:
        try:
            assert served.stdout is not None
            assert served.stdout.readline().startswith(name.encode())
            result = json.loads(pcsc_client(program))
        finally:
            served.terminate()
    direct = {f"{file.identifier:04X}": file.content for file in chip_content(name).application_files}
    for habit in habits:
        reading = result["habits"][habit]
        assert set(reading["files"]) == set(direct) - {"0103"}
        assert set(reading["refused"]) <= {"6982", "6A82"}
        assert reading["chip"] == "done"
        assert reading["active"] in ("valid", "")
    assert len({json.dumps(reading["files"], sort_keys=True) for reading in result["habits"].values()}) == 1
    assert result["atr"] == card(name).atr.hex()
