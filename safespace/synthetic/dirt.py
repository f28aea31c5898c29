"""Realistic dirt: what real exports contain, planted in known numbers so that a reader's sums can be checked.

*Mendable* dirt is done to rows that stay; a reader accepts them after a shown repair. *Added* dirt is rows
more; a reader must not accept them.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import pandas as pd

from safespace.synthetic.projection import grid_metres

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

File: TypeAlias = Literal["streetsafe", "nte", "spiking"]
Spots: TypeAlias = np.ndarray[tuple[int], np.dtype[np.int64]]
Dirty: TypeAlias = "Callable[[pd.DataFrame, File, np.random.Generator], pd.DataFrame]"

_PLACE: Mapping[File, tuple[str, str]] = MappingProxyType(
    {
        "streetsafe": ("latitude", "longitude"),
        "nte": ("northing", "easting"),
        "spiking": ("latitude", "longitude"),
    }
)
_TIMES: Mapping[File, tuple[str, ...]] = MappingProxyType(
    {"streetsafe": ("submitted",), "nte": ("start", "end"), "spiking": ("onset_from", "onset_to", "reported")}
)
_WORDS: Mapping[File, str] = MappingProxyType(
    {"streetsafe": "reasons", "nte": "offence", "spiking": "method"}
)
_SYNONYMS = MappingProxyType(
    {
        "Badly lit": "Poor lighting",
        "Being followed": "Followed by someone",
        "Rundown": "Run-down area",
        "Violence with injury": "ABH",
        "Violence without injury": "Common assault",
        "Public order": "Affray",
        "drink": "drink spiking",
        "needle": "needle prick",
    }
)
_NO_SUCH_WORD: Mapping[File, str] = MappingProxyType(
    {"streetsafe": "Bad vibes", "nte": "Misc - see log", "spiking": "laser"}
)


@dataclass(frozen=True)
class Kind:
    """One kind of dirt: what a reader does with it and how many rows each file gets."""

    name: str
    outcome: Literal["repaired", "rejected", "quarantined", "excluded"]
    rows: Mapping[File, int]
    make: Dirty


def _cells(frame: pd.DataFrame, names: tuple[str, ...], change: Callable[[str], str]) -> pd.DataFrame:
    return frame.assign(**{name: frame[name].map(change) for name in names})


# ---- mendable: rows that stay


def _trailing_space(frame: pd.DataFrame, file: File, rng: np.random.Generator) -> pd.DataFrame:
    del rng
    return _cells(frame, (_WORDS[file],), lambda text: text + "  ")


def _synonym(frame: pd.DataFrame, file: File, rng: np.random.Generator) -> pd.DataFrame:
    del rng

    def reword(text: str) -> str:
        return "; ".join(_SYNONYMS.get(word, word) for word in text.split("; "))

    return _cells(frame, (_WORDS[file],), reword)


def _swapped(frame: pd.DataFrame, file: File, rng: np.random.Generator) -> pd.DataFrame:
    del rng
    north, east = _PLACE[file]
    return frame.assign(**{north: frame[east], east: frame[north]})


def _grid_metres(frame: pd.DataFrame, file: File, rng: np.random.Generator) -> pd.DataFrame:
    """Write National Grid metres where degrees belong, as a copied column does."""
    del rng
    north, east = _PLACE[file]
    metres = grid_metres(frame[east].to_numpy(float), frame[north].to_numpy(float))
    easting, northing = metres.astype(int).astype(str).T
    return frame.assign(**{north: northing, east: easting})


def _hour_24(frame: pd.DataFrame, file: File, rng: np.random.Generator) -> pd.DataFrame:
    del rng
    *_, last = _TIMES[file]
    return _cells(frame, (last,), lambda text: text[:-5] + "24:00")


# ---- added: rows more


def _blank_place(frame: pd.DataFrame, file: File, rng: np.random.Generator) -> pd.DataFrame:
    del rng
    return _cells(frame, _PLACE[file], lambda _: "")


def _zero_place(frame: pd.DataFrame, file: File, rng: np.random.Generator) -> pd.DataFrame:
    del rng
    return _cells(frame, _PLACE[file], lambda _: "0")


def _far_away(frame: pd.DataFrame, file: File, rng: np.random.Generator) -> pd.DataFrame:
    north, east = _PLACE[file]
    shift = rng.uniform(0, 0.2, len(frame))
    if file == "nte":  # far into the North Sea on the National Grid
        return frame.assign(
            **{north: [f"{900_000 + 1000 * s:.0f}" for s in shift], east: ["690000"] * len(frame)}
        )
    return frame.assign(
        **{north: [f"{48.8 + s:.6f}" for s in shift], east: [f"{2.3 + s:.6f}" for s in shift]}
    )


def _repeat(frame: pd.DataFrame, file: File, rng: np.random.Generator) -> pd.DataFrame:
    del file, rng
    return frame


def _reused_reference(frame: pd.DataFrame, file: File, rng: np.random.Generator) -> pd.DataFrame:
    """Give pairs of differing rows one new reference."""
    del rng
    pair = [f"SYN-{file.upper()}-R{number // 2:03d}" for number in range(len(frame))]
    return frame.assign(reference=pair)


def _end_first(frame: pd.DataFrame, file: File, rng: np.random.Generator) -> pd.DataFrame:
    del rng
    first, second = _TIMES[file][:2]
    earlier = pd.to_datetime(frame[first], dayfirst=file == "nte") - pd.Timedelta(hours=5)
    return frame.assign(**{second: earlier.dt.strftime(_format(file)).tolist()})


def _format(file: File) -> str:
    return "%d/%m/%Y %H:%M" if file == "nte" else "%Y-%m-%d %H:%M"


def _year(year: str) -> Dirty:
    def change(frame: pd.DataFrame, file: File, rng: np.random.Generator) -> pd.DataFrame:
        del rng
        # 1900-01-01 00:00 is what spreadsheets write for an empty date; the future is a slip of the keyboard
        if year == "1900":
            text = "01/01/1900 00:00" if file == "nte" else "1900-01-01 00:00"
            return _cells(frame, _TIMES[file], lambda _: text)
        return _cells(frame, _TIMES[file], lambda t: t[:6] + year + t[10:] if file == "nte" else year + t[4:])

    return change


def _unknown_word(frame: pd.DataFrame, file: File, rng: np.random.Generator) -> pd.DataFrame:
    del rng
    return _cells(frame, (_WORDS[file],), lambda _: _NO_SUCH_WORD[file])


def _domestic(frame: pd.DataFrame, file: File, rng: np.random.Generator) -> pd.DataFrame:
    del file, rng
    return frame.assign(domestic_abuse="Y")


def _home(frame: pd.DataFrame, file: File, rng: np.random.Generator) -> pd.DataFrame:
    del file, rng
    return frame.assign(location_type="Home")


def _totals(frame: pd.DataFrame, file: File, rng: np.random.Generator) -> pd.DataFrame:
    del rng
    blank = _cells(frame, tuple(frame.columns), lambda _: "")
    return blank.assign(
        **{
            frame.columns[0]: "Total",
            frame.columns[1]: f"{ {'streetsafe': 544, 'nte': 2500, 'spiking': 70}[file] }",
        }
    )


KINDS = (
    Kind("trailing_space", "repaired", {"streetsafe": 9, "nte": 30, "spiking": 2}, _trailing_space),
    Kind("synonym", "repaired", {"streetsafe": 12, "nte": 40, "spiking": 3}, _synonym),
    Kind("swapped_coordinates", "repaired", {"streetsafe": 5, "spiking": 1}, _swapped),
    Kind("bng_in_degree_columns", "repaired", {"streetsafe": 4, "spiking": 1}, _grid_metres),
    Kind("hour_24", "repaired", {"streetsafe": 3, "nte": 8}, _hour_24),
    Kind("blank_coordinates", "rejected", {"streetsafe": 8, "nte": 35, "spiking": 2}, _blank_place),
    Kind("zero_coordinates", "rejected", {"streetsafe": 6, "nte": 12, "spiking": 1}, _zero_place),
    Kind("out_of_area", "rejected", {"streetsafe": 4, "nte": 6, "spiking": 1}, _far_away),
    Kind("exact_duplicate", "rejected", {"streetsafe": 10, "nte": 25, "spiking": 2}, _repeat),
    Kind("reference_reused", "quarantined", {"streetsafe": 4, "nte": 10, "spiking": 2}, _reused_reference),
    Kind("end_before_start", "rejected", {"nte": 9, "spiking": 1}, _end_first),
    Kind("year_1900", "rejected", {"streetsafe": 3, "nte": 7, "spiking": 1}, _year("1900")),
    Kind("future_date", "rejected", {"streetsafe": 2, "nte": 4, "spiking": 1}, _year("2061")),
    Kind("unknown_category", "quarantined", {"streetsafe": 5, "nte": 11, "spiking": 1}, _unknown_word),
    Kind("domestic_abuse", "excluded", {"nte": 60}, _domestic),
    Kind("home_location", "excluded", {"nte": 45}, _home),
    Kind("totals_row", "rejected", {"streetsafe": 1, "nte": 1, "spiking": 1}, _totals),
)


def add_dirt(frame: pd.DataFrame, file: File, rng: np.random.Generator) -> pd.DataFrame:
    """Return the file's rows with mendable dirt done to some and unusable rows added between them.

    Notes
    -----
    No row gets two kinds, so that every kind's number can be read off a reader's counts. The totals row
    comes last, as it does in exports.
    """
    spare = rng.permutation(frame.index.to_numpy())
    dirty, added, extra = frame.copy(), list[pd.DataFrame](), 0
    for kind in (kind for kind in KINDS if file in kind.rows):
        chosen, spare = _take(spare, frame, kind, file)
        changed = kind.make(frame.loc[chosen], file, rng)
        if kind.outcome == "repaired":
            dirty.loc[chosen] = changed
        else:
            added.append(_renamed(changed, kind, file, extra))
            extra += len(changed)
    return _mixed(dirty, added, rng)


def _take(spare: Spots, frame: pd.DataFrame, kind: Kind, file: File) -> tuple[Spots, Spots]:
    """Take rows the kind can be done to from the spare ones, and give back the rest."""
    fit = _fit(frame.loc[spare], kind, file)
    chosen = spare[fit][: kind.rows[file]]
    return chosen, spare[~np.isin(spare, chosen)]


def _fit(rows: pd.DataFrame, kind: Kind, file: File) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    if kind.name == "synonym":
        return np.array([any(word in _SYNONYMS for word in text.split("; ")) for text in rows[_WORDS[file]]])
    if kind.name == "hour_24" and file == "nte":  # midnight at the end of the day it started on
        return np.array(rows["start"].str[:10] == rows["end"].str[:10], dtype=bool)
    if kind.name == "hour_24":  # only an hour or two is lost
        return np.array(rows["submitted"].str[11:13].astype(int) >= 22, dtype=bool)
    return np.ones(len(rows), dtype=bool)


def _renamed(rows: pd.DataFrame, kind: Kind, file: File, before: int) -> pd.DataFrame:
    if kind.name in {"exact_duplicate", "reference_reused", "totals_row"}:
        return rows
    names = [f"SYN-{file.upper()}-X{number:04d}" for number in range(before + 1, before + len(rows) + 1)]
    return rows.assign(reference=names)


def _mixed(dirty: pd.DataFrame, added: list[pd.DataFrame], rng: np.random.Generator) -> pd.DataFrame:
    *between, total = added
    extra = pd.concat(between)
    slot = np.concatenate([np.arange(len(dirty)), rng.uniform(0, len(dirty), len(extra))])
    everything = pd.concat([dirty, extra], ignore_index=True)
    return pd.concat([everything.iloc[np.argsort(slot, kind="stable")], total], ignore_index=True)


def planted_counts() -> dict[str, dict[str, int]]:
    """Return how many rows of each kind are in each file."""
    return {kind.name: {str(file): count for file, count in kind.rows.items()} for kind in KINDS}


def outcomes() -> dict[str, str]:
    """Return what a reader does with each kind."""
    return {kind.name: kind.outcome for kind in KINDS}
