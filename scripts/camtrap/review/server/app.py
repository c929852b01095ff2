"""What the page asks, and what it is answered. Crops and pictures are asked for by number, and travel as bytes."""

import json
import traceback
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from camtrap.core.errors import OutageError, UserError
from camtrap.review.server import overview
from camtrap.review.server.desk import Desk
from camtrap.review.server.questions import QUESTIONS

__all__ = ["make_app"]

PAGE = Path(__file__).parent.parent / "page"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html; charset=utf-8", ".svg": "image/svg+xml"}
_BYTES = "application/octet-stream"
_MOST = 64_000_000  # bytes of a question; a million crops in a list are 8 million
_POLL = 0.3  # seconds between looks at the log


def make_app(desk: Desk) -> Starlette:
    """The server's pages; who may ask is the matter of `guard.Guard`."""
    files = {path.name: path.read_bytes() for path in sorted(PAGE.iterdir()) if path.suffix in _TYPES}

    # the browser fetches all modules at once, not each when another one asks for it
    early = {"link": ", ".join(f"</page/{name}>; rel=modulepreload" for name in files if name.endswith(".js"))}

    async def page(request: Request) -> Response:
        name = request.path_params.get("name", "index.html")
        if name not in files:
            return Response("there is no such file", 404, media_type="text/plain")
        return Response(
            files[name], media_type=_TYPES[Path(name).suffix], headers=early if name == "index.html" else None
        )

    def plain(answer: Callable[[Any], Any]) -> Callable:
        """A question in JSON, an answer in JSON (or in bytes)."""

        async def ask(request: Request) -> Response:
            said = await _said(request) if request.method == "POST" else {}
            return _answered(await run_in_threadpool(answer, said))

        return ask

    async def small(request: Request) -> Response:
        rows = np.frombuffer(await _body(request), "<i4")
        return Response(await run_in_threadpool(desk.small, rows), media_type=_BYTES)

    async def tiles(request: Request) -> Response:
        rows = desk.checked(np.frombuffer(await _body(request), "<i4"))
        return Response(await run_in_threadpool(lambda: desk.tiles(rows).tobytes()), media_type=_BYTES)

    async def crop(request: Request) -> Response:
        (row,) = desk.checked([request.path_params["row"]]).tolist()
        data, kind = await run_in_threadpool(desk.originals.crop, row)
        return Response(data, media_type=kind, headers={"cache-control": "private, max-age=3600"})

    async def picture(request: Request) -> Response:
        data = await run_in_threadpool(desk.originals.picture, request.path_params["number"])
        return Response(data, media_type="image/jpeg", headers={"cache-control": "private, max-age=3600"})

    async def look(request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(desk.look, request.path_params["row"]))

    async def events(request: Request) -> Response:
        async def told() -> AsyncIterator[str]:
            version = -1
            while not await request.is_disconnected():
                now = await run_in_threadpool(_news, desk, version)
                # a comment keeps the line open, and finds out that nobody listens any more
                yield f"data: {now}\n\n" if now != version else ": still here\n\n"
                version = now

        return StreamingResponse(told(), media_type="text/event-stream")

    routes = [
        Route("/", page),
        Route("/page/{name}", page),
        Route("/events", events),
        Route("/small", small, methods=["POST"]),
        Route("/crop/{row:int}", crop),
        Route("/picture/{number:int}", picture),
        Route("/look/{row:int}", look),
        Route("/survey", plain(lambda said: desk.about())),
        Route("/places", plain(lambda said: desk.survey.place.astype("<u2").tobytes())),
        Route("/codes", plain(lambda said: overview.codes(desk.live))),
        Route("/groups", plain(desk.groups), methods=["POST"]),
        Route(
            "/rows",
            plain(lambda said: desk.rows(str(said.get("group")), said.get("filter") or {}).tobytes()),
            methods=["POST"],
        ),
        Route("/decide", plain(desk.decide), methods=["POST"]),
        Route("/back", plain(lambda said: desk.back(str(said.get("which")))), methods=["POST"]),
        Route("/tiles", tiles, methods=["POST"]),
    ]
    for name, question in QUESTIONS.items():
        routes.append(Route(f"/{name}", plain(partial(question, desk)), methods=["POST"]))
    handlers = {UserError: _refused, OSError: _failed, Exception: _fault}
    return Starlette(routes=routes, exception_handlers=handlers)  # type: ignore[arg-type] # each handles its own kind


def _news(desk: Desk, version: int) -> int:
    """The version, as soon as it is another one; also what other programs added to the log."""
    desk.live.refresh()
    return desk.live.wait(version, _POLL)


def _answered(value: Any) -> Response:
    if isinstance(value, bytes):
        return Response(value, media_type=_BYTES)
    return JSONResponse(value)


async def _body(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > _MOST:
            raise UserError("this question is too long")
        parts.append(part)
    return b"".join(parts)


async def _said(request: Request) -> dict[str, Any]:
    try:
        said = json.loads(await _body(request))
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise UserError("this is not a question")
    return said


async def _refused(request: Request, error: UserError) -> Response:
    return JSONResponse({"error": str(error)}, 507 if isinstance(error, OutageError) else 400)


async def _failed(request: Request, error: OSError) -> Response:
    return JSONResponse({"error": f"{error.filename or 'the disk'}: {error.strerror or error}"}, 507)


async def _fault(request: Request, error: Exception) -> Response:
    traceback.print_exception(error)
    return JSONResponse(
        {"error": "a fault of the program: the terminal says more; nothing that was saved is lost"}, 500
    )
