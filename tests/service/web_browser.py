"""A real browser: Debian's Chromium without a window, driven over W3C WebDriver, which is plain HTTP on loopback."""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # W3C WebDriver §12.1
KEYS = {"F2": "\ue032", "F4": "\ue034", "F8": "\ue038", "F9": "\ue039", "Tab": "\ue004", "Enter": "\ue007"}  # §17.4.2
_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--autoplay-policy=no-user-gesture-required",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # loopback and nothing else
]


def missing_browser() -> str | None:
    """Why there is no browser here, or ``None``."""
    for name in ("chromium", "chromedriver"):
        if shutil.which(name) is None:
            return f"no {name} is installed (Debian's packages chromium and chromium-driver)"
    return None


class Browser:
    """One browser with a profile of its own. A context manager.

    Args:
        width: of the window's content in pixels.
        height: of the window's content in pixels.
        touch: pretend to be a tablet, whose pointer is a finger.
    """

    def __init__(self, width: int = 1920, height: int = 1080, *, touch: bool = False) -> None:
        self._size = (width, height)
        self._touch = touch
        self._session = ""

    def __enter__(self) -> Self:
        self._profile = tempfile.TemporaryDirectory(prefix="chipid-browser-", ignore_cleanup_errors=True)
        self._driver = subprocess.Popen(
            ["chromedriver", "--port=0", "--log-level=WARNING"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "HOME": self._profile.name},
        )
        try:
            self._client = httpx.Client(
                base_url=f"http://127.0.0.1:{self._port()}",
                trust_env=False,
                timeout=60,
                verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            )
            flags = [*_FLAGS, f"--user-data-dir={self._profile.name}/profile"]
            if self._touch:
                flags.append("--touch-events=enabled")
            options = {"args": flags, "binary": shutil.which("chromium")}
            wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
            answer = self._post("/session", {"capabilities": {"alwaysMatch": wanted}})
            self._session = f"/session/{answer['sessionId']}"
            self._cdp(
                "Emulation.setDeviceMetricsOverride",
                width=self._size[0],
                height=self._size[1],
                deviceScaleFactor=1,
                mobile=self._touch,
            )
            if self._touch:
                self._cdp("Emulation.setTouchEmulationEnabled", enabled=True, maxTouchPoints=5)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def _port(self) -> int:
        assert self._driver.stdout is not None
        for line in self._driver.stdout:
            if "started successfully on port" in line:
                return int(line.rstrip(" .\n").rsplit(" ", 1)[1])
        raise RuntimeError("chromedriver did not start")

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session:
            self._client.delete(self._session)
        self._driver.terminate()
        try:
            self._driver.wait(10)
        except subprocess.TimeoutExpired:
            self._driver.kill()
            self._driver.wait(10)
        if self._driver.stdout is not None:
            self._driver.stdout.close()
        if hasattr(self, "_client"):
            self._client.close()
        self._profile.cleanup()

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        answer = self._client.post(path, json=body)
        found = answer.json()["value"]
        if answer.status_code != 200:
            raise RuntimeError(f"{found['error']}: {found['message']}")
        return found

    def _cdp(self, command: str, **parameters: Any) -> Any:
        return self._post(f"{self._session}/goog/cdp/execute", {"cmd": command, "params": parameters})

    # ------------------------------------------------------------------------------------------------
    def open(self, url: str) -> None:
        self._post(f"{self._session}/url", {"url": url})

    def script(self, text: str, *arguments: Any) -> Any:
        """What ``text`` returns in the page."""
        return self._post(f"{self._session}/execute/sync", {"script": text, "args": list(arguments)})

    def _find(self, selector: str) -> str:
        return str(self._post(f"{self._session}/element", {"using": "css selector", "value": selector})[_ELEMENT])

    def click(self, selector: str) -> None:
        """As a person does: it fails if something else lies over it."""
        self._post(f"{self._session}/element/{self._find(selector)}/click", {})

    def type(self, selector: str, text: str) -> None:
        self._post(f"{self._session}/element/{self._find(selector)}/value", {"text": text})

    def press(self, key: str) -> None:
        """One key, wherever the focus is."""
        actions = [{"type": kind, "value": KEYS[key]} for kind in ("keyDown", "keyUp")]
        self._post(f"{self._session}/actions", {"actions": [{"type": "key", "id": "keys", "actions": actions}]})

    def text(self, selector: str) -> str:
        return str(self.script("return document.querySelector(arguments[0]).innerText", selector))

    def is_shown(self, selector: str) -> bool:
        return bool(self.script("return document.querySelector(arguments[0])?.checkVisibility() ?? false", selector))

    def wait_for(self, condition: str, *arguments: Any, seconds: float = 20) -> Any:
        """Until the expression is true in the page; returns its value."""
        deadline = time.monotonic() + seconds
        while True:
            found = self.script(f"return ({condition})", *arguments)
            if found:
                return found
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {seconds} s: {condition}\n{self.text('body')}")
            time.sleep(0.1)

    @contextlib.contextmanager
    def hurried(self, times: int = 5) -> Iterator[None]:
        """Pages opened meanwhile have a clock and timers that run faster; what they do stays the same."""
        script = (
            f"const now = performance.now.bind(performance); performance.now = () => now() * {times};"
            "for (const name of ['setTimeout', 'setInterval']) { const real = window[name];"
            f"window[name] = (does, ms, ...rest) => real(does, ms / {times}, ...rest); }}"
        )
        added = self._cdp("Page.addScriptToEvaluateOnNewDocument", source=script)
        try:
            yield
        finally:
            self._cdp("Page.removeScriptToEvaluateOnNewDocument", identifier=added["identifier"])

    @contextlib.contextmanager
    def sized(self, width: int, height: int) -> Iterator[None]:
        """Another size of the window for a while."""
        self._cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        try:
            yield
        finally:
            self._cdp(
                "Emulation.setDeviceMetricsOverride",
                width=self._size[0],
                height=self._size[1],
                deviceScaleFactor=1,
                mobile=self._touch,
            )

    def dark_scheme(self) -> None:
        """What a tablet says that is set to dark."""
        self._cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])

    def picture(self, path: Path) -> None:
        answer = self._client.get(f"{self._session}/screenshot")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(answer.json()["value"]))

    def complaints(self) -> list[str]:
        """What the browser has written to its console since it was asked last."""
        found = self._post(f"{self._session}/se/log", {"type": "browser"})
        return [str(line["message"]) for line in found]
