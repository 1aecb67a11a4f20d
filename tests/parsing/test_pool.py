"""The pool's promises for tasks that succeed, fail, hang, crash, and take too much memory."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections import Counter
from datetime import timedelta
from typing import Any

import psutil
import pytest

from tests.parsing.conftest import MakePool
from tests.parsing.waiting import is_gone, until
from tests.patience import HANGS
from watcher.errors import ParserDied, ParserError, ParserTimeout, TaskFailed
from watcher.parsing import ParserPool

LONG = timedelta(seconds=HANGS)
SHORT = timedelta(seconds=0.2)


async def state(pool: ParserPool) -> dict[str, Any]:
    """Returns the state of the process that runs the next task."""
    known: dict[str, Any] = json.loads(await pool.run("state", {}, b"", LONG))
    return known


# -- tasks that succeed ----------------------------------------------------------------------------------------------


async def test_task_gets_arguments_and_payload(pool: ParserPool) -> None:
    """Arguments arrive as JSON has them, the payload as it is."""
    arguments = {"url": "https://zeitung.example/ü", "depth": 3, "hint": None}
    answer = json.loads(await pool.run("echo", arguments, "Grüße\n".encode(), LONG))
    assert answer == {"arguments": arguments, "payload": "Grüße\n"}


@pytest.mark.parametrize("size", [0, 1, 65_536, 8 * 2**20])
async def test_payloads_of_any_size_go_and_come_back(pool: ParserPool, size: int) -> None:
    """Nothing, a byte, and eight megabytes, each way."""
    payload = os.urandom(size)
    assert await pool.run("reverse", {}, payload, LONG) == payload[::-1]


async def test_processes_start_when_they_are_needed(make_pool: MakePool) -> None:
    """The first task starts one process, tasks one after the other need no second, and others start up to the size."""
    pool = make_pool(3)
    assert not pool.pids
    assert len({(await state(pool))["pid"] for _ in range(5)}) == 1
    assert len(pool.pids) == 1
    await asyncio.gather(*(pool.run("reverse", {}, b"x", LONG) for _ in range(9)))
    assert len(pool.pids) == 3


async def test_tasks_module_is_preloaded_once(pool: ParserPool) -> None:
    """`preload` ran before the first task, and the process stays for the next."""
    first, second = await state(pool), await state(pool)
    assert first["preloaded"]
    assert (first["pid"], second["calls"]) == (second["pid"], first["calls"] + 1)


async def test_first_come_first_served(pool: ParserPool) -> None:
    """Waiting tasks run in the order in which they came."""
    order: list[int] = []

    async def one(number: int) -> None:
        await pool.run("reverse", {}, b"x", LONG)
        order.append(number)

    await asyncio.gather(*(one(number) for number in range(30)))
    assert order == list(range(30))


async def test_the_next_task_is_queued_while_one_runs(pool: ParserPool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process has its next task at hand when it has done one, so that it need not wait for the event loop."""
    monkeypatch.setattr("watcher.parsing.pool._JUST_STARTED", LONG.total_seconds())
    await state(pool)
    first = asyncio.create_task(pool.run("await_request", {}, b"", LONG))
    second = asyncio.create_task(pool.run("reverse", {}, b"ab", LONG))
    assert (await first, await second) == (b"arrived", b"ba")


# -- tasks that fail --------------------------------------------------------------------------------------------------


async def test_an_exception_is_reported(pool: ParserPool) -> None:
    """TaskFailed has its class and message and, since it is a bug, the traceback as a note; the process lives on."""
    pid = (await state(pool))["pid"]
    with pytest.raises(TaskFailed, match="seltsam") as caught:
        await pool.run("fail", {"kind": "ValueError", "message": "seltsam " * 1_000}, b"", LONG)
    assert caught.value.kind == "ValueError"
    assert len(str(caught.value)) <= 2_000
    (note,) = caught.value.__notes__
    assert note.startswith("In the parser process, fail:\nTraceback")
    assert 'in fail\n    raise error(arguments["message"])' in note
    assert (await state(pool))["pid"] == pid


async def test_own_errors_carry_their_data(pool: ParserPool) -> None:
    """A WatcherError brings its public attributes, as far as JSON can carry them, and no traceback."""
    with pytest.raises(TaskFailed, match=r"^a web page$") as caught:
        await pool.run("refuse", {}, b"", LONG)
    assert caught.value.kind == "NotAFeed"
    assert caught.value.data == {"advertised": ["https://zeitung.example/feed"]}
    assert not hasattr(caught.value, "__notes__")


@pytest.mark.parametrize("kind", ["SystemExit", "KeyboardInterrupt", "RecursionError", "GeneratorExit"])
async def test_no_exception_ends_the_process(pool: ParserPool, kind: str) -> None:
    """Exceptions that usually end a program are reported like others."""
    pid = (await state(pool))["pid"]
    with pytest.raises(TaskFailed) as caught:
        await pool.run("fail", {"kind": kind, "message": "x"}, b"", LONG)
    assert caught.value.kind == kind
    assert (await state(pool))["pid"] == pid


