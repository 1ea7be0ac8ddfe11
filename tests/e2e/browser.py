"""A headless Chromium, driven through its debugging pipe: no driver, no network."""

import json
import os
import shutil
import subprocess
from contextlib import contextmanager

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium():
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class BrowserError(Exception):
    """Chromium refused, or the page threw."""


class Tab:
    """One page. `errors` has what its console complained about."""

    def __init__(self, reader, writer):
        self._reader, self._writer, self._count = reader, writer, 0
        self.errors, self.requests = [], []
        self._session = None
        target = self._send("Target.createTarget", url="about:blank")["targetId"]
        attached = self._send("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self._send(f"{domain}.enable")

    def _send(self, method, **params):
        self._count += 1
        message = {"id": self._count, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._writer.write(json.dumps(message).encode() + b"\0")
        self._writer.flush()
        while (answer := self._receive()).get("id") != self._count:
            self._note(answer)
        if "error" in answer:
            raise BrowserError(answer["error"]["message"])
        return answer["result"]

    def _receive(self):
        data = bytearray()
        while (byte := self._reader.read(1)) != b"\0":
            if not byte:
                raise BrowserError("Chromium ended.")
            data += byte
        return json.loads(data)

    def _note(self, event):
        method, params = event.get("method"), event.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.errors.append(params["exceptionDetails"]["text"])
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.errors.append(params["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Page.loadEventFired":
            self._loaded = True

    def open(self, url):
        self._loaded = False
        self._send("Page.navigate", url=url)
        while not self._loaded:
            self._note(self._receive())

    def size(self, width, height, *, mobile=False):
        self._send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=mobile,
        )

    def media(self, *, kind="", scheme="light"):
        features = [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self._send("Emulation.setEmulatedMedia", media=kind, features=features)

    def run(self, script):
        """The value of a JavaScript expression."""
        answer = self._send(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in answer:
            raise BrowserError(json.dumps(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def scripting(self, *, on):
        """Whether pages that are opened from now on may run scripts."""
        self._send("Emulation.setScriptExecutionDisabled", value=not on)

    def key(self, name):
        """Press a key, as a person would."""
        text = {"Enter": "\r"}.get(name, "")
        code = {"Tab": 9, "Enter": 13, "End": 35, "Home": 36, "ArrowUp": 38, "ArrowDown": 40}[name]
        for kind in ("keyDown", "keyUp"):
            self._send(
                "Input.dispatchKeyEvent",
                type=kind,
                key=name,
                code=name,
                text=text if kind == "keyDown" else "",
                windowsVirtualKeyCode=code,
            )
        self.run("new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))")

    def click(self, selector):
        """Press the mouse where the element is, as a person would."""
        found = self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            " e.scrollIntoView({block: 'center', behavior: 'instant'});"
            " const r = e.getClientRects()[0];"
            " return [r.left + r.width / 2, r.top + r.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self._send(
                "Input.dispatchMouseEvent",
                type=kind,
                x=found[0],
                y=found[1],
                button="left",
                clickCount=1,
            )
        self.run("new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))")

    def type(self, selector, text):
        self.click(selector)
        self._send("Input.insertText", text=text)


@contextmanager
def browser(chromium, profile):
    """A tab of a Chromium of its own."""
    to_child, from_us = os.pipe()
    to_us, from_child = os.pipe()

    # The protocol fixes the descriptors 3 and 4.
    command = [
        "bash",
        "-c",
        f'exec "$@" 3<&{to_child} 4>&{from_child}',
        "bash",
        chromium,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--no-first-run",
        "--remote-debugging-pipe",
        f"--user-data-dir={profile}",
    ]
    process = subprocess.Popen(
        command,
        pass_fds=(to_child, from_child),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(to_child)
    os.close(from_child)
    with os.fdopen(to_us, "rb") as reader, os.fdopen(from_us, "wb") as writer:
        try:
            yield Tab(reader, writer)
        finally:
            process.kill()
            process.wait()
