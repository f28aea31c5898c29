"""The page that says which columns each reader accepts, written from the readers' own definitions."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from safespace.sources.mapping import shipped_mappings
from safespace.sources.readers import forms
from safespace.sources.taxonomy import load_taxonomy

if TYPE_CHECKING:
    from safespace.sources.forms import Field, Form
    from safespace.sources.taxonomy import Taxonomy

_TOP = """\
# What the readers accept

This page is written from the readers by `safespace.sources.formats.describe()`; a test holds it against them.

**The real StreetSafe, night-time-economy and Operation Argon exports are not public.** The columns below are
SafeSpace's own; nothing is assumed about a force's export beyond the spellings listed. A header that is not listed
is named in a mapping file, which is kept and used again.

Every reader takes:

- CSV (comma, semicolon, tab or bar; UTF-8, UTF-16 or Windows-1252; lines of another encoding inside a file are read as
  Windows-1252 and counted in a note), and zip archives and folders of CSVs;
- an `.xlsx` workbook, its first sheet or the one named; a cell under a merged cell takes its text, as a shown repair;
- Parquet, GeoPackage (its first layer or the one named) and GeoJSON; points stand under `longitude` and `latitude`, or
  under `easting` and `northing` when the file is in British National Grid. A moment in such a file is UTC when the file
  says so, which a GeoPackage always does, and local otherwise. Their rows are numbered from 2, as under a header.

The header is looked for in the first 20 lines. Case, spaces and punctuation of headers do not matter. Columns that are
not listed are not read and not stored, free text least of all. A header that is not known can be guessed by
`proposals.propose`, confirmed by a person, and kept for the next file with the same headers.

## What becomes of a row

Rows read = accepted + repaired + quarantined + rejected + excluded, always.

| outcome | meaning |
|---|---|
| accepted | stored as it was |
| repaired | stored after a plain change that is shown: `trimmed`, `synonym`, `swapped_coordinates`, `bng_in_degree_columns`, `degrees_in_bng_columns`, `decimal_comma`, `merged_cell`, `24:00`, `clock_gap`, `excel_date`, `excel_text`, `formula_text`, `reference_blanked` |
| quarantined | held back for a decision: `unknown_category` and other `unknown_*` (with the nearest word), `same_reference` with different content, `held_with_other_content` when an earlier load has that reference with other content, `mangled_reference` |
| rejected | cannot be used: `no_coordinates`, `zero_coordinates`, `bad_coordinates`, `outside_britain`, `no_moment`, `bad_moment`, `default_date`, `too_old`, `future_date`, `end_before_start`, `duplicate_row`, `footer_row`, `header_row`, `ragged_row` |
| excluded | must not be used, and is only counted; its text is kept nowhere: `domestic_abuse`, `home_location` |

A row that is not accepted is kept with its line number, its reason in words and the cells the reader uses; contact
details, vehicle marks and names with a title in them are blanked and counted in a note, and so is a whole sentence
that holds one of them or is longer than any label. Of a line that cannot be split into cells only the number is kept.
A reference that is a contact, a name, a sentence or a word such as `N/A` is blanked as a shown repair; a name without
a title in any other cell cannot be told from a word that is not in the list.

Rejects can be mended and loaded again: written by `rejects.write_to_mend` they are a CSV that says in six columns
(`reject_file`, `reject_row`, `reject_outcome`, `reject_reason`, `reject_explanation`, `reject_remedy`) what was wrong
with each row and what to do, and then holds the provider's own columns, so a cell is mended in a spreadsheet and the file is given to the same reader
with the same mapping. The six columns may stay: they are not read. The table of rejects as it is kept, with each row
as JSON under `original`, is read back as well. A row with a reference has the same identifier as if it had been right
at once. Rows that are still wrong are counted again; rows that need no mending are best deleted.

A file with columns about persons (stalking, bail, custody, suspects, offenders, names, vehicle marks) is refused whole. A marker of
domestic abuse and a kind of place are read under any header that says so (`DV flag`, `IsDA`, `LocationType`); when two
columns could be it, a mapping has to say which. A column that is not read still keeps a row out where it is named
like a place (`Location`, `Address`, `Premises`) and its cell names a home, or named like keywords, tags or qualifiers
and its cell says domestic abuse.

Dates: `2022-01-28 23:40`, `28/01/2022 23:40`, `Fri 28 Jan 2022 23.40`, `20220128 2340`, with or without a time zone
(`Z`, `+01:00`, `BST`, `GMT`); a column of times beside a column of dates (`Date` and `Time`, `Date from` and `Time from`)
is read with it. Local times are
Europe/London unless set otherwise. Numbers such as 03/04/2022 are day first under the headers listed below in the
first column; under any other header they are asked about when no date of the file settles it, and the answer is a line
of a mapping: `date_order = "day"` or `date_order = "month"`. A column that is plainly month first is refused until a
mapping says so. A date without a time spans its day.
At the clock changes, a time that does not exist is moved an hour on and shown as a repair, and a time that
happened twice keeps both readings.

