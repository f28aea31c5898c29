"""The engine: same text in, same rows out, nothing remembered, and errors that show the SQL."""

from __future__ import annotations

import socket
import sys
from types import ModuleType
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from safespace.engine import DuckDBEngine, open_engine
from safespace.errors import EngineError, MissingExtraError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def engine():
    return open_engine("duckdb")


def pins() -> pd.DataFrame:
    moments = pd.to_datetime(["2022-01-28 23:40", "2022-07-01 22:00", None], utc=True)
    return pd.DataFrame(
        {
            "cell": [617700169958293503, 617700169958293503, 9],
            "kind": ["dark", None, "dark"],
            "when": moments.astype("datetime64[us, UTC]"),
        }
    )


def test_counts_by_cell_keep_the_whole_int64(engine) -> None:
    out = engine.query(
        "SELECT cell, COUNT(*) AS n FROM pins GROUP BY cell ORDER BY n NULLS LAST", pins=pins()
    )
    assert out.to_dict("list") == {"cell": [9, 617700169958293503], "n": [1, 2]}
    assert out.dtypes.astype(str).to_dict() == {"cell": "int64", "n": "int64"}


def test_text_and_moments_come_back_as_they_went_in(engine) -> None:
    out = engine.query('SELECT cell, kind, "when" FROM pins', pins=pins())
    pd.testing.assert_frame_equal(out, pins())


def test_empty_and_all_null_text_is_text(engine) -> None:
    out = engine.query("SELECT CAST(NULL AS STRING) AS nothing, kind FROM pins WHERE cell = 0", pins=pins())
    assert out.dtypes.astype(str).to_dict() == {"nothing": "str", "kind": "str"}


def test_a_whole_sum_cast_to_bigint_stays_whole(engine) -> None:
    out = engine.query("SELECT CAST(SUM(n) AS BIGINT) AS n FROM t", t=pd.DataFrame({"n": [1, 2]}))
    assert out["n"].dtype == "int64"
    assert out["n"].tolist() == [3]


@pytest.mark.parametrize("folder", ["plain", "two words é", "[2022]*?", "part=x"])
def test_files_are_read_from_any_folder(engine, tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir()
    files = [str(tmp_path / folder / f"{i}.parquet") for i in range(2)]
    for file in files:
        pins().to_parquet(file)
    out = engine.query("SELECT * FROM pins", pins=files)
    assert list(out.columns) == ["cell", "kind", "when"]
    assert len(out) == 6


def test_nothing_is_remembered_between_calls(engine) -> None:
    engine.query("SELECT * FROM pins", pins=pins())
    with pytest.raises(EngineError, match="pins"):
        engine.query("SELECT * FROM pins")


def test_python_variables_are_not_tables(engine) -> None:
    secret = pins()
    with pytest.raises(EngineError, match="secret"):
        engine.query("SELECT * FROM secret")
    assert len(secret) == 3


def test_a_failed_query_shows_its_sql(engine) -> None:
    with pytest.raises(EngineError, match=r"A query failed.*no_such.*SQL: SELECT no_such FROM pins"):
        engine.query("SELECT no_such FROM pins", pins=pins())


def test_a_missing_file_shows_its_path(engine) -> None:
    with pytest.raises(EngineError, match=r"gone\.parquet"):
        engine.query("SELECT 1 FROM pins", pins=["gone.parquet"])


def test_a_table_of_no_files_is_refused(engine) -> None:
    with pytest.raises(EngineError, match="pins: A table of files needs a list of at least one path"):
        engine.query("SELECT 1 FROM pins", pins=[])
    with pytest.raises(EngineError, match="needs a list"):
        engine.query("SELECT 1 FROM pins", pins="one.parquet")


def test_the_callers_frame_is_left_alone(engine) -> None:
    frame = pins()
    engine.query("SELECT cell + 1 AS cell FROM pins", pins=frame)
    pd.testing.assert_frame_equal(frame, pins())


def test_threads_and_memory_are_set() -> None:
    out = DuckDBEngine(threads=1, memory_mb=300).query(
        "SELECT current_setting('threads') AS t, current_setting('memory_limit') AS m"
    )
    assert out["t"].tolist() == [1]
    assert "MiB" in out["m"].iloc[0]


def test_whole_numbers_with_gaps_stay_whole(engine) -> None:
    out = engine.query(
        "SELECT CASE WHEN cell > 9 THEN cell END AS cell, kind IS NULL AS gap FROM pins", pins=pins()
    )
    assert out["cell"].dtype == "Int64"
    assert out["cell"].tolist()[:2] == [617700169958293503] * 2
    assert out["cell"].isna().tolist() == [False, False, True]
    assert out["gap"].dtype == "bool"


def test_open_engine_refuses_what_it_does_not_have() -> None:
    for address in ("polars", "spark://host", "local-cluster[2]", "spark://a:1,b:2"):
        with pytest.raises(EngineError, match=r"No such engine. Seen: .*Use duckdb, spark://HOST:PORT"):
            open_engine(address)


def test_spark_without_pyspark_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(
        MissingExtraError, match=r"need pyspark. Install it: pip install 'safespace\[spark\]'"
    ):
        open_engine("local-cluster")


def test_spark_without_java_says_so(monkeypatch, tmp_path) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", ModuleType("pyspark"))
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "no java here"))
    with pytest.raises(MissingExtraError, match=r"need Java, version 17 or newer. Seen: JAVA_HOME=.*no java"):
        open_engine("local-cluster")


def test_a_master_that_does_not_answer_is_reported_at_once(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr("safespace.engine._require_spark", lambda: None)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"spark://127.0.0.1:{unused.getsockname()[1]}"
    with pytest.raises(EngineError, match=rf"{address}: No Spark master answers"):
        open_engine(address)
