"""Imports point down only: the floors of DESIGN.md, read from the code itself."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]

FLOORS = {
    "designer.beside": 0,
    "designer.columns": 0,
    "designer.errors": 0,
    "designer.files": 0,
    "designer.layout": 0,
    "designer.layout_checks": 0,
    "designer.layout_messages": 0,
    "designer.layout_reference": 1,
    "designer.layout_text": 1,
    "designer.sketch": 1,
    "designer.protocol": 0,
    "designer.protocol_document": 0,
    "designer.resources": 0,
    "designer.triangular": 0,
    "designer.acoustics": 0,
    "designer.filters": 1,
    "designer.fixedpoint": 2,
    "designer.evaluation": 3,
    "designer.report": 4,
    "designer.codegen": 4,
    "designer.export": 4,
    "designer.toolchain": 4,
    "designer.pipeline": 5,
    "designer.audio_files": 1,
    "designer.binaural": 2,
    "designer.render": 5,
    "designer.sweep": 5,
    "designer.reporting": 5,
    "designer.cli": 6,
    "designer.views": 6,
    "hil_tests": 6,
}


def room(module):
    """The longest known prefix of a module's name."""
    parts = module.split(".")
    for size in (2, 1):
        if ".".join(parts[:size]) in FLOORS:
            return ".".join(parts[:size])
    return None


def modules():
    for package in ("designer", "hil_tests"):
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            if name != "designer":
                yield name, path


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_every_module_has_a_floor():
    assert [name for name, _ in modules() if room(name) is None] == []


def test_imports_point_down():
    upward = [
        f"{name} (floor {FLOORS[room(name)]}) imports {target} (floor {FLOORS[room(target)]})"
        for name, path in modules()
        for target in imports(path)
        if room(target) is not None and room(target) != room(name) and FLOORS[room(target)] > FLOORS[room(name)]
    ]
    assert upward == []


def test_rooms_on_one_floor_do_not_form_a_circle():
    edges = {
        (room(name), room(target))
        for name, path in modules()
        for target in imports(path)
        if room(target) not in (None, room(name))
        and FLOORS[room(target)] == FLOORS[room(name)]
        and FLOORS[room(name)] < 6
    }
    reachable = set(edges)
    while True:
        more = {(a, d) for a, b in reachable for c, d in reachable if b == c} - reachable
        if not more:
            break
        reachable |= more
    # The layout is one thing in three files: what it is, what is checked, how faults are told.
    circles = {(a, b) for a, b in reachable if a == b and not a.startswith("designer.layout")}
    assert circles == set()


def test_the_core_neither_prints_nor_exits():
    found = []
    for name, path in modules():
        if FLOORS[room(name)] >= 6:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("print", "exit"):
                found.append(f"{name}:{node.lineno}")
    assert found == []


def test_templates_do_no_arithmetic():
    found = []
    for path in sorted((ROOT / "templates").glob("*.j2")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for expression in re.findall(r"\{[{%](.*?)[%}]\}", line):
                bare = re.sub(r"\"[^\"]*\"|'[^']*'", "", expression).strip("- ")
                if re.search(r"[*/+]|(?<=\w) - ", bare):
                    found.append(f"{path.name}:{number}: {expression.strip()}")
    assert found == []
