"""The store: whole loads or none, nothing doubled, nothing lost, whoever is killed and in whatever order."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import store_loader
from deltalake import write_deltalake
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, box
from store_loader import STEP, batch, placed, reading

from safespace.engine import open_engine
from safespace.errors import AreaError, SchemaError, StoreError
from safespace.schemas import ASSETS, LOADS, PLACED, REJECTS, REPAIRS, check, conform
from safespace.store import HeldDifferentlyError, Store, _keyed


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "two words é", create=True)


def put(store: Store, numbers, name: str, source: str = "nte", **options):
    frame = placed(numbers, source=source).assign(**options)
    return store.load(frame, reading(frame, name))


def held(store: Store) -> dict[str, str]:
    reports = store.reports()
    assert not reports["report_id"].duplicated().any()
    return dict(zip(reports["report_id"], reports["load_id"], strict=True))


# ---- a load -----------------------------------------------------------------------------------------


def test_what_goes_in_comes_out(store) -> None:
    frame = placed(range(100))
    load = store.load(frame, reading(frame, "a"), loaded_at=datetime(2022, 2, 1, tzinfo=UTC))
    out = store.reports()
    pd.testing.assert_frame_equal(out[list(PLACED.columns)], frame)
    assert out["load_id"].unique().tolist() == [load.load_id]
    loads = store.loads()
    check(loads, LOADS)
    assert loads.loc[0, ["accepted", "already_held", "status"]].tolist() == [100, 0, "loaded"]
    assert loads.loc[0, "loaded_at"] == pd.Timestamp("2022-02-01", tz="UTC")
    assert load.added == 100
    assert not load.already_loaded


def test_loading_the_same_content_again_changes_nothing_and_says_so(store) -> None:
    first = put(store, range(100), "a")
    before = store.version_hash(), store.reports(), store.loads()
    again = put(store, range(100), "a")
    assert again.already_loaded
    assert again.load_id == first.load_id
    assert store.version_hash() == before[0]
    pd.testing.assert_frame_equal(store.reports(), before[1])
    pd.testing.assert_frame_equal(store.loads(), before[2])


def test_a_load_records_the_distance_of_its_events(store) -> None:
    frame = placed(range(3))
    assert store.load(frame, reading(frame, "a"), same_event_m=12.5).same_event_m == 12.5
    assert store.find_load("nte", reading(frame, "a").content_hash).same_event_m == 12.5
    assert put(store, range(3, 5), "b").same_event_m is None
    assert store.loads()["same_event_m"].isna().tolist() == [False, True]


def test_a_store_older_than_the_distance_of_events_is_read_and_takes_loads(store) -> None:
    put(store, range(3), "a")
    ledger = store._ledger()[1].drop(columns="same_event_m")
    write_deltalake(str(store.path / "loads"), ledger, mode="overwrite", schema_mode="overwrite")
    assert Store.open(store.path).loads()["same_event_m"].isna().all()
    frame = placed(range(3, 5))
    assert store.load(frame, reading(frame, "b"), same_event_m=30.0).same_event_m == 30.0
    assert store.loads()["same_event_m"].tolist()[1:] == [30.0]


def test_a_store_older_than_names_is_read_and_takes_named_loads(store) -> None:
    old = put(store, range(3), "a")
    ledger = store._ledger()[1].drop(columns="name")
    write_deltalake(str(store.path / "loads"), ledger, mode="overwrite", schema_mode="overwrite")
    assert Store.open(store.path).loads()["name"].tolist() == [""]
    assert put(store, range(3), "a").already_loaded
    frame = placed(range(3, 5))
    assert store.load(frame, reading(frame, "b"), name="new").name == "new"
    assert store.loads()[["load_id", "name"]].to_numpy()[0].tolist() == [old.load_id, ""]
    assert store.find_load("nte", reading(frame, "b").content_hash).name == "new"
    assert len(held(store)) == 5


def test_overlapping_files_do_not_double_reports(store) -> None:
    put(store, range(100), "a")
    second = put(store, range(60, 150), "b")
    assert (second.already_held, second.added) == (40, 50)
    assert len(held(store)) == 150


def test_the_load_id_comes_from_the_content(tmp_path) -> None:
    one, two = (Store.open(tmp_path / name, create=True) for name in "ab")
    assert put(one, range(5), "same").load_id == put(two, range(5), "same").load_id
    assert put(one, range(5, 9), "other").load_id != put(one, range(5), "same").load_id


def test_rejects_and_repairs_are_kept_with_their_load(store) -> None:
    rejects = conform(
        pd.DataFrame(
            {"file": "a.csv", "row": [2], "outcome": "rejected", "reason": "no-place"}
            | {"explanation": "No coordinates.", "original": "{}"}
        ),
        REJECTS,
    )
    repairs = conform(
        pd.DataFrame({"file": "a.csv", "row": [3], "rule": "swapped", "before": "x", "after": "y"}), REPAIRS
    )
    frame = placed(range(3))
    load = store.load(frame, reading(frame, "a", rejects=rejects, repairs=repairs))
    put(store, range(10, 12), "b")
    assert (load.read, load.rejected) == (4, 1)
    pd.testing.assert_frame_equal(store.rejects(load.load_id).drop(columns="load_id"), rejects)
    pd.testing.assert_frame_equal(store.repairs().drop(columns="load_id"), repairs)
    store.rollback(load.load_id)
    assert store.rejects().empty


def test_a_reading_of_rejects_only_is_a_load(store) -> None:
    rejects = conform(
        pd.DataFrame(
            {"file": "a.csv", "row": [2], "outcome": "excluded", "reason": "home"}
            | {"explanation": "At home.", "original": "{}"}
        ),
        REJECTS,
    )
    load = store.load(placed([]), store_loader.Reading("nte", "a", 0, rejects=rejects))
    assert (load.excluded, load.added) == (1, 0)
    assert store.reports().empty


def test_counts_that_do_not_match_are_refused(store) -> None:
    frame = placed(range(3))
    with pytest.raises(SchemaError, match=r"nte: The reports do not match.*Seen: 3 reports, 4 accepted"):
        store.load(frame, store_loader.Reading("nte", "a", 4))
    with pytest.raises(SchemaError, match=r"Reports of another source. Seen: nte"):
        store.load(frame, store_loader.Reading("spiking", "a", 3))
    with pytest.raises(SchemaError, match="report_id repeats"):
        store.load(placed([1, 1]), store_loader.Reading("nte", "a", 2))
    assert store.loads().empty


def test_the_callers_frame_is_left_alone(store) -> None:
    frame = placed(range(3))
    kept = frame.copy()
    store.load(frame, reading(frame, "a"))
    pd.testing.assert_frame_equal(frame, kept)


def test_report_keys_are_fnv_1a_whatever_the_other_identifiers() -> None:
    frame = placed([1, 2, 3]).assign(report_id=["a", "foobar", "café"])
    keys = [k % 2**64 for k in _keyed(frame)["report_key"].tolist()]
    assert keys[:2] == [0xAF63DC4C8601EC8C, 0x85944171F73967E8]  # the values its authors publish
    assert _keyed(frame.iloc[2:])["report_key"].tolist() == _keyed(frame)["report_key"].tolist()[2:]
    assert _keyed(frame.iloc[:0]).empty


def test_two_identifiers_with_one_key_are_two_reports(store, monkeypatch) -> None:
    monkeypatch.setattr("safespace.store._keyed", lambda frame: frame.assign(report_key=np.int64(7)))
    put(store, range(10), "a")
    assert put(store, range(5, 15), "b").already_held == 5
    assert len(held(store)) == 15


# ---- rolling back -----------------------------------------------------------------------------------


def test_rollback_then_reload(store) -> None:
    empty_hash = store.version_hash()
    load = put(store, range(100), "a")
    full_hash = store.version_hash()
    store.rollback(load.load_id)
    assert store.reports().empty
    assert store.version_hash() == empty_hash != full_hash
    assert store.loads()["status"].tolist() == ["rolled_back"]
    again = put(store, range(100), "a")
    assert not again.already_loaded
    assert len(held(store)) == 100
    assert store.version_hash() == full_hash


def test_rolling_back_hands_shared_reports_to_the_next_load(store) -> None:
    first = put(store, range(10), "a")
    second = put(store, range(5, 15), "b")
    third = put(store, range(15), "c")
    store.rollback(first.load_id)
    expected = {f"nte:{i:06d}": (third if i < 5 else second).load_id for i in range(15)}
    assert held(store) == expected
    store.rollback(second.load_id)
    assert set(held(store).values()) == {third.load_id}


def test_a_report_held_with_other_content_is_found_and_never_taken_for_a_repeat(store) -> None:
    first = put(store, range(10), "a")
    # its event and cells follow from the reports around it, and a datum shift differs in the tenth decimal
    put(store, [3], "same", event_id="nte:000001", lon=-1.5 + 3 / 1e5 + 1e-10)
    other = placed(range(8, 12)).assign(category="theft", reported_at=pd.Timestamp("2022-02-01", tz="UTC"))
    found = store.differing(other)
    assert found.sort_values("report_id").to_dict("list") == {
        "report_id": ["nte:000008", "nte:000009"],
        "differs": ["category, reported_at"] * 2,
        "load_id": [first.load_id] * 2,
    }
    with pytest.raises(
        HeldDifferentlyError, match=r"2, first nte:000008, nte:000009 \(category, reported_at\)"
    ):
        store.load(other, reading(other, "b"))
    assert len(held(store)) == 10
    store.rollback(first.load_id)
    assert store.differing(other).empty


def test_rolling_back_what_is_not_there_names_what_is(store) -> None:
    load = put(store, range(3), "a")
    with pytest.raises(StoreError, match=rf"No such load is in force. Seen: nte-0. In force: {load.load_id}"):
        store.rollback("nte-0")
    store.rollback(load.load_id)
    with pytest.raises(StoreError, match="In force: none"):
        store.rollback(load.load_id)


FILES = {name: range(start, start + 6) for name, start in zip("abcd", (0, 3, 4, 20), strict=True)}


@settings(max_examples=12, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["load", "load", "rollback", "tidy"]), st.sampled_from("abcd")), max_size=9
    )
)
def test_any_sequence_leaves_first_come_first_kept(steps) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store, active, ids = Store.open(folder, create=True), [], {}
        for verb, name in steps:
            if verb == "load":
                load = put(store, FILES[name], name)
                assert load.already_loaded == (name in active)
                ids[name] = load.load_id
                active += [] if name in active else [name]
            elif verb == "tidy":
                store.tidy(older_than_h=0)
            elif name in active:
                store.rollback(ids[name])
                active.remove(name)
        model: dict[str, str] = {}
        for name in active:
            model = {f"nte:{i:06d}": ids[name] for i in FILES[name]} | model
        assert held(store) == model
        assert store.loads().query("status == 'loaded'")["load_id"].tolist() == [ids[n] for n in active]


# ---- reading ----------------------------------------------------------------------------------------


def test_sources_and_period_narrow_the_reports(store) -> None:
    put(store, range(0, 180, 60), "a")
    put(store, range(10), "s", source="spiking")
    start = datetime(2022, 1, 28, 22, tzinfo=UTC)
    assert set(store.reports(sources=["spiking"])["source"]) == {"spiking"}
    hour = [start.replace(hour=h) for h in (22, 23)]
    first = store.reports(sources=["nte"], since=hour[0], until=hour[1])
    rest = store.reports(sources=["nte"], since=hour[1])
    assert (len(first), len(rest)) == (1, 2)
    with pytest.raises(StoreError, match="A moment needs a time zone"):
        store.reports(since=datetime(2022, 1, 1))  # noqa: DTZ001


def test_the_files_hold_exactly_the_reports_in_force(store) -> None:
    put(store, range(10), "a")
    gone = put(store, range(10, 20), "b")
    put(store, range(5), "s", source="spiking")
    store.rollback(gone.load_id)
    sql = "SELECT source, COUNT(*) AS n FROM reports GROUP BY source ORDER BY source NULLS LAST"
    counted = open_engine().query(sql, reports=store.report_files())
    assert counted.to_dict("list") == {"source": ["nte", "spiking"], "n": [10, 5]}
    assert len(store.report_files(sources=["spiking"])) == 1
    assert store.report_files(sources=["streetsafe"]) == []


def test_no_store_is_not_an_empty_store(tmp_path) -> None:
    with pytest.raises(StoreError, match=r"nowhere: There is no store here. Load some reports first"):
        Store.open(tmp_path / "nowhere")
    Store.open(tmp_path / "somewhere", create=True)
    assert Store.open(tmp_path / "somewhere").reports().empty


def test_the_fingerprint_does_not_know_when_or_where(tmp_path) -> None:
    hashes = set()
    for folder, year in (("a", 2022), ("b", 2023)):
        store = Store.open(tmp_path / folder, create=True)
        frame = placed(range(9))
        store.load(frame, reading(frame, "x"), loaded_at=datetime(year, 1, 1, tzinfo=UTC))
        store.put_areas(areas())
        hashes.add(store.version_hash())
    assert len(hashes) == 1
    store.put_areas(areas().iloc[:1])
    assert store.version_hash() not in hashes


# ---- areas and assets -------------------------------------------------------------------------------


def areas() -> gpd.GeoDataFrame:
    shapes = [box(-1.9, 52.4, -1.8, 52.5), box(-1.8, 52.4, -1.7, 52.5)]
    return gpd.GeoDataFrame(
        {"area_id": ["E1", "E2"], "name": ["Centre", "East"]}, geometry=shapes, crs="EPSG:4326"
    )


def test_areas_come_back_whole(store) -> None:
    assert store.areas().empty
    store.put_areas(areas())
    store.put_areas(areas())
    assert store.areas().equals(areas())
    assert store.areas().crs == "EPSG:4326"


def test_areas_in_metres_are_refused(store) -> None:
    with pytest.raises(AreaError, match=r"Areas must be in EPSG:4326. Seen: EPSG:27700"):
        store.put_areas(areas().to_crs(27700))
    with pytest.raises(SchemaError, match="area_id repeats"):
        store.put_areas(areas().assign(area_id="E1"))


def assets(source: str, ids: list[str]) -> pd.DataFrame:
    place = Point(-1.9, 52.4)
    frame = pd.DataFrame({"asset_id": ids}).assign(
        kind="lamp", name="A lamp", lon=place.x, lat=place.y, source=source, as_of="2022-01-01"
    )
    return conform(frame, ASSETS)


def test_assets_are_replaced_source_by_source(store) -> None:
    store.put_assets(assets("osm", ["n1", "n2"]))
    store.put_assets(assets("naptan", ["s1"]))
    store.put_assets(assets("osm", ["n3"]))
    assert sorted(store.assets()["asset_id"]) == ["n3", "s1"]


# ---- faults and company -----------------------------------------------------------------------------


def test_two_loaders_at_once_both_succeed(store) -> None:
    def load(numbers) -> list[int]:
        return [put(store, range(10 * i, 10 * i + 15), f"file {i}").added for i in numbers]

    with ThreadPoolExecutor(2) as pool:
        added = [n for part in pool.map(load, [range(0, 8, 2), range(1, 8, 2)]) for n in part]
    assert sum(added) == len(held(store)) == 85
    assert len(store.loads()) == 8


def test_two_loaders_of_one_file_load_it_once(store) -> None:
    with ThreadPoolExecutor(2) as pool:
        loads = list(pool.map(lambda _: put(store, range(50), "same"), range(2)))
    assert sorted(load.already_loaded for load in loads) == [False, True]
    assert len(held(store)) == 50


def test_a_store_that_never_rests_is_reported(store, monkeypatch) -> None:
    monkeypatch.setattr("safespace.store._replace", lambda *_: False)
    monkeypatch.setattr("safespace.store._LONGEST_PAUSE_S", 0.0)
    with pytest.raises(StoreError, match=r"Other loads kept changing the store. Seen: 14 attempts"):
        put(store, range(3), "a")
    monkeypatch.undo()
    assert store.reports().empty


def test_tidying_spares_the_young_and_the_counting(store) -> None:
    kept = put(store, range(5), "a")
    killed = _keyed(placed(range(100, 105)))
    store._append("reports", killed, "nte-killed", "nte-killed-1")
    assert len(held(store)) == 5
    assert store.tidy(older_than_h=1) == 0
    assert store.tidy(older_than_h=0) >= 1
    assert "part=nte-killed-1" not in {p.parent.name for p in store.path.rglob("*.parquet")}
    assert store.reports()["load_id"].unique().tolist() == [kept.load_id]


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a folder that even root cannot write to")
def test_a_folder_that_cannot_be_written_to_is_reported() -> None:
    with pytest.raises(
        StoreError, match=r"/proc/safespace: The store could not be opened.*can be written to"
    ):
        Store.open("/proc/safespace", create=True)


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are a POSIX thing")
def test_a_read_only_store_is_told_without_a_trace(capfd) -> None:
    with tempfile.TemporaryDirectory(dir=Path(tempfile.gettempdir()).resolve()) as folder:
        store = Store.open(Path(folder) / "store", create=True)
        load = put(store, range(3), "a")
        folders = [Path(folder), *(one for one in Path(folder).rglob("*") if one.is_dir())]
        with read_only(folders):
            for refused in (
                partial(store.rollback, load.load_id),
                partial(put, store, range(5), "b"),
                partial(store.put_assets, assets("bus", ["1"])),
                store.tidy,
                partial(Store.open, Path(folder) / "other", create=True),
            ):
                with pytest.raises(StoreError, match=r"Permission denied.*can be written to"):
                    refused()
            assert len(held(store)) == 3
    assert capfd.readouterr().err == ""


@contextlib.contextmanager
def read_only(folders):
    """Make folders read-only, for root as well, who becomes nobody meanwhile."""
    root = os.geteuid() == 0
    for one in folders:
        one.chmod(0o555)
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        for one in folders:
            one.chmod(0o755)


@pytest.mark.parametrize("name", ["[2022]", "50%25"])
def test_a_folder_name_that_the_file_layer_cannot_hold_is_reported(tmp_path, name) -> None:
    with pytest.raises(StoreError, match=r"cannot stand in a folder.*Rename the folder"):
        Store.open(tmp_path / name, create=True)
    assert not list(tmp_path.iterdir())


def test_a_path_that_is_a_file_is_reported(tmp_path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match=r"could not be opened|no store here"):
        Store.open(tmp_path / "file")
    with pytest.raises(StoreError, match="could not be opened"):
        Store.open(tmp_path / "file", create=True)


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are a POSIX thing")
def test_a_disk_that_fills_up_leaves_the_store_as_it_was(tmp_path) -> None:
    store = Store.open(tmp_path, create=True)
    put(store, range(5), "a")
    before = store.version_hash()
    command = f"ulimit -f 8; exec '{sys.executable}' '{store_loader.__file__}' '{tmp_path}' 0 3"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "StoreError" in done.stderr
    assert "What was in it before is untouched" in done.stderr
    assert store.version_hash() == before
    assert len(held(store)) == 5
    store_loader.main(str(tmp_path), 0, 3)
    assert len(held(store)) == len(batch(0)) + 2 * STEP


def test_a_broken_store_is_reported(store) -> None:
    put(store, range(5), "a")
    for file in store.report_files():
        Path(file).unlink()
    with pytest.raises(StoreError, match="The store could not be read"):
        store.reports()


def test_columns_can_be_asked_for_alone(store) -> None:
    store.load(placed(range(5)), reading(placed(range(5)), "a"))
    told = store.reports(columns=["source", "occurred_from"])
    pd.testing.assert_frame_equal(told, store.reports()[["source", "occurred_from"]])
    assert list(store.reports(sources=["spiking"], columns=["lon"]).columns) == ["lon"]
