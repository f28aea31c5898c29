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


@dataclass(frozen=True, kw_only=True)
class ScanMethod:
    """How discs of cells were searched.

    Parameters
    ----------
    baseline
        What the events are compared with.
    radius
        Rings of cells in the largest disc.
    replicates, seed
        Random layers of each kind, and the seed of them.
    level
        A disc is higher at or below this probability.
    """

    baseline: str
    radius: int
    replicates: int
    level: float
    seed: int

    def words(self) -> str:
        """Say every part in one line.

        Examples
        --------
        >>> ScanMethod(baseline="streets", radius=8, replicates=999, level=0.025, seed=1).words()
        'Discs of up to 8 rings, compared with streets; 999 random layers of each kind (seed 1); level 2.5%'
        """
        return (
            f"Discs of up to {self.radius} rings, compared with {self.baseline}; {self.replicates:,} random layers "
            f"of each kind (seed {self.seed}); level {percent(self.level, space='')}"
        )


@dataclass(frozen=True, kw_only=True)
class ClusterMethod:
    """How clusters of events were found.

    Parameters
    ----------
    name
        ``hdbscan``, ``dbscan`` or ``st-dbscan``.
    min_events
        Fewest events of a cluster.
    reach_m, reach_days
        How near events are in one, metres and days; None where the way to find them asks for none.
    system
        The coordinate system of the metres.
    resamples, seed
        How often the events were drawn again for the stability, and the seed of that.
    scan
        How the probabilities were found; None where there was no scan, and they are 1.
    """

    name: str
    min_events: int
    reach_m: float | None = None
    reach_days: float | None = None
    system: str
    resamples: int
    seed: int
    scan: ScanMethod | None = None

    def words(self) -> str:
        """Say every part that is in force in one line.

        Examples
        --------
        >>> method = ClusterMethod(name="dbscan", min_events=8, reach_m=150, system="EPSG:27700", resamples=200, seed=0)
        >>> method.words()
        'dbscan, from 8 events within 150 m, drawn again 200 times (seed 0)'
        """
        metres = "" if self.reach_m is None else f" within {self.reach_m:g} m"
        days = "" if self.reach_days is None else f" and {self.reach_days:g} days"
        again = (
            f"drawn again {self.resamples} times (seed {self.seed})" if self.resamples else "not drawn again"
        )
        return f"{self.name}, from {self.min_events} events{metres}{days}, {again}"


@dataclass(frozen=True, kw_only=True)
class SurfaceMethod:
    """How a surface was smoothed.

    Parameters
    ----------
    bandwidth_m
        Standard deviation of the Gaussian kernel, metres.
    chosen
        The bandwidth was chosen from the events; otherwise it was given.
    replicates, seed
        Random layers behind the contours, and the seed of them; None where there are no contours.
    level
        A cell lies inside a contour at or below this probability, to either side.
    """

    bandwidth_m: float
    chosen: bool
    replicates: int | None = None
    level: float | None = None
    seed: int | None = None

    def words(self) -> str:
        """Say every part that is in force in one line.

        Examples
        --------
        >>> SurfaceMethod(bandwidth_m=420, chosen=True).words()
        'smoothed with a bandwidth of 420 m, chosen from the events'
        """
        how = ", chosen from the events" if self.chosen else ""
        if self.level is None:
            return f"smoothed with a bandwidth of {self.bandwidth_m:,.0f} m{how}"
        return (
            f"smoothed with a bandwidth of {self.bandwidth_m:,.0f} m{how}; contours at {percent(self.level, space='')} "
            f"of {self.replicates:,} random layers (seed {self.seed})"
        )


@dataclass(frozen=True, kw_only=True)
class RepeatMethod:
    """How near repeats were tested: bands (upper ends, metres and days), permutations, interval and seed."""

    metres: tuple[float, ...]
    days: tuple[float, ...]
    permutations: int
    interval: float
    seed: int


@dataclass(frozen=True, kw_only=True)
class PeriodsMethod:
    """How two periods were compared: probability of the intervals, false discovery rate over all cells, dispersion.

    ``dispersion`` is variance over mean of the cells' counts between slices of each period, or None where it is not known
    and taken as 1.
    """

    interval: float
    false_discovery_rate: float
    dispersion: float | None = None


@dataclass(frozen=True, kw_only=True)
class EmergingMethod:
    """How what is new was looked for.

    Parameters
    ----------
    freq
        Length of a period.
    baseline
        What the cells' patterns are compared with.
    false_discovery_rate
        Of the patterns' hot cells, over all cells and periods.
    scan
        How discs were searched; None where there was too little for it.
    """

    freq: str
    baseline: str
    false_discovery_rate: float
    scan: ScanMethod | None
