"""The app: read widgets, make one pipeline call, draw.

Nothing is worked out here. The question lives in the address bar as a :class:`safespace.pipeline.View`, so
an address that is shared, bookmarked or reloaded asks the same question again.
"""

from safespace.app.serve import serve
from safespace.app.shell import run

__all__ = ["run", "serve"]
