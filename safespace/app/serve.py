"""Start the app's server."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safespace.errors import SafeSpaceError

if TYPE_CHECKING:
    from safespace.settings import Settings


def serve(settings: Settings, *, port: int = 8501, address: str = "127.0.0.1") -> None:
    """Serve the app until it is stopped.

    Parameters
    ----------
    settings
        Its ``store`` is the one shown.
    port
        TCP port.
    address
        Interface to listen on. Anything but the loopback lets others on the network in: the app has one
        user and no login.

    Raises
    ------
    SafeSpaceError
        When the server stops by itself, most often because the port is taken.
    """
    environment = {**os.environ, "SAFESPACE_STORE": str(settings.store.resolve())}
    try:
        ended = subprocess.run(command(port=port, address=address), env=environment, check=False)  # noqa: S603 - our own words
    except KeyboardInterrupt:  # how a person stops a server
        return
    if ended.returncode not in (0, -2, 130):
        raise SafeSpaceError(
            "The app stopped.",
            where=f"{address}:{port}",
            seen=f"exit code {ended.returncode}",
            remedy="If the port is in use, choose another one with --port.",
        )


def command(*, port: int, address: str) -> list[str]:
    """Return the command line that serves the app with its own look and no outside request."""
    script = Path(str(files("safespace.app"))) / "__main__.py"
    options = {**_flat(_config()), "server.port": port, "server.address": address}
    flags = [f"--{name}={_flag(value)}" for name, value in options.items() if not isinstance(value, list)]
    return [sys.executable, "-m", "streamlit", "run", str(script), *flags]


def _config() -> dict[str, Any]:
    return tomllib.loads(files("safespace.app").joinpath("config.toml").read_text(encoding="utf-8"))


def _flat(nested: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in nested.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return flat


def _flag(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
