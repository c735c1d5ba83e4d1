"""What a piece of work asks of the crypto library, caught once and then replayed bare.

While it runs, every call of the few functions of ``crypto.primitives`` that stand before the library is noted with its
arguments; Python's profiler hook sees them, the code itself knows nothing of it. Replayed, each becomes exactly the
library calls that it makes, without anything around them: a key from its scalar with the public point, an agreement
with a point (which the library checks to be on the curve), a signature verified, a cipher, a checksum, a hash. In finite
fields the arithmetic is Python's ``pow``, and that stands in its place.
"""

from __future__ import annotations

import hashlib
import sys
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from types import CodeType, FrameType
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.ciphers import Cipher, modes

from crypto.pace import integrated, mapping
from crypto.primitives import block_cipher, curves, dh_groups, kdf, mac
from crypto.signatures import ecdsa_plain

__all__ = ["BareCalls", "caught", "not_caught"]

Replay = Callable[[], object]


class BareCalls:
    """The library calls of one piece of work, in their order."""

    def __init__(self) -> None:
        self._calls: list[Replay] = []
        self.counts: Counter[str] = Counter()
        self.in_python = False
        """Whether curve arithmetic was done in Python, so that there is no library to compare with."""

    def add(self, kind: str, replay: Replay) -> None:
        self.counts[kind] += 1
        self._calls.append(replay)

    def __call__(self) -> None:
        for call in self._calls:
            call()

    def __len__(self) -> int:
        return len(self._calls)

    def part(self, first: int, end: int) -> Replay:
        """The calls from number ``first`` up to, not including, number ``end``."""

        def replay() -> None:
            for call in self._calls[first:end]:
                call()

        return replay


def caught(work: Callable[[], object], bare: BareCalls | None = None) -> BareCalls:
    """Run the work once and note what it asks of the library, in threads that it starts, too."""
    noted = BareCalls() if bare is None else bare

    def look(frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and (note := _NOTES.get(frame.f_code)) is not None:
            note(noted, frame.f_locals)

    before = sys.getprofile()
    threading.setprofile(look)
    sys.setprofile(look)
    try:
        work()
    finally:
        sys.setprofile(before)
        threading.setprofile(None)
    return noted


def not_caught(work: Callable[[], bytes]) -> bytes:
    """Run what is not to be noted: the other side's work within the work that is looked at."""
    before = sys.getprofile()
    sys.setprofile(None)
    try:
        return work()
    finally:
        sys.setprofile(before)


# -- one note per function that stands before the library -----------------------------------------------------------

_Locals = Mapping[str, Any]


def _new_key(bare: BareCalls, seen: _Locals) -> None:
    domain, scalar = seen["self"], seen["scalar"]
    if domain.in_openssl:
        native = domain.native()
        bare.add("keys", lambda: ec.derive_private_key(scalar, native).public_key().public_numbers())


def _fresh_key(bare: BareCalls, seen: _Locals) -> None:
    if seen["self"].in_openssl:
        native = seen["self"].native()
        bare.add("keys", lambda: ec.generate_private_key(native).public_key().public_numbers())


def _agreement(bare: BareCalls, seen: _Locals) -> None:
    key, point = seen["self"]._key, seen["point"]
    native = key.curve
    bare.add(
        "agreements",
        lambda: key.exchange(ec.ECDH(), ec.EllipticCurvePublicNumbers(point.x, point.y, native).public_key()),
    )


def _verified(bare: BareCalls, seen: _Locals) -> None:
    key, algorithm, der = seen["key"], seen["algorithm"], seen["der"]
    digest = algorithm.digest(seen["data"])
    public = key.native()
    bare.add("signatures", lambda: public.verify(der, digest, ec.ECDSA(Prehashed(algorithm.native))))


def _python_key(bare: BareCalls, seen: _Locals) -> None:
    bare.in_python = True


def _power(bare: BareCalls, base: int, exponent: int, modulus: int) -> None:
    bare.add("powers", lambda: pow(base, exponent, modulus))


def _new_exponent(bare: BareCalls, seen: _Locals) -> None:
    _power(bare, seen["group"].g, seen["exponent"], seen["group"].p)


def _raised(bare: BareCalls, seen: _Locals) -> None:
    key = seen["self"]
    _power(bare, seen["base"], key._exponent, key.group.p)


def _membership(bare: BareCalls, seen: _Locals) -> None:
    _power(bare, seen["value"], seen["self"].q, seen["self"].p)


def _generic_mapping(bare: BareCalls, seen: _Locals) -> None:
    """g^s; the other power is the mapping key's own."""
    _power(bare, seen["group"].g, int.from_bytes(seen["nonce"], "big"), seen["group"].p)


def _integrated_mapping(bare: BareCalls, seen: _Locals) -> None:
    group = seen["group"]
    _power(bare, seen["element"], (group.p - 1) // group.q, group.p)


def _cipher(direction: str) -> Callable[[BareCalls, _Locals], None]:
    def note(bare: BareCalls, seen: _Locals) -> None:
        algorithm, iv, data = seen["algorithm"], seen["iv"], seen["data"]

        def replay() -> bytes:
            context = getattr(Cipher(algorithm, modes.CBC(iv)), direction)()
            return bytes(context.update(data) + context.finalize())

        bare.add("ciphers", replay)

    return note


def _single_block(bare: BareCalls, seen: _Locals) -> None:
    context, block = seen["self"]._one_block, seen["block"]
    bare.add("blocks", lambda: context.update(block))


def _each_block(bare: BareCalls, seen: _Locals) -> None:
    context, data = seen["self"]._each_block, seen["data"]
    bare.add("blocks", lambda: context.update(data))


def _checksum(bare: BareCalls, seen: _Locals) -> None:
    fresh, data = seen["self"]._fresh, seen["data"]

    def replay() -> bytes:
        context = fresh.copy()
        context.update(data)
        return bytes(context.finalize())

    bare.add("checksums", replay)


def _hash(bare: BareCalls, seen: _Locals) -> None:
    name, data = "sha1" if seen["cipher"].key_bytes == 16 else "sha256", seen["seed"] + bytes(4)
    bare.add("hashes", lambda: hashlib.new(name, data, usedforsecurity=False).digest())


_openssl_key: Any = curves._OpenSslPrivateKey
_python_key_class: Any = curves._SplitPrivateKey
_NOTES: dict[CodeType, Callable[[BareCalls, _Locals], None]] = {
    curves.Curve.private_key.__code__: _new_key,
    curves.Curve.fresh_key.__code__: _fresh_key,
    _openssl_key.shared_x.__code__: _agreement,
    _python_key_class.__init__.__code__: _python_key,
    dh_groups.DhPrivateKey.__init__.__code__: _new_exponent,
    dh_groups.DhPrivateKey.raise_to.__code__: _raised,
    dh_groups.DhGroup.contains.__code__: _membership,
    mapping.map_generic_dh.__code__: _generic_mapping,
    integrated.map_integrated_dh.__code__: _integrated_mapping,
    block_cipher._encrypted.__code__: _cipher("encryptor"),
    block_cipher._decrypted.__code__: _cipher("decryptor"),
    block_cipher.KeyedCipher.encrypt_block.__code__: _single_block,
    block_cipher.KeyedCipher.decrypt_cbc.__code__: _each_block,
    mac._Cmac.of.__code__: _checksum,
    kdf.derive_key.__code__: _hash,
    ecdsa_plain._verify.__code__: _verified,
}
