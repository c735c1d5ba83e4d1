"""Valid octets, changed so that a parser gets far before it meets what is wrong.

A file of data objects is changed as a tree: an object is taken out, doubled, moved, taken from another file, given another
tag or value, or wrapped, and the lengths around it are made right again or left wrong. Everything is also changed octet by octet.
All chance comes from the generator that is handed in.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence
from typing import Final

__all__ = ["LONGEST_INPUT", "Grammar", "Seed", "mutate"]

LONGEST_INPUT: Final = 1 << 16
_DEEPEST: Final = 16
_MOST_NODES: Final = 4000


def _octets(words: str) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(word) for word in words.split())


_TAGS: Final = _octets(
    """
    00 02 03 04 05 06 0C 13 16 17 18 1F 30 31 3F 5F1F 5F2E 60 61 6D 75 77 7F 7F2E 7F49 7F60 7F61 80 81
    82 83 86 87 8E 97 99 A0 A1 A2 A3 FF 1F81 5FFFFFFF7F
    """
)
_LENGTHS: Final = _octets(
    """
    00 01 7F 80 8100 8101 817F 8180 81FF 820000 82FFFF 83000001 83FFFFFF 8400000001 847FFFFFFF
    84FFFFFFFF 8500000000FF 8501FFFFFFFF 88FFFFFFFFFFFFFFFF FF
    """
)
_VALUES: Final = (
    b"",
    b"\0",
    b"\x01",
    b"\x7f",
    b"\x80",
    b"\xff",
    b"\0\0",
    b"\xff" * 9,
    b"\x7f" + b"\xff" * 70,
    b"\0" * 300,
    b"99991231235959Z",
    b"000000000000Z",
    b"991332",
    bytes.fromhex("2A864886F70D010101"),
    bytes.fromhex("04007F00070202040202"),
    bytes.fromhex("8080808001"),
)
_INTERESTING: Final = bytes.fromhex("00017F80FFFE0A0D20303C2D2E5B5D7B7D223A2C7C")


class Grammar:
    """How octets of one kind are written: what may stand in them beside single octets.

    Args:
        is_tree: whether they are data objects (BER-TLV).
        words: pieces that mean something in this kind of text.
    """

    def __init__(self, *, is_tree: bool = False, words: Sequence[bytes] = ()) -> None:
        self.is_tree = is_tree
        self.words = tuple(words)


@dataclasses.dataclass(slots=True)
class _Node:
    tag: bytes
    before: bytes  # octets of the value before its objects: the count of unused bits of a BIT STRING
    value: bytes
    children: list[_Node] | None
    raw: bytes


@dataclasses.dataclass(slots=True)
class Seed:
    """Valid octets, and their tree if they have one."""

    octets: bytes
    nodes: list[_Node]
    paths: list[tuple[int, ...]]

    @classmethod
    def of(cls, octets: bytes, grammar: Grammar) -> Seed:
        """Take octets apart once, for any number of changes."""
        nodes = (_forest(octets, 0) or []) if grammar.is_tree else []
        paths: list[tuple[int, ...]] = []
        _collect(nodes, (), paths)
        return cls(octets, nodes, paths[:_MOST_NODES])


# ----------------------------------------------------------------------------------------- the tree
def _header(octets: bytes, start: int) -> tuple[int, int, int] | None:
    """Where the length field starts, where the value starts, and where it ends."""
    position = start + 1
    if octets[start] & 0x1F == 0x1F:
        while position < len(octets) and octets[position] & 0x80:
            position += 1
        position += 1
    if position >= len(octets):
        return None
    first = octets[position]
    if first < 0x80:
        end = position + 1 + first
        return (position, position + 1, end) if end <= len(octets) else None
    count = first & 0x7F
    if not 0 < count < 5 or position + 1 + count > len(octets):
        return None
    value = position + 1 + count
    end = value + int.from_bytes(octets[position + 1 : value], "big")
    return (position, value, end) if end <= len(octets) else None


def _forest(octets: bytes, depth: int) -> list[_Node] | None:
    """The data objects that fill the octets to their end; ``None`` if they do not."""
    nodes: list[_Node] = []
    start = 0
    while start < len(octets):
        found = _header(octets, start)
        if found is None:
            return None
        length_at, value_at, end = found
        tag, value = octets[start:length_at], octets[value_at:end]
        before, children = _inside(tag, value, depth)
        nodes.append(_Node(tag, before, value, children, octets[start:end]))
        start = end
    return nodes


def _inside(tag: bytes, value: bytes, depth: int) -> tuple[bytes, list[_Node] | None]:
    if depth >= _DEEPEST or len(value) < 2:
        return b"", None
    if tag[0] & 0x20:
        return b"", _forest(value, depth + 1)
    if tag == b"\x04" and value[0] in (0x30, 0x31):  # an extension or a signed content: DER in an OCTET STRING
        return b"", _forest(value, depth + 1)
    if tag == b"\x03" and value[:2] == b"\0\x30":
        return b"\0", _forest(value[1:], depth + 1)
    return b"", None


def _collect(nodes: list[_Node], path: tuple[int, ...], into: list[tuple[int, ...]]) -> None:
    for index, node in enumerate(nodes):
        into.append((*path, index))
        if node.children:
            _collect(node.children, (*path, index), into)


def _length(size: int) -> bytes:
    if size < 0x80:
        return bytes((size,))
    count = (size.bit_length() + 7) // 8
    return bytes((0x80 | count,)) + size.to_bytes(count, "big")


def _object(tag: bytes, value: bytes) -> bytes:
    return tag + _length(len(value)) + value


def _node_at(seed: Seed, path: tuple[int, ...]) -> _Node:
    node = seed.nodes[path[0]]
    for index in path[1:]:
        node = (node.children or [])[index]
    return node


def _rebuilt(nodes: list[_Node], path: tuple[int, ...], put: bytes) -> bytes:
    """The objects in a row, with ``put`` in place of the one at the path; lengths around it are right again."""
    index, rest = path[0], path[1:]
    if rest:
        node = nodes[index]
        put = _object(node.tag, node.before + _rebuilt(node.children or [], rest, put))
    return b"".join([*(node.raw for node in nodes[:index]), put, *(node.raw for node in nodes[index + 1 :])])


def _changed_object(rng: random.Random, seed: Seed, others: Sequence[Seed], node: _Node) -> bytes:
    if rng.random() < 0.3:
        return _moved(rng, seed, others, node)
    kind = rng.randrange(8)
    if kind == 0:
        return b""
    if kind == 1:
        return node.raw * rng.choice((2, 2, 2, 3, 40))
    if kind == 2:
        return _object(rng.choice(_TAGS), node.value)
    if kind == 3:
        return _object(node.tag, rng.choice(_VALUES))
    if kind == 4:
        return node.tag + rng.choice(_LENGTHS) + node.value
    if kind == 5:
        return _object(node.tag, node.value[: rng.randrange(len(node.value) + 1)])
    if kind == 6:
        return _object(node.tag, _octets_changed(rng, node.value, ()))
    return _object(node.tag[:-1] + bytes((node.tag[-1] ^ 1 << rng.randrange(8),)), node.value)


def _moved(rng: random.Random, seed: Seed, others: Sequence[Seed], node: _Node) -> bytes:
    kind = rng.randrange(3)
    if kind == 0:
        other = rng.choice(others)
        return _node_at(other, rng.choice(other.paths)).raw if other.paths else b""
    if kind == 1:
        return node.raw + _node_at(seed, rng.choice(seed.paths)).raw
    octets = node.raw
    for _ in range(rng.choice((1, 1, 2, 30))):
        octets = _object(rng.choice((b"\x30", b"\x31", b"\xa0", node.tag)), octets)
    return octets


# ---------------------------------------------------------------------------------- octet by octet
def _octets_changed(rng: random.Random, octets: bytes, words: Sequence[bytes]) -> bytes:
    copy = bytearray(octets)
    size = len(copy)
    place = rng.randrange(size) if size else 0
    kind = rng.randrange(9 if words else 8)
    if kind == 0 and size:
        copy[place] ^= 1 << rng.randrange(8)
    elif kind == 1 and size:
        copy[place] = rng.choice(_INTERESTING)
    elif kind == 2 and size:
        copy[place] = rng.randrange(256)
    elif kind == 3:
        del copy[place:]
    elif kind == 4:
        del copy[place : place + rng.randrange(1, 9)]
    elif kind == 5:
        copy[place:place] = rng.randbytes(rng.randrange(1, 9))
    elif kind == 6 and size:
        end = place + rng.randrange(1, 17)
        copy[place:place] = copy[place:end] * rng.choice((1, 1, 1, 20))
    elif kind == 7 and size:
        start = rng.randrange(size)
        copy[place : place + 8] = copy[start : start + 8]
    else:
        word = rng.choice(words) if words else b"\xff"
        copy[place : place + rng.choice((0, 0, len(word)))] = word
    return bytes(copy)


def mutate(rng: random.Random, seed: Seed, others: Sequence[Seed], grammar: Grammar) -> bytes:
    """One input: the seed with one to four changes.

    Args:
        rng: the source of chance.
        seed: what is changed.
        others: seeds of the same parser, from which pieces may come.
        grammar: what is known of the kind.
    """
    chance = rng.random()
    octets = seed.octets
    if seed.paths and chance < 0.75:
        path = rng.choice(seed.paths)
        octets = _rebuilt(seed.nodes, path, _changed_object(rng, seed, others, _node_at(seed, path)))
        changes = 0 if chance < 0.5 else 1
    else:
        changes = 1 + (chance > 0.9) + 2 * (chance > 0.97)
    if not seed.paths and others and chance < 0.05:  # the beginning of one, the end of another
        other = rng.choice(others).octets
        octets = octets[: rng.randrange(len(octets) + 1)] + other[rng.randrange(len(other) + 1) :]
    for _ in range(changes):
        octets = _octets_changed(rng, octets, grammar.words)
    return octets[:LONGEST_INPUT]
