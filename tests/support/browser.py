"""A real Chromium for tests, driven over a pipe of its own: what a page asks for, says, measures and prints."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import servers
from unpacked import browser as found_browser

PATIENCE_SECONDS = 60.0
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--remote-debugging-pipe"),
    *("--disable-background-networking", "--disable-component-update", "--disable-extensions", "--disable-sync"),
)
# Chromium reads its orders from descriptor 3 and answers on 4, which Popen cannot promise.
_ON_3_AND_4 = """
import fcntl, os, sys
orders, answers = (fcntl.fcntl(int(each), fcntl.F_DUPFD, 10) for each in sys.argv[1:3])
os.dup2(orders, 3), os.dup2(answers, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
_HANGUL = servers.ROOT / ".tools" / "debian" / "fonts-nanum" / "usr" / "share" / "fonts"


@dataclass
class Page:
    """An open page, and what has been heard of it so far."""

    browser: Browser
    session: str
    url: str
    requested: list[str] = field(default_factory=list)
    """Every address that it asked for, of whatever kind, its own first."""
    complaints: list[str] = field(default_factory=list)
    """What its console says: errors, warnings, what its policy refused."""

    def ask(self, expression: str) -> Any:  # noqa: ANN401 - a value of JavaScript
        """Evaluate JavaScript, whatever the page itself allows, and wait for a promise."""
        asked = {"expression": expression, "awaitPromise": True, "returnByValue": True}
        answer = self.browser.order("Runtime.evaluate", self.session, **asked)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def look(self, *, width: int = 1280, dark: bool = False, medium: str = "") -> None:
        """Show it so wide, in light or dark, on the screen or as on paper."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.browser.order("Emulation.setDeviceMetricsOverride", self.session, **size)
        self.browser.order("Emulation.setEmulatedMedia", self.session, media=medium, features=[scheme])

    def press(self, key: str) -> None:
        """Press a key."""
        for kind in ("rawKeyDown", "keyUp"):
            pressed = {"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": {"Tab": 9, "Enter": 13}[key]}
            self.browser.order("Input.dispatchKeyEvent", self.session, **pressed)

    def printed(self) -> bytes:
        """Return it as PDF, on the paper that its style asks for."""
        wanted = {"preferCSSPageSize": True, "printBackground": False}
        return base64.b64decode(self.browser.order("Page.printToPDF", self.session, **wanted)["data"])


class Browser:
    """A running Chromium with a profile of its own."""

    def __init__(self, folder: Path) -> None:
        """Start it."""
        (folder / "data").mkdir()
        (folder / "data" / "fonts").symlink_to(_HANGUL)
        command = [found_browser(), *_FLAGS, f"--user-data-dir={folder / 'profile'}", "about:blank"]
        orders, self._orders = os.pipe()
        self._answers, answers = os.pipe()
        with (folder / "chromium.log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _ON_3_AND_4, str(orders), str(answers), *command],
                pass_fds=(orders, answers),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "XDG_DATA_HOME": str(folder / "data")},
            )
        os.close(orders)
        os.close(answers)
        self._folder = folder
        self._unread = b""
        self._last = 0
        self._pages: dict[str, Page] = {}
        self._loaded: set[str] = set()

    @contextlib.contextmanager
    def opened(self, file: Path) -> Iterator[Page]:
        """Open a file until left; it has loaded all that it wants to load."""
        target = self.order("Target.createTarget", url="about:blank")["targetId"]
        session = self.order("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = self._pages[session] = Page(self, session, file.as_uri())
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.order(f"{domain}.enable", session)
        self._loaded.discard(session)
        self.order("Page.navigate", session, url=page.url)
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while session not in self._loaded:
            self._hear(self._message(give_up_at))
        yield page
        self.order("Target.closeTarget", targetId=target)

    def order(self, method: str, session: str = "", **details: object) -> dict[str, Any]:
        """Give an order and return its answer."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": details, **({"sessionId": session} if session else {})}
        os.write(self._orders, json.dumps(message).encode() + b"\0")
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while True:
            heard = self._message(give_up_at)
            if heard.get("id") == self._last:
                assert "error" not in heard, (method, heard["error"])
                result: dict[str, Any] = heard["result"]
                return result
            self._hear(heard)

    def stop(self) -> None:
        """Stop this one and no other."""
        with contextlib.suppress(AssertionError, OSError):
            self.order("Browser.close")
        os.close(self._orders)
        os.close(self._answers)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder / "profile", ignore_errors=True)

    def _hear(self, message: dict[str, Any]) -> None:
        page = self._pages.get(message.get("sessionId", ""))
        if not page:
            return
        details = message["params"]
        if message["method"] == "Network.requestWillBeSent":
            page.requested.append(details["request"]["url"])
        elif message["method"] == "Log.entryAdded":
            page.complaints.append(details["entry"]["text"])
        elif message["method"] == "Runtime.consoleAPICalled":
            page.complaints.append(str(details["args"]))
        elif message["method"] == "Runtime.exceptionThrown":
            page.complaints.append(str(details["exceptionDetails"]))
        elif message["method"] == "Page.loadEventFired":
            self._loaded.add(page.session)

    def _message(self, give_up_at: float) -> dict[str, Any]:
        while b"\0" not in self._unread:
            ready, _, _ = select.select([self._answers], [], [], max(0.0, give_up_at - time.monotonic()))
            more = os.read(self._answers, 1 << 20) if ready else b""
            if not more:
                raise AssertionError(f"Chromium does not answer: {(self._folder / 'chromium.log').read_text()[-2000:]}")
            self._unread += more
        line, _, self._unread = self._unread.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        return message
