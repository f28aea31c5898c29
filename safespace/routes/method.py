"""How walks are found and told: the settings that shaped an answer, in one value that goes with it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from safespace.tone import percent

if TYPE_CHECKING:
    from safespace.settings import RouteSettings


@dataclass(frozen=True, kw_only=True)
class RouteMethod:
    """What was chosen before any walk was looked at.

    Parameters
    ----------
    walk_speed_m_per_s
        Walking speed, metres a second.
    snap_limit_m
        Furthest a point may be from a street, metres.
    decay_m, reach_m
        How a report's pull on a street falls off, and where it ends, metres.
    detour_cap
        Longest option, in lengths of the shortest.
    options_shown
        Most options that are told.
    interval
        Probability of the intervals, and what "fewer reports" takes, as a share.
    resamples, seed
        How often the reports were drawn again, and the seed of that.

    Examples
    --------
    >>> from safespace.settings import RouteSettings
    >>> RouteMethod.of(RouteSettings(interval=0.8)).interval_words
    '80 % interval'
    """

    walk_speed_m_per_s: float
    snap_limit_m: float
    decay_m: float
    reach_m: float
    detour_cap: float
    options_shown: int
    interval: float
    resamples: int
    seed: int = 0

    @classmethod
    def of(cls, settings: RouteSettings, *, seed: int = 0) -> RouteMethod:
        """Return the method that the settings in force ask for."""
        return cls(**settings.model_dump(exclude={"lamp_reach_m"}), seed=seed)

    @property
    def interval_words(self) -> str:
        """The intervals by their probability."""
        return f"{percent(self.interval)} interval"

    def as_dict(self) -> dict[str, Any]:
        """Return every part for machines."""
        return asdict(self)
