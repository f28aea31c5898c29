"""Lighting that people state: a planner street by street, a council by its lamp columns.

What is mapped is never overridden unasked. Where a statement differs from it, both are reported.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from safespace.errors import SchemaError
from safespace.schemas import LIGHTING
from safespace.streets.building import worded
from safespace.streets.graph import (
    ALL_NIGHT,
    LIT_SOURCES,
    PART_NIGHT,
    UNKNOWN,
    StreetGraph,
    labels,
    replace,
    samples,
    to_metres,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]
    Ints = NDArray[np.int64]

_NIGHTS: Final = ("", "part", "all")
_SHOWN: Final = 5


@dataclass(frozen=True)
class Asserted:
    """What stating lighting came to.

    Parameters
    ----------
    graph
        The streets with what was taken over.
    applied
        One row an edge that changed: ``segment``, ``way_id``, ``lit``, ``source``, ``as_of``, ``by``.
    conflicts
        One row an edge where the statement differs from what was held: ``segment``, ``way_id``, ``name``,
        ``length_m``, ``held``, ``held_source``, ``held_as_of``, ``said``, ``said_source``, ``said_as_of``,
        ``by`` and ``kept`` ("held" or "said").
    unmatched
        Rows of the table whose way or segment is not in these streets.
    """

    graph: StreetGraph
    applied: pd.DataFrame
    conflicts: pd.DataFrame
    unmatched: pd.DataFrame


def assert_lighting(
    graph: StreetGraph, table: pd.DataFrame, *, source: str = "asserted", over_mapped: bool = False
) -> Asserted:
    """Take over lighting that somebody states, keep who said it, and report where it differs.

    Parameters
    ----------
    table
        ``way_id`` or ``segment`` (or both: a segment's own row counts before its way's), ``lit`` ("yes" or
        "no"); optionally ``night`` ("part", "all" or empty), ``hours`` (when it is on, as OpenStreetMap
        writes hours), ``as_of`` (a day) and ``by``.
    source
        "asserted" for a planner's own words, "council" for an inventory.
    over_mapped
        Let a statement replace what is mapped or was stated before; it is reported as a conflict all the same.

    Raises
    ------
    SchemaError
        When columns are missing, a word is not known, or the table contradicts itself.

    Notes
    -----
    Unknown lighting is the usual case, and a statement fills it. Segments are positions in this graph: they
    change when the streets are imported again, so a statement meant to last names the way.
    """
    rows = _checked(graph, table, source)
    said = _said(graph, rows)
    segment, row = said["segment"].to_numpy(np.int64), said["row"].to_numpy(np.int64)
    told = rows.loc[row].reset_index(drop=True)
    held, word = graph.lit[segment], told["code"].to_numpy(np.int8)
    differs = (held != UNKNOWN) & (held != word)
    taken = (held == UNKNOWN) | (differs & over_mapped)
    # lighting that agrees may still say for how much of the night, where that was not known
    fuller = (held == word) & (graph.lit_night[segment] == 0) & (told["night_code"].to_numpy() > 0)
    conflicts = _conflicts(
        graph, segment[differs], told[differs], source, kept="said" if over_mapped else "held"
    )
    changed = taken | fuller
    return Asserted(
        graph=_stated(graph, segment, told, taken, changed, LIT_SOURCES.index(source)),
        applied=_applied(graph, segment[changed], told[changed], source),
        conflicts=conflicts,
        unmatched=table.loc[~rows["matched"].to_numpy()].reset_index(drop=True),
    )


def lit_by_columns(graph: StreetGraph, columns: pd.DataFrame, *, reach_m: float = 20.0) -> pd.DataFrame:
    """Return the edges that a council's lamp columns light, as a table for :func:`assert_lighting`.

    Parameters
    ----------
    columns
        From ``sources.assets.read_lamp_columns``: ``lon``, ``lat`` (degrees), ``night``, ``hours``, ``as_of``.
    reach_m
        How far a column is taken to reach, metres. An edge is lit where columns reach at least half of it.

    Returns
    -------
    pandas.DataFrame
        ``segment``, ``lit`` (always "yes"), ``night`` and ``hours`` (of most of the columns nearest along the
        edge), ``as_of`` (of the newest) and ``by``.

    Notes
    -----
    Edges without columns are not in the table: another owner may light them, so they stay unknown.
    """
    stands = np.column_stack(
        to_metres(columns["lon"].to_numpy(float), columns["lat"].to_numpy(float), graph.crs)
    ).reshape(-1, 2)
    x, y, owner = samples(graph)
    empty = pd.DataFrame({name: pd.Series(dtype="str") for name in ("lit", "night", "hours", "as_of", "by")})
    if not len(stands):
        return empty.assign(segment=np.zeros(0, np.int64))
    away, nearest = cKDTree(stands).query(np.column_stack([x, y]), distance_upper_bound=reach_m)
    close = np.isfinite(away)
    share = np.bincount(owner[close], minlength=graph.edges) / np.bincount(owner, minlength=graph.edges)
    told = columns.iloc[np.asarray(nearest)[close]][["night", "hours", "as_of", "source"]]
    near = told.assign(segment=owner[close])[share[owner[close]] >= 0.5]
    found = near.groupby("segment").agg(
        night=("night", _most), hours=("hours", _most), as_of=("as_of", "max"), by=("source", "first")
    )
    return found.assign(lit="yes").reset_index()


# --- checking and taking over ------------------------------------------------------------------------


def _most(values: pd.Series) -> str:
    return str(values.mode().iloc[0])


def _checked(graph: StreetGraph, table: pd.DataFrame, source: str) -> pd.DataFrame:
    """Return the table with every column, codes beside the words and whether each row meets the graph."""
    problems = []
    if "lit" not in table or not {"segment", "way_id"} & set(table.columns):
        raise SchemaError(
            "Stated lighting lacks its columns.",
            code="lighting-columns-missing",
            seen=", ".join(map(str, table.columns)),
            remedy="Give lit (yes or no) and way_id or segment.",
        )
    if source not in ("asserted", "council"):
        problems.append(f"source {source!r}: asserted or council")
    rows = pd.DataFrame(index=range(len(table)))
    for name in ("segment", "way_id"):
        given = table[name] if name in table else pd.Series(np.nan, table.index)
        rows[name] = pd.to_numeric(given, errors="coerce").to_numpy(float)
    for name in ("lit", "night", "hours", "as_of", "by"):
        given = table[name] if name in table else pd.Series("", table.index)
        rows[name] = given.fillna("").astype("str").str.strip().to_numpy(object)
    rows["code"] = rows["lit"].map({"no": 1, "yes": 2})
    rows["night_code"] = rows["night"].map({name: k for k, name in enumerate(_NIGHTS)})
    rows.loc[(rows["night"] == "") & (rows["hours"] != ""), "night_code"] = PART_NIGHT
    rows["day"] = pd.to_datetime(rows["as_of"].replace("", None), errors="coerce", format="ISO8601")
    problems += _odd(rows, "lit", rows["code"].isna(), "yes or no")
    problems += _odd(rows, "night", rows["night_code"].isna(), "part, all or empty")
    problems += _odd(rows, "as_of", rows["day"].isna() & (rows["as_of"] != ""), "a day such as 2026-11-25")
    if problems:
        raise SchemaError(
            "Stated lighting cannot be used.",
            code="lighting-not-usable",
            seen="; ".join(problems),
            remedy="Mend these cells of the table.",
        )
    rows["matched"] = rows["segment"].between(0, graph.edges - 1) | (
        rows["segment"].isna() & rows["way_id"].isin(graph.way_id)
    )
    return rows


def _odd(rows: pd.DataFrame, column: str, odd: pd.Series, wanted: str) -> list[str]:
    return [f"row {k + 1} {column} {rows[column][k]!r}: {wanted}" for k in np.flatnonzero(odd)[:_SHOWN]]


def _said(graph: StreetGraph, rows: pd.DataFrame) -> pd.DataFrame:
    """Return which row speaks of each edge: its own before its way's; two that differ are refused."""
    own = rows[rows["matched"] & rows["segment"].notna()]
    ways = rows[rows["matched"] & rows["segment"].isna()]
    edges = pd.DataFrame({"segment": np.arange(graph.edges), "way_id": graph.way_id.astype(float)})
    by_way = edges.merge(ways.reset_index(names="row")[["row", "way_id", "code"]], on="way_id")
    by_edge = own.reset_index(names="row")[["row", "segment", "code"]]
    for said in (by_way, by_edge):
        words = said.groupby("segment")["code"].nunique()
        twice = words.index[words > 1].astype(int)
        if len(twice):
            raise SchemaError(
                "Stated lighting contradicts itself.",
                code="lighting-contradicts",
                seen=f"both yes and no for segments {', '.join(map(str, twice[:_SHOWN]))}",
                remedy="Keep one row for each street.",
            )
    said = pd.concat([by_edge, by_way[~by_way["segment"].isin(by_edge["segment"])]])
    return said.drop_duplicates("segment", keep="last").sort_values("segment")[["segment", "row"]]


