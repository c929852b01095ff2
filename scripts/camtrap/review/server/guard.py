"""Who may ask: this machine's user, from the page that this server gave out, and nobody else.

The server listens on 127.0.0.1 only. That alone keeps out neither other users of the machine nor pages of other sites in the same
browser: so there is a token, a cookie, and a look at Host and Origin. The port in them may be another one: an SSH tunnel ends where
it likes.
"""

import hmac
import re
import secrets
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["POLICY", "Guard"]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_HOST = re.compile(r"(127\.0\.0\.1|localhost)(:[0-9]{1,5})?")
_ASK = (
    "<!doctype html><meta charset=utf-8><title>camtrap</title><p>This page opens with the address that the terminal shows, "
    "which has a token in it. Each address works once; the terminal then shows the next one."
)


class Guard:
    """Let through only who has the cookie; give it for the token, once.

    Parameters
    ----------
    app : ASGI application
    used : callable, optional
        Called with the next token when one was used.
    """

    def __init__(self, app: ASGIApp, used: Callable[[str], None] | None = None):
        self.app, self.used = app, used
        self.token, self._cookie = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        # cookies know no ports: two servers on one machine have cookies of their own
        self.name = f"camtrap-{secrets.token_hex(4)}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return

        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("cache-control", "no-store")
                message["headers"] = headers.raw
            await send(message)

        refusal = self._refusal(scope)
        await (refusal or self.app)(scope, receive, headed)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not _HOST.fullmatch(host):
            return PlainTextResponse("not a host of this server", 403)
        origin = headers.get("origin")
        if origin is not None and origin != f"http://{host}":
            return PlainTextResponse("not from this page", 403)
        if scope["method"] not in ("GET", "HEAD") and origin is None:
            return PlainTextResponse("not from this page", 403)
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin") and scope["path"] != "/":
            return PlainTextResponse("not from this page", 403)
        token = QueryParams(scope["query_string"]).get("token") if scope["path"] == "/" else None
        if token is not None and hmac.compare_digest(token.encode(), self.token.encode()):
            self.token = secrets.token_urlsafe(32)
            if self.used:
                self.used(self.token)
            answer = RedirectResponse("/", 303)
            answer.set_cookie(self.name, self._cookie, httponly=True, samesite="strict", path="/")
            return answer
        cookie = cookie_parser(headers.get("cookie", "")).get(self.name, "")
        if not hmac.compare_digest(cookie.encode(), self._cookie.encode()):
            return HTMLResponse(_ASK, 401)
        return RedirectResponse("/", 303) if token is not None else None
