"""Where it is really more than usual, and how sure that is.

``find_hotspots`` takes counted cells and gives a :class:`Hotspots`, which carries its baseline, sample
and intervals everywhere; ``places`` turns it into a ranked list.
"""

import lazy_loader

# What is offered stands in __init__.pyi; each name is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
