"""Two real master lists into an empty trust store by ``chipid trust import``, from the start of the program to its end,
and what it takes to load that store again. Each round begins with an empty folder.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from reader.trust.folder import load_folder

__all__ = ["run"]

LISTS = Path(__file__).resolve().parents[1] / "tests" / "vectors" / "trust"
SIGNERS = {
    "DE_ML_2026-05-28-08-28-45.ml": "3305905a014daeb0eabd8449875508f4611a992db331c08117f35654a6e4fc81",
    "NL_ML_2026-07-22.ml": "ab43474afd498120299952560e3d9f075f5dc0d500f38a3734e632394f426506",
}
ROUNDS = 5


def import_once(folder: Path) -> float:
    """Seconds for both lists."""
    arguments = [sys.executable, "-m", "kiosk_ui.cli", "trust", "import", "--json", "--store", str(folder / "store")]
    for name, fingerprint in SIGNERS.items():
        arguments += [str(LISTS / name), "--accept-signer", fingerprint]
    environment = os.environ | {"XDG_CONFIG_HOME": str(folder / "configuration")}
    begun = time.perf_counter()
    subprocess.run(arguments, env=environment, check=True, capture_output=True, timeout=120)
    return time.perf_counter() - begun


def load_once(folder: Path) -> tuple[float, int]:
    """Seconds, and the number of authorities."""
    begun = time.perf_counter()
    key = folder / "configuration" / "chipid-kiosk" / "trust-seal.json"
    loaded = load_folder(folder / "store", test_mode=False, seal_key=key)
    return time.perf_counter() - begun, len(loaded.store)


def run() -> None:
    """Measure and print."""
    imports, loads, authorities = [], [], 0
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as name:
            imports.append(import_once(Path(name)))
            seconds, authorities = load_once(Path(name))
            loads.append(seconds)
    print(f"\nTrust store: both published lists, {sum((588, 411))} certificates, median of {ROUNDS}")
    print(f"  import, start of the program included   {statistics.median(imports):.2f} s (target: under 2 s)")
    print(f"  load {authorities} authorities, seal checked      {statistics.median(loads):.2f} s")


if __name__ == "__main__":
    run()
