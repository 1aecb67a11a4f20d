"""The command line: arguments in, exit codes out. Results go to stdout, messages to stderr.

shell.py (config, log, exit codes) · service.py (run, once, demo) · checking.py (check) · inspecting.py (explain;
explained.py: as JSON) · trying.py (match) · feeds.py · corpus.py · alerts.py (alert) · outbox.py · upkeep.py (backup) ·
health.py (healthcheck) · present.py (tables and lines).
"""

from watcher.cli import alerts, checking, corpus, feeds, health, inspecting, outbox, service, trying, upkeep
from watcher.cli.shell import main_group

__all__ = ["main"]

for _module in (service, checking, inspecting, trying, feeds, corpus, alerts, outbox, upkeep, health):
    _module.register(main_group)


def main() -> None:
    """The entry point of the program."""
    main_group(prog_name="watcher")
