"""Names for streets and places: common English words, put together so that none repeats."""

from __future__ import annotations

from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

_STEMS_TEXT = (
    "Abbot Acorn Alder Almond Anchor Apple Archer Arden Ash Aspen Avon Bakers Bank Barley Barn Bay Beacon Beech Bell "
    "Birch Bishop Blossom Bluebell Border Bourne Bramble Briar Bridle Broad Brook Broom Buckler Burdock Butcher Calder "
    "Camellia Candle Canon Carrier Castle Cedar Chandler Chantry Chapel Cherry Chestnut Church Clay Cloister Clover "
    "Cobble Cooper Coppice Corner Cornflower Court Cowslip Crane Cress Crown Cuckoo Daisy Dale Dean Derwent Dove Draper "
    "Dyer Eagle Elder Elm Fairfield Falcon Farrier Fennel Fern Field Finch Flax Fletcher Forge Fountain Foxglove Friar "
    "Fuller Furrow Garland Gate Glebe Glover Goldfinch Gorse Grange Granary Green Grove Hallam Hawthorn Hazel Heath "
    "Heather Hedge Heron High Hill Holly Honey Hop Hornbeam Ivy Jasmine Juniper Kestrel Kiln Kingfisher Lammas Larch "
    "Lark Laurel Lavender Lilac Lime Linden Linnet Long Lupin Mallard Malt Manor Maple Marigold Martin Mason Mayfield "
    "Meadow Mercer Middle Mill Minster Moor Mulberry Myrtle Nettle Nightingale North Oak Old Orchard Osier Otter Oxford "
    "Paddock Park Parsons Partridge Pear Pepper Pilgrim Pine Plough Plum Pond Poplar Poppy Potter Primrose Quarry Queen "
    "Quince Raven Rectory Reed Robin Rope Rose Rowan Rush Saddler Sage Salter School Sedge Shepherd Silver Skinner "
    "Sorrel South Sparrow Spinney Spring Stable Starling Stone Swan Swift Sycamore Tanner Tansy Teasel Thatch Thistle "
    "Thorn Thrush Tithe Turnpike Vale Vicarage Violet Walnut Warren Water Weaver Well West Wheat Wheel Willow Windmill "
    "Wood Wren Yarrow Yew"
)
_STEMS = tuple(_STEMS_TEXT.split())

_SIGNS_TEXT = (
    "Anchor,Bell,Black Swan,Bricklayers,Crown,Dun Cow,Falcon,Fleece,Fox,Gate,Globe,Golden Lion,Greyhound,Hop Pole,"
    "Lamb,Malt Shovel,Navigation,Old Mill,Plough,Railway,Red Hart,Rose,Ship,Star,Talbot,Three Tuns,Wheatsheaf,"
    "White Horse,Windmill,Woolpack"
)
SIGNS = tuple(_SIGNS_TEXT.split(","))
_BARS_TEXT = (
    "Amber,Basement 9,Cellar,Copper,Distil,Ember,Foundry,Juniper,Keg,Loft,Mezz,Node,Orchard,Parlour,Quarter,"
    "Rum Store,Salt,Tap"
)
BARS = tuple(_BARS_TEXT.split(","))
CLUBS = ("Arcade", "Blueprint", "Kinetic", "Lantern", "Mirror", "Velvet")
FOOD = (
    "Corn Street Kebab",
    "Golden Fry",
    "Late Slice",
    "Night Owl Pizza",
    "Pepper Grill",
    "Stonebridge Chicken",
)

# name, metres east and north of the market place
SUBURBS = (
    ("Northfields", 300, 1500),
    ("Chapel Hill", -1500, 900),
    ("Westgate", -1700, -250),
    ("Priory Park", -1350, -1300),
    ("Wharfside", 350, -1080),
    ("Meadow End", 1500, -1000),
    ("College Green", 1750, 900),
    ("Old Town", -250, -200),
)

_KINDS = MappingProxyType(
    {
        "core": ("Lane", "Row", "Street", "Passage", "Yard", "Hill", "Gate", "Court"),
        "terraces": ("Street", "Road", "Terrace", "Street", "Place"),
        "suburb": ("Avenue", "Road", "Drive", "Way", "Gardens", "Crescent", "Grove"),
        "close": ("Close", "Court", "Mews", "Close"),
        "crescent": ("Crescent", "Rise", "Circle"),
        "works": ("Way", "Road", "Works", "Park"),
        "lane": ("Lane", "Hollow", "Bank", "Track"),
    }
)


class StreetNames:
    """Hand out names that have not been given yet, by the kind of street."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._supply = {kind: _shuffled(kind, rng) for kind in _KINDS}
        self._given: set[str] = set()

    def take(self, kind: str) -> str:
        """Return a new name for a street of that kind."""
        name = next(name for name in self._supply[kind] if name not in self._given)
        self._given.add(name)
        return name


def _shuffled(kind: str, rng: np.random.Generator) -> Iterator[str]:
    ends = dict.fromkeys(_KINDS[kind])
    names = [f"{stem} {end}" for end in ends for stem in _STEMS]
    plain = [names[i] for i in rng.permutation(len(names))]
    # a large suburb can use up the stems: English towns then reuse them with a qualifier
    return chain(
        plain, (f"{first} {name}" for first in ("Upper", "Lower", "Little", "New") for name in plain)
    )
