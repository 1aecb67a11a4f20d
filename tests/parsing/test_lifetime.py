"""How parser processes start, are configured, are recycled, and end; and that none is left over."""

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
from watcher.errors import NoParserProcess, ParserDied, ParserTimeout
from watcher.parsing import ParserPool
from watcher.parsing.launch import usable_cores

DAEMON = """
import asyncio, sys
from datetime import timedelta
from watcher.parsing import ParserPool
from watcher.parsing.launch import usable_cores

async def main():
    pool = ParserPool(3, "tests.parsing.tasks")
    hanging = [asyncio.create_task(pool.run("hang", {}, b"", timedelta(hours=1))) for _ in range(2)]
    await pool.run("reverse", {}, b"", timedelta(minutes=1))
    while len(pool.pids) < 3:
        await asyncio.sleep(0.01)
    print(*pool.pids, flush=True)
    await asyncio.gather(*hanging)

asyncio.run(main())
"""


# -- start ------------------------------------------------------------------------------------------------------------


async def test_a_missing_tasks_module_is_reported(make_pool: MakePool) -> None:
    """The error names the module and the reason."""
    pool = make_pool(tasks="tests.parsing.no_such_module")
    with pytest.raises(
        NoParserProcess, match=r"^a parser process could not load tests\.parsing\.no_such_module: ModuleNotFoundError"
    ):
        await pool.run("reverse", {}, b"", LONG)


async def test_processes_can_be_prestarted(make_pool: MakePool) -> None:
    """No more start than the pool may have, and later tasks use them."""
    pool = make_pool(2)
    pool.prestart(1)
    assert len(pool.pids) == 1
    pool.prestart(5)
    pids = set(pool.pids)
    assert len(pids) == 2
    assert {one["pid"] for one in await asyncio.gather(*(state(pool) for _ in range(8)))} <= pids
    assert set(pool.pids) == pids


def test_cores_that_the_process_may_not_use_do_not_count() -> None:
    """A daemon with `CPUAffinity=` of one core starts one parser process."""
    cores = os.sched_getaffinity(0)
    assert usable_cores() == len(cores)
    os.sched_setaffinity(0, {min(cores)})
    try:
        assert usable_cores() == 1
    finally:
        os.sched_setaffinity(0, cores)


async def test_a_prestarted_process_that_cannot_load_fails_its_task(make_pool: MakePool) -> None:
    """Every task fails in a pool whose processes cannot load."""
    pool = make_pool(2, tasks="tests.parsing.no_such_module")
    pool.prestart(2)
    for _ in range(3):
        with pytest.raises(NoParserProcess, match="could not load"):
            await pool.run("reverse", {}, b"", LONG)


async def test_prestarted_processes_end_with_the_pool(make_pool: MakePool) -> None:
    """Also if they are not ready yet, and no task needed them."""
    before = children()
    pool = make_pool(2)
    pool.prestart(2)
    await pool.aclose()
    assert children() == before


async def test_start_has_a_timeout(make_pool: MakePool) -> None:
    """A process that is not ready in time is killed; that is not the task's timeout."""
    pool = make_pool(start_timeout=timedelta(milliseconds=1))
    with pytest.raises(NoParserProcess, match=r"^a parser process was not ready after 0:00:00\.001000$"):
        await pool.run("reverse", {}, b"", LONG)


async def test_a_process_that_dies_while_it_starts_fails_one_task(pool: ParserPool) -> None:
    """The error says how it ended, and the next task runs in another process."""
    task = asyncio.create_task(pool.run("reverse", {}, b"ab", LONG))
    await until(lambda: bool(pool.pids))
    os.kill(pool.pids[0], signal.SIGKILL)
    with pytest.raises(
        NoParserProcess, match=r"^a parser process did not start: it was killed by SIGKILL, perhaps because"
    ):
        await task
    assert await pool.run("reverse", {}, b"ab", LONG) == b"ba"


async def test_closing_ends_a_task_whose_process_is_starting(pool: ParserPool) -> None:
    """The error says that the pool was closed, not that the process failed."""
    task = asyncio.create_task(pool.run("reverse", {}, b"ab", LONG))
    await until(lambda: bool(pool.pids))
    await pool.aclose()
    with pytest.raises(NoParserProcess, match=r"^a parser process was stopped with its pool before it was ready$"):
        await task


