"""The layers of DESIGN.md, read from the imports of the code itself."""

import ast
import re
from functools import cache

from places import ROOT

# From the lowest layer to the highest: a package imports from lower layers, and from its own layer without a cycle.
LAYERS = (
    ("designer.errors", "designer.files", "designer.resources", "designer.numerics", "designer.protocol"),
    ("designer.layout",),
    ("designer.acoustics", "designer.dsp"),
    ("designer.filters",),
    ("designer.fixedpoint", "designer.evaluation"),
    ("designer.codegen", "designer.toolchain"),
    ("designer.design",),
    ("designer.report", "designer.export", "designer.render", "designer.board"),
    ("designer.regression", "designer.sweep"),
    ("designer.cli",),
    ("hil_tests",),
    ("benchmarks",),
)
LAYER_OF = {name: number for number, names in enumerate(LAYERS) for name in names}


def package(module):
    """The package, or the module at the top of `designer`, that a module belongs to; None outside the project."""
    parts = module.split(".")
    for size in (2, 1):
        if ".".join(parts[:size]) in LAYER_OF:
            return ".".join(parts[:size])
    return None


def modules():
    for top in ("designer", "hil_tests", "benchmarks"):
        for path in sorted((ROOT / top).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            if name != "designer":
                yield name, path


@cache
def imports(path):
    """Every import of a file, those inside functions as well."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
    return found


def cycles(edges):
    """Nodes on a cycle, or between two: what remains when nodes without a way in or a way out are taken away."""
    edges = set(edges)
    while True:
        sources, targets = {a for a, _ in edges}, {b for _, b in edges}
        kept = {(a, b) for a, b in edges if a in targets and b in sources}
        if kept == edges:
            return sorted(sources | targets)
        edges = kept


def test_every_module_has_a_layer():
    assert [name for name, _ in modules() if package(name) is None] == []


def test_imports_point_down():
    upward = [
        f"{name} imports {target}"
        for name, path in modules()
        for target in imports(path)
        if package(target) not in (None, package(name)) and LAYER_OF[package(target)] > LAYER_OF[package(name)]
    ]
    assert upward == []


def test_packages_form_no_cycle():
    edges = {(package(name), package(target)) for name, path in modules() for target in imports(path)}
    assert cycles({(a, b) for a, b in edges if b not in (None, a)}) == []


def test_modules_form_no_cycle():
    known = dict(modules())
    edges = set()
    for name, path in known.items():
        for target in imports(path):
            found = target if target in known else target.rpartition(".")[0]
            if found in known and found != name:
                edges.add((name, found))
    assert cycles(edges) == []


def test_the_core_neither_prints_nor_exits():
    found = []
    for name, path in modules():
        if LAYER_OF[package(name)] >= LAYER_OF["designer.cli"]:
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


def test_the_design_document_draws_these_layers():
    drawn = re.search(r"^```layers\n(.*?)^```$", (ROOT / "DESIGN.md").read_text(), re.MULTILINE | re.DOTALL).group(1)
    rows = [re.match(r" *(\d+)  (\S+(?: · \S+)*)", line).groups() for line in drawn.splitlines()]
    layers = {int(number): set(names.split(" · ")) for number, names in rows}
    assert layers == {
        number: {name.removeprefix("designer.") for name in names} for number, names in enumerate(LAYERS, 1)
    }
