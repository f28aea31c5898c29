"""Queries that must give the same rows on every engine, and a runner for a process of its own.

``engine_cases.py ADDRESS FOLDER`` writes each case's answer to ``FOLDER/NAME.parquet``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import shapely
from store_loader import placed, reading

from safespace import cells
from safespace.engine import Engine, open_engine
from safespace.store import Store

SQL = {
    "nulls first": "SELECT kind, COUNT(*) AS n FROM pins GROUP BY kind ORDER BY kind NULLS FIRST",
    "nulls last": "SELECT cell, kind FROM pins ORDER BY kind DESC NULLS LAST, cell NULLS LAST",
    "division": "SELECT cell, amount / NULLIF(amount - 2, 0) AS share FROM pins ORDER BY cell NULLS LAST, share NULLS LAST",
    "whole sum": "SELECT CAST(SUM(cell) AS BIGINT) AS total FROM pins WHERE cell < 100",
    "no rows": "SELECT * FROM pins WHERE cell = -1",
    "no text": "SELECT CAST(NULL AS STRING) AS nothing, cell FROM pins ORDER BY cell NULLS LAST",
    "gaps": "SELECT CASE WHEN cell > 9 THEN cell END AS cell FROM pins ORDER BY cell NULLS LAST",
    "moments": 'SELECT "when", CAST("when" AS DATE) AS day FROM pins ORDER BY "when" NULLS LAST',
    "month": "SELECT DATE_TRUNC('month', \"when\") AS month, COUNT(*) AS n FROM pins GROUP BY 1 ORDER BY 1 NULLS LAST",
    "a fraction": "SELECT 1.5 AS fixed, CAST(2 AS DOUBLE) AS number, cell > 9 AS far FROM pins ORDER BY far NULLS LAST",
    "filter": "SELECT kind, COUNT(*) FILTER (WHERE cell > 9) AS far FROM pins GROUP BY kind ORDER BY kind NULLS LAST",
    "window": """
        SELECT cell, ROW_NUMBER() OVER (PARTITION BY kind ORDER BY cell, amount NULLS LAST) AS nth
        FROM pins ORDER BY cell NULLS LAST, nth NULLS LAST
    """,
}


def pins() -> pd.DataFrame:
    """Return a table with every kind of column, text that needs care, and gaps."""
    moments = pd.to_datetime(
        ["2022-01-28 23:40:00.0", "2022-07-01 22:00:00.0", None, "2022-07-31 23:59:59.999999"], utc=True
    )
    return pd.DataFrame(
        {
            "cell": [617700169958293503, 617700169958293505, 9, 9],
            "kind": ["dark", None, "été; 'quoted'", "dark"],
            "when": moments.astype("datetime64[us, UTC]"),
            "amount": [1.5, np.nan, 2.0, -0.25],
        }
    )


def answer(engine: Engine, case: str, folder: Path) -> pd.DataFrame:
    """Return one case's rows."""
    if case in SQL:
        return engine.query(SQL[case], pins=pins())
    whole = {
        "count": count,
        "count files": count_files,
        "count kinds": count_kinds,
        "months": count_months,
        "days": count_days,
        "store": store_sequence,
    }
    return whole[case](engine, folder)


CASES = (*SQL, "count", "count files", "count kinds", "months", "days", "store")


def reports(size: int = 4_000) -> pd.DataFrame:
    """Return placed reports around one town, some of them pins of one event."""
    dice = np.random.default_rng(7)
    frame = placed(range(size)).assign(lon=dice.normal(-1.15, 0.02, size), lat=dice.normal(52.95, 0.01, size))
    joined = dice.integers(0, size, size // 4)
    frame.loc[frame.index[: size // 4], "event_id"] = [f"nte:{i:06d}" for i in joined]
    return cells.add_cells(frame)


def count(engine: Engine, _: Path) -> pd.DataFrame:
    """Count reports held in memory."""
    window = cells.study_window(shapely.box(-1.20, 52.92, -1.10, 52.98), resolution=9)
    return cells.count(reports(), window, resolution=9, engine=engine)


def count_files(engine: Engine, folder: Path) -> pd.DataFrame:
    """Count the files of a store in which one of three loads was rolled back."""
    store = Store.open(folder / "two words é", create=True, engine=engine)
    whole, gone = reports(), []
    for name, rows in (("a", whole.iloc[:2500]), ("b", whole.iloc[2000:3000]), ("c", whole.iloc[2800:])):
        gone.append(store.load(rows, reading(rows, name)).load_id)
    store.rollback(gone[1])
    window = cells.study_window(shapely.box(-1.20, 52.92, -1.10, 52.98), resolution=8)
    return cells.count(store.report_files(), window, resolution=8, engine=engine)


def count_kinds(engine: Engine, _: Path) -> pd.DataFrame:
    """Count by day the reports of one source and category only."""
    rows = reports()
    rows.loc[rows.index[::3], "category"] = "another kind"
    window = cells.study_window(shapely.box(-1.20, 52.92, -1.10, 52.98), resolution=8)
    only = cells.ReportFilter(kinds=(("nte", "another kind"), ("police_uk", "another kind")))
    return cells.count_days(rows, window, resolution=8, engine=engine, report_filter=only)


def count_months(engine: Engine, _: Path) -> pd.DataFrame:
    """Count by month, moments on either side of where a local month begins among them."""
    hours = np.random.default_rng(8).integers(0, 3 * 365 * 24, 4_000)
    moments = pd.Timestamp("2020-01-01", tz="UTC") + pd.to_timedelta(hours, unit="h")
    return cells.count_months(reports().assign(occurred_from=moments), resolution=7, engine=engine)


def count_days(engine: Engine, _: Path) -> pd.DataFrame:
    """Count by local day, in hours where the local day is not the day in UTC."""
    hours = np.random.default_rng(9).integers(0, 3 * 365 * 24, 4_000)
    moments = pd.Timestamp("2020-01-01", tz="UTC") + pd.to_timedelta(hours, unit="h")
    window = cells.study_window(shapely.box(-1.20, 52.92, -1.10, 52.98), resolution=7)
    return cells.count_days(reports().assign(occurred_from=moments), window, resolution=7, engine=engine)


def store_sequence(engine: Engine, folder: Path) -> pd.DataFrame:
    """Return what a store holds after overlapping loads and a roll-back, its searches run on the engine."""
    store = Store.open(folder / "sequence", create=True, engine=engine)
    first = None
    for name, numbers in (("a", range(10)), ("b", range(5, 15)), ("c", range(15))):
        rows = placed(numbers)
        load = store.load(rows, reading(rows, name))
        first = first or load.load_id
    store.rollback(str(first))
    changed = placed(range(12, 17)).assign(category="theft", reported_at=pd.Timestamp("2022-02-01", tz="UTC"))
    rows = store.reports().merge(store.differing(changed), on="report_id", how="left", suffixes=("", "_held"))
    return rows.fillna({"differs": "", "load_id_held": ""}).sort_values("report_id", ignore_index=True)


def main(address: str, folder: str) -> None:
    """Answer every case on the engine at an address and write the answers to a folder."""
    engine = open_engine(address)
    for case in CASES:
        answer(engine, case, Path(folder)).to_parquet(Path(folder) / f"{case}.parquet")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
