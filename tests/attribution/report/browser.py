"""A headless Chromium to open pages in, where the machine has one, spoken to over two pipes.

The protocol is that of the developer tools; messages are JSON that end with a null byte.
Source: https://chromedevtools.github.io/devtools-protocol/ and `--remote-debugging-pipe`
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)

FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")


class Page:
    """One open page."""

    def __init__(self, commands: BinaryIO, answers: BinaryIO) -> None:
        self._commands, self._answers = commands, answers
        self._n_sent, self._session = 0, ""
        self.events: list[Mapping[str, Any]] = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        attached = self.send("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **parameters: object) -> dict[str, Any]:
        """Give a command and wait for its answer; what happens meanwhile is kept in `events`."""
        self._n_sent += 1
        message: dict[str, object] = {"id": self._n_sent, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._commands.write(json.dumps(message).encode() + b"\0")
        self._commands.flush()
        while (answer := self._read()).get("id") != self._n_sent:
            self.events.append(answer)
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    def open(self, page: Path) -> None:
        """Open a file and wait until it has loaded."""
        self.events.clear()
        self.send("Page.navigate", url=page.as_uri())
        while not any(each.get("method") == "Page.loadEventFired" for each in self.events):
            self.events.append(self._read())

    def value(self, expression: str) -> Any:
        """Evaluate JavaScript; a promise is waited for."""
        answer = self.send(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def _read(self) -> dict[str, Any]:
        raw = bytearray()
        while (byte := self._answers.read(1)) != b"\0":
            assert byte, "the browser has ended"
            raw += byte
        message: dict[str, Any] = json.loads(raw)
        return message


@contextmanager
def browser(profile: Path) -> Iterator[Page]:
    """Start the browser with a page; it ends with the block."""
    assert CHROMIUM is not None
    (to_browser, commands), (answers, from_browser) = os.pipe(), os.pipe()
    # The browser reads commands from descriptor 3 and answers on 4.
    descriptors = f"exec 3<&{to_browser} 4>&{from_browser}"
    flags = " ".join((*FLAGS, "--remote-debugging-pipe", f"'--user-data-dir={profile}'"))
    running = subprocess.Popen(
        ["bash", "-c", f"{descriptors}; exec '{CHROMIUM}' {flags}"],
        pass_fds=(to_browser, from_browser),
        stderr=subprocess.DEVNULL,
    )
    os.close(to_browser)
    os.close(from_browser)
    with os.fdopen(commands, "wb") as writer, os.fdopen(answers, "rb") as reader:
        try:
            yield Page(writer, reader)
        finally:
            running.terminate()
            running.wait(20)
