"""Crash runs: kill -9 and power cuts at random instants, and a checker that looks for what they broke.

    python -m bench.crash --kills 1000 --cuts 200         what is still missing of these, counting former runs
    python -m bench.crash --controls 12                   the program sabotaged: the checker must complain

Figures add up in `bench/ledgers/crash.json`; a run that is interrupted loses what it did since the last check only.
Every problem is printed with the seed of its installation, and the exit code is 1. Power cuts need root and ext4 tools.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import audit, power
from bench.ledger import Ledger
from bench.newswire import CONSOLE
from bench.ordeal import Ordeal, Popen, ordeal

Cut = Callable[[Ordeal, power.LoopDisk], list[str]]

ALERTS = 12
KILLS_A_CHECK = 5
CHECKS_A_PLACE = 8  # installations are replaced: a fresh one sees its first files again
FIRST_SEED = 20251021


def main() -> int:
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # or a disk would stay mounted
    ledger = Ledger("crash")
    problems: list[str] = []
    while (missing := options.kills - ledger.counts["kills"]) > 0:
        problems += _kill_place(ledger, min(missing, KILLS_A_CHECK * CHECKS_A_PLACE))
    if obstacle := power.obstacle():
        print(f"no power cuts: {obstacle}")
    else:
        while (missing := options.cuts - ledger.counts["power cuts"]) > 0:
            problems += _cut_place(ledger, min(missing, 10))
        problems += [complaint for mode in CONTROLS for complaint in _control(ledger, mode, options.controls)]
    print("\n".join(ledger.lines()))
    return 1 if problems else 0


def kill_and_check(under: Ordeal, *, kills: int) -> list[str]:
    """Publishes and kills, several times in a row; what is wrong after the restart."""
    for _ in range(kills):
        under.wire.publish(under.dice.randrange(2, 10))
        under.crash()
    return under.settle()


def cut_and_check(under: Ordeal, disk: power.LoopDisk) -> list[str]:
    """Publishes and cuts the power; what is wrong on the disk at once, and after the restart."""
    under.wire.publish(under.dice.randrange(4, 14))
    under.crash(disk.cut_power)
    disk.power_on()
    return audit.promised(under.wire, under.seeds) + under.settle()


def cut_amid_alerts_and_check(under: Ordeal, disk: power.LoopDisk) -> list[str]:
    """As `cut_and_check`, when all files stand and some alerts of several are out: only the state is synced then.

    At another instant a file of the corpus is synced often enough to take the state's log to the disk with it.
    """
    under.wire.publish(ALERTS)
    under.crash(disk.cut_power, until=lambda: under.wire.heard(CONSOLE) >= ALERTS // 3)
    disk.power_on()
    return audit.promised(under.wire, under.seeds) + under.settle()


@contextmanager
def on_a_disk(
    folder: Path, seed: int, *, sabotage: str = "", group_wait: str = "0s", popen: Popen = subprocess.Popen
) -> Iterator[tuple[power.LoopDisk, Ordeal]]:
    """An installation on a disk whose power can be cut."""
    with (
        power.LoopDisk(folder) as disk,
        ordeal(folder, seed=seed, disk=disk.mount, sabotage=sabotage, group_wait=group_wait, popen=popen) as under,
    ):
        yield disk, under


def _kill_place(ledger: Ledger, kills: int) -> list[str]:
    seed = FIRST_SEED + ledger.counts["kill places"]
    ledger.add({"kill places": 1})
    with tempfile.TemporaryDirectory(prefix="watcher-crash-") as folder, ordeal(Path(folder), seed=seed) as under:
        problems: list[str] = []
        while kills > 0 and not problems:
            burst = min(kills, KILLS_A_CHECK)
            problems = kill_and_check(under, kills=burst)
            kills -= burst
            _note(ledger, under, {"kills": burst, "problems": len(problems)}, f"kills, seed {seed}", problems)
        ledger.add(_repeats(under))
    return problems


def _cut_place(ledger: Ledger, cuts: int) -> list[str]:
    seed = FIRST_SEED + 10_000 + ledger.counts["cut places"]
    ledger.add({"cut places": 1})
    with tempfile.TemporaryDirectory(prefix="watcher-power-") as folder, on_a_disk(Path(folder), seed) as (disk, under):
        problems: list[str] = []
        for _ in range(cuts):
            problems = cut_and_check(under, disk)
            _note(ledger, under, {"power cuts": 1, "problems": len(problems)}, f"cuts, seed {seed}", problems)
            if problems:
                break
        ledger.add(_repeats(under))
    return problems


def _control(ledger: Ledger, mode: str, cuts: int) -> list[str]:
    """A sabotaged program; returns a complaint if the checker finds nothing wrong with it."""
    if not cuts:
        return []
    seed, (cut, group_wait) = FIRST_SEED + 20_000, CONTROLS[mode]
    with (
        tempfile.TemporaryDirectory() as folder,
        on_a_disk(Path(folder), seed, sabotage=mode, group_wait=group_wait) as (disk, under),
    ):
        made, seen = control_cuts(under, disk, cut, most=cuts)
    name = f"control {mode}"
    ledger.add({f"{name}: runs": 1, f"{name}: cuts": made, f"{name}: noticed": int(bool(seen))})
    print(f"control {mode}: {len(seen)} problems seen after {made} cuts, e.g. {seen[:3]}", flush=True)
    return [] if seen else [f"the checker is blind: {cuts} cuts with {mode} and nothing wrong"]


def control_cuts(under: Ordeal, disk: power.LoopDisk, cut: Cut, *, most: int) -> tuple[int, list[str]]:
    """Cuts power until something is wrong, at most so often: the number of cuts, and what is wrong."""
    for number in range(most):
        try:
            if problems := cut(under, disk):
                return number + 1, problems
        except RuntimeError as error:
            return number + 1, [str(error)]
    return most, []


# What is cut, and how long alerts wait for their files, where each promise is taken away.
CONTROLS: dict[str, tuple[Cut, str]] = {
    "no-fsync": (cut_and_check, "0s"),
    "normal": (cut_amid_alerts_and_check, "3s"),
}


def _note(ledger: Ledger, under: Ordeal, counts: dict[str, int], what: str, problems: list[str]) -> None:
    ledger.add(counts)
    documents = len(under.wire.reports)
    print(f"{what}: {len(under.crashes)} crashes, {documents} documents, {len(problems)} problems", flush=True)
    for problem in problems:
        print(f"  {problem}", flush=True)


def _repeats(under: Ordeal) -> dict[str, int]:
    told = list(under.wire.told())
    once = {(message.channel, message.number) for message in told}
    return {"documents": len(under.wire.reports), "alerts": len(once), "alerts repeated": len(told) - len(once)}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.crash", description="Kills and power cuts, checked.")
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--cuts", type=int, default=200)
    parser.add_argument("--controls", type=int, default=12, help="power cuts that each sabotaged program gets at most")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
