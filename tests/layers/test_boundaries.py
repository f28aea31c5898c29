import geopandas as gpd
import pytest
import shapely
from shapely.geometry import Point, Polygon, box

from safespace.errors import AreaError, FileError
from safespace.layers.boundaries import read_areas

CENTRE = box(-1.91, 52.47, -1.88, 52.49)
EAST = box(-1.88, 52.47, -1.85, 52.49)
GRID = box(406000, 286000, 408000, 288000)


def write(tmp_path, shapes, name="made.geojson", crs="EPSG:4326", **columns):
    path = tmp_path / name
    gpd.GeoDataFrame(columns, geometry=list(shapes), crs=crs).to_file(path, engine="pyogrio")
    return path


def test_names_and_codes_are_found(tmp_path):
    areas = read_areas(write(tmp_path, [CENTRE, EAST], lsoa21cd=["E1", "E2"], lsoa21nm=["Centre", "East"]))
    assert areas[["area_id", "name"]].to_numpy().tolist() == [["E1", "Centre"], ["E2", "East"]]
    assert list(areas.columns) == ["area_id", "name", "geometry"]
    assert areas.crs == "EPSG:4326"


def test_a_named_column_is_used_and_must_be_there(tmp_path):
    path = write(tmp_path, [CENTRE], name_a=["A"], team=["Blue"])
    assert read_areas(path, name_column="team")["name"].tolist() == ["Blue"]
    with pytest.raises(
        AreaError, match=r"name column is not in the file. Seen: nope. Choose one of: name_a, team"
    ):
        read_areas(path, name_column="nope")


def test_an_area_without_a_name_takes_the_files(tmp_path):
    assert read_areas(write(tmp_path, [CENTRE], name="city-centre.gpkg"))["name"].tolist() == ["city centre"]
    assert read_areas(write(tmp_path, [CENTRE, EAST], name="npu.gpkg"))["name"].tolist() == ["npu 1", "npu 2"]


@pytest.mark.parametrize("suffix", ["geojson", "gpkg"])
def test_declared_grid_metres_are_converted(tmp_path, suffix):
    areas = read_areas(write(tmp_path, [GRID], name=f"a.{suffix}", crs="EPSG:27700"))
    assert areas.geometry[0].bounds == pytest.approx((-1.913, 52.472, -1.883, 52.490), abs=0.002)


def test_grid_metres_that_are_not_declared_are_guessed_and_said(tmp_path):
    path = tmp_path / "a.geojson"
    path.write_text(shapely.to_geojson(GRID))
    areas = read_areas(path)
    assert areas.geometry[0].centroid.x == pytest.approx(-1.898, abs=0.002)
    assert "read as British National Grid" in areas.attrs["notes"][0]


def test_another_declared_grid_is_converted_and_said(tmp_path):
    mercator = gpd.GeoSeries([CENTRE], crs="EPSG:4326").to_crs("EPSG:3857")
    areas = read_areas(write(tmp_path, mercator, name="a.gpkg", crs="EPSG:3857"))
    assert areas.geometry[0].bounds == pytest.approx(CENTRE.bounds, abs=1e-6)
    assert "Pseudo-Mercator" in areas.attrs["notes"][0]


KML = """<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document>
<Folder><name>one</name><Placemark><name>Centre</name><Polygon><outerBoundaryIs><LinearRing><coordinates>
-1.91,52.47,12 -1.88,52.47,12 -1.88,52.49,12 -1.91,52.49,12 -1.91,52.47,12
</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark></Folder>
<Folder><name>two</name><Placemark><name>East</name><Polygon><outerBoundaryIs><LinearRing><coordinates>
-1.88,52.47 -1.85,52.47 -1.85,52.49 -1.88,52.49 -1.88,52.47
</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark></Folder>
</Document></kml>"""


def test_every_folder_of_a_kml_is_read_and_heights_are_dropped(tmp_path):
    (tmp_path / "a.kml").write_text(KML)
    areas = read_areas(tmp_path / "a.kml")
    assert areas["name"].tolist() == ["Centre", "East"]
    assert not areas.has_z.any()
    assert areas.geometry[0].equals(CENTRE)


def test_a_ring_that_crosses_itself_is_mended_and_said(tmp_path):
    bow = Polygon([(-1.9, 52.4), (-1.8, 52.5), (-1.8, 52.4), (-1.9, 52.5)])
    areas = read_areas(write(tmp_path, [CENTRE, bow]))
    assert areas.is_valid.all()
    assert areas.geometry[1].area == pytest.approx(0.005)
    assert areas.attrs["notes"] == ("1 areas crossed themselves and were mended: feature 2.",)


def test_what_is_not_a_polygon_is_left_out_and_said(tmp_path):
    areas = read_areas(write(tmp_path, [CENTRE, Point(-1.9, 52.4)]))
    assert len(areas) == 1
    assert areas.attrs["notes"] == ("1 features are not polygons and were not read.",)


def test_no_polygon_at_all_is_refused(tmp_path):
    with pytest.raises(AreaError, match=r"no polygon in the file. Seen: 1 features"):
        read_areas(write(tmp_path, [Point(-1.9, 52.4)]))


@pytest.mark.parametrize("shape", [box(3, 40, 4, 41), box(52.4, -1.9, 52.5, -1.8)])
def test_an_area_elsewhere_or_turned_round_is_refused(tmp_path, shape):
    with pytest.raises(AreaError, match=r"outside Great Britain.*longitude comes before latitude"):
        read_areas(write(tmp_path, [shape], name_=["Sea"]))


def test_coordinates_of_no_known_grid_are_refused(tmp_path):
    path = tmp_path / "a.geojson"
    path.write_text(shapely.to_geojson(box(-5e6, -5e6, 5e6, 5e6)))
    with pytest.raises(AreaError, match="neither degrees nor British National Grid"):
        read_areas(path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.geojson", None, "no such file"),
        ("a.geojson", "", "is empty"),
        ("a.geojson", "not json", "areas cannot be read"),
        ("a.gpkg", "not a package", "areas cannot be read"),
        ("a.shp", "x", r"kind of area file is not read. Seen: .shp"),
        ("a.geojson", '{"type":"FeatureCollection","features":[]}', "no polygon"),
    ],
)
def test_what_is_not_an_area_file_is_refused(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises((FileError, AreaError), match=message):
        read_areas(tmp_path / name)
