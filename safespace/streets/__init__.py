"""The walking graph: streets split at junctions, as plain arrays.

Each edge keeps the tags of the one way it was cut from. Lighting has three values, because most streets
in the United Kingdom carry no ``lit`` tag: unknown is not unlit. What nearby lamps suggest is held apart
from what is mapped. Disconnected pieces stay in the graph and are reported in kilometres.
"""

import lazy_loader

# What is offered stands in __init__.pyi; each name is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
