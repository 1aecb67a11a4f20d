"""Starts commands of the program as forks of a process that has imported it: a command takes a second less of CPU.

    Program.command ─▶ run ─▶ unix socket ─▶ server ─fork▶ keeper ─fork▶ the command, a process with its own streams

What differs from a start by the shell: the interpreter's start, the imports, and that each command uses one core.
Daemons are started as users start them, and so are the commands of tests/cli, tests/docs and tests/operation. A library
that is loaded first (`tests.faketime`) has a server of its own.
"""

from __future__ import annotations

import atexit
import json
import os
import select
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

_LONGEST_REQUEST = 1024 * 1024


def run(arguments: Sequence[str], *, cwd: Path, environment: Mapping[str, str], timeout: float) -> tuple[int, str, str]:
    """Runs `watcher ARGUMENTS`; exit code, stdout and stderr. Raises subprocess.TimeoutExpired and kills it."""
    with (
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
        socket.socket(socket.AF_UNIX) as connection,
    ):
        connection.connect(_server(environment.get("LD_PRELOAD", ""), environment.get("TZ", "")))
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
def _server(library: str, zone: str) -> bytes:
    """Starts the server for commands with this library and time zone, read at the start; it ends with this process.

    Returns the address of its socket.
    """
    line = [sys.executable, "-m", "tests.acceptance.fork_server"]
    environment = {**os.environ, "NO_COLOR": "1", "PYTHONUTF8": "1"}  # as commands have them; read at the start
    process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    atexit.register(process.communicate)  # closes its standard input, which ends it
    assert process.stdout is not None
    return bytes.fromhex(process.stdout.readline().decode())


# -- the server --------------------------------------------------------------------------------------------------------


def _serve() -> None:
    """Answers requests until standard input ends; returns in each process that is to be a command."""
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
    _serve()
    from watcher.cli import main

    main()
