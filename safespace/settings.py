"""Settings, read once at a face and passed down.

Values come, strongest first, from arguments, from ``SAFESPACE_*`` environment variables (nested names
joined by two underscores: ``SAFESPACE_ROUTES__DETOUR_CAP=1.4``), from ``safespace.toml`` in the working
folder or named by ``SAFESPACE_CONFIG``, and from the defaults here. Nothing in the house reads the
environment after that, and nothing changes a setting while it runs.
"""

from __future__ import annotations

import os
import re
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from safespace.errors import Remedy, SettingsError

_ASK_TO_MEND = "Ask whoever runs this app to mend its settings."

Share = Annotated[float, Field(gt=0, lt=1)]
Metres = Annotated[float, Field(gt=0, le=100_000)]
Resolution = Annotated[int, Field(ge=7, le=10)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NightWindow(_Section):
    """A named part of the night, half-open: ``start`` belongs to it, ``end`` does not."""

    name: str
    start: time
    end: time


class NightZone(_Section):
    """A place whose night has parts of its own."""

    name: str
    night: tuple[NightWindow, ...] = Field(min_length=1)


class HotspotSettings(_Section):
    """How a place is found to be more than usual."""

    false_discovery_rate: Share = 0.05
    interval: Share = 0.95
    min_events: int = Field(default=3, ge=1)
    places_listed: int = Field(default=25, ge=1)
    rates: Literal["model", "cells"] = "model"
    seed: int = Field(default=0, ge=0)
    same_event_m: Metres = 30.0
    premises_reach_m: Metres = 250.0


class RouteSettings(_Section):
    """How walking options are searched and described."""

    walk_speed_m_per_s: float = Field(default=1.3, gt=0.3, lt=3)
    snap_limit_m: Metres = 300.0
    decay_m: Metres = 50.0
    reach_m: Metres = 150.0
    detour_cap: float = Field(default=1.5, ge=1, le=3)
    options_shown: int = Field(default=4, ge=2, le=5)
    interval: Share = 0.95
    resamples: int = Field(default=200, ge=20, le=10_000)
    lamp_reach_m: Metres = 20.0


class ImprovementSettings(_Section):
    """What measures cost and what is assumed of streets whose lighting is not mapped.

    The costs are assumptions to edit, not quotations: a low and a high figure in pounds.
    """

    light_per_m: tuple[float, float] = (60.0, 160.0)
    light_each: tuple[float, float] = (0.0, 0.0)
    camera_each: tuple[float, float] = (5_000.0, 20_000.0)
    clear_each: tuple[float, float] = (200.0, 2_000.0)
    close_each: tuple[float, float] = (1_000.0, 10_000.0)
    costs_from: str = "assumption, edit"
    unknown_prior: float = Field(default=0.5, ge=0, le=1)
    unknown_prior_by_highway: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(default_factory=dict)
    unlit_price: float = Field(default=1.0, ge=0, le=10)
    bound_s: float = Field(default=5.0, ge=0, le=600)

    def priors(self) -> float | dict[str, float]:
        """Return the share taken to be unlit where lighting is not mapped: one, or one for each kind of street.

        Examples
        --------
        >>> ImprovementSettings(unknown_prior_by_highway={"path": 0.9}).priors()
        {'path': 0.9, '*': 0.5}
        """
        by_kind = self.unknown_prior_by_highway
        return {**by_kind, "*": self.unknown_prior} if by_kind else self.unknown_prior


class PolicyProfile(_Section):
    """What one audience may be given. Proposals for sign-off by a named owner, never constants in code."""

    name: str
    version: str
    owner: str
    threshold: int = Field(ge=1)
    finest_resolution: Resolution
    shortest_window_months: int = Field(ge=1)


class LimitSettings(_Section):
    """Sizes past which a supplied file is refused, so a wrong file fails in seconds and not in hours."""

    file_mb: int = Field(default=2048, ge=1)
    upload_mb: int = Field(default=200, ge=1)
    field_chars: int = Field(default=20_000, ge=100)


class FetchSettings(_Section):
    """Where public data is fetched from, and how patiently.

    The addresses are those of public services; a copy inside an organisation can stand in for each.
    ``{month}`` is filled in as ``2022-01``. ``streets`` and ``boundaries`` have no address until one is set.
    """

    police_archive: str = "https://data.police.uk/data/archive/{month}.zip"
    police_api: str = "https://data.police.uk/api"
    overpass: str = "https://overpass-api.de/api/interpreter"
    streets: str = ""
    boundaries: str = ""
    requests_per_s: float = Field(default=1.0, gt=0, le=100)
    attempts: int = Field(default=6, ge=1, le=20)
    stall_s: float = Field(default=60.0, gt=0, le=600)
    longest_wait_s: float = Field(default=300.0, gt=0, le=3600)
    file_mb: int = Field(default=4096, ge=1)


NIGHT = (
    NightWindow(name="nte-evening", start=time(18), end=time(22)),
    NightWindow(name="nte-core", start=time(22), end=time(4)),
    NightWindow(name="nte-late", start=time(4), end=time(6)),
)

POLICIES = (
    PolicyProfile(
        name="responsible-authority",
        version="2026-11 proposed",
        owner="Data protection officer (to be named)",
        threshold=5,
        finest_resolution=8,
        shortest_window_months=3,
    ),
    PolicyProfile(
        name="partner",
        version="2026-11 proposed",
        owner="Data protection officer (to be named)",
        threshold=10,
        finest_resolution=8,
        shortest_window_months=12,
    ),
)


def refuse_address(store: Path) -> Path:
    """Return the folder of a store; an address is refused, since a folder called ``s3:`` would be made for it.

    Raises
    ------
    SettingsError
        When the path begins with a scheme, such as ``s3:`` or ``abfss:``.

    Examples
    --------
    >>> refuse_address(Path("safespace-data")).name
    'safespace-data'
    >>> refuse_address(Path("s3://bucket/data"))
    Traceback (most recent call last):
    safespace.errors.SettingsError: A store is a folder, not an address. Seen: s3:/bucket/data. Name a folder of this \
machine, or one that is mounted here.
    """
    # One letter and a colon is a drive.
    if store.parts and re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]+:", store.parts[0]):
        raise SettingsError(
            "A store is a folder, not an address.",
            code="store-is-address",
            seen=store,
            remedy="Name a folder of this machine, or one that is mounted here.",
        )
    return store


