"""Rows and files at random: what a person, a spreadsheet or a broken disk might hand over.

Every batch comes from one seed. Half of the batches are rows put together from pieces, good and bad, column by
column; the other half are valid files with bytes changed, dropped, doubled or moved.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from safespace.errors import SafeSpaceError
from safespace.settings import Settings
from safespace.sources import read_reports
from safespace.sources.ingested import summarise
from safespace.sources.readers import forms

if TYPE_CHECKING:
    from pathlib import Path

AS_OF = pd.Timestamp("2026-11-01", tz="UTC")
FORMS = {form.source: form for form in forms()}
ANYTHING = [
    "", " ", "  x ", "0", "-1", "1e309", "nan", "inf", "NULL", "N/A", "#REF!", "=1+1", "@x", "+44 7700 900123",
    "a@b.co", "AB12 CDE", '"', '""', "'", ",", ";", "|", "\t", "x\ny", "é", "\u00a0", "\u202e", "\ufeff", "💡", "Total",
    "domestic", "Home", "y", "Y", "N", "\x1a", "9" * 400, "x" * 300, "1.23457E+12", "Ünknown", "true",
]  # fmt: skip
MOMENTS = [
    "2022-01-28 23:40", "28/01/2022 23:40", "28/01/2022 24:00", "28 Jan 2022", "01/28/2022", "2022-02-30", "44589.98",
    "1900-01-01", "31/12/9999", "2022-03-27 01:30", "2022-10-30 01:30", "2022-01-28T23:40:00Z", "2022-01-28T23:40+14:00",
    "00/00/0000", "99/99/99", "2022-01", "2018-13", "28/01/22 11:40 PM", "0000-00-00 00:00", "2031-01-01", "2022-1-2",
]  # fmt: skip
NUMBERS = [
    "52.4778", "-1.8983", "406689", "286822", "0", "0.0", "-0", "999999999999", "1e5", "52,4778", "52.4778N", "1_000",
    "--1", "+52.4", ".5", "5.", "0x10", "-1.8983E0", "181", "-91", "406689.123456789012345",
]  # fmt: skip


@dataclass
class Tally:
    """What became of the rows so far."""

    rows: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    read: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)


def random_rows(source: str, dice: np.random.Generator, count: int) -> bytes:
    """Return a CSV of rows put together from pieces: most cells are of the column's kind, some anything."""
    columns = []
    for one in FORMS[source].fields:
        pieces = {"moment": MOMENTS, "month": ["2018-01", "2022-12", *MOMENTS[:3]], "number": NUMBERS}.get(
            one.kind, [one.example, *one.example.split("; ")]
        )
        near = np.array([one.example or pieces[0], *pieces], dtype=object)
        strange = np.array(ANYTHING, dtype=object)
        cells = near[dice.integers(0, len(near), count)]
        odd = dice.random(count) < 0.15
        cells[odd] = strange[dice.integers(0, len(strange), int(odd.sum()))]
        good = dice.random(count) < 0.5
        cells[good] = one.example
        columns.append(pd.Series(cells, name=one.name))
    frame = pd.concat(columns, axis=1)
    if "reference" in frame:
        named = dice.random(count) < 0.8
        frame.loc[named, "reference"] = [f"R{i}" for i in dice.integers(0, 10 * count, int(named.sum()))]
    ends = ["\n", "\r\n"][dice.integers(2)]
    return frame.to_csv(index=False, sep=",;\t|"[dice.integers(4)], lineterminator=ends).encode(
        "utf-8", "surrogatepass"
    )


def mutated(content: bytes, dice: np.random.Generator) -> bytes:
    """Return a file with some of its bytes changed, dropped, doubled, moved or cut off; the header mostly spared."""
    held = np.frombuffer(content, dtype=np.uint8).copy()
    start = content.index(b"\n") + 1 if dice.random() < 0.9 else 0
    spots = dice.integers(start, len(held), int(len(held) * 10.0 ** dice.uniform(-5, -2)) + 1)
    held[spots] = (
        dice.integers(int(dice.random() < 0.9), 256, len(spots))
        if dice.random() < 0.5
        else held[np.roll(spots, 1)]
    )
    if dice.random() < 0.3:
        held = np.delete(held, dice.integers(start, len(held), 5))
    if dice.random() < 0.3:
        low, high = sorted(dice.integers(start, len(held), 2))
        held = np.concatenate([held[:high], held[low : min(high, low + 5_000)], held[high:]])
    if dice.random() < 0.2:
        held = held[: dice.integers(start, len(held))]
    return held.tobytes()


def fuzz(folder: Path, *, seed: int, rows: int, batch: int = 5_000) -> dict[str, Tally]:
    """Put that many rows through the readers by turns; anything but a SafeSpaceError is let through to fail.

    Raises
    ------
    AssertionError
        When sums do not balance, or a row's text was kept that must not be.
    """
    tallies = {source: Tally() for source in FORMS}
    for number in range(-(-rows // batch)):
        source = list(FORMS)[number % len(FORMS)]
        dice, tally = np.random.default_rng([seed, number]), tallies[source]
        content = random_rows(source, dice, batch)
        if number // len(FORMS) % 2:
            content = mutated(content, dice)
        path = folder / "fuzz.csv"
        path.write_bytes(content)
        tally.rows += batch
        try:
            reading = read_reports([path], source=source, settings=Settings(), as_of=AS_OF)
        except SafeSpaceError as told:
            why = str(told).split(": ", 1)[-1].split(". ")[0]
            tally.refused[why] = tally.refused.get(why, 0) + 1
            continue
        counts = reading.counts()
        tally.read += counts["read"]
        assert counts["read"] == sum(counts.values()) - counts["read"]
        assert summarise(reading.rejects)["rows"].sum() == len(reading.rejects)
        assert (reading.rejects.loc[reading.rejects["outcome"] == "excluded", "original"] == "").all()
        for name, held in counts.items():
            tally.outcomes[name] = tally.outcomes.get(name, 0) + held
    return tallies