def _stated(
    graph: StreetGraph, segment: Ints, stated: pd.DataFrame, taken: Flags, changed: Flags, source: int
) -> StreetGraph:
    lit, night, origin = graph.lit.copy(), graph.lit_night.copy(), graph.lit_source.copy()
    day, code = graph.lit_as_of.copy(), graph.lit_hours_code.copy()
    codes, hours = worded(graph.hours, stated["hours"])
    lit[segment[taken]] = stated["code"].to_numpy(np.int8)[taken]
    origin[segment[taken]] = source
    day[segment[taken]] = stated["day"].to_numpy().astype("datetime64[D]")[taken]
    night[segment[changed]] = stated["night_code"].to_numpy(np.int8)[changed]
    code[segment[changed]] = codes[changed]
    return replace(
        graph, lit=lit, lit_night=night, lit_source=origin, lit_as_of=day, lit_hours_code=code, hours=hours
    )


def _applied(graph: StreetGraph, segment: Ints, stated: pd.DataFrame, source: str) -> pd.DataFrame:
    columns: dict[str, Any] = {"segment": segment, "way_id": graph.way_id[segment]}
    columns |= {name: stated[name].to_numpy() for name in ("lit", "night", "hours")}
    return pd.DataFrame(
        columns | {"source": source, "as_of": stated["as_of"].to_numpy(), "by": stated["by"].to_numpy()}
    )


