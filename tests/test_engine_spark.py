"""The same queries on DuckDB and on Spark give the same rows; skipped where pyspark or Java is absent."""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import engine_cases
import pandas as pd
import pytest
from engine_cases import CASES, answer

from safespace import pipeline
from safespace.engine import DuckDBEngine, open_engine
from safespace.errors import EngineError
from safespace.pipeline import View

WITHOUT = next(
    (
        f"{name} is not installed"
        for name, there in (("pyspark", importlib.util.find_spec("pyspark")), ("java", shutil.which("java")))
        if not there
    ),
    "",
)
pytestmark = [
    pytest.mark.skipif(bool(WITHOUT), reason=f"Spark: {WITHOUT}"),
    # pyspark leaves sockets to the collector and warns about itself; none of that is ours
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore:::pyspark", "ignore:::py4j"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="session")
def spark():
    """Return Spark in this process with one thread, stopped when the tests are done."""
    engine = open_engine("local[1]")
    yield engine
    from pyspark.sql import SparkSession  # noqa: PLC0415 - an extra

    SparkSession.builder.getOrCreate().stop()
    gc.collect()


@pytest.fixture(params=["duckdb", "spark"])
def engine(request):
    """Return each engine in turn."""
    return DuckDBEngine() if request.param == "duckdb" else request.getfixturevalue("spark")


@pytest.mark.parametrize("case", CASES)
def test_both_engines_give_the_same_rows_and_types(spark, tmp_path, case) -> None:
    (tmp_path / "duckdb").mkdir()
    expected = answer(DuckDBEngine(), case, tmp_path / "duckdb")
    assert len(expected) or case == "no rows"
    found = answer(spark, case, tmp_path / "spark")
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


@pytest.mark.parametrize("folder", ["plain", "two words é", "[2022]*?{a}", "part=x"])
def test_files_are_read_from_any_folder(engine, tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir()
    files = [str(tmp_path / folder / f"{i}.parquet") for i in range(2)]
    for file in files:
        engine_cases.pins().to_parquet(file)
    out = engine.query("SELECT * FROM pins", pins=files)
    assert list(out.columns) == ["cell", "kind", "when", "amount"]
    assert len(out) == 8


def test_nothing_is_remembered_between_calls(engine) -> None:
    engine.query("SELECT * FROM pins", pins=engine_cases.pins())
    with pytest.raises(EngineError, match=r"A query failed.*pins.*SQL: SELECT \* FROM pins"):
        engine.query("SELECT * FROM pins")


def test_a_failed_query_shows_its_sql_and_no_java(engine) -> None:
    with pytest.raises(
        EngineError, match=r"A query failed.*no_such.*SQL: SELECT no_such FROM pins"
    ) as caught:
        engine.query("SELECT no_such FROM pins", pins=engine_cases.pins())
    assert "org.apache" not in str(caught.value)
    with pytest.raises(EngineError, match=r"gone\.parquet"):
        engine.query("SELECT 1 FROM pins", pins=["gone.parquet"])
    with pytest.raises(EngineError, match="needs a list of at least one path"):
        engine.query("SELECT 1 FROM pins", pins=[])


def test_verbs_give_the_same_answers(spark, town_settings) -> None:
    """Counts of files, of chosen rows, and a counted baseline: every way a verb asks the engine."""
    on_spark = town_settings.model_copy(update={"engine": spark.address})
    views = View(baseline="recorded"), View(sources=("nte",), window="nte-core"), View(factor="Badly lit")
    for view in views:
        expected = pipeline.count_cells(view, town_settings)
        pd.testing.assert_frame_equal(pipeline.count_cells(view, on_spark), expected, check_exact=True)
        assert expected["pins"].sum() > 0
    monthly = [pipeline.count_monthly(View(sources=("nte",)), one) for one in (on_spark, town_settings)]
    pd.testing.assert_frame_equal(*monthly, check_exact=True)
    months = [pipeline.find_change(View(sources=("nte",)), one).months for one in (on_spark, town_settings)]
    pd.testing.assert_frame_equal(*months, check_exact=True)


def test_overflow_is_an_error_and_not_another_number(engine) -> None:
    with pytest.raises(EngineError, match=r"(?i)overflow"):
        engine.query("SELECT cell * 1000 AS n FROM pins", pins=engine_cases.pins())


def test_one_process_has_one_spark(spark) -> None:
    with pytest.raises(
        EngineError, match=r"already runs in this process with another master. Seen: local\[1\]"
    ):
        open_engine("local[2]").query("SELECT 1 AS one")


# ---- a standalone master and two workers, three processes on this machine --------------------------------


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _start(kind: str, folder: Path, *options: str) -> subprocess.Popen[bytes]:
    home = Path(importlib.util.find_spec("pyspark").origin).parent
    command = [str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{kind}.{kind.title()}"]
    with (folder / f"{kind}-{time.monotonic_ns()}.log").open("wb") as log:
        return subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--webui-port", str(_free_port()), *options],
            stdout=log,
            stderr=log,
            env=os.environ | {"SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1"},
        )


@pytest.fixture
def standalone(tmp_path):
    """Return the address of a master with two workers."""
    port, started = _free_port(), []
    address = f"spark://127.0.0.1:{port}"
    try:
        started.append(_start("master", tmp_path, "--port", str(port)))
        _wait_for(port)
        for number in range(2):
            work = ("--cores", "1", "--memory", "1g", "--work-dir", str(tmp_path / f"work-{number}"))
            started.append(_start("worker", tmp_path, *work, address))
        yield address
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            process.wait(20)


def _wait_for(port: int) -> None:
    for _ in range(300):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    pytest.fail("the Spark master did not start")


def test_a_master_and_two_workers_give_the_same_rows(standalone, tmp_path) -> None:
    for address in ("duckdb", standalone):
        folder = tmp_path / address.split(":", maxsplit=1)[0]
        folder.mkdir()
        command = [sys.executable, "-W", "ignore", engine_cases.__file__, address, str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr[-2000:]
    for case in CASES:
        expected, found = (
            pd.read_parquet(tmp_path / name / f"{case}.parquet") for name in ("duckdb", "spark")
        )
        pd.testing.assert_frame_equal(found, expected, check_exact=True)
