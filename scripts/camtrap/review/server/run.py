"""Start the page: on 127.0.0.1, with an address that works once."""

import contextlib
import os
import socket
import sys
import threading
import webbrowser
from pathlib import Path

import uvicorn

from camtrap.core.errors import UserError
from camtrap.review.server.app import make_app
from camtrap.review.server.desk import Desk
from camtrap.review.server.guard import Guard
from camtrap.review.server.originals import where
from camtrap.review.server.species import read_species
from camtrap.review.server.survey import Survey

__all__ = ["serve"]


def serve(
    results: str,
    folder: Path,
    who: str,
    port: int = 0,
    images: str | None = None,
    species: str | None = None,
    model: str | None = None,
    browser: bool = True,
) -> None:
    """Serve the page until it is stopped (Ctrl-C).

    Raises
    ------
    UserError
        The results cannot be read; the port is taken.
    """
    print(f"reading {results} …", flush=True)
    listed = folder / "species.csv"
    names = species or (str(listed) if listed.exists() else None)
    desk = Desk(Survey(results, model), folder, who, images or where(results), read_species(names) if names else [])
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        server.bind(("127.0.0.1", port))
    except OSError as error:
        raise UserError(f"port {port}: {error.strerror}; leave --port out, and a free one is taken") from None
    server.listen(128)  # from here on a browser waits for its answer
    own = server.getsockname()[1]

    def address(token: str) -> str:
        return f"http://127.0.0.1:{own}/?token={token}"

    def used(token: str) -> None:
        print(f"for another browser: {address(token)}", flush=True)

    guard = Guard(make_app(desk), used)
    print(f"the page: {address(guard.token)}")
    if "SSH_CONNECTION" in os.environ:
        print(f"on your own computer: ssh -L {own}:127.0.0.1:{own} {socket.gethostname()}   and then open this address")
    print(f"decisions go to {folder}; Ctrl-C ends the page, and nothing is lost", flush=True)
    threading.Thread(target=desk.prepare, daemon=True).start()
    if browser and "SSH_CONNECTION" not in os.environ:
        threading.Thread(target=webbrowser.open, args=(address(guard.token),), daemon=True).start()
    config = uvicorn.Config(
        guard, log_level="critical", access_log=False, server_header=False, lifespan="off", timeout_graceful_shutdown=1
    )
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[server])
    sys.stdout.flush()
