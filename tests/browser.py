"""A real browser without a driver of its own: Chromium, spoken to in the DevTools protocol over a socket.

https://chromedevtools.github.io/devtools-protocol/
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from tests.patience import PATIENCE

NAMES = ("chromium", "chromium-browser", "google-chrome")
PHONE, DESKTOP = (390, 844), (1280, 800)


class Browser:
    """One tab. What it asks of the page is JavaScript, whose promises are waited for."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = count(1)
        self._loaded = False
        self.complaints: list[str] = []
        """What the page's console had to say: errors, and what the policy has forbidden."""

    def call(self, method: str, **parameters: Any) -> Any:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(timeout=PATIENCE))
            self._note(message)
            if message.get("id") == number:
                assert "error" not in message, f"{method}: {message['error']}"
                return message["result"]

    def _note(self, message: dict[str, Any]) -> None:
        said = message.get("params", {})
        self._loaded = self._loaded or message.get("method") == "Page.loadEventFired"
        if message.get("method") == "Log.entryAdded" and said["entry"]["level"] == "error":
            self.complaints.append(f"{said['entry']['text']} {said['entry'].get('url', '')}")
        elif message.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(str(said["exceptionDetails"].get("exception", said["exceptionDetails"])))

    def asks(self, script: str) -> Any:
        found = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def opens(self, address: str, size: tuple[int, int] = DESKTOP, *, dark: bool = False, script: bool = True) -> None:
        width, height = size
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", features=scheme)
        self.call("Emulation.setScriptExecutionDisabled", value=not script)
        self._loaded = False
        self.call("Page.navigate", url=address)
        while not self._loaded:
            self._note(json.loads(self._socket.recv(timeout=PATIENCE)))

    def waits_for(self, condition: str) -> None:
        """Until it is true on the page; looked at before each of its pictures."""
        look = (
            f"new Promise(done => {{ const look = () => ({condition}) ? done(true) : setTimeout(look, 20); look(); }})"
        )
        for _ in range(3):  # a page that goes away takes the question with it
            try:
                assert self.asks(look)
            except AssertionError as error:
                if not any(gone in str(error) for gone in ("context", "navigated", "collected")):
                    raise
            else:
                return

    def presses(self, key: str) -> None:
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=KEYS[key])

    def picture(self, file: Path, *, whole: bool = False) -> None:
        drawn = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        file.write_bytes(base64.b64decode(drawn["data"]))

    def axe(self, source: str | None = None) -> list[str]:
        """What axe-core finds: each rule that is broken, with where.

        In a world of its own beside the page's, so that the page's policy has nothing to say.
        """
        text = source or files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
        self.asks(f"{text}; true")
        run = "axe.run(document, {resultTypes: ['violations']}).then(found => found.violations)"
        found = self.asks(run)
        return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]]


KEYS = {"Tab": 9, "Enter": 13}


def executable() -> str | None:
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@contextmanager
def browser() -> Iterator[Browser]:
    """Skips the test where this machine has none."""
    program = executable()
    if program is None:
        pytest.skip("there is no Chromium on this machine (Debian: apt-get install chromium)")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        process = subprocess.Popen(
            [
                *(program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--mute-audio"),
                *("--no-first-run", "--remote-debugging-port=0", f"--user-data-dir={home}", "about:blank"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stderr is not None
            address = next(line.split()[-1] for line in process.stderr if line.startswith("DevTools listening on"))
            with connect(_tab(address), max_size=None) as socket:
                made = Browser(socket)
                for domain in ("Page", "Runtime", "Log"):
                    made.call(f"{domain}.enable")
                yield made
        finally:
            process.terminate()
            process.communicate()


def _tab(address: str) -> str:
    """The socket of the first tab."""
    with connect(address) as socket:
        socket.send(json.dumps({"id": 1, "method": "Target.getTargets"}))
        while (answer := json.loads(socket.recv(timeout=PATIENCE))).get("id") != 1:
            pass
    target = next(one for one in answer["result"]["targetInfos"] if one["type"] == "page")
    return f"{address.partition('/devtools/')[0]}/devtools/page/{target['targetId']}"
