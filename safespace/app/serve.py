"""Start the app's server."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safespace.errors import Remedy, SettingsError

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
    SettingsError
        When the port is taken.
    """
    _refuse_taken(port, address)
    words = command(port=port, address=address, upload_mb=settings.limits.upload_mb)
    environment = {**os.environ, "SAFESPACE_STORE": str(settings.store.resolve())}
    if os.name == "nt":
        subprocess.run(words, env=environment, check=False)  # noqa: S603 - our own words
        return
    # The server takes this process's place: stopping it stops the server, and none is left behind.
    sys.stdout.flush()
    os.execve(words[0], words, environment)  # noqa: S606 - our own words


def command(*, port: int, address: str, upload_mb: int) -> list[str]:
    """Return the command line that serves the app with its own look and no outside request.

    ``upload_mb`` is where the server stops taking an upload, MB.
    """
    script = Path(str(files("safespace.app"))) / "__main__.py"
    here = {"server.port": port, "server.address": address, "server.maxUploadSize": upload_mb}
    options = {**_flat(_config()), **here}
    flags = [f"--{name}={_said(one)}" for name, value in options.items() for one in _each(value)]
    return [sys.executable, "-m", "streamlit", "run", str(script), *flags]


def _refuse_taken(port: int, address: str) -> None:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((address, port))
        except OSError as problem:
            raise SettingsError(
                "The app cannot listen here.",
                code="app-address-taken",
                where=f"{address}:{port}",
                seen=problem.strerror,
                remedy=Remedy(
                    cli="Another program may be using the port: choose another one with --port.",
                    app="Another program may be using the port: ask whoever runs this app for another.",
                    library="Another program may be using the port: pass another one.",
                ),
            ) from problem


def _config() -> dict[str, Any]:
    return tomllib.loads(files("safespace.app").joinpath("config.toml").read_text(encoding="utf-8"))


def _flat(nested: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in nested.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return flat


def _each(value: Any) -> list[Any]:
    # A list is a flag given again and again; an empty one cannot be said.
    return value if isinstance(value, list) else [value]


def _said(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
