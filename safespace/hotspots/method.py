"""How a finding is made: everything that was chosen, in one value that goes wherever the finding goes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from safespace.hotspots.intensity import DOUBLE
from safespace.tone import percent

if TYPE_CHECKING:
    from safespace.hotspots.intensity import GammaPrior
    from safespace.settings import HotspotSettings


@dataclass(frozen=True, kw_only=True)
class HotspotMethod:
    """What was chosen before the cells were looked at. The same cells and the same method give the same finding.

    Parameters
    ----------
    baseline
        Name of what the events are compared with, as shown beside every figure.
    counted_baseline
        The baseline counts something that happened: its own chance variation belongs to the test.
    false_discovery_rate
        Share of false cells among those found that is accepted.
    interval
        Probability of the intervals, as a share.
    min_events
        Fewest events of a ring that can stand out.
    times_usual
        What a ring must be shown to lie below before it is called not different.
    prior
        How rates differ between cells, where that was stated; None fits it to the cells asked about.
    kinds
        Names of the kinds of offence counted, where not all are; it changes what is counted, not how.
    rates
        ``model``: rates from the hierarchical model of all cells together (:func:`safespace.hotspots.model.fit_rates`).
        ``cells``: each cell's own, pulled towards usual (:func:`safespace.hotspots.smoothed_rates`); no ranks.
    dispersion
        Variance over mean of counts between time slices (:func:`safespace.hotspots.model.estimate_dispersion`), or
        None where it is not known and taken as 1.
    seed
        Of the model's joint draws; the call itself draws nothing.

    Examples
    --------
    >>> from safespace.settings import HotspotSettings
    >>> method = HotspotMethod.of(HotspotSettings(interval=0.8), baseline="streets")
    >>> method.interval_words
    '80 % interval'
    >>> method.but(baseline="incidents", counted_baseline=True).interval
    0.8
    """

    baseline: str
    counted_baseline: bool = False
    false_discovery_rate: float
    interval: float
    min_events: int
    times_usual: float = DOUBLE
    prior: GammaPrior | None = None
    kinds: str = ""
    rates: Literal["model", "cells"] = "cells"
    dispersion: float | None = None
    seed: int = 0

    @classmethod
    def of(
        cls,
        settings: HotspotSettings,
        *,
        baseline: str,
        counted_baseline: bool = False,
        dispersion: float | None = None,
    ) -> HotspotMethod:
        """Return the method that the settings in force ask for."""
        return cls(
            baseline=baseline,
            counted_baseline=counted_baseline,
            false_discovery_rate=settings.false_discovery_rate,
            interval=settings.interval,
            min_events=settings.min_events,
            rates=settings.rates,
            dispersion=dispersion,
            seed=settings.seed,
        )

    def but(self, **changes: Any) -> HotspotMethod:
        """Return the same method with some parts changed."""
        return replace(self, **changes)

    @property
    def interval_words(self) -> str:
        """The intervals by their probability, as a heading or inside brackets."""
        return f"{percent(self.interval)} interval"

    @property
    def rates_words(self) -> str:
        """What the rates are learnt from."""
        return f"all cells together (seed {self.seed})" if self.rates == "model" else "each cell alone"

    def words(self) -> str:
        """Say every part in one line.

        Examples
        --------
        >>> from safespace.settings import HotspotSettings
        >>> HotspotMethod.of(HotspotSettings(), baseline="streets").words()
        'Compared with streets; false discovery rate 5%; 95 % intervals; rates from all cells together (seed 0); places from 3 events; settled below 2 times usual'
        """
        counted = ", whose own chance is allowed for" if self.counted_baseline else ""
        of_kinds = f"Kinds: {self.kinds} only. " if self.kinds else ""
        return (
            f"{of_kinds}Compared with {self.baseline}{counted}; false discovery rate "
            f"{percent(self.false_discovery_rate, space='')}; {self.interval_words}s; rates from {self.rates_words}; places from "
            f"{self.min_events:,} events; settled below {self.times_usual:g} times usual"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return every part for machines."""
        return asdict(self)
