"""The app: read widgets, make one pipeline call, draw.

Nothing is worked out here. The question lives in the address bar as a :class:`safespace.pipeline.View`, so
an address that is shared, bookmarked or reloaded asks the same question again.
"""


def run() -> None:
    """Draw the app once: what Streamlit calls on every change."""
    # The command that starts the server imports this package too and need not load Streamlit twice.
    from safespace.app import shell  # noqa: PLC0415

    shell.run()
