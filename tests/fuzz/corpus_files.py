"""The seeds of each parser, a line of hexadecimal digits each. :mod:`tests.fuzz.make_corpus` makes them."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Final

from tests.fuzz.mutation import Seed
from tests.fuzz.parsers import PARSERS, Parser

__all__ = ["CORPUS", "seeds_of", "write_seeds"]

CORPUS: Final = Path(__file__).with_name("corpus")


@functools.cache
def _seeds(name: str) -> tuple[Seed, ...]:
    text = (CORPUS / f"{name}.hex").read_text(encoding="ascii")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return tuple(Seed.of(bytes.fromhex(line), PARSERS[name].grammar) for line in lines)


def seeds_of(parser: Parser) -> tuple[Seed, ...]:
    """All seeds of a parser, taken apart."""
    return _seeds(parser.name)


def write_seeds(name: str, seeds: list[bytes], folder: Path = CORPUS) -> None:
    """Write the seeds of a parser, each once."""
    lines = [octets.hex() for octets in dict.fromkeys(seeds)]
    (folder / f"{name}.hex").write_text("\n".join(lines) + "\n", encoding="ascii")
