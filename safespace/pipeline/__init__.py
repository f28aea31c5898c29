"""The product as verbs: the only room the faces call.

Each verb opens the store named in the settings, does one thing and returns a frozen value or a plain frame.
"""

import lazy_loader

# What is offered stands in __init__.pyi; each name is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