@pytest.mark.parametrize(
    ("task", "arguments", "kind"),
    [
        ("no_such_task", {}, "KeyError"),
        ("overflow", {}, "RecursionError"),
        ("talk", {"size": 2**20 + 1}, "ReplyTooLarge"),
        ("echo", {}, "UnicodeDecodeError"),
        ("write_file", {}, "FileNotFoundError"),  # "No usable temporary directory found"
    ],
)
async def test_forbidden_acts_fail_the_task(
    make_pool: MakePool, task: str, arguments: dict[str, Any], kind: str
) -> None:
    """Unknown tasks, endless recursion, giant results and files raise an exception, and the next task succeeds."""
    pool = make_pool(largest_reply=2**20)
    with pytest.raises(TaskFailed) as caught:
        await pool.run(task, arguments, b"\xff", LONG)
    assert caught.value.kind == kind
    assert len(await pool.run("talk", {"size": 2**20}, b"", LONG)) == 2**20


async def test_arguments_that_are_too_large_are_not_sent(pool: ParserPool) -> None:
    """They fail their task, and do not cost a process."""
    with pytest.raises(ParserDied, match=r"^echo could not be sent: a message of \d+ bytes is too large$"):
        await pool.run("echo", {"text": "x" * (16 * 2**20)}, b"", LONG)
    assert not pool.pids


# -- tasks that hang, hoard and crash ---------------------------------------------------------------------------------


@pytest.mark.parametrize("task", ["hang", "hold_the_gil"])
async def test_task_that_hangs_is_killed(pool: ParserPool, task: str) -> None:
    """A process that holds its GIL is killed in time, and the next task runs in another one."""
    pid = (await state(pool))["pid"]
    with pytest.raises(ParserTimeout, match=rf"^{task} took longer than 0\.2 s and was stopped$"):
        await pool.run(task, {}, b"", SHORT)
    assert (await state(pool))["pid"] != pid
    await until(lambda: is_gone(pid))


async def test_a_task_that_hangs_delays_no_other(make_pool: MakePool) -> None:
    """The other process runs the other tasks."""
    pool = make_pool(2)
    hanging = asyncio.create_task(pool.run("hang", {}, b"", LONG))
    for _ in range(20):
        assert await pool.run("reverse", {}, b"ab", LONG) == b"ba"
    assert not hanging.done()
    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging


@pytest.mark.parametrize(("task", "megabytes"), [("hoard", 300), ("hoard_and_cover_up", 0)])
async def test_memory_is_limited(make_pool: MakePool, task: str, megabytes: int) -> None:
    """A task over the limit fails, even if it raises another exception, and its process is replaced."""
    pool = make_pool(memory_limit=200 * 2**20)
    pid = (await state(pool))["pid"]
    with pytest.raises(ParserDied, match=rf"^{task} needed more than 200 MB of memory and was stopped$"):
        await pool.run(task, {"megabytes": megabytes}, b"", LONG)
    assert (await state(pool))["pid"] != pid


async def test_payload_counts_as_memory(make_pool: MakePool) -> None:
    """A payload that does not fit fails its task."""
    pool = make_pool(memory_limit=4 * 2**20)
    with pytest.raises(ParserDied, match="needed more than 4 MB"):
        await pool.run("reverse", {}, bytes(8 * 2**20), LONG)


async def test_freed_memory_is_returned_once_there_is_much(pool: ParserPool) -> None:
    """Also the pages between blocks that are still in use."""
    await pool.run("crumble", {"megabytes": 1}, b"", LONG)
    process = psutil.Process(pool.pids[0])
    before = process.memory_info().rss
    for _ in range(3):
        await pool.run("crumble", {"megabytes": 64}, b"", LONG)
        assert process.memory_info().rss - before < 16 * 2**20
    assert [process.pid] == list(pool.pids)


async def test_process_that_keeps_memory_is_replaced(make_pool: MakePool) -> None:
    """The next task has the whole limit."""
    pool = make_pool(memory_limit=200 * 2**20)
    for _ in range(5):
        assert await pool.run("hoard", {"megabytes": 150}, b"", LONG) == b"kept"


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        ("abort", "was killed by SIGABRT"),
        ("leave", "ended with exit code 3"),
        ("close_all", "closed its socket"),
        ("babble", "too large"),
    ],
)
async def test_process_that_dies_is_replaced(pool: ParserPool, task: str, reason: str) -> None:
    """Crashes, exits and malformed replies are reported, and the next task runs in another process."""
    with pytest.raises(ParserDied, match=rf"^{task} ended its parser process: it .*{reason}"):
        await pool.run(task, {}, b"", LONG)
    assert await pool.run("reverse", {}, b"ab", LONG) == b"ba"


