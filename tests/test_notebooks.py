"""Every notebook runs from top to bottom, and defines no functions of its own."""

from __future__ import annotations

import ast
import runpy
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.py"))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_only_calls(notebook, capsys):
    tree = ast.parse(notebook.read_text())
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    told = runpy.run_path(str(notebook))
    assert len(told["found"].places) >= 3
    assert "rows read" in capsys.readouterr().out
