"""Where heavy queries run: one method, ``query(sql, **tables)``, and no state between calls.

DuckDB runs inside the process and is the default. When one machine is too small the same SQL runs on Spark
over the same Parquet files. Both answer through Arrow and one conversion, so a result has the same types
wherever it came from. Every query is written in the dialect both understand:

* ``NULLS LAST`` (or ``FIRST``) on every ``ORDER BY``: the two put NULL at opposite ends;
* ``NULLIF`` under every division: by zero gives ``inf`` on one and an error on the other;
* ``CAST(SUM(x) AS BIGINT)`` for whole numbers: DuckDB's sums are 128 bits wide and come back as floats;
* ``STRING`` for text in a cast: Spark's ``VARCHAR`` needs a length;
* cells as ``BIGINT``: Spark has no unsigned integers, and every H3 index fits;
* no geometry: only ``cell``, ``lon`` and ``lat`` cross this seam;
* values come in as tables, never pasted into the text.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import tempfile
import time
import uuid
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

import duckdb
import pandas as pd
import pyarrow as pa

from safespace.errors import EngineError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterator

Source: TypeAlias = pd.DataFrame | Sequence[str]

MEMORY_MB: Final = 200  # past it DuckDB spills to disk: measured no slower, and a laptop has other work
# A query fetches nothing, and sees the tables it was given and no Python variable beside them.
_CONFIG = MappingProxyType(
    {
        "autoinstall_known_extensions": "false",
        "python_enable_replacements": "false",
        "TimeZone": "UTC",
    }
)

# The same text must mean the same on Spark: double quotes name columns, and overflow is an error.
_SPARK_CONFIG = MappingProxyType(
    {
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "true",
        "spark.sql.ansi.doubleQuotedIdentifiers": "true",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
    }
)
_TWO_WORKERS = "local-cluster[2,1,1024]"  # workers, cores each, MB each: what Spark starts by itself
_SPARK_ADDRESS = re.compile(r"spark://([^:/,]+):(\d+)|local-cluster\[\d+,\d+,\d+\]|local\[(\d+|\*)\]")
_MASTER_ANSWERS_S = 5.0
_WORKERS_COME_S = 60.0


class Engine(Protocol):
    """Anything that answers a query over named tables."""

    def query(self, sql: str, **tables: Source) -> pd.DataFrame:
        """Run one query and return its rows.

        Parameters
        ----------
        sql
            One statement in the common dialect (see the module's text).
        **tables
            The tables the text names: a frame, or paths of Parquet files that share one schema.

        Returns
        -------
        pd.DataFrame
            The rows, in the order the text asks for (none, when it has no ``ORDER BY``). Text is ``str``,
            whole numbers ``int64``, moments ``datetime64[us, UTC]``.

        Raises
        ------
        EngineError
            When the query fails. The message carries the SQL.
        """
        ...


@dataclass(frozen=True)
class DuckDBEngine:
    """Queries on DuckDB, in this process, with a fresh in-memory database for every call.

    Parameters
    ----------
    threads
        Threads to use; every processor when not given.
    memory_mb
        Memory past which DuckDB spills to disk, megabytes; its own choice when not given.

    Examples
    --------
    >>> pins = pd.DataFrame({"cell": [7, 7, 9]})
    >>> sql = "SELECT cell, COUNT(*) AS pins FROM pins GROUP BY cell ORDER BY cell NULLS LAST"
    >>> DuckDBEngine().query(sql, pins=pins)
       cell  pins
    0     7     2
    1     9     1
    """

    threads: int | None = None
    memory_mb: int | None = None

    def query(self, sql: str, **tables: Source) -> pd.DataFrame:
        """Run one query; see :meth:`Engine.query`."""
        with _failing_with(sql), duckdb.connect(":memory:", config=self._config()) as connection:
            connection.execute(
                "SET enable_progress_bar = false"
            )  # it would be drawn into what a program prints
            for name, table in tables.items():
                _register(connection, name, table)
            return _plain(connection.sql(sql).to_arrow_table())

    def _config(self) -> dict[str, str]:
        # what does not fit is spilled: not beside the program, and never where another call spills
        config = dict(_CONFIG) | {"temp_directory": f"{tempfile.gettempdir()}/safespace-{uuid.uuid4().hex}"}
        if self.threads is not None:
            config["threads"] = str(self.threads)
        if self.memory_mb is not None:
            config["memory_limit"] = f"{self.memory_mb}MB"
        return config


@dataclass(frozen=True)
class SparkEngine:
    """Queries on Spark; needs the extra ``spark`` and Java 17 or newer.

    Parameters
    ----------
    address
        A master: ``spark://host:port``, ``local-cluster[workers,cores,MB]`` or ``local[threads]``.

    Notes
    -----
    Every call has a Spark session of its own, so nothing is remembered between calls; the Spark
    application behind them is one a process and stays until the process ends, as Spark demands. Workers
    read the files themselves: their folder must have the same path on every machine.
    """

    address: str

    def query(self, sql: str, **tables: Source) -> pd.DataFrame:
        """Run one query; see :meth:`Engine.query`."""
        session = _spark_session(self.address)
        with _spark_failing_with(sql):
            for name, table in tables.items():
                _register_on_spark(session, name, table)
            return _plain(session.sql(sql).toArrow())


def open_engine(address: str = "duckdb") -> Engine:
    """Return the engine at an address.

    Parameters
    ----------
    address
        ``duckdb``; or a Spark master: ``spark://host:port``, ``local-cluster`` (two worker processes on
        this machine), ``local-cluster[workers,cores,MB]`` or ``local[threads]``.

    Raises
    ------
    EngineError
        When there is no engine at the address.
    MissingExtraError
        When the address is Spark's, and pyspark or Java is not installed.

    Examples
    --------
    >>> open_engine("duckdb")
    DuckDBEngine(threads=None, memory_mb=200)
    """
    if address == "duckdb":
        return DuckDBEngine(memory_mb=MEMORY_MB)
    master = _TWO_WORKERS if address == "local-cluster" else address
    found = _SPARK_ADDRESS.fullmatch(master)
    if not found:
        raise EngineError(
            "No such engine.",
            code="engine-unknown",
            seen=address,
            remedy="Use duckdb, spark://HOST:PORT or local-cluster.",
        )
    _require_spark()
    if found[1]:
        _require_master(found[1], int(found[2]))
    return SparkEngine(master)


@contextlib.contextmanager
def _failing_with(sql: str) -> Iterator[None]:
    try:
        yield
    except duckdb.Error as problem:
        said = " ".join(str(problem).split("\n\nLINE")[0].split()).rstrip(".")
        raise EngineError(
            "A query failed.", code="query-failed", seen=said, remedy=f"SQL: {sql}"
        ) from problem


@contextlib.contextmanager
def _spark_failing_with(sql: str) -> Iterator[None]:
    from pyspark.errors import PySparkException  # noqa: PLC0415 - an extra

    try:
        yield
    except PySparkException as problem:
        said = " ".join(str(problem).split("JVM stacktrace")[0].split(" == SQL")[0].split()).rstrip(".")
        raise EngineError(
            "A query failed.", code="query-failed", seen=said, remedy=f"SQL: {sql}"
        ) from problem


def _register(connection: Any, name: str, table: Source) -> None:
    _check_table(name, table)
    if isinstance(table, pd.DataFrame):
        connection.register(name, table)
        return
    paths = [_not_a_pattern(path) for path in table]
    # hive_partitioning is off: a folder called part=... above the files must not add a column.
    relation = connection.read_parquet(paths, hive_partitioning=False)
    relation.create_view(name)


def _register_on_spark(session: Any, name: str, table: Source) -> None:
    _check_table(name, table)
    if isinstance(table, pd.DataFrame):
        found = session.createDataFrame(pa.Table.from_pandas(table, preserve_index=False))
    else:  # files named one by one: Spark takes no columns from the folders above them
        found = session.read.parquet(*(_as_spark_path(path) for path in table))
    found.createOrReplaceTempView(name)


def _check_table(name: str, table: Source) -> None:
    if not name.isidentifier():
        raise EngineError(
            "A table's name must be a plain word.",
            code="table-name-not-plain",
            seen=name,
            remedy="Use letters, digits and underscores, and begin with a letter.",
        )
    if not isinstance(table, pd.DataFrame) and (isinstance(table, str) or not table):
        raise EngineError(
            "A table of files needs a list of at least one path.",
            code="table-of-no-files",
            where=name,
            seen=table or "none",
            remedy="Give the paths of its files.",
        )


def _not_a_pattern(path: str) -> str:
    """Return the path with DuckDB's wildcards escaped, so that a folder called ``[2022]`` is just that."""
    return re.sub(r"([*?\[])", r"[\1]", str(Path(path)))