A row without a reference is known by a hash of its content and by how many rows like it came before, so that two
alike anonymous rows stay two and loading a file again adds nothing.
"""

_MAPPING = """\
## Mapping files

```toml
date_order = "day"              # or "month"; for dates such as 03/04/2022
crs = "EPSG:27700"              # when latitude and longitude columns hold grid metres

[columns]                       # ours = "their header"
reasons = "Concern type"
submitted = "Date/time created"

[values.reasons]                # "their word" = "our word"
"Lighting fault" = "Badly lit"
```

Mappings that come with SafeSpace, given by name: {shipped}. `police-uk-api` reads exports made from the
data.police.uk API, with their slugs (`anti-social-behaviour`).

## Areas and layers

| reader | file | columns |
|---|---|---|
| `boundaries.read_areas` | GeoJSON, KML, GeoPackage; WGS 84 or British National Grid | `area_id` or `id` or a column ending in `cd`; `name` or a column ending in `nm`, or the one named; polygons, Z dropped, self-crossing rings mended and said |
| `assets.read_naptan` | NaPTAN stops CSV | `ATCOCode, CommonName, StopType`, `Longitude, Latitude` or `Easting, Northing` |
| `layers.read_area_values` | CSV, zip or tar of CSVs | a code column and a figure column, both named; rows of one area are added up |
| `weights.read_weights` | GeoJSON, GeoPackage with one layer; WGS 84 or British National Grid | all polygons or all points; one column of amounts, named with `--value-column`: totals, not densities |
| `nights.read_calendar` | CSV | `name, kind, starts, ends, zone`: kind match, event, campaign or recording-change; local moments as `2022-01-28 19:45`, or dates; zone a loaded area's name or identifier, or empty |

## Kinds of offence and weights

| file | columns |
|---|---|
| groups of offences, named in the setting `offence_groups` in place of ours | `source, kind` (the category as stored), `group` (as printed), and if wanted `may_hold` (groups that it holds without telling them apart, joined by a bar), `no_weight` (why one weight cannot stand for it), `note` |
| weights of harm, given to `hotspots --weights` | `kind, weight, source, date`: each weight above zero, with where it is from and of which day (`2026-05-01`); none is shipped |

A category without a line counts under Other, and every answer says so. An answer names the file and the first digits of its
SHA-256.
"""


def describe() -> str:
    """Return the whole page as Markdown."""
    held = forms()
    taxonomy = load_taxonomy(*held)
    parts = [_TOP, *(_section(form, taxonomy) for form in held)]
    parts.append(_MAPPING.format(shipped=", ".join(f"`{name}`" for name in shipped_mappings())))
    return "\n".join(parts)


def example_csv(form: Form) -> str:
    """Return a header and the example row of a reader, as CSV.

    Examples
    --------
    >>> from safespace.sources.readers import reader_of
    >>> print(example_csv(reader_of("police_uk").form).splitlines()[0])
    reference,month,longitude,latitude,location,category
    """
    shown = [field for field in form.fields if field.example]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field.name for field in shown])
    writer.writerow([field.example for field in shown])
    return text.getvalue()


def _section(form: Form, taxonomy: Taxonomy) -> str:
    rows = "\n".join(_row(field) for field in form.fields)
    words = "\n".join(_words(field, taxonomy) for field in form.fields if field.vocabulary)
    places = " or ".join(" and ".join(f"`{name}`" for name in group) for group in form.either)
    also = f"A place is needed: {places}.\n\n" if places else ""
    return (
        f"## {form.title} (`{form.source}`)\n\n{also}"
        "| column | type | unit | needed | meaning | also read as |\n|---|---|---|---|---|---|\n"
        f"{rows}\n\nWords (taxonomy {taxonomy.version}; synonyms are in `safespace/sources/taxonomy.toml`):\n\n{words}\n\n"
        f"Example:\n\n```csv\n{example_csv(form)}```\n"
    )


def _row(field: Field) -> str:
    also = ", ".join(f"`{name}`" for name in field.synonyms)
    needed = "yes" if field.needed else ""
    return f"| `{field.name}` | {field.kind} | {field.unit} | {needed} | {field.meaning} | {also} |"


def _words(field: Field, taxonomy: Taxonomy) -> str:
    source, names = field.vocabulary or ("", "")
    lists = [(name, taxonomy.words(source, name).labels) for name in names.split()]
    told = "; ".join((f"{name}: " if len(lists) > 1 else "") + ", ".join(labels) for name, labels in lists)
    return f"- `{field.name}`: {told}"
