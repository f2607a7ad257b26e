"""The layers of DESIGN.md, read from the imports of the code itself."""

import ast
import re
from functools import cache

import pytest
from places import ROOT

# From the lowest layer to the highest: a package imports from lower layers, and from its own layer without a cycle.
LAYERS = (
    (
        "designer.errors",
        "designer.files",
        "designer.temporary",
        "designer.resources",
        "designer.numerics",
        "designer.protocol",
    ),
    ("designer.layout",),
    ("designer.acoustics", "designer.dsp"),
    ("designer.filters",),
    ("designer.fixedpoint", "designer.evaluation"),
    ("designer.codegen", "designer.toolchain"),
    ("designer.design",),
    ("designer.report", "designer.export", "designer.render", "designer.board"),
    ("designer.regression", "designer.sweep"),
    ("designer.studio",),
    ("designer.cli",),
    ("hil_tests",),
    ("benchmarks",),
)
IMPORTING_CALLS = ("__import__", "import_module", "importlib.import_module")
OUTPUTS_AND_EXITS = ("print", "exit", "quit", "sys.exit", "sys.stdout", "sys.stderr", "SystemExit")
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


def imports_of(source, path):
    """Every import in the text of a file: at its top, inside functions, for type checkers, relative or by a call."""
    folders = path.relative_to(ROOT).parts[:-1]
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            base = (
                ".".join((*folders[: len(folders) + 1 - node.level], node.module or "")) if node.level else node.module
            )
            found += [f"{base.rstrip('.')}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in IMPORTING_CALLS:
            found += [argument.value for argument in node.args[:1] if isinstance(argument, ast.Constant)]
    return found


@cache
def imports(path):
    return imports_of(path.read_text(), path)


def outputs_and_exits(source):
    """Names by which a module prints or exits, with their lines."""
    return [
        (node.lineno, ast.unparse(node))
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node) in OUTPUTS_AND_EXITS
    ]


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


def test_the_package_itself_imports_nothing():
    """`import designer` runs this file, and so does the import of any module."""
    assert imports(ROOT / "designer" / "__init__.py") == []


def test_designer_needs_no_test():
    """Tests import helpers by the names of their files, which are on the path in a test only."""
    helpers = {"tests", *(path.stem for path in (ROOT / "tests").rglob("*.py"))}
    found = [
        f"{name} imports {target}"
        for name, path in modules()
        for target in imports(path)
        # The mutations of registers judge the tests, so they load them.
        if target.partition(".")[0] in helpers and not name.startswith("benchmarks.register_mutations")
    ]
    assert found == []


# A program of its own, which the other code starts.
VIRTUAL_BOARD = "designer.board.virtual.__main__"


def test_the_core_neither_prints_nor_exits():
    found = [
        f"{name}:{line}: {what}"
        for name, path in modules()
        if LAYER_OF[package(name)] < LAYER_OF["designer.cli"] and name != VIRTUAL_BOARD
        for line, what in outputs_and_exits(path.read_text())
    ]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "from designer.cli import main",
        "from designer import cli",
        "import designer.cli as command",
        "def inside():\n    from designer.cli import main",
        "if TYPE_CHECKING:\n    from designer.cli import main",
        "from ..cli import main",
        "from .. import cli",
        "importlib.import_module('designer.cli')",
    ],
)
def test_an_import_of_any_form_is_seen(source):
    found = imports_of(source, ROOT / "designer" / "layout" / "text.py")
    assert [package(target) for target in found] == ["designer.cli"]


def test_a_relative_import_starts_at_the_folder():
    assert imports_of("from . import text", ROOT / "designer" / "layout" / "__init__.py") == ["designer.layout.text"]
    assert imports_of("from .text import draw", ROOT / "designer" / "layout" / "load.py") == [
        "designer.layout.text.draw"
    ]


def test_a_cycle_is_found():
    assert cycles({("a", "b"), ("b", "c"), ("c", "b"), ("c", "d")}) == ["b", "c"]
    assert cycles({("a", "b"), ("b", "c"), ("a", "c")}) == []


@pytest.mark.parametrize("source", ["print(1)", "sys.exit(3)", "raise SystemExit(3)", "sys.stdout.write('')"])
def test_output_of_any_form_is_seen(source):
    assert len(outputs_and_exits(source)) == 1


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
