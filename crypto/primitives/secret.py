"""Octets that must not leak by accident: not by print, log, pickle, traceback or a comparison's timing."""

from __future__ import annotations

from typing import NoReturn

from cryptography.hazmat.primitives.constant_time import bytes_eq

__all__ = ["Secret"]


class Secret:
    """A secret value. :meth:`reveal` is the one way to its octets, so that uses can be found by name."""

    __slots__ = ("_octets",)

    def __init__(self, octets: bytes) -> None:
        self._octets = bytes(octets)

    def reveal(self) -> bytes:
        """The octets themselves."""
        return self._octets

    def __repr__(self) -> str:
        return "Secret(…)"

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and bytes_eq(self._octets, other._octets)

    def __hash__(self) -> NoReturn:
        raise TypeError("a secret cannot be hashed")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret cannot be pickled or copied to another process")

    def __bool__(self) -> bool:
        return bool(self._octets)
