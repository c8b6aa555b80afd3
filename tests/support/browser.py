"""A real Chromium without a screen, driven over its debugging protocol."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def program() -> str | None:
    """The path of a browser, None where none is installed."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Browser:
    """Use as a context manager; one tab. `complaints` is what it wrote on its console, or refused to load."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self._folder = tempfile.TemporaryDirectory(prefix="greenloop-browser-", ignore_cleanup_errors=True)
        self._open = ExitStack()
        self._socket: ClientConnection | None = None
        self._session = ""
        self._last = 0

    def __enter__(self) -> "Browser":
        found = program()
        assert found is not None, "no browser is installed: scripts/test_tools.sh"
        home = self._folder.name
        self._process = subprocess.Popen(
            [found, "--headless", "--remote-debugging-port=0", f"--user-data-dir={home}", "--disable-gpu",
             "--no-first-run", "--disable-dev-shm-usage", "--disable-background-networking",
             *(["--no-sandbox"] if os.getuid() == 0 else []), "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "HOME": home},
        )  # fmt: skip
        try:
            self._attach(Path(home, "DevToolsActivePort"))
        except BaseException:
            self.__exit__()
            raise
        return self

    def _attach(self, written: Path) -> None:
        deadline = time.monotonic() + 60
        while len(told := written.read_text().split() if written.exists() else []) < 2:
            assert self._process.poll() is None and time.monotonic() < deadline, "the browser does not start"
            time.sleep(0.05)
        address = f"ws://127.0.0.1:{told[0]}{told[1]}"
        self._socket = self._open.enter_context(connect(address, max_size=None, proxy=None))
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Log", "Runtime"):
            self.call(f"{domain}.enable")

    def __exit__(self, *exc: object) -> None:
        self._open.close()
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One call of the protocol; what the page complains about meanwhile is kept."""
        assert self._socket is not None
        self._last += 1
        asked = {"id": self._last, "method": method, "params": parameters}
        self._socket.send(json.dumps(asked | ({"sessionId": self._session} if self._session else {})))
        while True:
            said: dict[str, Any] = json.loads(self._socket.recv(timeout=60))
            self._heard(said)
            if said.get("id") == self._last:
                assert "error" not in said, said
                found: dict[str, Any] = said["result"]
                return found

    def _heard(self, said: dict[str, Any]) -> None:
        if said.get("method") == "Log.entryAdded":
            self.complaints.append(said["params"]["entry"]["text"])
        elif said.get("method") in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
            self.complaints.append(json.dumps(said["params"]))

    def shape(self, width: int, height: int = 900, *, dark: bool = False) -> None:
        """A window of this size, on a system with light or dark colours."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[feature])

    def open(self, url: str) -> None:
        """Go there and wait until all of it is loaded."""
        self.call("Page.navigate", url=url)
        deadline = time.monotonic() + 30
        while self.ask("document.readyState + location.href").partition("complete")[2] != url:
            assert time.monotonic() < deadline, f"{url} is not loaded"
            time.sleep(0.02)

    def ask(self, expression: str) -> Any:
        """The value of an expression in the page, which need not allow scripts for that."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def picture(self, path: Path) -> None:
        """A PNG of the whole page."""
        found = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(found["data"]))