def _as_spark_path(path: str) -> str:
    """Return the path as Hadoop reads it: on the machine's own disk, and with no wildcards."""
    escaped = re.sub(r"([*?\[\]{}\\])", r"\\\1", Path(path).absolute().as_posix())
    return f"file:{escaped}"


def _plain(table: pa.Table) -> pd.DataFrame:
    """Return the rows as plain pandas columns, the same whichever engine made the table.

    Whole numbers with gaps become ``Int64`` and not floats, which would change a cell's last digits.
    """
    columns = [_plain_type(field.type) for field in table.schema]
    wanted = pa.schema([(field.name, kind) for field, kind in zip(table.schema, columns, strict=True)])
    gaps = dict(_with_gaps(table))
    table = table.cast(wanted)
    # column by column, each let go once it is read: a result need not fit twice
    frame: pd.DataFrame = table.to_pandas(integer_object_nulls=True, split_blocks=True, self_destruct=True)
    gaps = {name: kind for name, kind in gaps.items() if frame[name].dtype == object}
    texts = {f.name: "str" for f in wanted if pa.types.is_string(f.type) and frame[f.name].dtype == object}
    return frame.astype({**gaps, **texts})


def _plain_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_decimal(kind):
        return pa.float64()
    if pa.types.is_date(kind):
        return pa.timestamp("us")
    if (
        pa.types.is_integer(kind) and kind != pa.uint64()
    ):  # ROW_NUMBER is 32 bits wide on one, 64 on the other
        return pa.int64()
    return pa.string() if pa.types.is_null(kind) or pa.types.is_large_string(kind) else kind


