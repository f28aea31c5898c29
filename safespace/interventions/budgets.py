"""Budgets in metres, in segments or in pounds, with what a measure costs as a range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from safespace.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

UNITS: Final = ("metres", "segments", "pounds")
ASSUMED: Final = "assumption, edit"


@dataclass(frozen=True)
class Price:
    """What a measure costs, as a range.

    Parameters
    ----------
    low, high
        Pounds, for each metre of street and for each segment, both counted.
    low_each, high_each
        Pounds for each segment whatever its length (design, a connection).
    source
        Where the figures are from; "assumption, edit" until somebody says.

    Examples
    --------
    >>> Price(60, 160).of(np.array([50.0, 100.0]))[1]
    array([ 8000., 16000.])
    """

    low: float
    high: float
    low_each: float = 0.0
    high_each: float = 0.0
    source: str = ASSUMED

    def __post_init__(self) -> None:
        """Refuse a range that is none."""
        ranges = ((self.low, self.high), (self.low_each, self.high_each))
        if any(not 0 <= low <= high < np.inf for low, high in ranges) or self.high + self.high_each <= 0:
            raise InputError(
                "A cost range goes from a lower to a higher sum, not negative.",
                code="cost-range-reversed",
                seen=f"{self.low:g} to {self.high:g} a metre, {self.low_each:g} to {self.high_each:g} each",
                remedy="Give the lower figure first.",
            )

    def of(self, length_m: Floats) -> tuple[Floats, Floats]:
        """Return the low and the high cost of segments of these lengths, pounds, each shape (k,)."""
        return self.low * length_m + self.low_each, self.high * length_m + self.high_each


@dataclass(frozen=True)
class Budget:
    """How much can be spent: metres of street, a number of segments, or pounds.

    Raises
    ------
    InputError
        When the amount is not above zero, or there is no such unit.

    Examples
    --------
    >>> Budget(800).words(), Budget(6, "segments").words(), Budget(40_000, "pounds").words()
    ('800 m of street', '6 segments', '£40,000')
    """

    amount: float
    unit: str = "metres"

    def __post_init__(self) -> None:
        """Refuse nothing to spend."""
        if self.unit not in UNITS:
            raise InputError(
                "There is no such unit of a budget.",
                code="budget-unit-unknown",
                seen=self.unit,
                remedy=f"Choose from: {', '.join(UNITS)}.",
            )
        if not 0 < self.amount < np.inf:
            raise InputError(
                "The list of fixes cannot be made.",
                code="fix-list-options",
                seen=f"the budget is {self.amount:g} {self.unit}",
                remedy="Give a budget above zero.",
            )

    def charge(self, length_m: Floats, price: Price) -> tuple[Floats, Floats]:
        """Return what each segment takes of the budget at the low and the high cost, each shape (m,)."""
        if self.unit == "pounds":
            return price.of(length_m)
        taken = length_m if self.unit == "metres" else np.ones(len(length_m))
        return taken, taken

    def words(self) -> str:
        """Say the amount with its unit."""
        if self.unit == "pounds":
            return f"£{self.amount:,.0f}"
        return f"{self.amount:,.0f} {'m of street' if self.unit == 'metres' else 'segments'}"
