"""Starts commands of the program as forks of a process that has imported it: a command takes a second less of CPU.

    Program.command ─▶ run ─▶ unix socket ─▶ server ─fork▶ keeper ─fork▶ the command, a process with its own streams

What differs from a start by the shell: the interpreter's start, the imports, and that each command uses one core.
Daemons are started as users start them, and so are the commands of tests/cli, tests/docs and tests/operation.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import BinaryIO

from tests.patience import HANGS

_LONGEST_REQUEST = 1024 * 1024
_OF_THE_START = ("LD_PRELOAD", "FAKETIME", "PYTHON", "TZ", "NO_COLOR")  # variables that are read once


def run(arguments: Sequence[str], *, cwd: Path, environment: Mapping[str, str], timeout: float) -> tuple[int, str, str]:
    """Runs `watcher ARGUMENTS`; exit code, stdout and stderr. Raises subprocess.TimeoutExpired and kills it."""
    own = tuple(sorted((name, value) for name, value in environment.items() if name.startswith(_OF_THE_START)))
    with (
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
        socket.socket(socket.AF_UNIX) as connection,
    ):
        connection.connect(_server(own))
        request = {"arguments": list(arguments), "cwd": str(cwd), "environment": dict(environment)}
        socket.send_fds(connection, [json.dumps(request).encode() + b"\n"], [out.fileno(), err.fileno()])
        connection.settimeout(timeout)
        with connection.makefile("r") as answers:
            pid = int(answers.readline())
            try:
                code = int(answers.readline())
            except TimeoutError as error:
                os.kill(pid, signal.SIGKILL)
                raise subprocess.TimeoutExpired(list(arguments), timeout, *map(_written, (out, err))) from error
        return code, _written(out).decode(), _written(err).decode()


def _written(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read()


@cache
def _server(own: tuple[tuple[str, str], ...]) -> str:
    """Starts a server with these variables; the address of its socket."""
    folder = tempfile.TemporaryDirectory(prefix="watcher-fork-")
    address = str(Path(folder.name) / "socket")
    others = {name: value for name, value in os.environ.items() if not name.startswith(_OF_THE_START)}
    environment = {**others, **dict(own)}
    line = [sys.executable, "-m", "tests.acceptance.fork_server", address]
    process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"

    def stop() -> None:
        process.kill()
        process.wait(HANGS)
        folder.cleanup()

    atexit.register(stop)
    return address


# -- the server --------------------------------------------------------------------------------------------------------


def _serve(address: str) -> None:
    """Answers requests without end; returns in each process that is to be a command."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(64)
    os.write(1, b"ready\n")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # keepers end unnoticed
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _keep(connection)
            return
        connection.close()


def _keep(connection: socket.socket) -> None:
    """Starts the command and reports its pid and its end; returns in the command."""
    message, streams, _, _ = socket.recv_fds(connection, _LONGEST_REQUEST, 2)
    while not message.endswith(b"\n"):
        message += connection.recv(_LONGEST_REQUEST)
    pid = os.fork()
    if pid:
        connection.sendall(f"{pid}\n".encode())
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        connection.sendall(f"{code}\n".encode())
        os._exit(0)
    connection.close()
    request = json.loads(message)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, stream in enumerate((nothing, *streams)):
        os.dup2(stream, number)
        os.close(stream)
    # On one core a command starts one parser process; on two, two.
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[os.getpid() % len(cores)]})
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = ["watcher", *request["arguments"]]


def _import_all() -> None:
    """Imports what commands import when they are called."""
    import watcher.cli

    for module in iter_modules(watcher.cli.__path__):
        import_module(f"watcher.cli.{module.name}")
    for name in ("app", "daemon", "runtime.service", "store.engine.backup", "inquiry.dry_run"):
        import_module(f"watcher.{name}")


if __name__ == "__main__":
    _import_all()
    _serve(sys.argv[1])
    from watcher.cli import main

    main()