def _with_gaps(table: pa.Table) -> Iterator[tuple[str, str]]:
    for field in table.schema:
        if pa.types.is_integer(field.type):
            yield field.name, "Int64"
        elif pa.types.is_boolean(field.type):
            yield field.name, "boolean"


def _require_spark() -> None:
    try:
        import pyspark  # noqa: F401, PLC0415 - an extra, and slow to import
    except ImportError as problem:
        raise MissingExtraError(
            "Queries on Spark need pyspark.",
            code="pyspark-missing",
            remedy="Install it: pip install 'safespace[spark]'.",
        ) from problem
    home = os.environ.get("JAVA_HOME")
    if not shutil.which("java", path=str(Path(home) / "bin") if home else None):
        raise MissingExtraError(
            "Queries on Spark need Java, version 17 or newer.",
            code="java-missing",
            seen=f"JAVA_HOME={home}" if home else "no java on the path",
            remedy="Install a Java runtime, or set JAVA_HOME to its folder.",
        )


def _require_master(host: str, port: int) -> None:
    """Spark itself tries for a minute before it says that nobody is there."""
    try:
        socket.create_connection((host, port), timeout=_MASTER_ANSWERS_S).close()
    except OSError as problem:
        raise EngineError(
            "No Spark master answers.",
            code="spark-no-master",
            where=f"spark://{host}:{port}",
            seen=str(problem),
            remedy="Start it, or correct the address.",
        ) from problem


def _spark_session(address: str) -> Any:
    with warnings.catch_warnings():
        # Its warning about new pandas is about its own pandas interface; only Arrow crosses here.
        warnings.simplefilter("ignore", FutureWarning)
        from pyspark.sql import SparkSession  # noqa: PLC0415 - an extra, and slow to import

        builder = SparkSession.builder.master(address).appName("SafeSpace")
        session = builder.config(map=_spark_config(address)).getOrCreate()
    running = session.sparkContext.master
    if running != address:
        raise EngineError(
            "Spark already runs in this process with another master.",
            code="spark-other-master",
            where=address,
            seen=running,
            remedy="Use one Spark address in a process.",
        )
    _wait_for_workers(session.sparkContext, address)
    return session.newSession()


def _spark_config(address: str) -> dict[str, str]:
    config = dict(_SPARK_CONFIG)
    if address.startswith("local") or re.match(r"spark://(localhost|127\.)", address):
        # Workers on this machine call back, and a machine's own name may lead nowhere.
        config |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    return config


def _wait_for_workers(context: Any, address: str) -> None:
    """Refuse a master without workers, which would keep a query waiting for ever."""
    until = time.monotonic() + _WORKERS_COME_S
    while not address.startswith("local[") and _processes(context) < 2:
        if time.monotonic() > until:
            raise EngineError(
                "The Spark master gave no worker.",
                code="spark-no-worker",
                where=address,
                seen=f"none in {_WORKERS_COME_S:.0f} s",
                remedy="Start workers with free memory (1 GB each), or stop other applications.",
            )
        time.sleep(0.2)


def _processes(context: Any) -> int:
    """Return how many processes hold blocks: the driver, and each worker that has come."""
    number: int = context._jsc.sc().getExecutorMemoryStatus().size()  # noqa: SLF001 - no public way in Python
    return number
