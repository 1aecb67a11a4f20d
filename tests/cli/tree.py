"""The commands as the program knows them, those that it loads on demand among them."""

from __future__ import annotations

from collections.abc import Mapping

import click


def commands_of(group: click.Group) -> Mapping[str, click.Command]:
    """Name -> command of one group."""
    context = click.Context(group)
    found = {name: group.get_command(context, name) for name in group.list_commands(context)}
    return {name: command for name, command in found.items() if command is not None}
