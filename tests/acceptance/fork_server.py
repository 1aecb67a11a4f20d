"""Starts programs as forks of a process that has imported them: each takes a second less of CPU, and each of its parser
processes, too.

    Program.command, Program.run ─▶ start ─▶ unix socket ─▶ server ─fork▶ keeper ─fork▶ the program ─fork▶ spare parsers

A program has its own streams, folder and environment. What differs from a start by the shell: the interpreter's start,
the imports, and that a command uses one core. `Program.run(fresh=True)`, the commands of tests/cli and the demo of
tests/docs start as users start them. A library that is loaded first (`tests.faketime`) has a server of its own.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from runpy import run_module
from typing import BinaryIO

from tests.acceptance import spare_parsers

_LONGEST_REQUEST = 1024 * 1024


class Forked:
    """A program that was started, with the part of `subprocess.Popen` that tests use."""

    def __init__(self, arguments: Sequence[str], connection: socket.socket) -> None:
        self.returncode: int | None = None
        self._arguments = arguments
        self._connection = connection
        self._told = b""
        self._read_until(b"\n", None)
        self.pid = int(self._told)
        self._told = b""

    def poll(self) -> int | None:
        """Returns its exit code, None while it runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Waits for its end and returns its exit code. Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            self._read_until(b"\n", timeout)
            self.returncode = int(self._told)
            self._connection.close()
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _read_until(self, end: bytes, timeout: float | None) -> None:
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self._told.endswith(end):
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not select.select([self._connection], [], [], left)[0]:
                raise subprocess.TimeoutExpired(list(self._arguments), timeout or 0.0)
            received = self._connection.recv(64)
            if not received:
                raise EOFError("the keeper of a program is gone")
            self._told += received


def start(
    arguments: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    streams: tuple[BinaryIO, BinaryIO],
    module: str = "watcher",
    one_core: bool = False,
) -> Forked:
    """Starts `python -m MODULE ARGUMENTS` with these files as stdout and stderr.

    On `one_core` it has one parser process.
    """
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(_server(environment.get("LD_PRELOAD", ""), environment.get("TZ", "")))
    request = {
        "arguments": list(arguments),
        "cwd": str(cwd),
        "environment": dict(environment),
        "module": module,
        "one_core": one_core,
    }
    descriptors = [stream.fileno() for stream in streams]
    socket.send_fds(connection, [json.dumps(request).encode() + b"\n"], descriptors)
    return Forked(arguments, connection)


def popen(line: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdout: BinaryIO, stderr: BinaryIO) -> Forked:
    """Does what `subprocess.Popen` does with `PYTHON -m MODULE ARGUMENTS`."""
    return start(line[3:], cwd=cwd, environment=env, streams=(stdout, stderr), module=line[2])


def run(arguments: Sequence[str], *, cwd: Path, environment: Mapping[str, str], timeout: float) -> tuple[int, str, str]:
    """Runs `watcher ARGUMENTS`; exit code, stdout and stderr. Raises subprocess.TimeoutExpired and kills it."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = start(arguments, cwd=cwd, environment=environment, streams=(out, err), one_core=True)
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            process.kill()
            process.wait()
            raise subprocess.TimeoutExpired(list(arguments), timeout, *map(_written, (out, err))) from error
        return code, _written(out).decode(), _written(err).decode()


def _written(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read()


@cache
def _server(library: str, zone: str) -> bytes:
    """Starts the server for programs with this library and time zone, read at the start; it ends with this process.

    Returns the address of its socket.
    """
    line = [sys.executable, "-m", "tests.acceptance.fork_server"]
    environment = {**os.environ, "NO_COLOR": "1", "PYTHONUTF8": "1"}  # as programs have them; read at the start
    process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    atexit.register(process.communicate)  # closes its standard input, which ends it
    assert process.stdout is not None
    return bytes.fromhex(process.stdout.readline().decode())


# -- the server --------------------------------------------------------------------------------------------------------


def _serve() -> None:
    """Answers requests until standard input ends; returns in each process that is to be a program."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("")  # Linux chooses a free abstract address
    listener.listen(64)
    os.write(1, listener.getsockname().hex().encode() + b"\n")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # keepers end unnoticed
    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in ready:
            sys.exit()
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _keep(connection)
            return
        connection.close()


def _keep(connection: socket.socket) -> None:
    """Starts the program and reports its pid and its end; returns in the program."""
    message, streams, _, _ = socket.recv_fds(connection, _LONGEST_REQUEST, 2)
    while not message.endswith(b"\n"):
        message += connection.recv(_LONGEST_REQUEST)
    pid = os.fork()
    if pid:
        for stream in streams:
            os.close(stream)
        connection.sendall(f"{pid}\n".encode())
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        with suppress(BrokenPipeError):
            connection.sendall(f"{code}\n".encode())
        os._exit(0)
    connection.close()
    request = json.loads(message)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, stream in enumerate((nothing, *streams)):
        os.dup2(stream, number)
        os.close(stream)
    cores = sorted(os.sched_getaffinity(0))
    if request["one_core"]:
        cores = [cores[os.getpid() % len(cores)]]
        os.sched_setaffinity(0, cores)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = [request["module"], *request["arguments"]]
    spare_parsers.prepare(len(cores))


def _import_all() -> None:
    """Imports what programs import when they are called."""
    import watcher.cli

    for module in iter_modules(watcher.cli.__path__):
        import_module(f"watcher.cli.{module.name}")
    for name in ("app", "daemon", "runtime.service", "store.engine.backup", "inquiry.dry_run"):
        import_module(f"watcher.{name}")
    spare_parsers.load()
    gc.collect()
    gc.freeze()  # a collection would write to each object, and copy the memory that forks share


if __name__ == "__main__":
    _import_all()
    _serve()
    run_module(sys.argv[0], run_name="__main__")
