"""Made-up placed reports, and loaders to be run, and killed, as processes of their own.

``store_loader.py STORE FIRST LAST`` loads batches. ``store_loader.py --forks`` reads such lines from standard
input, followed by a file to acknowledge loads in, and answers each with the process that does it.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from safespace.errors import StoreError
from safespace.schemas import PLACED, REJECTS, REPAIRS, RESOLUTIONS, conform, empty
from safespace.store import Store

ROWS, STEP = 300, 200  # batch i holds reports STEP * i to STEP * i + ROWS, so neighbours share 100


@dataclass(frozen=True)
class Reading:
    """The least a store needs to know of a reading."""

    source: str
    content_hash: str
    accepted: int
    files: tuple[str, ...] = ("made_up.csv",)
    rejects: pd.DataFrame = field(default_factory=lambda: empty(REJECTS))
    repairs: pd.DataFrame = field(default_factory=lambda: empty(REPAIRS))
    synthetic: bool = True

    def counts(self) -> dict[str, int]:
        """Rows by outcome."""
        reasons = self.rejects["outcome"].value_counts()
        turned = {name: int(reasons.get(name, 0)) for name in ("quarantined", "rejected", "excluded")}
        return {"read": self.accepted + len(self.rejects), "accepted": self.accepted, "repaired": 0, **turned}


def placed(numbers: object, *, source: str = "nte", category: str = "violence") -> pd.DataFrame:
    """Return one placed report a number."""
    n = np.asarray(list(numbers), dtype="int64")
    start = pd.Timestamp("2022-01-28 22:00", tz="UTC")
    frame = pd.DataFrame({"report_id": [f"{source}:{i:06d}" for i in n]}).assign(
        source=source,
        category=category,
        factor="",
        certainty="recorded",
        occurred_from=start + pd.to_timedelta(n, unit="m"),
        occurred_to=start + pd.to_timedelta(n + 30, unit="m"),
        reported_at=pd.to_datetime(pd.Series([None] * len(n), dtype="object"), utc=True),
        lon=-1.5 + n / 1e5,
        lat=53.0 + n / 1e5,
        accuracy_m=50.0,
        detected_by="public",
        reporter="not_stated",
        event_id=[f"{source}:{i:06d}" for i in n],
        **{f"cell_{r}": 617_700_169_958_293_503 + n for r in RESOLUTIONS},
    )
    return conform(frame, PLACED)


def reading(reports: pd.DataFrame, name: str, **options: object) -> Reading:
    """Return the reading those reports are from."""
    return Reading(reports["source"].iloc[0], name, len(reports), **options)


def batch(i: int) -> pd.DataFrame:
    """Return the reports of batch i."""
    return placed(range(STEP * i, STEP * i + ROWS))


def assert_whole(store: Store) -> int:
    """Every load in force is there to the last report, as any reader at any moment must find."""
    reports = store.reports()
    sizes = reports["load_id"].value_counts()
    assert not reports["report_id"].duplicated().any()
    assert set(sizes[sizes != STEP]) <= {ROWS}
    assert len(reports) == (len(sizes) * STEP + ROWS - STEP if len(sizes) else 0)
    return len(sizes)


def main(store_path: str, first: int, last: int) -> None:
    """Load the batches in order, saying each load's identifier once it is acknowledged."""
    store = Store.open(store_path, create=True)
    for i in range(first, last):
        reports = batch(i)
        sys.stdout.write(store.load(reports, reading(reports, f"batch {i}")).load_id + "\n")
        sys.stdout.flush()


def forks() -> None:
    """Fork a loader for each line: a process that has everything imported can be killed by the hundred."""
    for line in sys.stdin:
        store_path, first, last, acknowledged = line.rstrip("\n").split("\t")
        loader = os.fork()
        if not loader:
            os.dup2(os.open(acknowledged, os.O_WRONLY | os.O_CREAT | os.O_APPEND), 1)
            try:
                main(store_path, int(first), int(last))
            except BaseException as problem:  # noqa: BLE001 - a fork must never return to the loop above
                sys.stderr.write(f"{type(problem).__name__}: {problem}\n")
                os._exit(1)
            os._exit(0)
        sys.stdout.write(f"{loader}\n")
        sys.stdout.flush()
        sys.stdout.write(f"{os.waitpid(loader, 0)[1]}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[1] == "--forks":
        forks()
        sys.exit()
    try:
        main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    except StoreError as problem:
        sys.exit(f"StoreError: {problem}")
