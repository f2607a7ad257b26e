"""A studio in a process of its own, as a user starts it, and its page in a browser."""

import os
import re
import subprocess
import sys
import threading
from contextlib import contextmanager

import psutil
from places import ROOT

# The filters of the present text are there; slower figures may follow.
DONE = "studio.design.revision === studio.document.revision && studio.design.step >= 1"


class Served:
    """A running studio: its address with the token, its process, and its folder."""

    def __init__(self, process, address, folder):
        self.process, self.address, self.folder = process, address, folder

    @property
    def port(self):
        return int(re.search(r":(\d+)/", self.address).group(1))

    @property
    def token(self):
        return self.address.rpartition("token=")[2]


@contextmanager
def serve(folder, *arguments):
    """Start `proscenium studio` in a folder."""
    command = [sys.executable, "-m", "designer.cli", "studio", *arguments, "--no-browser"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder, env=_environment()
    )
    said = []
    # What it prints later must not fill the pipe.
    reader = threading.Thread(target=lambda: said.extend(process.stderr), daemon=True)
    reader.start()
    try:
        line = process.stdout.readline()
        found = re.search(r"http\S+", line)
        assert found, f"{line}{''.join(said)}"
        yield Served(process, found.group(), folder)
    finally:
        process.terminate()
        process.wait(30)
        reader.join(5)
        process.stdout.close()
        process.stderr.close()
    # Errors of the server are errors of the test.
    assert [line for line in said if "Error" in line or "Traceback" in line] == []


def virtual_boards_of(served):
    """Processes of the virtual boards that a studio has started."""
    children = psutil.Process(served.process.pid).children()
    return [child for child in children if "designer.board.virtual" in " ".join(child.cmdline())]


def _environment():
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def open_studio(page, served, width=1400, height=1000):
    """Open a studio's page, and wait for its live connection."""
    page.open(served.address, width, height)
    page.wait_for("document.documentElement.dataset.connected === 'true'", "the page is connected")


def settled(page):
    """Wait until the design follows the document; return its digest."""
    page.wait_for(f"({DONE}) || studio.design.error", "the filters are designed")
    return page.evaluate("studio.design.digest")


def curve(page):
    """Gain of the left channel, as the chart draws it."""
    return page.evaluate("studio.design.charts.gain.data.find(t => t.name === 'left').y")
