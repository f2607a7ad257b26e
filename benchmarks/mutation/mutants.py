"""Mutants of a module: its syntax tree with one small change each.

What is changed: comparisons, arithmetic and bit operations, signs, Boolean operations and conditions, numbers by one,
truth values, `min` and `max`, `any` and `all`, returned values, calls whose value nobody uses, and raised errors.
What is not: texts, annotations, decorators, and the keyword ``strict`` of `zip`, which only guards against slips.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitAnd,
}
_CALLS = {"min": "max", "max": "min", "any": "all", "all": "any", "minimum": "maximum", "maximum": "minimum"}
_SKIPPED_FIELDS = {"annotation", "returns", "decorator_list", "type_params"}
_CACHES = {"cache", "lru_cache", "cached_property"}


@dataclass(frozen=True)
class Mutant:
    """One change of a module.

    Attributes
    ----------
    index : int
        Place among the mutants of the module.
    line, column : int
        Where the changed code begins; lines count from 1, columns from 0.
    change : str
        Code before and after.
    cached : bool
        The code lies in a function whose results are kept, so that a test may use it without running it.
    """

    index: int
    line: int
    column: int
    change: str
    cached: bool


@dataclass
class _Place:
    parent: ast.AST
    field: str
    index: int | None
    child: ast.AST
    cached: bool

    def put(self, child: ast.AST) -> None:
        if self.index is None:
            setattr(self.parent, self.field, child)
        else:
            getattr(self.parent, self.field)[self.index] = child


def mutants(source: str) -> list[Mutant]:
    """List the mutants of a module's source in the order of the code."""
    return [
        Mutant(n, place.child.lineno, place.child.col_offset, _describe(place.child, changed), place.cached)  # type: ignore[attr-defined]
        for n, (place, changed) in enumerate(_changes(ast.parse(source)))
    ]


def mutate(source: str, index: int) -> ast.Module:
    """Return the syntax tree of a module with the change of one mutant."""
    tree = ast.parse(source)
    place, changed = next(change for n, change in enumerate(_changes(tree)) if n == index)
    place.put(ast.copy_location(changed, place.child))
    return ast.fix_missing_locations(tree)


def _changes(tree: ast.Module) -> Iterator[tuple[_Place, ast.AST]]:
    for place in list(_places(tree, cached=False)):
        for changed in _replacements(place):
            yield place, changed


def _places(parent: ast.AST, cached: bool) -> Iterator[_Place]:
    if isinstance(parent, ast.JoinedStr):
        return
    for field, value in ast.iter_fields(parent):
        if field in _SKIPPED_FIELDS:
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(child, ast.AST) or (isinstance(child, ast.keyword) and child.arg == "strict"):
                continue
            inside = cached or _keeps_results(child)
            yield _Place(parent, field, index, child, cached)
            yield from _places(child, inside)


def _keeps_results(node: ast.AST) -> bool:
    if not isinstance(node, ast.FunctionDef):
        return False
    return any(
        _CACHES & {getattr(n, "id", ""), getattr(n, "attr", "")} for d in node.decorator_list for n in ast.walk(d)
    )


def _replacements(place: _Place) -> Iterator[ast.AST]:
    node = place.child
    if place.field == "test" and isinstance(node, ast.expr) and not isinstance(node, ast.Compare):
        yield ast.UnaryOp(ast.Not(), copy.deepcopy(node))
    if isinstance(node, ast.Compare):
        for n, operator in enumerate(node.ops):
            for other in _COMPARISONS[type(operator)]:
                yield _with(node, ops=[*node.ops[:n], other(), *node.ops[n + 1 :]])
    elif isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in _OPERATORS and not _joins_texts(node):
        yield _with(node, op=_OPERATORS[type(node.op)]())
    elif isinstance(node, ast.BoolOp):
        yield _with(node, op=ast.And() if isinstance(node.op, ast.Or) else ast.Or())
    elif isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.UAdd):
        yield copy.deepcopy(node.operand)
    elif isinstance(node, ast.Constant):
        yield from _numbers(node.value)
    elif isinstance(node, ast.Call):
        yield from _other_call(node)
    elif isinstance(node, ast.stmt):
        yield from _statements(node)


def _numbers(value: object) -> Iterator[ast.AST]:
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int | float):
        yield ast.Constant(value + 1)
        yield ast.Constant(value - 1)


def _other_call(node: ast.Call) -> Iterator[ast.AST]:
    function = node.func
    if isinstance(function, ast.Name) and function.id in _CALLS:
        yield _with(node, func=ast.Name(_CALLS[function.id], ast.Load()))
    elif isinstance(function, ast.Attribute) and function.attr in _CALLS:
        yield _with(node, func=_with(function, attr=_CALLS[function.attr]))


def _statements(node: ast.stmt) -> Iterator[ast.AST]:
    if isinstance(node, ast.Return) and node.value is not None:
        yield ast.Return(ast.Constant(None))
    elif isinstance(node, ast.Raise) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
        yield ast.Pass()
    elif isinstance(node, ast.Continue):
        yield ast.Break()
    elif isinstance(node, ast.Break):
        yield ast.Continue()


def _joins_texts(node: ast.BinOp | ast.AugAssign) -> bool:
    sides = (node.left, node.right) if isinstance(node, ast.BinOp) else (node.value,)
    return any(isinstance(n, ast.JoinedStr) or isinstance(getattr(n, "value", None), str | bytes) for n in sides)


def _with(node: ast.AST, **fields: object) -> ast.AST:
    changed = copy.deepcopy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def _describe(before: ast.AST, after: ast.AST) -> str:
    texts = (" ".join(ast.unparse(ast.fix_missing_locations(node)).split()) for node in (before, after))
    return "  →  ".join(texts)
