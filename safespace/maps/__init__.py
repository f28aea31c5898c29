"""Maps and charts: static vector pictures, pages that open with no network, decks, and their accessible table.

Every picture has a table with the same facts (:func:`hex_table`), one palette that never rests on
colour alone (:mod:`safespace.maps.palette`) and a credit line for the data drawn.
"""

import lazy_loader

# What is offered stands in __init__.pyi; each name is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
