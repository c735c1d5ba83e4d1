"""An emulated card in a slot of a real pcscd, opened through pyscard by a terminal that is not the reader."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from emulator.adapters.private_pcscd import SLOT_PORTS, PrivatePcscd
from emulator.cards import card, chip_content

pytestmark = [pytest.mark.pcsc, pytest.mark.slow]

SERVE = "import sys; from emulator.cli import main; sys.exit(main(sys.argv[1:]))"

READ = """
import json, time
from smartcard.System import readers
from smartcard.CardConnection import CardConnection
from tests.unit.emulator_terminal import CAN, SPECS, Terminal, generic_mapping

reader = next(reader for reader in readers() if str(reader) == {reader!r})
link = reader.createConnection()
link.connect(CardConnection.T1_protocol)

class Slot:
    commands = 0
    seconds = 0.0

    def transmit(self, command):
        start = time.perf_counter()
        answer, sw1, sw2 = link.transmit(list(command))
        self.seconds += time.perf_counter() - start
        self.commands += 1
        return bytes(answer) + bytes([sw1, sw2])

slot = Slot()
terminal = Terminal(slot)
assert terminal.raw("00A4020C02011C") == "9000"
terminal.pace(generic_mapping(2), 13, CAN, SPECS[{name!r}].can.encode())
terminal.select_application()
files = {{}}
for identifier in (0x011E, 0x0101, 0x0102, 0x010D, 0x010E, 0x010F, 0x011D):
    status = terminal.send("00A4020C", identifier.to_bytes(2, "big"))[1]
    if status != "9000":
        continue
    files[f"{{identifier:04X}}"] = terminal.send("00B00000", le=b"\\0\\0", extended=True)[0].hex()
print(json.dumps({{"atr": bytes(link.getATR()).hex(), "files": files, "commands": slot.commands,
                   "ms_per_command": round(1000 * slot.seconds / slot.commands, 3)}}))
"""


@pytest.fixture
def insert(private_pcscd: PrivatePcscd) -> Iterator[Callable[[str, int], "subprocess.Popen[bytes]"]]:
    """Puts a card into a slot and waits until the reader has it."""
    started: list[subprocess.Popen[bytes]] = []

    def put(name: str, slot: int) -> "subprocess.Popen[bytes]":
        arguments = ["card", "run", name, "--vpcd", f"127.0.0.1:{SLOT_PORTS[slot]}"]
        program = private_pcscd.run_inside([sys.executable, "-c", SERVE, *arguments], stdout=subprocess.PIPE)
        started.append(program)
        assert program.stdout is not None
        assert program.stdout.readline().startswith(name.encode() + b" is in the virtual reader")
        return program

    yield put
    for program in started:
        program.kill()
        program.communicate()


@pytest.mark.parametrize(("name", "slot"), [("an", 0), ("can-cuoc-2024", 1)])
def test_the_card_is_read_through_pcsc_with_extended_length(
    name: str,
    slot: int,
    private_pcscd: PrivatePcscd,
    insert: Callable[[str, int], "subprocess.Popen[bytes]"],
    pcsc_client: Callable[[str], str],
) -> None:
    served = insert(name, slot)
    result = json.loads(pcsc_client(READ.format(reader=private_pcscd.reader_names[slot], name=name)))
    assert result["atr"] == card(name).atr.hex()
    expected = {f"{file.identifier:04X}": file.content.hex() for file in chip_content(name).application_files}
    del expected["0103"]
    # portraits hang on the version of the image library, which is the same in both processes here
    assert result["files"] == expected
    sys.stdout.write(f"{name}: {result['commands']} commands, {result['ms_per_command']} ms each, host and link\n")
    served.terminate()
    assert served.wait(20) == 0
