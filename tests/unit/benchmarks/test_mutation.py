"""The mutants are the small faults that are promised: each is one change, in the order of the code, and no more."""

import ast
import textwrap
from pathlib import Path

import pytest

from benchmarks.mutation.child import import_root
from benchmarks.mutation.mutants import mutants, mutate


def changes(source):
    return [mutant.change for mutant in mutants(textwrap.dedent(source))]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("a < b", ["a < b  →  a <= b", "a < b  →  a >= b"]),
        ("a == b", ["a == b  →  a != b"]),
        ("a < b <= c", ["a < b <= c  →  a <= b <= c", "a < b <= c  →  a >= b <= c"]),
        ("a + b", ["a + b  →  a - b"]),
        ("a << b", ["a << b  →  a >> b"]),
        ("-a", ["-a  →  a"]),
        ("a and b", ["a and b  →  a or b"]),
        ("7", ["7  →  8", "7  →  6"]),
        ("True", ["True  →  False"]),
        ("min(a)", ["min(a)  →  max(a)"]),
        ("np.all(a)", ["np.all(a)  →  np.any(a)"]),
        ("a + 'text'", []),
        ("f'{a + b}'", []),
        ("zip(a, strict=True)", []),
    ],
)
def test_an_expression_has_the_changes_of_its_kind(code, expected):
    found = changes(f"x = {code}")
    assert found[: len(expected)] == expected
    assert bool(found) == bool(expected)


def test_statements_are_left_out():
    source = """
    def f(a):
        a.append(b)
        if a:
            raise ValueError(a)
        return a
    """
    assert changes(source) == [
        "a.append(b)  →  pass",
        "a  →  not a",
        "raise ValueError(a)  →  pass",
        "return a  →  return None",
    ]


def test_annotations_decorators_and_texts_stay():
    source = '''
    """Text of 3 words."""
    @decorated(frozen=True)
    def f(a: Literal[1] = b) -> int | None:
        """Also text."""
    '''
    assert changes(source) == []


def test_each_mutant_is_its_own_change_and_no_other():
    source = "def f(a, b):\n    return a * 2 < b - 3\n"
    found = mutants(source)
    texts = [ast.unparse(mutate(source, mutant.index)) for mutant in found]
    assert len(set(texts)) == len(texts)
    assert "def f(a, b):\n    return a * 2 < b + 3" in texts
    assert ast.unparse(ast.parse(source)) not in texts
    assert [mutant.index for mutant in found] == list(range(len(found)))
    assert {mutant.line for mutant in found} == {2}


def test_a_mutant_behaves_as_it_says():
    source = "def f(a, b):\n    return a < b\n"
    results = []
    for mutant in mutants(source):
        names = {}
        exec(compile(mutate(source, mutant.index), "mutant", "exec"), names)
        results.append((mutant.change, names["f"](1, 1), names["f"](1, 2)))
    assert results == [
        ("return a < b  →  return None", None, None),
        ("a < b  →  a <= b", True, True),
        ("a < b  →  a >= b", True, False),
    ]


def test_what_keeps_its_results_is_known():
    source = "@functools.cache\ndef f():\n    return 1\n\n\ndef g():\n    return 2\n"
    assert {(mutant.line, mutant.cached) for mutant in mutants(source)} == {(3, True), (7, False)}


@pytest.mark.parametrize("file", ["a/b.py", "a/b/__init__.py"])
def test_packages_and_modules_are_imported_from_one_folder(file):
    """Otherwise the modules that are loaded already stay, and no test ever meets the mutant."""
    assert import_root("a.b", Path("/tree") / file) == Path("/tree")
