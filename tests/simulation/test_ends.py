"""What becomes of work when a process ends that it needs: of itself, on purpose, or after the work."""

import asyncio
import sys

import pytest

from simulation.engines import ends
from simulation.engines.ends import Ends
from simulation.engines.processes import ProcessError


async def died(heard: Ends, code: str, *, expected: bool = False) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    if expected:
        heard.expect(process.pid)
    heard.hear("the server", process.pid, await process.wait())


@pytest.mark.parametrize(
    ("code", "how"), [("import os; os.kill(os.getpid(), 9)", "signal 9"), ("raise SystemExit(3)", "status 3")]
)
def test_work_that_would_never_end_is_ended_with_the_process(code: str, how: str) -> None:
    async def main() -> None:
        heard = Ends()
        async with asyncio.TaskGroup() as group:
            group.create_task(died(heard, code))
            with pytest.raises(ProcessError, match=rf"^the server has ended \({how}\)$"):
                await heard.meanwhile(asyncio.Event().wait())

    asyncio.run(main())


def test_an_end_on_purpose_is_none() -> None:
    async def main() -> None:
        heard = Ends()
        await heard.meanwhile(died(heard, "raise SystemExit(3)", expected=True))
        assert heard.why == ""

    asyncio.run(main())


def test_work_that_fails_first_is_still_told_as_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused() -> None:
        raise ConnectionRefusedError

    async def main(code: str) -> None:
        heard = Ends()
        async with asyncio.TaskGroup() as group:
            group.create_task(died(heard, code))
            await heard.meanwhile(refused())

    monkeypatch.setattr(ends, "HEARD_S", 60.0)
    with pytest.raises(ExceptionGroup) as raised:
        asyncio.run(main("raise SystemExit(3)"))
    assert isinstance(raised.value.exceptions[0], ProcessError)
    assert isinstance(raised.value.exceptions[0].__cause__, ConnectionRefusedError)


def test_its_own_failure_is_passed_on_where_nothing_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    async def wrong() -> None:
        raise ValueError

    monkeypatch.setattr(ends, "HEARD_S", 0.0)
    with pytest.raises(ValueError):  # noqa: PT011 - it has no message
        asyncio.run(Ends().meanwhile(wrong()))


@pytest.mark.parametrize("ordinary", [True, False])
def test_whether_being_cancelled_is_an_ordinary_end_is_for_the_work_to_say(ordinary: bool) -> None:
    async def work() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if not ordinary:
                raise

    async def main() -> bool:
        task = asyncio.create_task(Ends().meanwhile(work()))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait((task,))
        return task.cancelled()

    assert asyncio.run(main()) is not ordinary
