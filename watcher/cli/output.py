"""Printing for several commands: progress bars, the summary of `once`, hits marked in their text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING

from rich.text import Text

from watcher.cli.shell import counted, err, out
from watcher.model import Hit, HitField, Match

if TYPE_CHECKING:
    from watcher.daemon import OnceSummary
    from watcher.runtime.service import Service

_REFRESH_SECONDS = 0.2
_STEP = 100  # imported feeds between two updates of the bar
_CONTEXT = 60  # letters on either side of a hit
_SHOWN = 10  # hits of a watch


@contextmanager
def progress() -> Iterator[Callable[[Service], None]]:
    """Shows bars for feeds and entries during `once`, on a terminal only; yields the callback that starts them."""
    if not err.is_terminal:
        yield lambda _service: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    done = Event()
    with Progress(*columns, console=err, transient=True) as bars:
        polls, ingests = bars.add_task("feeds", total=None), bars.add_task("entries", total=None)

        def follow(service: Service) -> None:
            while not done.wait(_REFRESH_SECONDS):
                tally = service.tally
                bars.update(polls, completed=tally.polled, total=len(service.settings.feeds))
                bars.update(ingests, completed=tally.entries.total(), total=tally.new_entries)

        try:
            yield lambda service: Thread(target=follow, args=(service,), daemon=True).start()
        finally:
            done.set()


@contextmanager
def import_progress(feeds: int) -> Iterator[Callable[[], None]]:
    """Shows a bar while feeds are imported, on a terminal only; yields the callback that moves it by one feed."""
    if not err.is_terminal:
        yield lambda: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as bars:
        bar, done = bars.add_task("feeds", total=feeds), 0

        def advance() -> None:
            nonlocal done
            done += 1
            if done % _STEP == 0 or done == feeds:
                bars.update(bar, completed=done, description="feeds" if done < feeds else "writing the config")

        yield advance


def summary_lines(summary: OnceSummary) -> Iterator[str]:
    """Yields the lines of the summary of `once`."""
    tally = summary.tally
    yield f"feeds: {tally.polled} polled, {len(tally.failed_feeds)} failed; {counted(tally.new_entries, 'new entry')}"
    for name, error in sorted(tally.failed_feeds.items()):
        yield f"  {name}: {error}"
    if summary.lists or summary.failed_lists:
        yield f"lists: {summary.lists} read, {len(summary.failed_lists)} failed"
    for name, error in sorted(summary.failed_lists.items()):
        yield f"  {name}: {error}; its feeds stay as they are"
    entries = ", ".join(f"{count} {outcome}" for outcome, count in sorted(tally.entries.items()))
    yield f"entries: {entries or 'none'}; {summary.open_entries} left for later"
    yield f"documents: {len(summary.documents)} new"
    for name in summary.documents:
        yield f"  {name}"
    sent = ", ".join(f"{count} {state}" for state, count in sorted(tally.deliveries.items()))
    left = sum(summary.open_deliveries.values())
    yield f"alerts: {sent or 'none'}; {left} left for later"
    for name, reason in sorted(summary.parked.items()):
        yield f"  channel {name} is parked: {reason}"


def hit_count(match: Match) -> str:
    """Says how many hits a match has: "3 hits", "100 hits or more"."""
    return counted(len(match.hits), "hit") + (" or more" if match.may_have_more_hits else "")


def print_hits(hits: Sequence[Hit], text: str, feed_text: str) -> None:
    """Prints the first hits, each marked on one line with its offset and context."""
    for hit in hits[:_SHOWN]:
        is_own = hit.field is HitField.TEXT
        place = f"  {hit.start}: " if is_own else f"  feed text {hit.start}: "
        before, form, after = context_of(text if is_own else feed_text, hit)
        out.print(Text.assemble(place, before, ("«" + form + "»", "bold yellow"), after))
    if len(hits) > _SHOWN:
        out.print(Text(f"  and {len(hits) - _SHOWN} more"))


def context_of(text: str, hit: Hit) -> tuple[str, str, str]:
    """Returns the text before a hit, the hit and the text after it, without line breaks."""
    before = " ".join(text[max(0, hit.start - _CONTEXT) : hit.start].split())
    after = " ".join(text[hit.end : hit.end + _CONTEXT].split())
    space_before = " " if text[max(0, hit.start - 1) : hit.start].isspace() else ""
    space_after = " " if text[hit.end : hit.end + 1].isspace() else ""
    return (
        ("…" if hit.start > _CONTEXT else "") + before + space_before,
        text[hit.start : hit.end],
        space_after + after + ("…" if hit.end + _CONTEXT < len(text) else ""),
    )
