"""No circle of files: whoever reads one file can read what it rests on first.

Imports are read from the source, wherever in a file they stand, but for those that only annotate
(``TYPE_CHECKING``). A name asked of a lazy room is an import of the module that defines it.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[1] / "safespace"
Graph = dict[str, set[str]]


def modules(root: Path) -> dict[str, Path]:
    """Return each module of a package by its dotted name; a room goes by the name of its folder."""
    found = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def statements(tree: ast.AST) -> list[ast.Import | ast.ImportFrom]:
    """Return the imports that run, in functions too, without those for annotations."""
    found: list[ast.Import | ast.ImportFrom] = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            found += [one for child in node.orelse for one in statements(ast.Module([child], []))]
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found.append(node)
        else:
            found += statements(node)
    return found


def package_of(module: str, path: Path) -> str:
    return module if path.name.startswith("__init__") else module.rpartition(".")[0]


def source_of(node: ast.ImportFrom, package: str) -> str:
    above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
    return ".".join([*above, *([node.module] if node.module else [])])


def offered(room: str, path: Path) -> dict[str, str]:
    """Return where a room's lazily offered names are defined, from the stub beside its ``__init__``."""
    stub = path.with_suffix(".pyi")
    if path.name != "__init__.py" or not stub.exists():
        return {}
    nodes = [node for node in ast.parse(stub.read_text()).body if isinstance(node, ast.ImportFrom)]
    return {
        alias.asname or alias.name: f"{source_of(node, room)}:{alias.name}"
        for node in nodes
        for alias in node.names
    }


@dataclass(frozen=True)
class House:
    """The modules of a package, and what its lazy rooms offer."""

    files: dict[str, Path]
    offers: dict[str, dict[str, str]]

    @classmethod
    def at(cls, root: Path) -> House:
        files = modules(root)
        return cls(files, {room: offered(room, path) for room, path in files.items()})

    def defined(self, source: str, name: str) -> str:
        """Return the module that ``from source import name`` reads in the end."""
        if f"{source}.{name}" in self.files:
            return f"{source}.{name}"
        if name in self.offers.get(source, {}):
            return self.defined(*self.offers[source][name].split(":"))
        return source

    def needed(self, module: str) -> set[str]:
        """Return the modules that one needs in order to run."""
        tree, package = ast.parse(self.files[module].read_text()), package_of(module, self.files[module])
        needed: set[str] = set()
        for node in statements(tree):
            if isinstance(node, ast.Import):
                needed |= {alias.name for alias in node.names}
                continue
            for alias in node.names:
                target = self.defined(source_of(node, package), alias.name)
                whole = bool(self.offers.get(target))
                needed |= self.asked(tree, alias.asname or alias.name, target) if whole else {target}
        return (needed & set(self.files)) - {module}

    def asked(self, tree: ast.AST, called: str, room: str) -> set[str]:
        """Return where the names are defined that a module asks of a lazy room it imported whole."""
        nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
        names = {node.attr for node in nodes if isinstance(node.value, ast.Name) and node.value.id == called}
        return {self.defined(room, name) for name in names} - {room}


def imported(root: Path) -> Graph:
    """Return for each module of a package the modules it needs in order to run."""
    house = House.at(root)
    return {module: house.needed(module) for module in house.files}


def circle(graph: Graph) -> list[str]:
    """Return the modules of one circle in order, or none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as problem:
        return list(problem.args[1])
    return []


def test_there_is_no_circle_of_files():
    graph = imported(HOUSE)
    assert len(graph) > 200
    assert circle(graph) == []


def test_what_a_lazy_room_offers_is_asked_of_where_it_is_defined():
    graph = imported(HOUSE)
    assert "safespace.hotspots.finding" in graph["safespace.pipeline.places"]
    assert "safespace.hotspots" not in graph["safespace.pipeline.places"]
    assert "safespace.pipeline.places" in graph["safespace.app.cache"]


@pytest.mark.parametrize(
    ("files", "round_about"),
    [
        ({"a": "from made.b import x", "b": "def f():\n    from made import a"}, True),
        ({"a": "from made.room import x", "room/deep": "import made.a"}, True),
        ({"a": "from made import room\nroom.x()", "room/deep": "import made.a"}, True),
        ({"a": "from made import room\nroom.y()", "room/deep": "import made.a", "room/other": ""}, False),
        ({"a": "from made.b import x", "b": "if TYPE_CHECKING:\n    from made.a import X"}, False),
        ({"a": "from made.b import x", "b": ""}, False),
    ],
)
def test_a_circle_is_found_and_annotations_make_none(tmp_path, files, round_about):
    root = tmp_path / "made"
    (root / "room").mkdir(parents=True)
    (root / "__init__.py").touch()
    (root / "room/__init__.py").write_text("import lazy_loader")
    (root / "room/__init__.pyi").write_text("from .deep import x\nfrom .other import y\n")
    for name, text in files.items():
        (root / f"{name}.py").write_text(text)
    assert bool(circle(imported(root))) == round_about
