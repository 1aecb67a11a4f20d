"""The command line: arguments in, exit codes out. Results go to stdout, messages to stderr.

shell.py (config, log, exit codes) · service.py (run, once, demo) · checking.py (check) · inspecting.py (explain;
explained.py: as JSON) · trying.py (match) · feeds.py · corpus.py · alerts.py (alert) · outbox.py · upkeep.py (backup) ·
health.py (healthcheck) · present.py (tables and lines). Each is loaded when one of its commands is asked for.
"""

from watcher.cli.shell import main_group

__all__ = ["main"]


def main() -> None:
    """The entry point of the program."""
    main_group(prog_name="watcher")
