"""`search`: searches corpus and seen archive in the language of the watches."""

from __future__ import annotations

from datetime import UTC, datetime

import click
from rich.text import Text

from watcher.cli.moments import span_of
from watcher.cli.shell import Shell, command, counted, out, pass_shell, print_json, print_message
from watcher.config import Config
from watcher.errors import QueryError, UnknownName
from watcher.inquiry.search import LIMIT, TIME_LIMIT, Answer, Places, Result, Scope, SearchRequest, TimeLimit, search
from watcher.inquiry.search_json import answer_json
from watcher.model import Snippet, Watch


def register(group: click.Group) -> None:
    """Adds the command of this module."""

    # A query may begin with "-".
    @command(group, "search", context_settings={"ignore_unknown_options": True})
    @click.argument("query")
    @click.option(
        "--in",
        "scope",
        type=click.Choice([scope.value for scope in Scope]),
        default=Scope.ALL.value,
        show_default=True,
        help="Search the documents, the texts of all entries that were ingested, or both.",
    )
    @click.option("--since", help='Only articles since then: a duration such as "7d", a date, or a time in ISO 8601.')
    @click.option("--until", help="Only articles until then; a date is included.")
    @click.option("--feed", help="Only articles of this feed.")
    @click.option("--watch", help="Only articles that this watch matches, too.")
    @click.option(
        "--limit", type=click.IntRange(min=1), default=LIMIT, show_default=True, help="Show the newest of the results."
    )
    @click.option("--count", is_flag=True, help="Print the number of results only.")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
    @pass_shell
    def search_(
        shell: Shell,
        query: str,
        scope: str,
        since: str | None,
        until: str | None,
        feed: str | None,
        watch: str | None,
        limit: int,
        count: bool,
        as_json: bool,
    ) -> None:
        """Searches articles with a QUERY as watches have them, the newest first.

        Found is what a watch with this query would match. Dates are those of the articles or, where these are not
        known, those of their fetching.
        """
        config = shell.config()
        now = datetime.now(UTC)
        first, last = span_of(since, until, timezone=config.corpus.timezone, now=now)
        request = SearchRequest(
            watch=Watch(name="query", query=query),
            scope=Scope(scope),
            also=watch_of(config, watch) if watch is not None else None,
            since=first,
            until=last,
            feed=feed or "",
            limit=0 if count else limit,
        )
        answer = _search(request, config, now=now)
        for note in answer.notes:
            print_message(note)
        if not answer.is_complete:
            seconds = TIME_LIMIT.total_seconds()
            print_message(f"not everything was searched in {seconds:g} seconds: there may be more, and older ones")
        if as_json:
            print_json(answer_json(answer, query, request.scope))
        elif count:
            click.echo(answer.total)
        else:
            _print(answer)


def _search(request: SearchRequest, config: Config, *, now: datetime) -> Answer:
    try:
        answer = search(request, Places.of(config), now=now, is_over=TimeLimit())
    except QueryError as error:
        raise click.UsageError(str(error)) from error
    if request.feed and not answer.total and request.feed not in {feed.name for feed in config.feeds}:
        raise UnknownName("feed", request.feed)
    return answer


def watch_of(config: Config, name: str) -> Watch:
    """The watch of that name. Raises UnknownName."""
    for watch in config.watches:
        if watch.name == name:
            return watch
    raise UnknownName("watch", name)


def _print(answer: Answer) -> None:
    for result in answer.results:
        print_result(result)
    at_least = "" if answer.is_complete else "at least "
    found = at_least + counted(answer.total, "result")
    shown = len(answer.results)
    print_message(found if shown == answer.total else f"{found}, the newest {shown} are shown")


def print_result(result: Result) -> None:
    """Prints a result for people: date, place, feed and title, then the sentences with their hits, and the link."""
    text, article = result.text, result.text.article
    place = f"document {text.number}" if text.number is not None else "seen"
    head = (_date(result), place, text.feed, article.title or "(no title)")
    out.print(Text(" · ".join(part.replace("\n", " ") for part in head if part), style="bold"))
    for snippet in result.snippets:
        out.print(_marked(snippet))
    if text.url:
        out.print(Text(f"  {text.url}", style="dim"))


def _date(result: Result) -> str:
    article = result.text.article
    if article.published_at:
        return article.published_at.astimezone().strftime("%Y-%m-%d %H:%M")
    if article.date:
        return article.date.isoformat()
    return f"seen {result.text.seen_at.astimezone():%Y-%m-%d}" if result.text.seen_at else ""


def _marked(snippet: Snippet) -> Text:
    runs = [(f"«{text}»", "bold yellow") if is_hit else (text, "") for text, is_hit in snippet.runs]
    return Text.assemble("  ", "…" * snippet.cut_before, *runs, "…" * snippet.cut_after)
