"""The app's own sentences, kept apart from drawing so that a test can read every one of them."""

from __future__ import annotations

from collections import Counter
from types import MappingProxyType
from typing import TYPE_CHECKING

from safespace.pipeline.baselines import BASELINES
from safespace.registry import FELT, SOURCES, of_layer, titles
from safespace.tone import ABSENCE, percent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from safespace.settings import NightWindow, Settings
    from safespace.sources.mapping import Crs, DateOrder

CELL_SIZES: Mapping[int, str] = MappingProxyType(
    {
        7: "Wide: about 5 km²",
        8: "Quarter: about 0.7 km²",
        9: "Local: about 0.1 km²",
        10: "Street: about 0.015 km²",
    }
)
FOUND: Mapping[str, str] = MappingProxyType({"public": "By the public", "all": "Also by patrols"})
WINDOW_NAMES: Mapping[str, str] = MappingProxyType(
    {"": "Any time", "night": "Whole night", "nte-evening": "Evening", "nte-core": "Core", "nte-late": "Late"}
)
KINDS_HELP = (
    "Only reports of these kinds. Where a source cannot tell a kind apart, or cells are too small for it, the page says "
    "so and counts nothing."
)
CALENDAR_HELP = (
    "A report after midnight belongs to the evening before. Bank holidays are those of England and Wales; matches, events "
    "and campaigns are the ones held here. Reports without a day are in no such night."
)
TWO_LAYERS = (
    "What people felt and what was recorded are each beside their own usual and are never added together. "
    "Felt only is no mistake of those who reported: most of what makes people uneasy is not a recorded incident. "
    "A cell is tested together with the cells around it, so its own rate can be low."
)
SMOOTHED = (
    "Smoothed for drawing: each hour is drawn out over the hours round it, and the sum stays the same. The table has the "
    "hours as counted. A report whose time is a span counts in part in each hour of it."
)

_SHOWS = (
    "Where reports are more than usual for the baseline chosen on the left, with {level} intervals.",
    "Only what chance alone would not explain, each cell tested with its neighbours and the tests counted.",
)
DOES_NOT_SHOW = (
    ABSENCE,
    "Busy places record more. Reports follow campaigns, footfall and who feels able to report.",
    "Homes, people or online spaces: public places only.",
    "What comes next: every figure is about the period stated.",
)
WALKS_SHOW = (
    "What is mapped along each walking link, and how many reports lie near it.",
    "Which segments partners could improve first, with the facts that speak for each.",
)
WALKS_DO_NOT_SHOW = (
    "Which way anyone should walk. These are options for lighting, layout and CCTV work, not directions.",
    "Lighting that nobody has mapped: not known is not unlit.",
    "That brighter is better: lighting alone does not decide how a place feels.",
)
METHOD_EVENTS = (
    "Pins with the same reasons, within {metres:g} m of each other when they are loaded and on the same day, are one "
    "event. Both counts are kept; the tests use events, so that one person placing many pins counts once. Rows known to be found by "
    "patrols are left out unless asked for: they show where patrols were. What people felt and what was recorded are "
    "two layers and are never added together."
)
METHOD_PLACES = (
    "The area is laid out in hexagons (H3), those without reports included. What is usual for a cell is its share of "
    "the area's events by the baseline chosen: length of walkable street, area, recorded incidents or residents. A "
    "cell's rate is pulled towards the area's mean as far as its numbers are small (Poisson-gamma), with a "
    "{level} interval. Each cell is tested exactly together with the cells around it, and all tests are counted "
    "(Benjamini-Hochberg, {rate}); fewer than {fewest} events never stand out. Of a cell that the area's outline "
    "crosses only the part inside is counted; cells just outside are not judged. Cells that stand out and belong together are one place. Places share a rank when their intervals "
    "overlap. Every finding is checked against a second baseline."
)
METHOD_NIGHTS = (
    "02:00 on Sunday belongs to Saturday night. Where a report's time is a span, its weight is spread evenly over "
    "the hours it covers. Reports dated by month only are in no night window and on no chart of hours."
)
METHOD_WALKS = (
    "The options are taken from the exact set of walks for which no other is both shorter and has fewer reports "
    "nearby, up to {cap:g} times the shortest, and one along different streets. A report counts less with distance "
    "from a street (falling off over {decay:g} m, ending at {reach:g} m). Intervals come from drawing the events "
    "again (Poisson bootstrap). Lighting, steps, crossings and cameras are told as mapped and never scored; not known "
    "is neither lit nor unlit. Nothing about residents is used. How often an option comes first is a count over every "
    "weighting of length, reports nearby, unlit and unknown metres, steps and tunnels in steps of a tenth; it chooses nothing. "
    "A limit leaves streets out of the search and says which; what is not mapped stays in."
)
SYNTHETIC_BANNER = (
    '<div class="ss-synthetic" role="note"><strong>Synthetic data.</strong> Every report here is made up. '
    "Nothing on these pages describes a real place or person.</div>"
)
PARTNER_NOTE = (
    "The partner edition is made only from a checked release. None has been made from this store, so there is "
    "nothing to show in this edition."
)
FOOTER = """<footer class="ss-footer">
<section><h2>How to report</h2><ul>
<li>Emergency: call 999. If you cannot speak, press 55 on a mobile.</li>
<li>Not an emergency: call 101 or use your force's website.</li>
<li>On trains or at stations: text British Transport Police on 61016.</li>
<li>How a place feels: StreetSafe on police.uk. It is not a crime report.</li></ul></section>
<section><h2>Support</h2><ul>
<li>Rape and sexual abuse: 0808 500 2222, day and night</li>
<li>Victim Support: 0808 16 89 111, day and night</li>
<li>Domestic abuse: 0808 2000 247, day and night</li>
<li>Samaritans: 116 123</li></ul></section>
<section><h2>Method and credit</h2>
<p><a href="method" target="_self">How the figures are made</a></p>
<p>{credit}</p>
<p>Reports describe places. People who cause harm are responsible for it.</p></section>
</footer>"""
EDITION_LINES: Mapping[str, str] = MappingProxyType(
    {"police": "Police edition · internal", "partner": "Partner edition · released figures only"}
)

