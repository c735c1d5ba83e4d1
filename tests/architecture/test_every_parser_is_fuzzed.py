"""Whoever adds a parser adds it to the registry of the fuzzer, or says here why not."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.fuzz.parsers import PARSERS

ROOT = Path(__file__).parents[2]
ROOMS = ("crypto", "reader/lds", "reader/trust", "reader/scanners", "reader/evidence", "reader/vietnamese")
NAMES = ("parse", "decode", "read_", "recognise", "split_tags", "open_evidence", "take", "feed")

NOT_FUZZED = {
    "reader.lds.face_image.decode_image": "decodes in a process of its own: tests/hostile/test_pictures_are_decoded_apart.py;"
    " its headers are fuzzed as picture-headers",
    "reader.lds.finger_image.decode_finger": "the same",
    "reader.lds.finger_image.decode_wsq": "the same",
    "reader.lds.image_decoder.decode_apart": "the same",
    "reader.scanners.serial.ScannerPort.read_line": "reads from a device; what it does with the octets is Framer.feed",
    "reader.trust.file_reading.read_plain": "reads a file whole, understands nothing of it",
    "reader.trust.sources.read_source": "reads a file; what is in it goes to the parsers of lists and certificates, which are",
}


def _public_functions(path: Path) -> Iterator[str]:
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            yield f"{module}.{node.name}"
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            if any(isinstance(base, ast.Name) and base.id == "Protocol" for base in node.bases):
                continue
            yield from (f"{module}.{node.name}.{one.name}" for one in node.body if isinstance(one, ast.FunctionDef))


def _everything() -> set[str]:
    return {name for room in ROOMS for path in (ROOT / room).rglob("*.py") for name in _public_functions(path)}


def test_every_public_parser_is_fuzzed_or_has_a_reason_not_to_be() -> None:
    parsers = {name for name in _everything() if name.rpartition(".")[2].startswith(NAMES)}
    covered = {name for parser in PARSERS.values() for name in parser.covers}
    assert parsers - covered - set(NOT_FUZZED) == set()
    assert covered & set(NOT_FUZZED) == set()


def test_what_the_registry_and_the_reasons_name_is_there() -> None:
    covered = {name for parser in PARSERS.values() for name in parser.covers}
    assert (covered | set(NOT_FUZZED)) - _everything() == set()
