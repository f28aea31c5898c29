"""The house as drawn is the house as built: rooms, arrows and no circles."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
START, END = (
    "<!-- imports: SAFESPACE_REDRAW=1 pytest tests/test_architecture.py writes these lines -->",
    "<!-- end of imports -->",
)


def modules() -> dict[str, Path]:
    files = {
        path: path.relative_to(ROOT).with_suffix("").parts for path in (ROOT / "safespace").rglob("*.py")
    }
    return {".".join(parts).removesuffix(".__init__"): path for path, parts in files.items()}


def imports_of(path: Path, known: dict[str, Path]) -> set[str]:
    """Return the modules of ours that a file names in its imports, those for types only among them."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "safespace":
            named = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in known else node.module for name in named}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name in known}
    return found


@pytest.fixture(scope="module")
def arrows() -> dict[str, set[str]]:
    known = modules()
    # A package's own front hands on what is inside it, lazily or not: that is no arrow between files.
    return {
        name: {used for used in imports_of(path, known) if used != name}
        for name, path in known.items()
        if path.name != "__init__.py"
    }


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else "safespace"


def drawn(arrows: dict[str, set[str]]) -> str:
    """Return each room with the rooms it imports, as the page lists them."""
    seen: dict[str, set[str]] = {}
    for name, used in arrows.items():
        seen.setdefault(room(name), set()).update(room(one) for one in used)
    return "\n".join(
        f"- `{name}` → {', '.join(f'`{one}`' for one in sorted(uses - {name, 'safespace'})) or 'nothing'}"
        for name, uses in sorted(seen.items())
        if name != "safespace"
    )


def test_the_page_lists_the_imports_as_they_are(arrows):
    """SAFESPACE_REDRAW=1 writes the page anew."""
    before, _, rest = PAGE.partition(START)
    listed, _, after = rest.partition(END)
    if os.environ.get("SAFESPACE_REDRAW") == "1":
        text = f"{before}{START}\n\n{drawn(arrows)}\n\n{END}{after}"
        (ROOT / "docs" / "architecture.md").write_text(text, encoding="utf-8")
        listed = drawn(arrows)
    assert listed.strip() == drawn(arrows)


def test_the_layers_of_the_contract_are_the_rooms_of_the_page():
    contract = (
        (ROOT / "pyproject.toml").read_text(encoding="utf-8").partition("layers = [")[2].partition("]")[0]
    )
    rooms = re.findall(r"[a-z_]+", re.sub(r"#.*", "", contract))
    table = re.findall(r"^\| `([a-z_]+)/?` \|", PAGE, flags=re.MULTILINE)
    assert set(table) == set(rooms) - {"__main__"}
