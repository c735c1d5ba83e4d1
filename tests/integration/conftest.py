"""Fixtures for tests that talk to a real PC/SC service.

A process's first PC/SC context decides which service it talks to for good (libpcsclite keeps the socket's path). So the
reading half of such a test runs in a process of its own: :func:`pcsc_client` makes one.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from emulator.adapters.private_pcscd import PrivatePcscd


def _in_ci() -> bool:
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


@pytest.fixture(scope="module")
def private_pcscd() -> Iterator[PrivatePcscd]:
    """A running pcscd of the test module's own, with one virtual reader of two slots.

    Where it cannot run the test is skipped with the reason; with CI set it fails instead, so that it can never go
    missing unnoticed.
    """
    reason = PrivatePcscd.unavailable_reason()
    if reason is not None:
        if _in_ci():
            pytest.fail(f"CI must be able to use the virtual reader. {reason}", pytrace=False)
        pytest.skip(reason)
    with PrivatePcscd() as service:
        yield service


@pytest.fixture
def pcsc_client(private_pcscd: PrivatePcscd) -> Callable[[str], str]:
    """Runs a Python text as a PC/SC client of the private service, in a process of its own; returns its output.

    The process ends with its output as the test's failure text if it fails.
    """

    def run(program: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, **private_pcscd.environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode != 0:
            pytest.fail(f"The PC/SC client ended with {done.returncode}.\n{done.stdout}{done.stderr}", pytrace=False)
        return done.stdout

    return run
