"""`timeline`: shows matches per day, week or month."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from watcher.cli.export import output_to
from watcher.cli.moments import span_of
from watcher.cli.shell import Shell, command, counted, pass_shell, print_json, print_message, print_table
from watcher.cli.state import state_of
from watcher.config import Config
from watcher.inquiry.period import Period
from watcher.inquiry.timeline import Step, Timeline, TimelineRow, timeline_of, to_csv, to_plain, to_svg
from watcher.inquiry.timeline.earlier import EarlierArticles
from watcher.text.shares import percent

_WIDTH = 40  # characters of the longest bar
_EIGHTHS = " ▏▎▍▌▋▊▉"
_MOMENT = 'a duration such as "7d", a day, or a time in ISO 8601.'


def register(group: click.Group) -> None:
    """Adds the command of this module."""

    @command(group, "timeline")
    @click.option("--watch", help="Only of this watch.")
    @click.option(
        "--by",
        type=click.Choice([step.value for step in Step]),
        default=Step.DAY.value,
        show_default=True,
        help="Count days, weeks (from Monday) or months.",
    )
    @click.option("--since", help=f"From then: {_MOMENT} Its day counts as a whole. Default: the first match.")
    @click.option("--until", help=f"Until then: {_MOMENT} Its day counts as a whole. Default: today or the last match.")
    @click.option("--share", is_flag=True, help="Draw the share of the articles that match, not the matches.")
    @click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
    @click.option("--svg", type=click.Path(path_type=Path, dir_okay=False), help="Write a drawing to this file.")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
    @pass_shell
    def timeline(
        shell: Shell,
        watch: str | None,
        by: str,
        since: str | None,
        until: str | None,
        share: bool,
        as_csv: bool,
        svg: Path | None,
        as_json: bool,
    ) -> None:
        """Shows how many documents of each watch are dated on each day, and which share of all articles that is.

        Articles are the entries of all feeds that were read, matched or not: if a share rises, the topic does, and not
        only the number of articles. Days are those of publication, in the time zone of the corpus.
        """
        if as_csv + as_json + (svg is not None) > 1:
            raise click.UsageError("--csv, --svg and --json cannot be combined; keep only one of them")
        config, now = shell.config(), datetime.now(UTC)
        first, end = span_of(since, until, timezone=config.corpus.timezone, now=now)
        period = Period.of(first, end, timezone=config.corpus.timezone)
        found = _timeline(config, period, Step(by), watch, now)
        for note in found.notes:
            print_message(note)
        if as_json:
            print_json(to_plain(found))
            return
        if as_csv:
            click.echo(to_csv(found).encode("utf-8", "replace"), nl=False)
        elif svg is not None:
            with output_to(svg) as file:
                file.write(to_svg(found, share=share).encode("utf-8", "replace"))
        else:
            _print(found, share=share)
        if undated := "; ".join(_undated(found)):
            print_message(f"dated less precisely, and not shown: {undated}")


def _timeline(config: Config, period: Period, by: Step, watch: str | None, now: datetime) -> Timeline:
    zone = config.corpus.timezone
    with state_of(config) as store:
        return timeline_of(
            store,
            [each.name for each in config.watches],
            period,
            by=by,
            watch=watch,
            timezone=zone,
            today=now.astimezone(ZoneInfo(zone)).date(),
            earlier=EarlierArticles(seen=config.state.seen_path, timezone=zone),
        )


def _print(found: Timeline, *, share: bool) -> None:
    """Prints a table with a bar for each row, watch by watch; in a pipe lines with tabs."""
    order = {watch: place for place, watch in enumerate(dict.fromkeys(row.watch for row in found.rows))}
    rows = sorted(found.rows, key=lambda row: order[row.watch])
    values = [(row.share or 0.0) if share else float(row.matches) for row in rows]
    highest = max(values, default=0.0)
    cells = (_cells(row, _bar(value, highest)) for row, value in zip(rows, values, strict=True))
    print_table(
        (found.by.value, "watch", "matches", "articles", "share", ""), cells, right=("matches", "articles", "share")
    )
    matches = sum(row.matches for row in rows)
    print_message(f"{counted(matches, 'match')}" + (f", {rows[0].day} to {rows[-1].day}" if rows else ""))


def _cells(row: TimelineRow, bar: str) -> tuple[str, ...]:
    share = "–" if row.share is None else percent(row.share)
    return row.day, row.watch, str(row.matches), str(row.articles), share, bar


def _bar(value: float, highest: float) -> str:
    """Returns a bar in eighths of a character: one at least, unless the value is 0."""
    if not value:
        return ""
    eighths = max(1, round(8 * _WIDTH * value / highest))
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _undated(found: Timeline) -> list[str]:
    matches = [f"{counted(row.matches, 'match')} of {row.watch}" for row in found.undated if row.matches]
    return [*matches, *{counted(row.articles, "article") for row in found.undated if row.articles}]