def _conflicts(
    graph: StreetGraph, segment: Ints, stated: pd.DataFrame, source: str, *, kept: str
) -> pd.DataFrame:
    day = pd.Series(np.datetime_as_string(graph.lit_as_of[segment]))
    return pd.DataFrame(
        {
            "segment": segment,
            "way_id": graph.way_id[segment],
            "name": labels(graph)[segment],
            "length_m": graph.length_m[segment],
            "held": np.asarray(LIGHTING, object)[graph.lit[segment]],
            "held_source": np.asarray(LIT_SOURCES, object)[graph.lit_source[segment]],
            "held_as_of": day.replace("NaT", "").to_numpy(object),
            "said": stated["lit"].to_numpy(),
            "said_source": source,
            "said_as_of": stated["as_of"].to_numpy(),
            "by": stated["by"].to_numpy(),
            "kept": kept,
        }
    )


def provenance(graph: StreetGraph) -> pd.DataFrame:
    """Return where each condition of the streets comes from, and how much of them it covers.

    Returns
    -------
    pandas.DataFrame
        ``condition``, ``source``, ``as_of`` (newest day known, empty where none is), ``km`` for which
        something is known, ``share`` of all walkable km.

    Notes
    -----
    The rest is not known. None mapped does not mean none there.
    """
    mapped, newest = graph.source, _newest(graph.lit_as_of)
    rows = [
        ("lighting", name, graph.lit_source == code, _newest(graph.lit_as_of[graph.lit_source == code]))
        for code, name in enumerate(LIT_SOURCES)
        if code
    ]
    held = graph.hours_code != graph.hours.index("") if "" in graph.hours else np.ones(graph.edges, bool)
    rows += [
        (
            "lighting, how much of the night",
            mapped,
            np.isin(graph.lit_night, (PART_NIGHT, ALL_NIGHT)),
            newest,
        ),
        ("opening hours", mapped, held, ""),
        ("surface", mapped, graph.paving > 0, ""),
        ("steps counted", mapped, graph.steps & ~np.isnan(graph.step_count), ""),
        ("sight lines", mapped, graph.sight > 0, ""),
        ("cameras", mapped, graph.cameras > 0, ""),
        ("premises", mapped, graph.frontage > 0, ""),
    ]
    km, total = graph.length_m / 1000, float(graph.length_m.sum()) / 1000
    table = [(what, who, day or graph.as_of, float(km[at].sum())) for what, who, at, day in rows]
    frame = pd.DataFrame(table, columns=["condition", "source", "as_of", "km"])
    return frame.assign(share=frame["km"] / total)


def _newest(days: NDArray[np.datetime64]) -> str:
    known = days[~np.isnat(days)]
    return str(known.max()) if len(known) else ""
