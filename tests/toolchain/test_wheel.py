"""What `pip install .` gives: a wheel that works in a fresh environment, with no checkout in sight."""

import email
import os
import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
from places import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    # Built from a copy of what is under version control: the checkout gets no build directory of its own.
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_file():
            (source / name).write_bytes((ROOT / name).read_bytes())
    # An earlier build left a module that has another name now.
    (source / "build" / "lib" / "designer").mkdir(parents=True)
    (source / "build" / "lib" / "designer" / "former_name.py").touch()
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([*command, "-w", out, source], check=True, capture_output=True, timeout=300)
    (path,) = out.glob("proscenium-*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    home = tmp_path_factory.mktemp("venv")
    venv.create(home, with_pip=False)
    command = [sys.executable, "-m", "pip", "--python", home / "bin" / "python", "install", "-q"]
    subprocess.run([*command, "--no-deps", "--no-index", wheel], check=True, capture_output=True, timeout=300)
    # The dependencies come from the test's own environment; its editable install is not seen this way, because
    # path files work in site directories only.
    environment = {
        **os.environ,
        "PYTHONPATH": sysconfig.get_paths()["purelib"],
        "XDG_CACHE_HOME": str(home / "cache"),
    }
    return home / "bin", environment


def run(installed, *arguments, cwd):
    binaries, environment = installed
    command = [binaries / "proscenium", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300)


def test_wheel_carries_every_resource(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    tracked = subprocess.run(
        ["git", "ls-files", "firmware", "layouts", "templates"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert {f"designer/_resources/{name}" for name in tracked.stdout.split()} <= names
    page = {path.relative_to(ROOT).as_posix() for path in (ROOT / "designer/studio/static").rglob("*.*")}
    assert page <= names


def test_wheel_carries_the_designer_and_nothing_else(wheel):
    """The harness, the benchmarks and the tests stay in the checkout."""
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names} == {"designer", f"{wheel.name.rpartition('-py3')[0]}.dist-info"}
    kinds = {name.split("/")[2] for name in names if name.startswith("designer/_resources/")}
    assert kinds == {"firmware", "layouts", "templates"}
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "designer").rglob("*.py")}
    assert {name for name in names if name.endswith(".py") and "/_resources/" not in name} == modules


def test_designer_needs_none_of_what_stays_behind():
    imports = re.compile(r"^\s*(?:from|import) (hil_tests|benchmarks|tests)\b", re.MULTILINE)
    assert [path for path in (ROOT / "designer").rglob("*.py") if imports.search(path.read_text())] == []


def test_versions_of_python_are_those_that_are_tested(wheel):
    (name,) = [name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".dist-info/METADATA")]
    metadata = email.message_from_bytes(zipfile.ZipFile(wheel).read(name))
    assert metadata["Requires-Python"] == "<3.14,>=3.11"
    versions = [line.rpartition(" ")[2] for line in metadata.get_all("Classifier") if "Python :: 3." in line]
    assert versions == ["3.11", "3.12", "3.13"]


def test_installed_package_is_the_one_in_the_wheel(installed, tmp_path):
    binaries, environment = installed
    command = [binaries / "python", "-c", "import designer; print(designer.__path__[0])"]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert Path(result.stdout.strip()).is_relative_to(binaries.parent)


def test_wheel_lists_layouts_and_builds_an_image(installed, tmp_path):
    result = run(installed, "layouts", cwd=tmp_path)
    assert "front3" in result.stdout, result.stderr
    result = run(installed, "build", "pair2", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "build" / "pair2" / "firmware.elf").is_file()
    assert str(ROOT) not in result.stdout + result.stderr
