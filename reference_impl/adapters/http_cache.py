"""A cache in front of the server, such as nginx with `deploy/nginx.conf`, asked over HTTP to replace its copies."""

import asyncio
import urllib.error
import urllib.request
from http import HTTPStatus
from http.client import HTTPException

from reference_impl.ports import CacheUnavailable

PURGE_HEADER = "X-Livecomments-Purge"
ANSWER_MAX_S = 5.0

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class HttpCache:
    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    async def refresh(self, path: str) -> None:
        """Ask in a thread: it is seldom, and no client for HTTP is needed for it."""
        try:
            status = await asyncio.to_thread(_status, self._url + path)
        except (OSError, HTTPException) as error:
            raise CacheUnavailable(f"{self._url}: {error}") from error
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise CacheUnavailable(f"{self._url} answered {status}")


def _status(url: str) -> int:
    request = urllib.request.Request(url, headers={PURGE_HEADER: "1"})
    try:
        with _direct.open(request, timeout=ANSWER_MAX_S) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
