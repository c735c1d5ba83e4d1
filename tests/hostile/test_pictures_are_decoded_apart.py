"""A picture is decoded in a process that may crash, hang, lie or be taken over, and then harms its own picture only."""

from __future__ import annotations

import ast
import io
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from reader import errors
from reader.lds import image_decoder
from reader.lds.face_image import decode_image
from reader.lds.image_decoder import decode_apart
from reader.lds.image_encoding import ImageEncoding

ROOT = Path(__file__).parents[2]
PROCESS = ROOT / "reader" / "lds" / "image_process.py"


def portrait(size: tuple[int, int] = (12, 16), **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, (200, 40, 90)).save(buffer, "JPEG", quality=90, **options)
    return buffer.getvalue()


GOOD_ANSWER = repr(struct.pack(">II", 12, 16) + bytes(12 * 16 * 3))


@pytest.mark.parametrize(
    "script",
    [
        "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
        "raise SystemExit(3)",
        "import time; time.sleep(60)",
        "import sys; sys.stdin.close()",
        f"import sys; sys.stdout.buffer.write({GOOD_ANSWER} + b'x')",
        f"import sys; sys.stdout.buffer.write({GOOD_ANSWER}[:-1])",
        f"import sys; sys.stdout.buffer.write({GOOD_ANSWER}); sys.stdout.flush(); raise SystemExit(1)",
        "import sys; sys.stdout.buffer.write(bytes(8 + 12 * 16 * 3))",
        "import sys, struct; sys.stdout.buffer.write(struct.pack('>II', 16, 12) + bytes(12 * 16 * 3))",
        "import sys\nwhile True: sys.stdout.buffer.write(bytes(1 << 20))",
    ],
    ids=["crash", "failure", "hangs", "deaf", "one more", "one less", "and fails", "no size", "turned", "without end"],
)
def test_whatever_the_decoder_does_it_is_one_unreadable_picture(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder = tmp_path / "decoder.py"
    decoder.write_text(script)
    with monkeypatch.context() as other:
        other.setattr(image_decoder, "_DECODER", decoder)
        if "sleep" in script:
            other.setattr(image_decoder, "DECODER_TIMEOUT_S", 0.5)
        with pytest.raises(errors.DocumentError) as caught:
            decode_apart(portrait(), ImageEncoding.JPEG, (12, 16))
    assert caught.value.code is errors.IMAGE_UNREADABLE
    assert caught.value.__cause__ is None
    assert decode_image(portrait()).width == 12  # the next one is not harmed


def test_without_an_interpreter_to_start_nothing_is_decoded_here(monkeypatch: pytest.MonkeyPatch) -> None:
    for executable in ("", "/nonexistent/python"):
        monkeypatch.setattr(image_decoder.sys, "executable", executable)
        with pytest.raises(errors.DocumentError) as caught:
            decode_image(portrait())
        assert caught.value.code is errors.IMAGE_UNREADABLE


# ---------------------------------------------------------------------------------- what it gives up
def after_giving_up_rights(attempt: str, *, by_hook: bool = True) -> str:
    """What comes of an attempt in a process that has no rights any more: its output, or its error's name."""
    lines = [
        "import ctypes, os, resource, socket, subprocess, sys, _socket",
        f"sys.path.insert(0, {str(PROCESS.parent)!r})",
        "import image_process",
        "" if by_hook else "sys.addaudithook = lambda hook: None  # machine code is not held by it",
        "image_process.give_up_rights()",
        "try:",
        f"    print({attempt})",
        "except (OSError, MemoryError) as error:",
        "    print(type(error).__name__)",
    ]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, timeout=20, check=False
    )
    return done.stdout.strip()


LINUX_ONLY = pytest.mark.skipif(
    sys.platform != "linux", reason="limits of Linux; elsewhere docs/decisions/0008 says what holds"
)


@LINUX_ONLY
@pytest.mark.parametrize(
    "attempt", ["_socket.socket()", "open('/etc/hostname')", "os.pipe()", "open('/dev/null', 'w')"]
)
def test_machine_code_too_gets_no_socket_and_no_file(attempt: str) -> None:
    assert after_giving_up_rights(attempt, by_hook=False) == "OSError"


@pytest.mark.parametrize(
    "attempt", ["socket.socket()", "open('/etc/hostname')", "subprocess.run(['true'])", "os.system('true')"]
)
def test_python_code_is_refused_everywhere(attempt: str) -> None:
    assert after_giving_up_rights(attempt) in ("PermissionError", "OSError")


@LINUX_ONLY
def test_memory_processor_time_and_files_are_limited() -> None:
    assert after_giving_up_rights("len(bytes(200 << 20))") == "MemoryError"
    for name, most in (("AS", 192 << 20), ("CPU", 2), ("NOFILE", 0), ("FSIZE", 0), ("CORE", 0), ("NPROC", 0)):
        assert after_giving_up_rights(f"resource.getrlimit(resource.RLIMIT_{name})") == str((most, most))


@LINUX_ONLY
def test_no_interface_is_seen_where_the_system_grants_a_network_of_its_own() -> None:
    granted = subprocess.run(["unshare", "-Un", "true"], capture_output=True, check=False).returncode == 0
    here = os.readlink("/proc/self/ns/net")
    there = after_giving_up_rights("os.readlink('/proc/self/ns/net')", by_hook=False)
    assert (there != here) == granted  # without it, no descriptor means no socket all the same


# ------------------------------------------------------------------------------------- and nowhere else
def test_no_other_module_of_the_reader_or_the_kiosk_opens_a_picture() -> None:
    """``Image.open`` and the decoders' own classes are named in the one script only."""
    for room in ("reader", "kiosk_ui", "crypto"):
        for path in (ROOT / room).rglob("*.py"):
            if path == PROCESS:
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Attribute) and node.attr == "open" and isinstance(node.value, ast.Name):
                    assert node.value.id != "Image", path
                if isinstance(node, (ast.Import, ast.ImportFrom)):
                    assert "Plugin" not in ast.dump(node), path


def test_nothing_of_our_environment_reaches_the_decoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHIPID_CANARY", "secret")
    decoder = tmp_path / "decoder.py"
    decoder.write_text(
        f"import os, sys\nif 'CHIPID_CANARY' not in os.environ: sys.stdout.buffer.write({GOOD_ANSWER})",
    )
    monkeypatch.setattr(image_decoder, "_DECODER", decoder)
    assert decode_apart(portrait(), ImageEncoding.JPEG, (12, 16)).rgb == bytes(12 * 16 * 3)


@pytest.mark.slow  # it waits, and costs no computing
def test_a_good_picture_is_not_lost_on_a_machine_that_is_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoder = tmp_path / "decoder.py"
    decoder.write_text(f"import runpy, time\ntime.sleep(2.5)\nrunpy.run_path({str(PROCESS)!r}, run_name='__main__')")
    monkeypatch.setattr(image_decoder, "_DECODER", decoder)
    decoded = decode_apart(portrait(), ImageEncoding.JPEG, (12, 16))
    assert (decoded.width, decoded.height) == (12, 16)


def test_the_largest_picture_that_is_allowed_fits() -> None:
    for encoding in ("JPEG", "JPEG2000", "PNG"):
        buffer = io.BytesIO()
        Image.linear_gradient("L").resize((2400, 2500)).convert("RGB").save(buffer, encoding)
        decoded = decode_image(buffer.getvalue())
        assert (decoded.width, decoded.height) == (2400, 2500)
