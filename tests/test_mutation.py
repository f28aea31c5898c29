"""The run of mutants counts what it says, and covers what it names."""

from __future__ import annotations

import json
import math
import tomllib
from pathlib import Path

import pytest
from mutation import (
    ROOT,
    Tally,
    difference,
    drawn,
    functions,
    mutated,
    outcomes,
    plain,
    survivors,
    table,
    tally,
)

SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mutmut"]


def test_wilsons_interval_by_hand():
    # 81 of 90, z 1.96: (0.9 + 0.02134) / 1.04268 give or take 0.0638
    low, high = Tally(made=1000, tried=90, killed=81).interval()
    assert (low, high) == pytest.approx((0.8207, 0.9465), abs=5e-4)
    assert Tally(made=1000, tried=90, killed=90).interval()[1] == pytest.approx(1)
    narrow = Tally(made=1000, tried=90, killed=81).interval(level=0.8)
    assert low < narrow[0] < 0.9 < narrow[1] < high


def test_where_all_were_tried_there_is_no_interval():
    assert Tally(made=90, tried=90, killed=81).interval() == (0.9, 0.9)
    assert math.isnan(Tally(made=90, tried=0, killed=0).score)


def test_only_what_was_drawn_and_tried_counts():
    noted = {"a": 1, "b": 0, "c": 33, "d": -24, "e": None, "f": 1, "g": 5}
    assert tally(noted, set("abcdeg")) == Tally(made=7, tried=5, killed=2)
    assert tally(noted, set("f")) == Tally(made=7, tried=1, killed=1)


def test_a_sample_is_that_of_its_seed():
    names = [f"m{spot}" for spot in range(50)]
    assert drawn(names, 10, 1) == drawn(reversed(names), 10, 1) != drawn(names, 10, 2)
    assert len(set(drawn(names, 10, 1))) == 10
    assert drawn(names, 80, 1) == sorted(names)


def test_the_table_adds_up():
    found = {"safespace/a.py": {"a1": 1, "a2": 0}, "safespace/b.py": {"b1": 1, "b2": 1}}
    said = table(found, {"a1", "a2", "b1", "b2"}).splitlines()
    assert [line.split() for line in said[1:]] == [
        ["safespace/a.py", "2", "2", "1", "50.0%"],
        ["safespace/b.py", "2", "2", "2", "100.0%"],
        ["in", "all", "4", "4", "3", "75.0%"],
    ]
    assert "(" in table(found, {"a1", "a2", "b1"}).splitlines()[2]


def test_survivors_are_shown_with_the_lines_they_change(tmp_path):
    folder = tmp_path / "mutants" / "safespace"
    folder.mkdir(parents=True)
    body = "def {name}(a):\n    if a {sign} 0:\n        return 1\n    return 2\n\n"
    names = {"x_f__mutmut_orig": ">", "x_f__mutmut_1": ">=", "x_f__mutmut_2": "<"}
    (folder / "a.py").write_text("".join(body.format(name=name, sign=sign) for name, sign in names.items()))
    noted = {"safespace.a.x_f__mutmut_1": 0, "safespace.a.x_f__mutmut_2": 1}
    (folder / "a.py.meta").write_text(json.dumps({"exit_code_by_key": noted}))
    (folder / "b.py.meta").write_text(json.dumps({"exit_code_by_key": {}}))
    assert outcomes(tmp_path) == {"safespace/a.py": noted}
    assert survivors(tmp_path, outcomes(tmp_path), set(noted)) == (
        "safespace.a.x_f__mutmut_1\n  - if a > 0:\n  + if a >= 0:\n"
    )
    assert survivors(tmp_path, outcomes(tmp_path), set()) == "\n"


def test_functions_and_methods_are_found_by_name():
    lines = ["class A:", "    def f(self):", "        return 1", "def g():", "    return 2"]
    assert functions(lines) == {"f": ["        return 1"], "g": ["    return 2"]}
    assert difference(["  a", "b"], ["  a", "c"]) == ["  - b", "  + c"]


def test_the_modules_and_tests_that_are_named_exist():
    paths = [path.relative_to(ROOT) for path in (ROOT / "safespace").rglob("*.py")]
    for pattern in SETTINGS["only_mutate"]:
        assert any(path.match(pattern) for path in paths), pattern
    assert all((ROOT / name).is_file() for name in SETTINGS["pytest_add_cli_args_test_selection"])
    assert mutated(Path("safespace/nights/hours.py"))
    assert not mutated(Path("safespace/settings.py"))


def test_compiled_functions_are_made_plain_and_nothing_else_is():
    assert plain("@compiled\ndef f() -> None:\n    pass\n") == "def f() -> None:\n    pass\n"
    front = (ROOT / "safespace" / "routes" / "front.py").read_text()
    assert "@" not in [line[:1] for line in plain(front).splitlines() if "dataclass" not in line]
    assert plain(front).count("\n") == front.count("\n") - front.count("\n@compiled\n")
