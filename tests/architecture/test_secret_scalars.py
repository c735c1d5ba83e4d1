"""Where a secret number meets Python's arithmetic: nowhere on the curves that the crypto library offers.

Decision records: docs/decisions/0003-elliptic-curves.md and 0004-curves-openssl-does-not-offer.md.
"""

from __future__ import annotations

import subprocess
import sys
from types import FrameType

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec

from crypto.primitives.curves import Curve, curve, curves

OFFERED = [each for each in curves() if each.in_openssl]
IN_PYTHON = {"brainpoolP192r1", "brainpoolP224r1", "brainpoolP320r1"}


def test_only_the_three_curves_that_the_library_lacks_are_computed_in_python() -> None:
    assert {each.name for each in curves() if not each.in_openssl} == IN_PYTHON


def test_the_library_does_offer_the_others_and_does_lack_these() -> None:
    """If it learns one of the three, record 0004 is to be read again and this test to be changed."""
    known = {name.lower() for name in vars(ec)}
    for each in curves():
        assert (each.name.lower() in known) is each.in_openssl
    for each in OFFERED:
        try:
            ec.derive_private_key(2, each.native())
        except UnsupportedAlgorithm:
            pytest.fail(f"{each.name} is not in this build of the library")


@pytest.mark.parametrize("domain", OFFERED, ids=lambda each: each.name)
def test_a_scalar_is_a_python_number_only_on_its_way_into_the_library(domain: Curve) -> None:
    """Every function of this project that returns is looked at: which of them has seen the number, or a neighbour of it
    that would give it away?"""
    scalar = domain.n // 3
    tell_tale = {scalar, scalar + 1, scalar - 1, domain.n - scalar, 2 * scalar, scalar >> 1}
    seen_by = set()

    def look(frame: FrameType, event: str, argument: object) -> None:
        if event == "return" and frame.f_globals.get("__name__", "").startswith("crypto."):
            values = (*frame.f_locals.values(), argument)
            if any(isinstance(value, int) and value in tell_tale for value in values):
                seen_by.add(frame.f_code.co_qualname)

    peer = domain.private_key(7).public_point
    before = sys.getprofile()
    sys.setprofile(look)
    try:
        key = domain.private_key(scalar)
        key.shared_x(peer)
        key.multiply(peer)
        key.multiply(domain.g)
        key.multiply(domain.negate(domain.g))
    finally:
        sys.setprofile(before)
    assert seen_by == {"Curve.private_key"}


_EVERY_OFFERED_CURVE = """
import sys
from crypto.primitives.curves import curves
for each in curves():
    if each.in_openssl:
        key = each.private_key(each.n // 5)
        key.multiply(each.private_key(3).public_point)
assert not any(name.partition(".")[0] == "ecdsa" for name in sys.modules), "the Python package was loaded"
assert curves()
"""


def test_the_python_package_is_not_even_loaded_for_the_offered_curves() -> None:
    subprocess.run([sys.executable, "-c", _EVERY_OFFERED_CURVE], check=True, timeout=60)


@pytest.mark.parametrize("name", sorted(IN_PYTHON))
def test_in_python_no_single_product_is_by_the_secret(name: str) -> None:
    """The package multiplies by two shares, drawn anew each time; neither is the secret, and their sum is (record 0004)."""
    from ecdsa.ellipticcurve import PointJacobi

    domain = curve(name)
    scalar, factors = domain.n // 7, []
    original = PointJacobi.__mul__

    def noted(self: object, other: int) -> object:
        factors.append(int(other))
        return original(self, other)

    PointJacobi.__mul__ = noted
    try:
        key = domain.private_key(scalar)
        for _ in range(3):
            key.multiply(domain.g)
    finally:
        PointJacobi.__mul__ = original
    assert len(factors) == len(set(factors)) == 8
    assert scalar not in factors
    assert {sum(factors[place : place + 2]) % domain.n for place in range(0, 8, 2)} == {scalar}
