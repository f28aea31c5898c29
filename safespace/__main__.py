"""``python -m safespace`` is the same as ``safespace``."""

from safespace.cli import main

main()