class Settings(BaseSettings):
    """Everything a person may set, with its default.

    Examples
    --------
    >>> Settings().hotspots.min_events
    3
    >>> Settings(hotspots={"min_events": 4}).hotspots.min_events
    4
    """

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix="SAFESPACE_",
        env_nested_delimiter="__",
        toml_file="safespace.toml",
    )

    store: Annotated[Path, AfterValidator(refuse_address)] = Path("safespace-data")
    engine: str = "duckdb"
    time_zone: str = "Europe/London"
    night: tuple[NightWindow, ...] = NIGHT
    zones: tuple[NightZone, ...] = ()
    hotspots: HotspotSettings = HotspotSettings()
    routes: RouteSettings = RouteSettings()
    improvement: ImprovementSettings = ImprovementSettings()
    policies: tuple[PolicyProfile, ...] = POLICIES
    offence_groups: Path | None = None
    limits: LimitSettings = LimitSettings()
    fetch: FetchSettings = FetchSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        *sources: PydanticBaseSettingsSource,
        **named: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read arguments, then the environment, then the TOML file."""
        del sources
        path = os.environ.get("SAFESPACE_CONFIG", "safespace.toml")
        return named["init_settings"], named["env_settings"], TomlConfigSettingsSource(settings_cls, path)

    def night_of(self, zone: str) -> tuple[NightWindow, ...]:
        """Return the parts of the night of a zone: its own, or the usual ones.

        Examples
        --------
        >>> campus = {"name": "Campus", "night": [{"name": "late", "start": "20:00", "end": "03:00"}]}
        >>> [window.name for window in Settings(zones=[campus]).night_of("Campus")]
        ['late']
        """
        own = [held.night for held in self.zones if held.name == zone]
        return own[0] if own else self.night

    def policy(self, name: str) -> PolicyProfile:
        """Return the policy profile of that name.

        Raises
        ------
        SettingsError
            When no profile has the name.
        """
        for profile in self.policies:
            if profile.name == name:
                return profile
        known = ", ".join(profile.name for profile in self.policies)
        raise SettingsError(
            "No such policy profile.", code="policy-unknown", seen=name, remedy=f"Choose one of: {known}."
        )


def load_settings(**overrides: Any) -> Settings:
    """Read the settings for one run, with a readable message for every value that does not fit.

    Raises
    ------
    SettingsError
        Naming every setting that is unknown or out of range, with the value seen.
    """
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})
    except ValidationError as problem:
        details = "; ".join(
            f"{'.'.join(map(str, item['loc']))} = {item['input']!r}: {item['msg']}"
            for item in problem.errors()
        )
        raise SettingsError(
            "Some settings cannot be used.",
            code="settings-not-usable",
            seen=details,
            remedy=Remedy(
                cli="Mend safespace.toml or the SAFESPACE_* environment variables.",
                app=_ASK_TO_MEND,
                library="Mend safespace.toml, the SAFESPACE_* environment variables or the values given.",
            ),
        ) from problem
    except ValueError as problem:  # a TOML file that does not parse
        raise SettingsError(
            "The settings file is not valid TOML.",
            code="settings-not-toml",
            seen=str(problem),
            remedy=Remedy(cli="Mend safespace.toml.", app=_ASK_TO_MEND, library="Mend safespace.toml."),
        ) from problem
