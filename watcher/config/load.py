"""Finding, reading and checking a config file: all problems at once, each with its line. No secrets, no network."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tomli

from watcher.config.checks import (
    find_bad_inline_urls,
    find_conflicts,
    find_doubts,
    find_misplaced_state,
    find_open_metrics,
)
from watcher.config.explain import unknown_key
from watcher.config.lines import format_path, index_lines, line_of
from watcher.config.reading import Finding, Reading
from watcher.config.values import (
    Config,
    CorpusConfig,
    LogConfig,
    MetricsConfig,
    NetConfig,
    PollingConfig,
    StateConfig,
)
from watcher.errors import ConfigError, ConfigProblem
from watcher.heap import gc_paused

DEFAULT_FILES = (Path("config.toml"), Path("/etc/watcher/config.toml"))
_SECTIONS = ("corpus", "state", "polling", "net", "log", "metrics", "feeds", "watches", "channels")
_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_TOML_HINTS = {
    "Invalid value": "a value is missing or not complete; texts stand in quotes",
    "Unclosed array": "a list is not closed with ]",
    "Expected '=' after a key in a key/value pair": "write key = value",
    "Invalid statement": "write key = value, [section] or [[section]]",
    "Cannot overwrite a value": "this key stands there already",
    "Cannot declare": "this section stands there already",
    "Illegal character '\\n'": "a text is not closed with its quote",
    "Unescaped '\\' in a string": "a backslash in a text in quotes must be doubled, or use 'single quotes'",
}


def find(argument: Path | None, environ: Mapping[str, str], *, defaults: Sequence[Path] = DEFAULT_FILES) -> Path:
    """The config file to use: the argument, else $WATCHER_CONFIG, else the first of `defaults` that is there.

    Raises ConfigError if there is none.
    """
    named = argument or (Path(environ["WATCHER_CONFIG"]) if environ.get("WATCHER_CONFIG") else None)
    if named is not None:
        return named
    for file in defaults:
        if file.exists():
            return file
    looked = " nor ".join(str(file) for file in defaults)
    raise _refusal(defaults[0], f"there is neither {looked}; name your config with --config FILE or $WATCHER_CONFIG")


def load(file: Path) -> Config:
    """Read and check a config file. Raises ConfigError, which holds every problem.

    What is allowed but unwise is in `Config.warnings`.
    """
    return read_config(read_text(file), file)


def read_config(text: str, file: Path) -> Config:
    """As `load`, of a text that stands (or is about to stand) in `file`."""
    with gc_paused():
        return _read(text, file.absolute())


def _read(text: str, file: Path) -> Config:
    document = _parse(text, file)
    reading = Reading(document=document, base=file.parent)
    config = _assemble(reading, file)
    if config is None or reading.problems:
        raise ConfigError(str(file), _placed(reading.problems, text))
    warnings = _placed((*find_doubts(reading, config.channels), *find_open_metrics(config.metrics)), text)
    return config.model_copy(update={"warnings": warnings})


def read_text(file: Path) -> str:
    """The text of a config file, line ends as they are. Raises ConfigError."""
    try:
        return file.read_bytes().decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise _refusal(file, "is not UTF-8 text; save it as UTF-8", line) from None
    except OSError as error:
        raise _refusal(file, f"cannot be read: {error.strerror}") from error


def format_warnings(config: Config) -> tuple[str, ...]:
    """The warnings, one line each, written as the problems of a ConfigError are."""
    return tuple(str(ConfigError(str(config.file), (warning,))) for warning in config.warnings)


def _parse(text: str, file: Path) -> dict[str, Any]:
    try:
        return tomli.loads(text)
    except RecursionError:
        raise _refusal(file, "is nested too deeply") from None
    except ValueError as error:
        reason = str(error)
        place = _TOML_PLACE.search(reason)
        line = int(place[1]) if place and place[1] else text.count("\n") + 1
        raise _refusal(file, _toml_sentence(_TOML_PLACE.sub("", reason)), line) from None


def _toml_sentence(reason: str) -> str:
    hint = next((hint for start, hint in _TOML_HINTS.items() if reason.startswith(start)), "")
    return f"is not valid TOML: {hint or reason}" + (f" ({reason})" if hint else "")


def _assemble(reading: Reading, file: Path) -> Config | None:
    for key in reading.document:
        if key not in _SECTIONS:
            reading.report((key,), unknown_key(key, _SECTIONS))
    corpus, state = reading.section("corpus", CorpusConfig), reading.section("state", StateConfig)
    polling, net = reading.polling(), reading.section("net", NetConfig)
    log, metrics = reading.section("log", LogConfig), reading.section("metrics", MetricsConfig)
    feeds, watches, channels = reading.feeds(polling or PollingConfig()), reading.watches(), reading.channels()
    for finding in (*find_conflicts(reading), *find_bad_inline_urls(reading)):
        reading.report(finding.path, finding.message)
    if corpus is None or state is None or polling is None or net is None or log is None or metrics is None:
        return None
    for finding in find_misplaced_state(corpus, state):
        reading.report(finding.path, finding.message)
    return Config(
        file=file,
        corpus=corpus,
        state=state,
        polling=polling,
        net=net,
        log=log,
        metrics=metrics,
        feeds=feeds,
        watches=watches,
        channels=channels,
    )


def _placed(findings: Sequence[Finding], text: str) -> tuple[ConfigProblem, ...]:
    """With their lines, which are looked for only if there is something to place: that takes as long as the rest."""
    index = index_lines(text) if findings else {}
    problems = [
        ConfigProblem(line=line_of(index, each.path), key=format_path(each.path), message=each.message)
        for each in findings
    ]
    return tuple(sorted(problems, key=lambda problem: (problem.line, problem.key)))


def _refusal(file: Path, message: str, line: int = 0) -> ConfigError:
    return ConfigError(str(file), (ConfigProblem(line=line, key="", message=message),))
