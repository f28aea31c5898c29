from __future__ import annotations

import pytest
from pydantic import ValidationError

from safespace.errors import SettingsError
from safespace.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_settings_cannot_be_changed_while_running():
    with pytest.raises(ValidationError, match="frozen"):
        Settings().store = "elsewhere"  # type: ignore[assignment, misc]


def test_the_environment_beats_the_file_and_arguments_beat_both(tmp_path, monkeypatch):
    (tmp_path / "safespace.toml").write_text("[hotspots]\nmin_events = 5\nsame_event_m = 40\n")
    assert load_settings().hotspots.min_events == 5
    monkeypatch.setenv("SAFESPACE_HOTSPOTS__MIN_EVENTS", "6")
    assert load_settings().hotspots.min_events == 6
    assert load_settings().hotspots.same_event_m == 40
    assert load_settings(hotspots={"min_events": 7}).hotspots.min_events == 7


def test_another_file_can_be_named(tmp_path, monkeypatch):
    (tmp_path / "force.toml").write_text('time_zone = "Europe/Dublin"\n')
    monkeypatch.setenv("SAFESPACE_CONFIG", str(tmp_path / "force.toml"))
    assert load_settings().time_zone == "Europe/Dublin"


def test_every_bad_value_is_named_with_what_was_seen():
    with pytest.raises(SettingsError, match=r"hotspots\.min_events = 0: .*routes\.detour_cap = 9: "):
        load_settings(hotspots={"min_events": 0}, routes={"detour_cap": 9})


def test_an_unknown_setting_is_refused(tmp_path):
    (tmp_path / "safespace.toml").write_text("[hotspots]\nresolutoin = 7\n")
    with pytest.raises(SettingsError, match="resolutoin"):
        load_settings()


def test_a_file_that_is_not_toml_says_so(tmp_path):
    (tmp_path / "safespace.toml").write_text("resolution: 7\n")
    with pytest.raises(SettingsError, match="not valid TOML"):
        load_settings()


def test_a_policy_is_found_by_name_or_the_known_ones_are_listed():
    assert load_settings().policy("partner").threshold == 10
    with pytest.raises(SettingsError, match="responsible-authority, partner"):
        load_settings().policy("press")


def test_priors_by_kind_of_street_stand_beside_the_one_for_the_rest():
    assert Settings().improvement.priors() == 0.5
    improvement = {"unknown_prior": 0.3, "unknown_prior_by_highway": {"residential": 0.1}}
    assert Settings(improvement=improvement).improvement.priors() == {"residential": 0.1, "*": 0.3}
    with pytest.raises(SettingsError, match=r"unknown_prior_by_highway.*1\.5"):
        load_settings(improvement={"unknown_prior_by_highway": {"path": 1.5}})
