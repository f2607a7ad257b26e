"""Headless Chromium through its DevTools protocol: what a reader of the report sees, and what the page asks for."""

import asyncio
import base64
import json
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from tornado.websocket import websocket_connect

_START_LIMIT_S = 60
_CALL_LIMIT_S = 120


class Page:
    """One page; every event that matters is kept."""

    def __init__(self, socket, loop, port):
        self._socket, self._loop, self._port, self._number = socket, loop, port, 0
        self.errors, self.requests = [], []

    @contextmanager
    def beside(self):
        """Open another page of the same browser."""
        socket = self._loop.run_until_complete(_connect(self._port, new=True))
        page = Page(socket, self._loop, self._port)
        yield page
        page.call("Page.close")
        socket.close()

    def call(self, method, **params):
        self._number += 1
        self._socket.write_message(json.dumps({"id": self._number, "method": method, "params": params}))
        return self._loop.run_until_complete(asyncio.wait_for(self._answer(self._number), _CALL_LIMIT_S))

    async def _answer(self, number):
        while True:
            message = json.loads(await self._socket.read_message())
            self._note(message)
            if message.get("id") == number:
                assert "error" not in message, message
                return message["result"]

    def _note(self, message):
        method, params = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.errors.append(params["exceptionDetails"].get("exception", {}).get("description", str(params)))
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.errors.append(params["entry"]["text"])
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "assert"):
            self.errors.append(str(params["args"]))
        elif method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])

    def open(self, path, width, height):
        for domain in ("Runtime", "Log", "Network", "Page"):
            self.call(f"{domain}.enable")
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        url = path if str(path).startswith("http:") else Path(path).resolve().as_uri()
        self.call("Page.navigate", url=url)
        end = time.monotonic() + _CALL_LIMIT_S
        while not self.evaluate("document.readyState === 'complete' && document.documentElement.dataset.ready"):
            assert time.monotonic() < end, self.errors or "the page never became ready"
            time.sleep(0.1)

    def evaluate(self, expression):
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def wait_for(self, expression, what=None):
        """Evaluate until it is true; return its value."""
        end = time.monotonic() + _CALL_LIMIT_S
        while not (value := self.evaluate(expression)):
            assert time.monotonic() < end, f"never true: {what or expression}; errors of the page: {self.errors}"
            time.sleep(0.05)
        return value

    def resolve(self, expression):
        """Await a promise of the page; return what it resolves to."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def centre(self, selector):
        """Centre of an element, scrolled into view, in pixels of the window."""
        self.wait_for(f"document.querySelector({json.dumps(selector)}) !== null", selector)
        box = f"""(() => {{ const e = document.querySelector({json.dumps(selector)});
          e.scrollIntoView({{block: 'center'}}); const b = e.getBoundingClientRect();
          return [b.x + b.width / 2, b.y + b.height / 2]; }})()"""
        return self.evaluate(box)

    def click(self, selector):
        x, y = self.centre(selector)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def drag(self, selector, right, down, steps=6):
        """Drag an element with the mouse by so many pixels."""
        x, y = self.centre(selector)
        self.call("Input.dispatchMouseEvent", type="mousePressed", x=x, y=y, button="left", clickCount=1)
        for step in range(1, steps + 1):
            at = {"x": x + right * step / steps, "y": y + down * step / steps}
            self.call("Input.dispatchMouseEvent", type="mouseMoved", button="left", buttons=1, **at)
        self.call("Input.dispatchMouseEvent", type="mouseReleased", button="left", clickCount=1, **at)

    def press(self, key, **more):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, **more)

    def screenshot(self, path, whole=True):
        picture = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        Path(path).write_bytes(base64.b64decode(picture))

    def pdf(self):
        return base64.b64decode(self.call("Page.printToPDF", printBackground=True, preferCSSPageSize=False)["data"])


@contextmanager
def open_browser():
    profile = tempfile.mkdtemp(prefix="chromium-")
    flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", "--disable-extensions"]
    # A page may play sound without a click, into nothing.
    flags += ["--autoplay-policy=no-user-gesture-required"]
    # The browser's own errands are not the page's.
    flags += ["--disable-background-networking", "--disable-component-update", "--no-first-run", "--disable-sync"]
    loop = asyncio.new_event_loop()
    process = subprocess.Popen(
        ["chromium", *flags, f"--user-data-dir={profile}", "about:blank"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        port = _port(Path(profile), process)
        socket = loop.run_until_complete(_connect(port))
        yield Page(socket, loop, port)
        loop.run_until_complete(_close(socket))
    finally:
        process.terminate()
        process.wait(30)
        loop.close()
        shutil.rmtree(profile, ignore_errors=True)


async def _close(socket):
    """Close within the loop: the thread may have another one by now, or none."""
    socket.close()


def _port(profile, process):
    end = time.monotonic() + _START_LIMIT_S
    while time.monotonic() < end:
        file = profile / "DevToolsActivePort"
        if file.is_file() and len(file.read_text().split()) == 2:
            return int(file.read_text().split()[0])
        assert process.poll() is None, f"chromium ended with {process.returncode}"
        time.sleep(0.05)
    raise AssertionError("chromium never opened its port")


async def _connect(port, new=False):
    from tornado.httpclient import AsyncHTTPClient

    address, client = f"http://127.0.0.1:{port}/json", AsyncHTTPClient()
    if new:
        target = json.loads((await client.fetch(f"{address}/new?about:blank", method="PUT", body="")).body)
    else:
        target = next(t for t in json.loads((await client.fetch(address)).body) if t["type"] == "page")
    return await websocket_connect(target["webSocketDebuggerUrl"], max_message_size=1 << 28)
