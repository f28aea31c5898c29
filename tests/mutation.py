"""Change the code a little, thousands of times, and see whether a test notices: ``make mutants``.

mutmut makes the mutants of the modules that ``[tool.mutmut]`` of pyproject.toml names, and runs for each the tests
that reach it. What this adds: a folder of its own to do it in, compiled functions as plain Python (mutmut leaves
decorated functions alone, and numba would run what it compiled before), a sample of a stated seed, and one table.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import json
import math
import os
import random
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "build" / "mutants"
TARGET = 0.9
DECORATED = re.compile(r"^@compiled$\n", flags=re.MULTILINE)
# Tests by hand first: most mutants are noticed by one of them, and a thousand random cases take their time.
QUICK_FIRST = """

def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: hasattr(getattr(item, "obj", None), "hypothesis"))
"""
# What mutmut notes of a run: 0 is a survivor, 33 and 5 are functions no test reaches, None was not tried.
SURVIVED, UNREACHED = {0}, {5, 33}


@dataclass(frozen=True)
class Tally:
    """How many mutants there are, were tried, and were noticed by a test."""

    made: int
    tried: int
    killed: int

    @property
    def score(self) -> float:
        return self.killed / self.tried if self.tried else math.nan

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return Wilson's interval of the score (doi 10.1080/01621459.1927.10502953); the score when all were tried."""
        if not self.tried or self.tried == self.made:
            return self.score, self.score
        z, n = NormalDist().inv_cdf(0.5 + level / 2), self.tried
        middle = (self.score + z * z / (2 * n)) / (1 + z * z / n)
        reach = z / (1 + z * z / n) * math.sqrt(self.score * (1 - self.score) / n + z * z / (4 * n * n))
        return middle - reach, middle + reach


def prepare(folder: Path) -> None:
    """Copy what is run to a folder of its own, compiled functions as plain ones."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in ("safespace", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    with (folder / "tests" / "conftest.py").open("a", encoding="utf-8") as conftest:
        conftest.write(QUICK_FIRST)
    for path in (folder / "safespace").rglob("*.py"):
        if mutated(path.relative_to(folder)):
            path.write_text(plain(path.read_text(encoding="utf-8")), encoding="utf-8")


def plain(text: str) -> str:
    """Return a module's text with its compiled functions as plain ones."""
    return DECORATED.sub("", text)


def mutated(path: Path) -> bool:
    """Say whether the mutants of a file are asked for."""
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mutmut"]["only_mutate"]
    return any(path.match(pattern) for pattern in patterns)


def run(folder: Path, names: Iterable[str], *, workers: int) -> None:
    """Run mutmut on mutants by name or pattern, all of them without any; its own words go to a file."""
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "CI": "1"}
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(workers), *names]
    with (folder / "mutmut.log").open("a") as log:
        ended = subprocess.run(command, cwd=folder, env=environment, stdout=log, stderr=log, check=False)
    if ended.returncode:
        sys.exit(f"mutmut ended with {ended.returncode}: see {folder / 'mutmut.log'}")


def outcomes(folder: Path) -> dict[str, dict[str, int | None]]:
    """Return what mutmut noted of each mutant, by module."""
    found = {}
    for path in sorted((folder / "mutants").rglob("*.py.meta")):
        noted = json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
        if noted:
            found[path.relative_to(folder / "mutants").as_posix().removesuffix(".meta")] = noted
    return found


def drawn(names: Iterable[str], size: int, seed: int) -> list[str]:
    """Return a sample of names without replacement, the same for the same seed."""
    ordered = sorted(names)
    return sorted(random.Random(seed).sample(ordered, min(size, len(ordered))))  # noqa: S311 - no secret


def tally(noted: dict[str, int | None], names: set[str]) -> Tally:
    """Count the mutants of a module that were drawn; one no test reaches has survived."""
    codes = [code for name, code in noted.items() if name in names and code is not None]
    return Tally(len(noted), len(codes), sum(code not in SURVIVED | UNREACHED for code in codes))


def table(found: dict[str, dict[str, int | None]], names: set[str]) -> str:
    rows = {module: tally(noted, names) for module, noted in found.items()}
    rows["in all"] = Tally(
        *(sum(getattr(one, part) for one in rows.values()) for part in ("made", "tried", "killed"))
    )
    width = max(map(len, rows))
    lines = [f"{'module':{width}}  mutants  tried  killed  score"]
    for module, one in rows.items():
        low, high = one.interval()
        between = f"  ({low:.1%} to {high:.1%})" if low < high else ""
        lines.append(
            f"{module:{width}}  {one.made:7,}  {one.tried:5,}  {one.killed:6,}  {one.score:5.1%}{between}"
        )
    return "\n".join(lines)


def survivors(folder: Path, found: dict[str, dict[str, int | None]], names: set[str]) -> str:
    """Write down each survivor with the lines it changes."""
    parts = []
    for module, noted in found.items():
        lines = (folder / "mutants" / module).read_text(encoding="utf-8").splitlines()
        bodies = functions(lines)
        for name in (name for name, code in noted.items() if name in names and code in SURVIVED | UNREACHED):
            short = name.rsplit(".", 1)[1]
            parts += [name, *difference(bodies[re.sub(r"_\d+$", "_orig", short)], bodies[short])]
    return "\n".join(parts) + "\n"


def functions(lines: list[str]) -> dict[str, list[str]]:
    """Return the lines below the name of each function and method of a module."""
    nodes = [node for node in ast.walk(ast.parse("\n".join(lines))) if isinstance(node, ast.FunctionDef)]
    return {node.name: lines[node.lineno : node.end_lineno] for node in nodes}


def difference(was: list[str], changed: list[str]) -> list[str]:
    """Return the lines that differ, as they were and as they are."""
    said = difflib.unified_diff(was, changed, lineterm="", n=0)
    return [f"  {line[0]} {line[1:].strip()}" for line in said if not line.startswith(("---", "+++", "@@"))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=0, help="how many mutants to try; 0 tries all")
    parser.add_argument("--seed", type=int, default=2022, help="of the sample")
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    prepare(FOLDER)
    if asked.sample:
        run(
            FOLDER, ["*__mutmut_1"], workers=asked.workers
        )  # makes all mutants, tries the first of each function
        made = [name for noted in outcomes(FOLDER).values() for name in noted]
        names = drawn(made, asked.sample, asked.seed)
        run(FOLDER, names, workers=asked.workers)
    else:
        run(FOLDER, [], workers=asked.workers)
        names = [name for noted in outcomes(FOLDER).values() for name in noted]
    found = outcomes(FOLDER)
    (FOLDER / "survivors.txt").write_text(survivors(FOLDER, found, set(names)), encoding="utf-8")
    sampled = f"A sample of {len(names):,}, seed {asked.seed}, with 95 % intervals.\n" if asked.sample else ""
    sys.stdout.write(f"{sampled}{table(found, set(names))}\nSurvivors: {FOLDER / 'survivors.txt'}\n")
    total = Counter(code for noted in found.values() for name, code in noted.items() if name in set(names))
    missed = sum(total[code] for code in SURVIVED | UNREACHED)
    sys.exit(f"Below the target of {TARGET:.0%}." if missed > (1 - TARGET) * sum(total.values()) else 0)


if __name__ == "__main__":
    main()
