"""How worker processes begin, are configured, wear out, and end; and that none is ever left over."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from tests.parsing.conftest import MakePool
from tests.parsing.test_pool import LONG, SHORT, state
from tests.parsing.waiting import children, is_gone, until
from watcher.errors import ParserDied, ParserTimeout, TaskFailed
from watcher.parsing import ParserPool

DAEMON = """
import asyncio, sys
from datetime import timedelta
from watcher.parsing import ParserPool

async def main():
    pool = ParserPool(3, "tests.parsing.tasks")
    hanging = [asyncio.create_task(pool.run("hang", {}, b"", timedelta(hours=1))) for _ in range(2)]
    await pool.start()
    while len(pool.pids) < 3:
        await asyncio.sleep(0.01)
    print(*pool.pids, flush=True)
    await asyncio.gather(*hanging)

asyncio.run(main())
"""


# -- beginning --------------------------------------------------------------------------------------------------------


async def test_tasks_module_that_is_missing_is_said_at_start(make_pool: MakePool) -> None:
    """The error names the module and what is wrong with it."""
    pool = make_pool(tasks="tests.parsing.no_such_module")
    with pytest.raises(ParserDied, match=r"could not load tests\.parsing\.no_such_module: ModuleNotFoundError"):
        await pool.start()
    with pytest.raises(ParserDied, match="could not load"):
        await pool.run("reverse", {}, b"", LONG)


async def test_processes_may_start_before_they_are_needed(make_pool: MakePool) -> None:
    """As many as are wanted and may be; who needs one takes it when it is ready, and no other starts."""
    pool = make_pool(2)
    pool.start_ahead(1)
    assert len(pool.pids) == 1
    pool.start_ahead(5)
    pids = set(pool.pids)
    assert len(pids) == 2
    assert {one["pid"] for one in await asyncio.gather(*(state(pool) for _ in range(8)))} <= pids
    assert set(pool.pids) == pids


async def test_what_is_wrong_with_a_process_started_early_is_told_to_who_needs_it(make_pool: MakePool) -> None:
    """Nobody waits for it before; a pool whose processes cannot load fails every task."""
    pool = make_pool(2, tasks="tests.parsing.no_such_module")
    pool.start_ahead(2)
    for _ in range(3):
        with pytest.raises(ParserDied, match="could not load"):
            await pool.run("reverse", {}, b"", LONG)


async def test_processes_started_early_are_gone_with_the_pool(make_pool: MakePool) -> None:
    """Though none was ready, and nobody needed one."""
    before = children()
    pool = make_pool(2)
    pool.start_ahead(2)
    await pool.aclose()
    assert children() == before


async def test_start_that_takes_too_long_is_given_up(make_pool: MakePool) -> None:
    """A process that does not get ready in time is killed; that is not the task's time-out."""
    pool = make_pool(start_timeout=timedelta(milliseconds=1))
    with pytest.raises(ParserDied, match="was not ready after"):
        await pool.run("reverse", {}, b"", LONG)


