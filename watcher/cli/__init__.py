"""The command line: arguments in, exit codes out. Results go to stdout, messages to stderr.

shell.py: config, log, exit codes, tables · output.py: progress, summaries, marked hits · one module for each command,
named after it; run.py also has `once` and `demo`, and explain_json.py is `explain --json`. A module is imported when
one of its commands is called.
"""

from watcher.heap import importing


def main() -> None:
    """Runs the program."""
    with importing():
        from watcher.cli.shell import main_group
    main_group(prog_name="watcher")