# ---- the page of data ----
GO_TO_DATA = '<p><a class="ss-action" href="data" target="_self">Load your own files on the Data page</a></p>'
DATA_HEAD = (
    '<h1 class="ss-title">Data</h1><p class="ss-dates">Files are checked first, and nothing is stored until you load '
    "them. Every row is accounted for, and a load can be rolled back.</p>"
)
DATA_PARTNER = (
    "Loading and rolling back belong to the police edition. This edition shows released figures only."
)
_LAYER_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "areas": "Areas",
        "streets": "Streets",
        "stops": "Public-transport stops",
    }
)
_LAYER_HELP: Mapping[str, str] = MappingProxyType(
    {
        "areas": "Neighbourhoods, wards or zones as polygons. An area with a known identifier is replaced.",
        "streets": "An OpenStreetMap extract. It takes the place of the streets held now.",
        "stops": "A NaPTAN export. Stops are where walks can start and end.",
    }
)
NAME_COLUMN = "Leave it blank: the column is usually found by itself."
REMEMBERED = "Files with these headers were loaded before. They would be read in the same way."
GUESSED = (
    "This is how the files would be read. It rests on the headers and on the first rows of the first file."
)
DATE_ORDERS: Mapping[DateOrder | None, str] = MappingProxyType(
    {None: "The file shows it", "dmy": "Day first: 03/04 is 3 April", "mdy": "Month first: 03/04 is March 4"}
)
CRS_NAMES: Mapping[Crs | None, str] = MappingProxyType(
    {
        None: "The file shows it",
        "EPSG:4326": "Degrees (latitude and longitude)",
        "EPSG:27700": "British National Grid metres",
    }
)
CHECK_AGAIN = "The choices above have changed since the check. Check the files again."
OUTCOMES: Mapping[str, str] = MappingProxyType(
    {
        "read": "rows in the files",
        "accepted": "can be used as they are",
        "repaired": "can be used after a plain change, shown below",
        "quarantined": "held back for a decision",
        "rejected": "cannot be used",
        "excluded": "counted and not kept: domestic, or at a home",
    }
)
# What the reasons and rules of the readers are called where their own names do not say it.
CODES: Mapping[str, str] = MappingProxyType(
    {
        "24:00": "24:00 read as the next midnight",
        "bng_in_degree_columns": "Grid metres in degree columns",
        "degrees_in_bng_columns": "Degrees in grid columns",
        "clock_gap": "A time that the clock change skipped",
        "default_date": "A system's default date",
        "domestic_abuse": "Domestic, or not clearly marked as not",
        "excel_date": "A date a spreadsheet had changed",
        "excel_text": "Text a spreadsheet had wrapped",
        "formula_text": "Text a spreadsheet would run",
        "merged_cell": "A merged cell written out",
        "mangled_reference": "A reference a spreadsheet had shortened",
        "no_moment": "No date",
        "bad_moment": "A date that cannot be read",
        "outside_britain": "Outside Great Britain and Northern Ireland",
        "ragged_row": "More or fewer cells than headers",
        "same_reference": "One reference, different content",
        "trimmed": "Spaces taken off",
        "synonym": "Another word for the same thing",
    }
)
WHERE_ALT = "Small map of where the rows that can be used lie; the sentences beside it give the same bounds."
WHERE = "Where the rows that can be used lie, over the areas loaded. Do the coordinates look right?"
EXCLUDED_NOT_SHOWN = "Excluded rows are counted and never shown."
BEFORE_LOADING = (
    "The rows accepted and repaired are loaded together, wholly or not at all. The others stay out; take them "
    "as a file, mend them in a spreadsheet and choose that file above."
)
MEND_HELP = "Each row with its line, what is wrong and your own columns. Contact details are blanked."
LOAD_STATES: Mapping[str, str] = MappingProxyType({"loaded": "In force", "rolled_back": "Rolled back"})
START_HERE = (
    "Nothing is loaded yet. Areas and streets come first, so that reports can be compared with something; the order "
    "does not matter."
)
NO_AREAS = "No areas yet: load them, so that places can be told from one another."
NO_STREETS = "No streets yet: without them reports are compared with area alone, and no walk can be planned."
DATA_DOES = (
    "What became of every row: the counts add up, or nothing is loaded.",
    "What was mended in a value, before and after. Nothing is mended silently.",
)
DATA_DOES_NOT = (
    "Columns of free text, and contact details: they are not stored.",
    "What may be somebody's own words: rows not taken are kept to be mended, and such cells are not shown here.",
    "Rows about domestic incidents or homes: they are counted, and nothing of them is kept.",
)