async def test_system_without_processes_is_said(make_pool: MakePool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that cannot be started ends its task only; the next one tries again."""
    pool = make_pool()
    with monkeypatch.context() as broken:
        broken.setattr(sys, "executable", "/nowhere/python")
        with pytest.raises(ParserDied, match=r"could not be started: .*No such file"):
            await pool.run("reverse", {}, b"", LONG)
    assert await pool.run("reverse", {}, b"ab", LONG) == b"ba"


@pytest.mark.parametrize("call", ["socket.socketpair", "os.pidfd_open"])
async def test_system_without_descriptors_is_said(
    make_pool: MakePool, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """So does a system that gives no more descriptors."""

    def fail(*_: object) -> None:
        raise OSError(24, "Too many open files")

    pool = make_pool()
    with monkeypatch.context() as broken:
        broken.setattr(call, fail)
        with pytest.raises(ParserDied, match="Too many open files"):
            await pool.run("reverse", {}, b"", LONG)
    assert await pool.run("reverse", {}, b"ab", LONG) == b"ba"


async def test_worker_knows_no_secrets_and_has_few_rights(make_pool: MakePool, monkeypatch: pytest.MonkeyPatch) -> None:
    """It inherits no secret, no terminal and no descriptor, dumps no core, and is in a session of its own."""
    monkeypatch.setenv("SLACK_URL", "https://hooks.example/secret")
    pool = make_pool()
    known = await state(pool)
    assert "SLACK_URL" not in known["environment"]
    assert known["stdin"] == "/dev/null"
    assert known["descriptors"] <= 6
    assert known["session"] == known["pid"] != os.getsid(0)
    assert known["limits"] == {"RLIMIT_CORE": 0, "RLIMIT_NOFILE": 64}


async def test_worker_leaves_signals_to_the_daemon(pool: ParserPool) -> None:
    """SIGTERM, SIGINT and SIGHUP, which a service manager sends to all, do not end a task."""
    assert await pool.run("signal_self", {}, b"", LONG) == b"alive"


# -- configuration ----------------------------------------------------------------------------------------------------


async def test_every_worker_gets_the_configuration(make_pool: MakePool) -> None:
    """Each process has the latest before its next task, whether it was there before or not."""
    pool = make_pool(2)
    await pool.start()
    await pool.configure(1, b"eins")
    for generation, content in ((1, "eins"), (2, "zwei")):
        await pool.configure(generation, content.encode())
        known = await asyncio.gather(*(state(pool) for _ in range(6)))
        assert {tuple(one["generation"]) for one in known} == {(generation, content)}
    with pytest.raises(ParserTimeout):
        await pool.run("hang", {}, b"", SHORT)
    assert (await state(pool))["generation"] == [2, "zwei"]


async def test_configuration_that_fails_fails_the_task(pool: ParserPool) -> None:
    """No task runs under an older configuration than the latest; a better one mends it."""
    await pool.configure(1, b"fail")
    for _ in range(2):
        with pytest.raises(TaskFailed, match="unusable configuration"):
            await state(pool)
    await pool.configure(2, b"gut")
    assert (await state(pool))["generation"] == [2, "gut"]


async def test_configuration_does_not_count_as_memory(make_pool: MakePool) -> None:
    """Our own data may be large; strangers' pages have their full share besides."""
    pool = make_pool(memory_limit=100 * 2**20)
    await pool.configure(1, b"large")
    assert await pool.run("hoard", {"megabytes": 40}, b"", LONG) == b"kept"
    with pytest.raises(ParserDied, match="needed more than 100 MB"):
        await pool.run("hoard", {"megabytes": 120}, b"", LONG)


# -- wearing out ------------------------------------------------------------------------------------------------------


async def test_worker_is_relieved_after_its_share(make_pool: MakePool) -> None:
    """After its share of tasks a process goes, no task fails, and it does not go before its successor is ready."""
    pool = make_pool(tasks_per_worker=5)
    await pool.configure(1, b"eins")
    seen: list[int] = []
    while len(dict.fromkeys(seen)) < 4:
        known = await state(pool)
        assert known["generation"] == [1, "eins"]
        seen.append(known["pid"])
        assert pool.pids
    first, *_, last = dict.fromkeys(seen)
    assert seen.count(first) >= 5
    assert seen == sorted(seen, key=list(dict.fromkeys(seen)).index)
    await until(lambda: is_gone(first))
    assert last in pool.pids


async def test_failed_relief_costs_nothing(
    make_pool: MakePool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """If no successor can be started, the process goes on and it is said."""
    pool = make_pool(tasks_per_worker=2)
    pid = (await state(pool))["pid"]
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    for _ in range(6):
        assert (await state(pool))["pid"] == pid
    assert "goes on: a worker process could not be started" in caplog.text


async def test_idle_workers_are_stopped(make_pool: MakePool) -> None:
    """Processes that nobody needs go, and come back when somebody does."""
    pool = make_pool(3, idle_after=timedelta(milliseconds=50))
    await asyncio.gather(*(pool.run("reverse", {}, bytes(10_000), LONG) for _ in range(9)))
    await until(lambda: pool.pids == ())
    assert await pool.run("reverse", {}, b"ab", LONG) == b"ba"


# -- end --------------------------------------------------------------------------------------------------------------


async def test_closing_ends_what_runs_and_what_waits(make_pool: MakePool) -> None:
    """Running, waiting and later tasks end with ParserDied; no process is left, not even for a moment."""
    before = children()
    pool = make_pool(2)
    tasks = [asyncio.create_task(pool.run("hang", {}, b"", LONG)) for _ in range(6)]
    await until(lambda: len(pool.pids) == 2)
    await pool.aclose()
    assert children() == before
    for end in await asyncio.gather(*tasks, return_exceptions=True):
        assert isinstance(end, ParserDied)
        assert "pool" in str(end)
    with pytest.raises(ParserDied, match="the pool is closed"):
        await pool.run("reverse", {}, b"", LONG)
    await pool.aclose()


async def test_closing_waits_for_a_relief_under_way(make_pool: MakePool) -> None:
    """A successor that is just starting is ended, too."""
    before = children()
    pool = make_pool(tasks_per_worker=1)
    await pool.run("reverse", {}, b"", LONG)
    await until(lambda: len(pool.pids) == 2)
    await pool.aclose()
    assert children() == before


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_workers_die_with_the_daemon(number: signal.Signals) -> None:
    """A daemon that is killed leaves no process behind: not an idle one, and not one that hangs in C."""
    daemon = await asyncio.create_subprocess_exec(
        sys.executable, "-c", DAEMON, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert daemon.stdout is not None
    pids = [int(pid) for pid in (await daemon.stdout.readline()).split()]
    assert len(pids) == 3
    daemon.send_signal(number)
    await daemon.wait()
    await until(lambda: not any(is_running(pid) for pid in pids))


def is_running(pid: int) -> bool:
    """Is there such a process, and not merely as a zombie that its new parent has yet to reap?"""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("task", ["abort", "hang"])
async def test_many_deaths_leave_nothing(make_pool: MakePool, task: str) -> None:
    """After dozens of killed processes: as many descriptors as before, and no zombie."""
    pool = make_pool(2)
    await asyncio.gather(*(pool.run("reverse", {}, bytes(100), LONG) for _ in range(4)))
    before = holdings()
    for _ in range(10):
        ends = [pool.run(task, {}, b"", timedelta(seconds=0.02) if task == "hang" else LONG) for _ in range(2)]
        assert all(
            isinstance(end, ParserDied | ParserTimeout) for end in await asyncio.gather(*ends, return_exceptions=True)
        )
    await asyncio.gather(*(pool.run("reverse", {}, bytes(100), LONG) for _ in range(4)))
    await until(lambda: holdings() == before)


def holdings() -> tuple[int, int]:
    """Open descriptors and child processes, zombies included."""
    return psutil.Process().num_fds(), len(children())