async def test_an_idle_process_that_dies_costs_no_task(pool: ParserPool) -> None:
    """The system may kill one to free memory."""
    pid = (await state(pool))["pid"]
    os.kill(pid, signal.SIGKILL)
    await until(lambda: is_gone(pid))
    assert (await state(pool))["pid"] != pid


async def test_child_processes_of_a_task_are_killed(pool: ParserPool) -> None:
    """A process that a task started ends with the parser process."""
    grandchild = int(await pool.run("spawn", {}, b"", LONG))
    with pytest.raises(ParserTimeout):
        await pool.run("hang", {}, b"", SHORT)
    await until(lambda: is_gone(grandchild) or psutil.Process(grandchild).status() == psutil.STATUS_ZOMBIE)


async def test_cancelled_task_is_killed(pool: ParserPool) -> None:
    """Cancelling a running task makes room for the next at once."""
    pid = (await state(pool))["pid"]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await pool.run("hang", {}, b"", LONG)
    assert (await state(pool))["pid"] != pid
    await until(lambda: is_gone(pid))


async def test_cancelling_a_waiting_task_kills_nothing(pool: ParserPool) -> None:
    """The tasks before and after it run, in the same process."""
    first = asyncio.create_task(pool.run("reverse", {}, bytes(2**20), LONG))
    waiting = [asyncio.create_task(pool.run("hang", {}, b"", LONG)) for _ in range(5)]
    last = asyncio.create_task(state(pool))
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    await first
    assert (await last)["pid"] in pool.pids
    assert len(pool.pids) == 1


@pytest.mark.parametrize(
    ("task", "arguments"),
    [
        ("hang", {}),
        ("abort", {}),
        ("close_all", {}),
        ("babble", {}),
        ("hoard", {"megabytes": 300}),
        ("hoard", {"megabytes": 150}),
        ("hoard_and_cover_up", {}),
        ("fail", {"kind": "ValueError", "message": "x"}),
    ],
)
async def test_queued_tasks_survive_their_process(make_pool: MakePool, task: str, arguments: dict[str, Any]) -> None:
    """A task that was queued behind one that killed or used up the process is run by the next process."""
    pool = make_pool(memory_limit=200 * 2**20)
    await state(pool)
    timeout = SHORT if task == "hang" else LONG
    first = asyncio.create_task(pool.run(task, arguments, b"", timeout))
    behind = [asyncio.create_task(pool.run("reverse", {}, b"ab%d" % number, LONG)) for number in range(3)]
    assert await asyncio.gather(*behind) == [b"%dba" % number for number in range(3)]
    await asyncio.gather(first, return_exceptions=True)


async def test_a_task_does_not_stay_queued_behind_one_that_hangs(make_pool: MakePool) -> None:
    """It is run by the process that is free first."""
    pool = make_pool(2)
    await asyncio.gather(*(pool.run("reverse", {}, bytes(100), LONG) for _ in range(4)))
    hanging = [asyncio.create_task(pool.run("hang", {}, b"", timeout)) for timeout in (LONG, SHORT)]
    assert await pool.run("reverse", {}, b"ab", LONG) == b"ba"
    assert not hanging[0].done()
    hanging[0].cancel()
    await asyncio.gather(*hanging, return_exceptions=True)


async def test_cancelling_a_queued_task_costs_no_other(make_pool: MakePool) -> None:
    """The running task and the one after it complete in the same process."""
    pool = make_pool()
    pid = (await state(pool))["pid"]
    first = asyncio.create_task(pool.run("nap", {}, b"", LONG))
    behind = asyncio.create_task(pool.run("reverse", {}, b"ab", LONG))
    last = asyncio.create_task(state(pool))
    for _ in range(5):
        await asyncio.sleep(0)
    behind.cancel()
    assert await first == b"rested"
    assert (await last)["pid"] == pid


async def test_two_hundred_mixed_tasks(make_pool: MakePool) -> None:
    """Two hundred tasks of all kinds at once end as they must, in no more than two processes."""
    pool = make_pool(2)
    kinds = ["reverse"] * 20 + ["fail", "refuse", "talk"] * 6 + ["abort", "hang"]

    async def one(number: int) -> str:
        task = kinds[number % len(kinds)]
        arguments = {"kind": "ValueError", "message": "x", "size": 10}
        try:
            await pool.run(task, arguments, bytes(10_000), SHORT if task == "hang" else LONG)
        except ParserError as error:
            return f"{task} {type(error).__name__}"
        return f"{task} done"

    ends = Counter(await asyncio.gather(*(one(number) for number in range(200))))
    assert ends == {
        "reverse done": 100,
        "fail TaskFailed": 30,
        "refuse TaskFailed": 30,
        "talk done": 30,
        "abort ParserDied": 5,
        "hang ParserTimeout": 5,
    }
    assert len(pool.pids) <= 2
