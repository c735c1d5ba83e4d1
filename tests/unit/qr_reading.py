"""Reads a QR code of version 4 from its modules (ISO/IEC 18004), without error correction: for tests only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

SIZE = 33  # version 4
DATA_CODEWORDS, BLOCKS = 64, 2  # table 9: 4-M
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"  # table 5
MASKS: tuple[Callable[[int, int], bool], ...] = (  # table 10; row, column
    lambda i, j: (i + j) % 2 == 0,
    lambda i, j: i % 2 == 0,
    lambda i, j: j % 3 == 0,
    lambda i, j: (i + j) % 3 == 0,
    lambda i, j: (i // 2 + j // 3) % 2 == 0,
    lambda i, j: (i * j) % 2 + (i * j) % 3 == 0,
    lambda i, j: ((i * j) % 2 + (i * j) % 3) % 2 == 0,
    lambda i, j: ((i + j) % 2 + (i * j) % 3) % 2 == 0,
)


def read_alphanumeric(rows: Sequence[Sequence[bool]]) -> str:
    """The text of a 4-M code in alphanumeric mode."""
    assert [len(row) for row in rows] == [SIZE] * SIZE
    places = [(8, column) for column in (0, 1, 2, 3, 4, 5, 7, 8)] + [(row, 8) for row in (7, 5, 4, 3, 2, 1, 0)]
    information = sum(rows[i][j] << (14 - n) for n, (i, j) in enumerate(places)) ^ 0x5412  # §7.9.1
    level, mask = information >> 13, information >> 10 & 7
    assert level == 0, "level M"
    bits = [rows[i][j] ^ MASKS[mask](i, j) for i, j in _data_places()]
    codewords = [sum(bit << (7 - n) for n, bit in enumerate(bits[k : k + 8])) for k in range(0, DATA_CODEWORDS * 8, 8)]
    in_order = [codewords[k] for block in range(BLOCKS) for k in range(block, DATA_CODEWORDS, BLOCKS)]
    stream = "".join(f"{codeword:08b}" for codeword in in_order)
    assert stream[:4] == "0010", "alphanumeric mode"
    length, at, text = int(stream[4:13], 2), 13, ""
    while len(text) < length:
        if length - len(text) == 1:
            text, at = text + LETTERS[int(stream[at : at + 6], 2)], at + 6
        else:
            pair, at = int(stream[at : at + 11], 2), at + 11
            text += LETTERS[pair // 45] + LETTERS[pair % 45]
    return text


def _data_places() -> Iterator[tuple[int, int]]:
    """§7.7.3: pairs of columns from the right, alternately up and down, without what belongs to the code itself."""
    upwards = True
    for right in (*range(SIZE - 1, 6, -2), *range(5, 0, -2)):
        for row in range(SIZE - 1, -1, -1) if upwards else range(SIZE):
            yield from ((row, column) for column in (right, right - 1) if not _is_function(row, column))
        upwards = not upwards


def _is_function(i: int, j: int) -> bool:
    in_finder = (i < 9 and j < 9) or (i < 9 and j >= SIZE - 8) or (i >= SIZE - 8 and j < 9)
    return in_finder or 6 in (i, j) or (24 <= i <= 28 and 24 <= j <= 28)
