"""How often watcher calls a feed silent that is not, and how late it notices one that is: a year of simulated feeds.

    python -m bench.silence --feeds 20

Feeds of several habits publish for two years, and are polled by watcher's own planner with the default intervals. Of
the second year every notice is a false alarm, because no feed ever dies in it. Then each feed dies at moments of that
year: from there it answers without news, and the time from its last entry until the notice is its delay. All of it is
the code that the daemon runs (`watcher.feeds`), only the network and the store are left out.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from multiprocessing import Pool
from zoneinfo import ZoneInfo

from bench.tables import add_json_option, hand_over, table
from watcher.feeds.listing import FeedNews
from watcher.feeds.plan import Fetched, Limits, NotModified, PollState
from watcher.feeds.planner import plan_poll
from watcher.model import Entry, EntryKeys, ParsedFeed

BERLIN = ZoneInfo("Europe/Berlin")
START, YEAR = datetime(2027, 1, 1, tzinfo=UTC), timedelta(days=365)
END = START + 2 * YEAR
LIMITS = Limits(every=timedelta(minutes=15), fastest=timedelta(minutes=2), slowest=timedelta(hours=24))
LISTED = 30
DEATHS = 6  # of each feed
PATIENCE = timedelta(days=120)
EASTER = {2027: date(2027, 3, 28), 2028: date(2028, 4, 16)}

Dice = random.Random
Day = Callable[[Dice, date], Sequence[float]]
"""The hours at which a feed publishes on a day."""


# -- habits ------------------------------------------------------------------------------------------------------------


def is_holiday(day: date) -> bool:
    """A public holiday in all of Germany, Christmas Eve or New Year's Eve."""
    easter = EASTER[day.year]
    moving = {easter + timedelta(days=days) for days in (-2, 1, 39, 50)}
    return day in moving or (day.month, day.day) in {(1, 1), (5, 1), (10, 3), (12, 24), (12, 25), (12, 26), (12, 31)}


def spread(dice: Dice, count: float, first: float, last: float) -> list[float]:
    """About `count` hours between two, as chance has it."""
    whole = int(count) + (dice.random() < count % 1)
    return [dice.uniform(first, last) for _ in range(whole)]


def agency(dice: Dice, _day: date) -> list[float]:
    return spread(dice, 6, 0, 6) + spread(dice, 90, 6, 23) + spread(dice, 2, 23, 24)


def daily(dice: Dice, day: date) -> list[float]:
    weekend = day.weekday() >= 5 or is_holiday(day)
    return spread(dice, 8, 8, 20) if weekend else spread(dice, 40, 5, 22)


def weekday_paper(dice: Dice, day: date) -> list[float]:
    return [] if day.weekday() >= 5 or is_holiday(day) else spread(dice, 25, 6, 18)


def printed_paper(_dice: Dice, day: date) -> list[float]:
    return [] if day.weekday() == 6 or is_holiday(day) else [4.0] * 40


def local_desk(dice: Dice, day: date) -> list[float]:
    return spread(dice, 0.4 if day.weekday() >= 5 or is_holiday(day) else 2.5, 8, 18)


def authority(dice: Dice, day: date) -> list[float]:
    quiet = day.weekday() >= 5 or is_holiday(day) or (day.month, day.day) >= (12, 20) or (day.month, day.day) < (1, 7)
    return [] if quiet else spread(dice, 0.5, 9, 16)


def blog(dice: Dice, _day: date) -> list[float]:
    return spread(dice, 0.5, 7, 23)


def rare_blog(dice: Dice, _day: date) -> list[float]:
    return spread(dice, 0.2, 7, 23)


def blog_with_holidays(dice: Dice, day: date) -> list[float]:
    away = (day.month == 8 and day.day < 22) or (day.month, day.day) >= (12, 20)
    return [] if away else spread(dice, 0.9, 7, 23)


def weekly(dice: Dice, day: date) -> list[float]:
    return spread(dice, 1, 5, 9) if day.weekday() == 3 and not is_holiday(day) else []


def twice_a_week(dice: Dice, day: date) -> list[float]:
    return spread(dice, 0.95, 5, 9) if day.weekday() in {1, 4} else []


def monthly(dice: Dice, day: date) -> list[float]:
    return spread(dice, 1, 9, 17) if day.day == 1 + hash((day.year, day.month)) % 9 else []


def parliament(dice: Dice, day: date) -> list[float]:
    recess = day.month == 8 or (day.month == 7 and day.day > 8) or is_holiday(day)
    sits = day.isocalendar().week % 2 == 1 and not recess and day.weekday() < 5
    return spread(dice, 12, 8, 20) if sits else spread(dice, 0.05 if recess else 0.3, 9, 16)


def league(dice: Dice, day: date) -> list[float]:
    summer = (5, 25) <= (day.month, day.day) < (8, 5)
    winter = (day.month, day.day) >= (12, 20) or (day.month, day.day) < (1, 12)
    if summer or winter:
        return []
    return spread(dice, 10, 14, 23) if day.weekday() in {4, 5, 6} else spread(dice, 0.3, 10, 18)


def winter_sport(dice: Dice, day: date) -> list[float]:
    return spread(dice, 5, 8, 21) if day.month in {11, 12, 1, 2, 3} else []


def bursts(dice: Dice, day: date) -> list[float]:
    """Several entries on some days, gaps with a long tail between them."""
    return spread(dice, dice.choice((1, 2, 12)), 6, 23) if dice.random() < 0.25 else []