def upload_name(kind: str) -> str:
    """Say what files of a source or a layer hold.

    Examples
    --------
    >>> upload_name("nte"), upload_name("areas")
    ('Night-time-economy incidents', 'Areas')
    """
    if kind in _LAYER_NAMES:
        return _LAYER_NAMES[kind]
    return SOURCES[kind].title if kind in SOURCES else BASELINES[kind].title


def upload_help(kind: str) -> str:
    """Say more of what files of a source or a layer hold."""
    if kind in _LAYER_HELP:
        return _LAYER_HELP[kind]
    return SOURCES[kind].about if kind in SOURCES else BASELINES[kind].about


def dated_by_month(sources: Iterable[str]) -> bool:
    """Say whether none of these sources has an hour to choose.

    Examples
    --------
    >>> dated_by_month(("police_uk",)), dated_by_month(("police_uk", "nte"))
    (True, False)
    """
    return all(SOURCES[source].dated == "month" for source in sources)


def ask_felt() -> str:
    """Say which reports to choose to see both layers side by side.

    Examples
    --------
    >>> ask_felt()
    'Here StreetSafe reports are set beside recorded ones. Choose StreetSafe reports on the left to see it.'
    """
    felt = titles(of_layer(FELT))
    return f"Here {felt} are set beside recorded ones. Choose {felt} on the left to see it."


def shows(settings: Settings) -> tuple[str, ...]:
    """Say what the pages of places show.

    Examples
    --------
    >>> from safespace.settings import Settings
    >>> shows(Settings(hotspots={"interval": 0.8}))[0]
    'Where reports are more than usual for the baseline chosen on the left, with 80 % intervals.'
    """
    return tuple(sentence.format(level=percent(settings.hotspots.interval)) for sentence in _SHOWS)


def factor_name(sources: Sequence[str]) -> str:
    """Say what the factor of a source is: a reason, a kind of place, a method.

    Examples
    --------
    >>> factor_name(("nte",)), factor_name(("nte", "spiking"))
    ('Kind of place', 'Detail')
    """
    names = {SOURCES[source].factor_label for source in sources}
    return names.pop() if len(names) == 1 else "Detail"


