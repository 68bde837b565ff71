"""A scorer behind an address: one POST of a JSON object for each comment, answered with ``{"score": 0.93}``."""

import asyncio
import json
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException

from reference_impl.scored import ScorerUnavailable

ANSWER_MAX_S = 5.0
THREADS = 16  # as many as a guard has questions under way, so that none waits for another one's answer

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class HttpScorer:
    def __init__(self, url: str) -> None:
        self._url = url
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="scorer")

    async def score(self, stream: str, author: str, text: str) -> float:
        body = json.dumps({"stream": stream, "author": author, "text": text}).encode()
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, _ask, self._url, body)
        except (OSError, HTTPException, ValueError, KeyError, TypeError) as error:
            raise ScorerUnavailable(f"{self._url}: {error!r}") from error

    def close(self) -> None:
        """Questions that are under way end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _ask(url: str, body: bytes) -> float:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with _direct.open(request, timeout=ANSWER_MAX_S) as answer:
        score = float(json.load(answer)["score"])
    if not 0 <= score <= 1:
        raise ValueError(f"a score is 0 to 1, got {score:g}")
    return score
