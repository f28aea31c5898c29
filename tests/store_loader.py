"""Made-up placed reports, and a loader to be run as a process of its own: ``store_loader.py STORE FIRST LAST``."""

from __future__ import annotations

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


def main(store_path: str, first: int, last: int) -> None:
    """Load the batches in order, saying each load's identifier once it is acknowledged."""
    store = Store.open(store_path, create=True)
    for i in range(first, last):
        reports = batch(i)
        sys.stdout.write(store.load(reports, reading(reports, f"batch {i}")).load_id + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    try:
        main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    except StoreError as problem:
        sys.exit(f"StoreError: {problem}")
