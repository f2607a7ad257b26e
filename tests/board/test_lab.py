"""Two boards of a lab: labgrid's own coordinator, exporter and client; the regression flashes both and runs on both."""

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml
from designs import generate_small
from places import ROOT

from designer.errors import BoardNotFoundError, LayoutError
from designer.toolchain.compiler import build_image
from hil_tests.harness import lab

LAB = Path(sys.prefix) / "lab" / "bin"
BOARDS = ("left", "right")
# A part of the regression, so that the test is short: docs/lab.md runs all of it.
TESTS = ("test_the_board_runs_this_design", "impulse", "test_the_line_was_clean_until_here")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture(scope="module")
def started():
    """Start a process that ends with the module."""
    with ExitStack() as stack:

        def start(*command, **options):
            environment = {**os.environ, "LG_HOSTNAME": "tester", "LG_USERNAME": "tester", "PYTHONPATH": str(ROOT)}
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, **options
            )
            stack.callback(process.wait, 300)
            stack.callback(process.terminate)
            return process

        yield start


@pytest.fixture(scope="module")
def laboratory(started, tmp_path_factory):
    """Two virtual boards with another design, their exporter, and a coordinator; returns a way to run the client."""
    if not (LAB / "labgrid-coordinator").is_file():
        pytest.skip("labgrid is not installed: make lab")
    place = tmp_path_factory.mktemp("lab")
    generate_small("q15", place / "generated", name="other")
    elf = build_image(place / "generated", "virtual", place / "firmware.elf").elf
    exported = {}
    for name in BOARDS:
        board = started(sys.executable, "-m", "hil_tests.harness.lab_board", elf)
        url, power = board.stdout.readline().split()
        exported[name] = {
            "NetworkSerialPort": {"host": "127.0.0.1", "port": int(url.rpartition(":")[2]), "protocol": "rfc2217"},
            "NetworkPowerPort": {"model": "simplerest", "host": power + "/{value}", "index": "0"},
        }
    (place / "exporter.yaml").write_text(yaml.safe_dump(exported))
    address = f"127.0.0.1:{free_port()}"
    started(LAB / "labgrid-coordinator", "-l", address, cwd=place)
    started(LAB / "labgrid-exporter", "-c", address, "--name", "bench", place / "exporter.yaml", cwd=place)

    def client(*arguments):
        environment = {**os.environ, "LG_HOSTNAME": "tester", "LG_USERNAME": "tester", "LG_COORDINATOR": address}
        command = [LAB / "labgrid-client", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=600, env=environment, check=False)

    deadline = time.monotonic() + 300
    # A line names a resource and its class, which may be the same word: each board is looked for by its name.
    wanted = {f"bench/{name}/{kind}" for name in BOARDS for kind in exported[name]}
    while not all(each in (shown := client("resources").stdout) for each in wanted):
        assert time.monotonic() < deadline, shown
        time.sleep(0.2)
    for name in BOARDS:
        for step in (["create"], ["set-tags", "board=stm32f405"], ["add-match", f"bench/{name}/*"]):
            done = client("-p", name, *step)
            assert done.returncode == 0, done.stderr
    targets = {
        name: {
            "resources": {"RemotePlace": {"name": name}},
            "drivers": {"NetworkPowerDriver": {"delay": 0.1}},
        }
        for name in BOARDS
    }
    (place / "lab.yaml").write_text(yaml.safe_dump({"targets": targets}))
    return place, address, client


def regression(laboratory, *arguments):
    place, address, _ = laboratory
    environment = {
        **os.environ,
        "LG_HOSTNAME": "tester",
        "LG_USERNAME": "tester",
        "LG_COORDINATOR": address,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    command = [LAB / "python", "-m", "pytest", "hil_tests/test_board.py", "-q", "-p", "no:cacheprovider"]
    command += ["--lg-env", place / "lab.yaml", "--layout", "pair2", "--out", place / "out", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=1200, cwd=ROOT, env=environment, check=False)


def test_a_place_that_nobody_has_acquired_is_refused(laboratory):
    result = regression(laboratory, "-k", "runs_this_design")
    assert result.returncode != 0
    assert "place left is not acquired" in result.stdout


def test_two_boards_are_reserved_powered_flashed_and_tested(laboratory):
    place, _, client = laboratory
    for _ in BOARDS:
        reserved = client("reserve", "--wait", "board=stm32f405")
        assert "allocated" in reserved.stdout
    for name in BOARDS:
        assert client("-p", name, "acquire").returncode == 0
    result = regression(laboratory, "-n", "2", "--flash", "-k", " or ".join(TESTS))
    assert result.returncode == 0, result.stdout
    assert "10 passed" in result.stdout
    for name in BOARDS:
        report = json.loads((place / "out" / f"hil-lab-{name}.json").read_text())
        assert (report["verdict"], report["board"]) == ("pass", f"stm32f405 at lab:{name}")
        assert client("-p", name, "release").returncode == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("targets: {}\n", "has no targets: docs/lab.md shows a file"),
        ("[1]\n", "has no targets"),
        ("targets: [\n", "cannot be read"),
    ],
)
def test_a_wrong_environment_is_refused(tmp_path, text, message):
    path = tmp_path / "lab.yaml"
    path.write_text(text)
    with pytest.raises(LayoutError, match=message):
        lab.names_of(path)


class Target:
    drivers = ()

    def __init__(self, protocol):
        self.line = type("Line", (), {"protocol": protocol, "host": "lab", "port": 4000})

    def get_resource(self, name):
        assert name == "NetworkSerialPort"
        return self.line


@pytest.mark.parametrize(("protocol", "url"), [("rfc2217", "rfc2217://lab:4000"), ("raw", "socket://lab:4000")])
def test_the_line_of_a_place_becomes_a_port(protocol, url):
    environment = type("Environment", (), {"get_target": lambda self, role: Target(protocol)})()
    assert lab.open_place(environment, "left").port == url


def test_a_line_of_another_kind_is_refused():
    environment = type("Environment", (), {"get_target": lambda self, role: Target("x")})()
    with pytest.raises(BoardNotFoundError, match="its line speaks 'x'; allowed are rfc2217 and raw"):
        lab.open_place(environment, "left")
