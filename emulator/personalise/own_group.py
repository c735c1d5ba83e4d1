"""A finite-field group that Doc 9303-11 does not standardise, for chips that spell out their parameters.

It is the 2048-bit MODP group of RFC 3526 §3, p = 2^2048 - 2^1984 - 1 + 2^64 * ([2^1918 pi] + 124476), with the
generator 2 of the subgroup of order (p - 1) / 2. A terminal that knows the standardised groups only has no reason to trust
it, and that is what it is here for.
"""

from __future__ import annotations

from typing import Final

from crypto.primitives.dh_groups import DhGroup

__all__ = ["OWN_GROUP"]

_P: Final = int(
    "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd"
    "ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed"
    "ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f"
    "83655d23dca3ad961c62f356208552bb9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3b"
    "e39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf6955817183995497cea956ae515d2261898fa0510"
    "15728e5a8aacaa68ffffffffffffffff",
    16,
)

OWN_GROUP: Final = DhGroup("rfc3526-2048", p=_P, g=2, q=(_P - 1) // 2)
