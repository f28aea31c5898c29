"""The files a fresh machine is set up from agree with one another."""

from __future__ import annotations

import hashlib
import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

# conda-forge's name for what pyproject calls by its PyPI name
CONDA_NAMES = {
    "h3-py": "h3",
    "matplotlib-base": "matplotlib",
    "pyosmium": "osmium",
    "python-duckdb": "duckdb",
    "python-tzdata": "tzdata",
}


def split(requirement: str) -> tuple[str, str]:
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name, requirement
    return name[0], requirement[name.end() :]


def conda_requirements() -> dict[str, str]:
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    flat = [item for entry in listed for item in (entry["pip"] if isinstance(entry, dict) else [entry])]
    pairs = (split(item) for item in flat)
    return {CONDA_NAMES.get(name, name): version for name, version in pairs if name not in ("python", "pip")}


def test_environment_yml_asks_for_what_pyproject_asks_for():
    assert conda_requirements() == dict(map(split, PYPROJECT["project"]["dependencies"]))


def test_constraints_pin_every_dependency_and_record_no_address():
    lines = [
        line for line in (ROOT / "constraints.txt").read_text().splitlines() if line[:1] not in ("", "#")
    ]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line) for line in lines)
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in lines}
    project = PYPROJECT["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["dev"], *extras["mutants"]]
    assert {split(item)[0] for item in wanted} <= pinned


def test_the_make_targets_that_are_promised_exist():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert {"demo", "app", "test", "check", "bench", "mutants", "docs"} <= targets


@pytest.mark.parametrize("command", ["make demo", "make test"])
def test_the_readme_opens_with_the_two_commands(command):
    assert command in (ROOT / "README.md").read_text()[:2500]


def test_every_file_that_the_page_for_contributors_names_exists():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:safespace|tests|docs)/[\w/.]+)`", text))
    linked = set(re.findall(r"\]\(([^)]+)\)", text))
    assert len(named) >= 10
    assert [path for path in sorted(named | linked) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("kind", ["source", "baseline", "method", "page", "paper"])
def test_the_page_for_contributors_names_one_file_and_one_test_for_each_thing(kind):
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (row,) = re.findall(rf"^\| a {kind} \|(.+)\|$", text, flags=re.MULTILINE)
    file, test, _ = row.split("|")
    assert len(re.findall(r"`safespace/[^`]+\.py`", file)) == 1
    assert len(re.findall(r"`tests/[^`]+\.py`", test)) == 1
    assert f"\n## A {kind}\n" in text


def test_every_room_is_described():
    text = (ROOT / "docs" / "architecture.md").read_text()
    package = ROOT / "safespace"
    rooms = [p.stem for p in package.glob("*.py") if not p.stem.startswith("_")]
    rooms += [f"{p.name}" for p in package.iterdir() if (p / "__init__.py").exists()]
    assert all(re.search(rf"`{room}/?`", text) for room in rooms)


def test_the_registry_lists_every_small_fact_as_it_is():
    folder = ROOT / "data" / "geo"
    listed = dict(line.split() for line in (folder / "registry.txt").read_text().splitlines())
    assert listed == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.geojson")
    }


def test_everything_the_package_reads_is_packed():
    patterns = PYPROJECT["tool"]["setuptools"]["package-data"]["safespace"]
    made = {".py", ".pyc", ".nbi", ".nbc"}
    needed = [
        path.relative_to(ROOT / "safespace")
        for path in (ROOT / "safespace").rglob("*")
        if path.is_file() and path.suffix not in made
    ]
    unpacked = [
        path for path in needed if not any(path.match(pattern.removeprefix("**/")) for pattern in patterns)
    ]
    assert not unpacked