HABITS: dict[str, Day] = {
    "agency, all hours": agency,
    "daily, fewer at weekends": daily,
    "weekday paper": weekday_paper,
    "printed paper, all at once": printed_paper,
    "local desk": local_desk,
    "authority, closed at Christmas": authority,
    "blog, every second day": blog,
    "blog, every fifth day": rare_blog,
    "blog, away in August": blog_with_holidays,
    "bursts": bursts,
    "twice a week": twice_a_week,
    "weekly": weekly,
    "monthly": monthly,
    "parliament, every other week": parliament,
    "league, two breaks": league,
    "winter sport": winter_sport,
}


def published(habit: Day, dice: Dice) -> list[datetime]:
    """The moments at which a feed publishes in both years, in order."""
    moments = []
    day = START.date()
    while day < END.date():
        midnight = datetime(day.year, day.month, day.day, tzinfo=BERLIN).astimezone(UTC)
        moments += [midnight + timedelta(hours=hour) for hour in habit(dice, day)]
        day += timedelta(days=1)
    return sorted(moments)


# -- polling -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """A poll of a simulated feed: the state after it, when the next is due, and whether the feed counts as silent."""

    at: datetime
    state: PollState
    next_at: datetime
    brought: bool
    is_silent: bool


def polls(moments: Sequence[datetime], dice: Dice, *, state: PollState, at: datetime) -> Iterator[Poll]:
    """Polls a feed without end. `moments`: when it publishes."""
    since = bisect_right(moments, state.polled_at) if state.polled_at else 0
    while True:
        until = bisect_right(moments, at)
        outcome = _body(min(until - since, LISTED)) if until > since else NotModified()
        plan = plan_poll(state, outcome, known={}, limits=LIMITS, now=at, jitter=dice.random())
        yield Poll(
            at=at,
            state=plan.state,
            next_at=plan.next_poll_at,
            brought=bool(plan.new),
            is_silent=bool(plan.silence),
        )
        state, at, since = plan.state, plan.next_poll_at, until


@cache
def _body(new: int) -> Fetched:
    entry = Entry(id="", link="", title="")
    feed = ParsedFeed(format="rss20", title="", site="", language="", entries=(entry,) * new)
    keys = tuple(EntryKeys(id=number, link=None) for number in range(new))
    return Fetched(news=FeedNews(feed=feed, keys=keys, hashes=(0,) * new, settled=LISTED - new), body_hash=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """A feed: its entries and false alarms of the second year, and its delays; None: its death was not noticed."""

    entries: int
    alarms: int
    delays: tuple[timedelta | None, ...]


def simulate(habit: Day, seed: str) -> Simulated:
    """Polls one feed for two years, then lets it die at moments of the second."""
    dice = random.Random(seed)
    moments = published(habit, dice)
    deaths = sorted(START + YEAR + dice.random() * YEAR for _ in range(DEATHS))
    alarms, was_silent, delays = 0, False, []
    for poll in polls(moments, dice, state=PollState(), at=START):
        while deaths and poll.at >= deaths[0]:
            deaths.pop(0)
            delays.append(_delay(poll, moments, dice))
        if poll.at >= END:
            break
        alarms += poll.is_silent and not was_silent and poll.at >= START + YEAR
        was_silent = poll.is_silent
    return Simulated(entries=sum(START + YEAR <= each < END for each in moments), alarms=alarms, delays=tuple(delays))


def _delay(last: Poll, moments: Sequence[datetime], dice: Dice) -> timedelta | None:
    """The time from the last entry of a feed that dies now to the notice."""
    heard = moments[: bisect_right(moments, last.at)]
    died_at = heard[-1] if heard else last.at
    for poll in polls(heard, dice, state=last.state, at=last.next_at):
        if poll.is_silent:
            return poll.at - died_at
        if poll.at > last.at + PATIENCE:
            return None
    raise AssertionError("polls never end")


# -- the table ---------------------------------------------------------------------------------------------------------

COLUMNS = (
    "habit",
    "entries a year",
    "false alarms a year: mean",
    "of the worst feed",
    "delay in days: median",
    "90 %",
    "never noticed",
)


def main() -> int:
    """Prints a row for each habit."""
    parser = argparse.ArgumentParser(prog="python -m bench.silence", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--feeds", type=int, default=20, help="of each habit")
    parser.add_argument("--habits", nargs="+", default=list(HABITS), help="the first words of those to simulate")
    add_json_option(parser)
    options = parser.parse_args()
    feeds, chosen = options.feeds, tuple(options.habits)
    print(f"{feeds} feeds of each habit, one year; {DEATHS} deaths of each feed; delays in days since the last entry")
    means, rows = [], []
    with Pool() as pool:
        for name, habit in HABITS.items():
            if name.startswith(chosen):
                found = pool.map(partial(simulate, habit), [f"{name} {number}" for number in range(feeds)])
                means.append(statistics.mean(each.alarms for each in found))
                rows.append(_row(name, found))
                print(name, file=sys.stderr, flush=True)
    rows.append(("all", "", f"{statistics.mean(means):.2f}", f"{max(means):.2f}", "", "", ""))
    hand_over([table("silence", COLUMNS, rows)], options.json)
    return 0


def _row(name: str, found: Sequence[Simulated]) -> tuple[str, ...]:
    entries = statistics.mean(each.entries for each in found)
    mean, worst = statistics.mean(each.alarms for each in found), max(each.alarms for each in found)
    delays = [delay for each in found for delay in each.delays]
    noticed = sorted(delay / timedelta(days=1) for delay in delays if delay is not None)
    times = ("–", "–")
    if noticed:
        times = f"{statistics.median(noticed):.1f}", f"{noticed[int(0.9 * (len(noticed) - 1))]:.1f}"
    missed = f"{(1 - len(noticed) / len(delays)) * 100:.0f} %"
    return name, f"{entries:,.0f}", f"{mean:.2f}", str(worst), *times, missed


if __name__ == "__main__":
    sys.exit(main())
