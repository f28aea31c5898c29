"""The page of errors, written from the places in the code where they are raised."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import safespace
from safespace import errors
from safespace.errors import FACES, Remedy

if TYPE_CHECKING:
    from collections.abc import Iterator

    Scope = dict[str, list[ast.expr]]

_ANY = "…"  # stands for what is filled in when the error is raised
_NAMES = {"cli": "command line", "app": "app", "library": "library"}


@dataclass(frozen=True)
class Raised:
    """One place where an error is raised.

    Parameters
    ----------
    code, kind, what
        The error's code, class and sentence; an ellipsis stands for what is filled in.
    remedies
        What it says can be done, each way it may say it.
    room, line
        Where in the package.
    """

    code: str
    kind: str
    what: str
    remedies: tuple[Remedy, ...]
    room: str
    line: int


def raised() -> tuple[Raised, ...]:
    """Return every place in the package where an error is made, in the order of the files."""
    folder = Path(safespace.__file__).parent
    return tuple(
        one
        for path in sorted(folder.rglob("*.py"))
        for one in _in_module(path, path.relative_to(folder).as_posix())
    )


def describe_errors() -> str:
    """Return the page that lists every code with its meaning and its remedies."""
    by_code: dict[str, list[Raised]] = {}
    for one in raised():
        by_code.setdefault(one.code, []).append(one)
    told = [_describe(code, by_code[code]) for code in sorted(by_code)]
    return "\n".join([*_HEAD, *told])


_HEAD = (
    "# Errors",
    "",
    "Written from the code by `make docs`; a test holds it to the code.",
    "",
    "Every error has a stable code and parts: what is wrong, where, what was seen, and a remedy for each face. The command",
    "line writes one paragraph to standard error and ends with exit code 2; with `--json` it writes one document",
    '`{"error": {"code", "what", "where", "seen", "remedy"}}` to standard output instead. The app shows its own remedy. Those',
    'who call functions read `problem.code` and `problem.parts("library")`. An ellipsis stands for what is filled in.',
    "",
)


def _describe(code: str, places: list[Raised]) -> str:
    rooms = ", ".join(sorted({f"`{place.room}`" for place in places}))
    says = " / ".join(dict.fromkeys(place.what for place in places))
    remedies = dict.fromkeys(remedy for place in places for remedy in place.remedies)
    faced = dict.fromkeys(f"- {line}" for remedy in remedies for line in _at_each_face(remedy))
    return "\n".join([f"## {code}", "", f"{says} (`{places[0].kind}`, {rooms})", "", *faced, ""])


def _at_each_face(remedy: Remedy) -> list[str]:
    if len({remedy.at(face) for face in FACES}) == 1:
        return [remedy.cli]
    return [f"{_NAMES[face]}: {remedy.at(face)}" for face in FACES]


def _in_module(path: Path, room: str) -> Iterator[Raised]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    scope = _scope(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in _KINDS:
            yield from _read(node, scope, room)


_KINDS = {name for name in vars(errors) if name.endswith("Error")} | {"HeldDifferentlyError"}


def _read(call: ast.Call, scope: Scope, room: str) -> Iterator[Raised]:
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    code = given.get("code", ast.Constant(""))
    remedies = _remedies(given["remedy"], scope) if "remedy" in given else ()
    whats, names = _branches(call.args[0]), _branches(code)
    # one condition may choose the sentence and the code
    for what, name in zip(whats, names if len(names) == len(whats) else names * len(whats), strict=False):
        (said, *_), (named, *_) = _texts(what, scope), _texts(name, scope)
        yield Raised(named, _name(call.func), said, remedies, room, call.lineno)


def _remedies(node: ast.expr, scope: Scope) -> tuple[Remedy, ...]:
    found: list[Remedy] = []
    for one in _reached(node, scope):
        if isinstance(one, ast.Call) and _name(one.func) == "Remedy":
            faced = {keyword.arg: _texts(keyword.value, scope)[0] for keyword in one.keywords}
            found.append(Remedy(*(faced[face] for face in FACES)))
        elif isinstance(one, ast.Call) and _name(one.func) == "limit":
            found.append(Remedy.limit(*(_texts(arg, scope)[0] for arg in one.args)))
        else:
            found += map(Remedy.same, _texts(one, scope))
    return tuple(found)


def _branches(node: ast.expr) -> list[ast.expr]:
    return [*_branches(node.body), *_branches(node.orelse)] if isinstance(node, ast.IfExp) else [node]


def _reached(node: ast.expr, scope: Scope) -> list[ast.expr]:
    """Return what an expression may be: each branch, and what its names and functions stand for in this module."""
    if isinstance(node, ast.IfExp):
        return [one for branch in _branches(node) for one in _reached(branch, scope)]
    if isinstance(node, ast.Subscript):  # one of a table
        held = [one for one in _reached(node.value, scope) if isinstance(one, ast.Dict)]
        return [value for one in held for value in one.values] or [node]
    reached = node.func if isinstance(node, ast.Call) else node
    known = scope.get(reached.id, []) if isinstance(reached, ast.Name) else []
    return [one for value in known for one in _reached(value, scope)] or [node]


def _texts(node: ast.expr, scope: Scope) -> list[str]:
    """Return the texts an expression may be, an ellipsis where a part is not written in the code."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.JoinedStr):
        return ["".join(_texts(part, scope)[0] for part in node.values)]
    if isinstance(node, ast.BinOp):
        return ["".join(_texts(part, scope)[0] for part in (node.left, node.right))]
    reached = _reached(node, scope)
    if reached == [node] or isinstance(node, ast.FormattedValue):
        return [_ANY]
    return [text for one in reached for text in _texts(one, scope)]


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _scope(tree: ast.Module) -> Scope:
    """Return what a module's names of texts and its functions that return them stand for."""
    found: Scope = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                _note(found, target, node.value)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            _note(found, node.target, node.value)
        elif isinstance(node, ast.FunctionDef) and node.returns and ast.unparse(node.returns) in _SAID:
            answers = [one.value for one in ast.walk(node) if isinstance(one, ast.Return)]
            found[node.name] = [answer for answer in answers if answer is not None]
    return found


_SAID = {"str", "Remedy"}


def _note(found: Scope, target: ast.expr, value: ast.expr) -> None:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, its in zip(target.elts, value.elts, strict=True):
            _note(found, one, its)
    elif isinstance(target, ast.Name):
        found.setdefault(target.id, []).append(value)
