"""The calendar of the night: local time, parts of the night, and what was on.

``hours`` says which night a moment belongs to and how sure that is; ``calendars`` what day it was for the
people who were out: bank holidays, matches, events, campaigns.
"""

import lazy_loader

# What is offered stands in __init__.pyi; each name is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