def shares_name(sources: Sequence[str]) -> str:
    """Say what the shares of a cell are of.

    Examples
    --------
    >>> shares_name(("streetsafe",)), shares_name(("nte",))
    ('Reasons given', 'What was recorded')
    """
    names = {SOURCES[source].shares_label for source in sources}
    return names.pop() if len(names) == 1 else "What was recorded"


def age_in_words(newest: date, today: date) -> str:
    """Say how old the newest report is, as a person would.

    Examples
    --------
    >>> from datetime import date
    >>> age_in_words(date(2026, 11, 10), date(2026, 11, 24))
    'Newest report is 14 days old (10 November 2026)'
    """
    return f"Newest report is {_age((today - newest).days)} ({day_in_words(newest)})"


def _age(days: int) -> str:
    if days < 0:
        return "dated in the future"
    if days < 2:
        return ("from today", "from yesterday")[days]
    if days < 92:
        return f"{days} days old"
    if days < 730:
        return f"about {round(days / 30.44)} months old"
    return f"about {round(days / 365.25)} years old"


def day_in_words(day: date) -> str:
    """Write a day the GOV.UK way.

    Examples
    --------
    >>> from datetime import date
    >>> day_in_words(date(2022, 1, 5))
    '5 January 2022'
    """
    return f"{day.day} {day:%B %Y}"


def period_in_words(since: date, until: date) -> str:
    """Write a period with both ends.

    Examples
    --------
    >>> from datetime import date
    >>> period_in_words(date(2022, 1, 5), date(2022, 6, 30))
    '5 January 2022 to 30 June 2022'
    """
    return f"{day_in_words(since)} to {day_in_words(until)}"


def window_in_words(name: str, zones: Mapping[str, Sequence[NightWindow]]) -> str:
    """Name a night window with its hours, and the zones that keep other hours under that name.

    Parameters
    ----------
    name
        A window's name, ``night`` for the whole of it, or empty for any time.
    zones
        Parts of the night by zone; the usual ones are under the empty name.

    Examples
    --------
    >>> from datetime import time
    >>> from safespace.settings import NIGHT, NightWindow
    >>> window_in_words("nte-core", {"": NIGHT}), window_in_words("night", {"": NIGHT}), window_in_words("", {})
    ('Core 22:00 to 04:00', 'Whole night 18:00 to 06:00', 'Any time')
    >>> window_in_words("nte-core", {"": NIGHT, "Quay": [NightWindow(name="nte-core", start=time(21), end=time(3))]})
    'Core 22:00 to 04:00; in Quay 21:00 to 03:00'
    """
    if not name:
        return WINDOW_NAMES[""]
    parts = {zone: [part for part in night if name in ("night", part.name)] for zone, night in zones.items()}
    hours = {zone: f"{held[0].start:%H:%M} to {held[-1].end:%H:%M}" for zone, held in parts.items() if held}
    said = [
        f"in {zone} {times}" if zone and len(zones) > 1 else times
        for zone, times in hours.items()
        if not zone or times != hours.get("")
    ]
    return f"{WINDOW_NAMES.get(name, name)} {'; '.join(said)}" if said else name


def windows_held(zones: Mapping[str, Sequence[NightWindow]]) -> tuple[str, ...]:
    """Return what can be asked for as time of day: any, the whole night, and each part once.

    Examples
    --------
    >>> from safespace.settings import NIGHT
    >>> windows_held({"": NIGHT, "Quay": NIGHT[:1]})
    ('', 'night', 'nte-evening', 'nte-core', 'nte-late')
    """
    return tuple(dict.fromkeys(["", "night", *(part.name for night in zones.values() for part in night)]))


def files_in_words(files: str) -> str:
    """Name the files of a load in short: an archive's members by their number, and the first two of many files.

    Examples
    --------
    >>> files_in_words("may.zip/a.csv; may.zip/b.csv"), files_in_words("a.csv; b.csv; c.csv; d.csv")
    ('may.zip (2 files)', 'a.csv, b.csv and 2 more')
    """
    members = Counter(name.split("/")[0] for name in files.split("; "))
    names = [name if count == 1 else f"{name} ({count} files)" for name, count in members.items()]
    return ", ".join(names) if len(names) < 4 else f"{', '.join(names[:2])} and {len(names) - 2} more"