async def test_a_process_that_cannot_be_started_fails_one_task(
    make_pool: MakePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next task tries again."""
    pool = make_pool()
    with monkeypatch.context() as broken:
        broken.setattr(sys, "executable", "/nowhere/python")
        with pytest.raises(NoParserProcess, match=r"^a parser process could not be started: .*No such file"):
            await pool.run("reverse", {}, b"", LONG)
    assert await pool.run("reverse", {}, b"ab", LONG) == b"ba"


@pytest.mark.parametrize(("call", "action"), [("socket.socketpair", "started"), ("os.pidfd_open", "watched")])
async def test_missing_descriptors_fail_one_task(
    make_pool: MakePool, monkeypatch: pytest.MonkeyPatch, call: str, action: str
) -> None:
    """Too many open files in the daemon cost one task, and the next tries again."""

    def fail(*_: object) -> None:
        raise OSError(24, "Too many open files")

    pool = make_pool()
    with monkeypatch.context() as broken:
        broken.setattr(call, fail)
        with pytest.raises(NoParserProcess, match=rf"^a parser process could not be {action}: Too many open files$"):
            await pool.run("reverse", {}, b"", LONG)
    assert await pool.run("reverse", {}, b"ab", LONG) == b"ba"


async def test_a_start_that_fails_is_logged_once(
    make_pool: MakePool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """However many tasks fail by it; and again when processes start again. `ensure_available` fails as a task does."""
    caplog.set_level("INFO", "watcher.parsing.pool")
    pool = make_pool()
    await pool.ensure_available()
    assert pool.pids == (), "nothing has failed, so nothing is tried"
    with monkeypatch.context() as broken:
        broken.setattr(sys, "executable", "/nowhere/python")
        for _ in range(3):
            with pytest.raises(NoParserProcess):
                await pool.run("reverse", {}, b"", LONG)
            with pytest.raises(NoParserProcess, match="No such file"):
                await pool.ensure_available()
        assert "No such file" in pool.problem
        assert [vars(record)["event"] for record in caplog.records] == ["parser.unavailable"]
    monkeypatch.setattr("watcher.parsing.pool._TRIED_AGAIN_AFTER", 0.0)
    await asyncio.gather(*(pool.ensure_available() for _ in range(9)))
    assert pool.problem == ""
    assert [vars(record)["event"] for record in caplog.records] == ["parser.unavailable", "parser.available"]
    assert len(pool.pids) == 1


async def test_tasks_wait_for_a_living_process_while_no_other_can_start(
    make_pool: MakePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a pool of three of which one has started, all tasks run in that one."""
    pool = make_pool(3)
    pid = (await state(pool))["pid"]
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    known = await asyncio.gather(*(state(pool) for _ in range(12)))
    assert {one["pid"] for one in known} == {pid}
    assert pool.problem == ""


async def test_a_process_has_no_secrets_and_few_rights(make_pool: MakePool, monkeypatch: pytest.MonkeyPatch) -> None:
    """It inherits no secret, no terminal and no descriptor, dumps no core, and is in a session of its own."""
    monkeypatch.setenv("SLACK_URL", "https://hooks.example/secret")
    pool = make_pool()
    known = await state(pool)
    assert "SLACK_URL" not in known["environment"]
    assert known["stdin"] == "/dev/null"
    assert known["descriptors"] <= 6
    assert known["session"] == known["pid"] != os.getsid(0)
    assert known["limits"] == {"RLIMIT_CORE": 0, "RLIMIT_NOFILE": 64}


async def test_signals_to_the_group_do_not_end_a_task(pool: ParserPool) -> None:
    """A service manager sends SIGTERM, SIGINT and SIGHUP to the parser processes too."""
    assert await pool.run("signal_self", {}, b"", LONG) == b"alive"


# -- configuration ----------------------------------------------------------------------------------------------------


async def test_every_process_gets_the_configuration(make_pool: MakePool) -> None:
    """Each process, old or new, has the latest configuration before its next task."""
    pool = make_pool(2)
    await state(pool)
    await pool.configure(1, b"eins")
    for generation, content in ((1, "eins"), (2, "zwei")):
        await pool.configure(generation, content.encode())
        known = await asyncio.gather(*(state(pool) for _ in range(6)))
        assert {tuple(one["generation"]) for one in known} == {(generation, content)}
    with pytest.raises(ParserTimeout):
        await pool.run("hang", {}, b"", SHORT)
    assert (await state(pool))["generation"] == [2, "zwei"]


async def test_configuration_that_fails_fails_the_task(pool: ParserPool) -> None:
    """No task runs under an older configuration than the latest; the next valid one is used."""
    await pool.configure(1, b"fail")
    for _ in range(2):
        with pytest.raises(
            NoParserProcess, match=r"^a parser process could not be configured: unusable configuration$"
        ):
            await state(pool)
    await pool.configure(2, b"gut")
    assert (await state(pool))["generation"] == [2, "gut"]


async def test_configuration_does_not_count_as_memory(make_pool: MakePool) -> None:
    """The watches may be large; untrusted pages have the whole limit besides."""
    pool = make_pool(memory_limit=100 * 2**20)
    await pool.configure(1, b"large")
    assert await pool.run("hoard", {"megabytes": 40}, b"", LONG) == b"kept"
    with pytest.raises(ParserDied, match="needed more than 100 MB"):
        await pool.run("hoard", {"megabytes": 120}, b"", LONG)


# -- recycling --------------------------------------------------------------------------------------------------------


async def test_a_process_is_replaced_after_its_share_of_tasks(make_pool: MakePool) -> None:
    """No task fails, and the process takes tasks until its successor is ready."""
    pool = make_pool(tasks_per_process=5)
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


async def test_a_process_that_cannot_be_replaced_goes_on(
    make_pool: MakePool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """If no successor can be started, a warning is logged and no task fails."""
    pool = make_pool(tasks_per_process=2)
    pid = (await state(pool))["pid"]
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    for _ in range(6):
        assert (await state(pool))["pid"] == pid
    warning = next(record for record in caplog.records if record.levelname == "WARNING")
    assert "goes on after its 2 tasks, since it could not be replaced: a parser process" in warning.getMessage()
    assert vars(warning)["event"] == "parser.not_replaced"


async def test_replacing_a_busy_process_keeps_the_size_of_the_pool(make_pool: MakePool) -> None:
    """A process that is replaced during a task has one successor, not a second one when the task ends."""
    pool = make_pool(tasks_per_process=2)
    await asyncio.gather(*(pool.run("nap", {}, b"", LONG) for _ in range(12)))
    await until(lambda: len(pool.pids) == 1)


async def test_a_process_that_dies_during_its_replacement_has_one_successor(make_pool: MakePool) -> None:
    """The pool fills its place at once; the successor that was starting is stopped when it is ready."""
    pool = make_pool(tasks_per_process=1)
    await pool.run("reverse", {}, b"ab", LONG)
    await until(lambda: len(pool.pids) == 2)
    with pytest.raises(ParserDied):
        await pool.run("abort", {}, b"", LONG)
    assert await pool.run("nap", {}, b"", LONG) == b"rested"
    await until(lambda: len(pool.pids) == 1)


async def test_idle_processes_are_stopped(make_pool: MakePool) -> None:
    """Processes without tasks stop, and start again for the next task."""
    pool = make_pool(3, idle_after=timedelta(milliseconds=50))
    await asyncio.gather(*(pool.run("reverse", {}, bytes(10_000), LONG) for _ in range(9)))
    await until(lambda: pool.pids == ())
    assert await pool.run("reverse", {}, b"ab", LONG) == b"ba"


# -- end --------------------------------------------------------------------------------------------------------------


async def test_closing_ends_what_runs_and_what_waits(make_pool: MakePool) -> None:
    """Running, waiting and later tasks end with ParserDied, and no process is left when `aclose` returns."""
    before = children()
    pool = make_pool(2)
    tasks = [asyncio.create_task(pool.run("hang", {}, b"", LONG)) for _ in range(6)]
    await until(lambda: len(pool.pids) == 2)
    await pool.aclose()
    assert children() == before
    for end in await asyncio.gather(*tasks, return_exceptions=True):
        assert isinstance(end, ParserDied)
        assert "pool" in str(end)
    with pytest.raises(NoParserProcess, match="the parser pool is closed"):
        await pool.run("reverse", {}, b"", LONG)
    await pool.aclose()


async def test_closing_ends_a_replacement(make_pool: MakePool) -> None:
    """A successor that is just starting ends too."""
    before = children()
    pool = make_pool(tasks_per_process=1)
    await pool.run("reverse", {}, b"", LONG)
    await until(lambda: len(pool.pids) == 2)
    await pool.aclose()
    assert children() == before


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_processes_die_with_the_daemon(number: signal.Signals) -> None:
    """A daemon that is killed leaves no process behind, neither an idle one nor one that hangs in C."""
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
    """Returns whether there is such a process, other than as a zombie that its new parent will reap."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("task", ["abort", "hang"])
async def test_killed_processes_leave_nothing(make_pool: MakePool, task: str) -> None:
    """After dozens of killed processes there are as many descriptors as before, and no zombie."""
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
    """Counts open descriptors and child processes, zombies included."""
    return psutil.Process().num_fds(), len(children())
