"""Parses untrusted bytes in a pool of child processes that run under limits and can be killed. No policy.

    the parent's end   launch.py         creates the pool for the watches of a config
                       client.py         read_feed, read_news, read_page: sends a task, checks its result
                       pool.py           assigns tasks to parser processes, and replaces these when needed
                       process.py        one parser process: started, asked, killed, reaped
                       request_queue.py  the requests that one parser process has not answered yet
    the child's end    child.py          the main loop: receives a request, runs its task, sends the reply
                       limits.py         memory, processor time, files; dies with the parent
                       tasks.py          the tasks: bytes in, checked values out
    both ends          messages.py       arguments and results of the tasks, and their JSON form
                       frames.py         the wire format: lengths, a JSON header, a payload of bytes
                       shared_buffer.py  memory in which the parent puts a payload, so that the socket does not carry it

A request's header is `{"task", "arguments", "seconds"}`; its payload, a feed or page, is in the shared buffer if it
fits. A reply's is `{"recycle"}` with the result as payload, or `{"kind", "message", "data", "traceback"}` of an
exception. Replies are never unpickled, and client.py checks each value: a hostile page may have taken the child over.

Limits: each task has a timeout, after which its process is killed, and a process may grow by `memory_limit`. A process
is recycled after `tasks_per_process` tasks, or once it keeps half of that memory. The watches have a generation; before
its next task a process receives the watches of the latest one.

pool.py, process.py, request_queue.py, child.py, limits.py, frames.py and shared_buffer.py import no other room.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from watcher.parsing.pool import ParserPool

__all__ = ["ParserPool"]


def __getattr__(name: str) -> Any:
    """Imports the pool on first use: a child imports this package too, and asyncio would cost it 9 MB."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from watcher.parsing.pool import ParserPool

    return ParserPool
