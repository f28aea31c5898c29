"""Where heavy queries run: one method, ``query(sql, **tables)``, and no state between calls.

DuckDB runs inside the process and is the default. The seam exists so that the same SQL can run on Spark
over the same Parquet files when one machine is too small. Every query is therefore written in the dialect
both understand:

* ``NULLS LAST`` (or ``FIRST``) on every ``ORDER BY``: the two put NULL at opposite ends;
* ``NULLIF`` under every division: by zero gives ``inf`` on one and an error on the other;
* ``CAST(SUM(x) AS BIGINT)`` for whole numbers: DuckDB's sums are 128 bits wide and come back as floats;
* cells as ``BIGINT``: Spark has no unsigned integers, and every H3 index fits;
* no geometry: only ``cell``, ``lon`` and ``lat`` cross this seam;
* values come in as tables, never pasted into the text.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import duckdb
import pandas as pd

from safespace.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator

Source: TypeAlias = pd.DataFrame | Sequence[str]

# A query fetches nothing, and sees the tables it was given and no Python variable beside them.
_CONFIG = MappingProxyType(
    {
        "autoinstall_known_extensions": "false",
        "python_enable_replacements": "false",
        "TimeZone": "UTC",
    }
)


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
            for name, table in tables.items():
                _register(connection, name, table)
            return _plain(connection.execute(sql).df())

    def _config(self) -> dict[str, str]:
        config = dict(_CONFIG)
        if self.threads is not None:
            config["threads"] = str(self.threads)
        if self.memory_mb is not None:
            config["memory_limit"] = f"{self.memory_mb}MB"
        return config


def open_engine(address: str = "duckdb") -> Engine:
    """Return the engine at an address.

    Parameters
    ----------
    address
        ``duckdb``. Addresses of Spark masters (``spark://host:port``, ``local-cluster[...]``) are
        reserved for it.

    Raises
    ------
    EngineError
        When there is no engine at the address.

    Examples
    --------
    >>> open_engine("duckdb")
    DuckDBEngine(threads=None, memory_mb=None)
    """
    if address == "duckdb":
        return DuckDBEngine()
    if re.match(r"(spark://|local-cluster|local\[|yarn|k8s://)", address):
        raise EngineError(
            "Queries do not run on Spark in this version.",
            seen=address,
            remedy="Use the engine 'duckdb'; the store's files are Delta Lake tables that Spark can read.",
        )
    raise EngineError("No such engine.", seen=address, remedy="Use the engine 'duckdb'.")


@contextlib.contextmanager
def _failing_with(sql: str) -> Iterator[None]:
    try:
        yield
    except duckdb.Error as problem:
        said = " ".join(str(problem).split("\n\nLINE")[0].split()).rstrip(".")
        raise EngineError("A query failed.", seen=said, remedy=f"SQL: {sql}") from problem


def _register(connection: Any, name: str, table: Source) -> None:
    if not name.isidentifier():
        raise EngineError("A table's name must be a plain word.", seen=name)
    if isinstance(table, pd.DataFrame):
        connection.register(name, table)
        return
    if isinstance(table, str) or not table:
        raise EngineError(
            "A table of files needs a list of at least one path.", where=name, seen=table or "none"
        )
    paths = [_not_a_pattern(path) for path in table]
    # hive_partitioning is off: a folder called part=... above the files must not add a column.
    relation = connection.read_parquet(paths, hive_partitioning=False)
    relation.create_view(name)


def _not_a_pattern(path: str) -> str:
    """Return the path with DuckDB's wildcards escaped, so that a folder called ``[2022]`` is just that."""
    return re.sub(r"([*?\[])", r"[\1]", str(Path(path)))


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Return text as ``str`` whatever DuckDB chose (an empty or all-NULL column comes back as objects)."""
    objects = [name for name in frame.columns if frame[name].dtype == object]
    textual = [
        name for name in objects if pd.api.types.infer_dtype(frame[name], skipna=True) in {"string", "empty"}
    ]
    return frame.astype(dict.fromkeys(textual, "str"))
