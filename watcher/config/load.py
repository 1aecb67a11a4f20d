"""Finds, reads and checks a config file, and reports all problems with their lines. No secrets, no network."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tomli

from watcher.config.checks import (
    find_bad_inline_urls,
    find_conflicts,
    find_misplaced_state,
    find_missing_driver,
    find_open_metrics,
    find_password_in_plain_text,
    find_state_in_place_of_another,
    find_warnings,
    find_web_problems,
    find_web_warnings,
)
from watcher.config.lines import format_path, index_lines, line_of
from watcher.config.messages import unknown_key
from watcher.config.sections import Finding, SectionReader
from watcher.config.values import (
    ClusterConfig,
    Config,
    CorpusConfig,
    LogConfig,
    MetricsConfig,
    NetConfig,
    PollingConfig,
    RevisionsConfig,
    SeenConfig,
)
from watcher.errors import ConfigError, ConfigProblem
from watcher.heap import gc_paused

DEFAULT_FILES = (Path("config.toml"), Path("/etc/watcher/config.toml"))
_SECTIONS = (
    *("corpus", "state", "seen", "revisions", "polling", "net", "log", "metrics", "web", "feeds", "opml", "watches"),
    *("channels", "cluster"),
)
_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_TOML_HINTS = {
    "Invalid value": "a value is missing or incomplete; strings need quotes",
    "Unclosed array": "a list is not closed with ]",
    "Expected '=' after a key in a key/value pair": "write key = value",
    "Invalid statement": "write key = value, [section] or [[section]]",
    "Cannot overwrite a value": "this key exists already",
    "Cannot declare": "this section exists already",
    "Illegal character '\\n'": "a string is not closed with its quote",
    "Unescaped '\\' in a string": "double the backslash, or put the string in 'single quotes'",
}


def find(argument: Path | None, environ: Mapping[str, str], *, defaults: Sequence[Path] = DEFAULT_FILES) -> Path:
    """Returns the config file to use: the argument, else $WATCHER_CONFIG, else the first of `defaults` that exists.

    Raises ConfigError if there is none, or if this user may not look for it.
    """
    named = argument or (Path(environ["WATCHER_CONFIG"]) if environ.get("WATCHER_CONFIG") else None)
    if named is not None:
        return named
    for file in defaults:
        if _exists(file):
            return file
    looked = " nor ".join(str(file) for file in defaults)
    raise _config_error(
        defaults[0], f"there is neither {looked}; name your config with --config FILE or $WATCHER_CONFIG"
    )


def _exists(file: Path) -> bool:
    try:
        return file.exists()
    except OSError as error:
        advice = "run this command as a user who may read it, or name your config with --config FILE or $WATCHER_CONFIG"
        raise _config_error(file, f"cannot be looked for: {error.strerror}; {advice}") from error


def load(file: Path) -> Config:
    """Reads and checks a config file. Raises ConfigError with every problem.

    `Config.warnings` lists what is allowed but unwise.
    """
    return read_config(read_text(file), file)


def read_config(text: str, file: Path) -> Config:
    """Does the same as `load` for a text that is, or will be, the content of `file`."""
    with gc_paused():
        return _read(text, file.absolute())


def _read(text: str, file: Path) -> Config:
    document = _parse(text, file)
    reader = SectionReader(document=document, base=file.parent)
    config = _assemble(reader, file)
    if config is None or reader.problems:
        raise ConfigError(str(file), _with_lines(reader.problems, text))
    found = (
        *find_warnings(reader, config.channels),
        *find_open_metrics(config.metrics),
        *find_web_warnings(config.web),
        *find_password_in_plain_text(config.state),
    )
    return config.model_copy(update={"warnings": _with_lines(found, text)})


def read_text(file: Path) -> str:
    """Reads the text of a config file and keeps its line ends. Raises ConfigError."""
    try:
        return file.read_bytes().decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise _config_error(file, "is not UTF-8 text; save it as UTF-8", line) from None
    except OSError as error:
        raise _config_error(file, f"cannot be read: {error.strerror}") from error


def format_warnings(config: Config) -> tuple[str, ...]:
    """Returns the warnings, one line each, in the form of the problems of a ConfigError."""
    return tuple(str(ConfigError(str(config.file), (warning,))) for warning in config.warnings)


def _parse(text: str, file: Path) -> dict[str, Any]:
    try:
        return tomli.loads(text)
    except RecursionError:
        raise _config_error(file, "is nested too deeply") from None
    except ValueError as error:
        reason = str(error)
        place = _TOML_PLACE.search(reason)
        line = int(place[1]) if place and place[1] else text.count("\n") + 1
        raise _config_error(file, _toml_sentence(_TOML_PLACE.sub("", reason)), line) from None


def _toml_sentence(reason: str) -> str:
    hint = next((hint for start, hint in _TOML_HINTS.items() if reason.startswith(start)), "")
    return f"is not valid TOML: {hint or reason}" + (f" ({reason})" if hint else "")


def _assemble(reader: SectionReader, file: Path) -> Config | None:
    for key in reader.document:
        if key not in _SECTIONS:
            reader.report((key,), unknown_key(key, _SECTIONS))
    corpus, state = reader.section("corpus", CorpusConfig), reader.state()
    seen, revisions = reader.section("seen", SeenConfig), reader.section("revisions", RevisionsConfig)
    polling, net = reader.polling(), reader.section("net", NetConfig)
    log, metrics, web = reader.section("log", LogConfig), reader.section("metrics", MetricsConfig), reader.web()
    cluster = reader.section("cluster", ClusterConfig)
    feeds, watches, channels = reader.feeds(polling or PollingConfig()), reader.watches(), reader.channels()
    lists = reader.lists()
    for finding in (*find_conflicts(reader), *find_bad_inline_urls(reader)):
        reader.report(finding.path, finding.message)
    if corpus is None or state is None or seen is None or polling is None or net is None:
        return None
    if log is None or metrics is None or revisions is None or web is None or cluster is None:
        return None
    conflicts = (
        *find_misplaced_state(corpus, state),
        *find_state_in_place_of_another(state),
        *find_missing_driver(state),
    )
    for finding in (*conflicts, *find_web_problems(corpus, web)):
        reader.report(finding.path, finding.message)
    return Config(
        file=file,
        corpus=corpus,
        state=state,
        seen=seen,
        revisions=revisions,
        polling=polling,
        net=net,
        log=log,
        metrics=metrics,
        web=web,
        cluster=cluster,
        feeds=feeds,
        opml=lists,
        watches=watches,
        channels=channels,
    )


def _with_lines(findings: Sequence[Finding], text: str) -> tuple[ConfigProblem, ...]:
    """Adds lines to findings. Scans the text only if there are any, because that takes as long as loading."""
    index = index_lines(text) if findings else {}
    problems = [
        ConfigProblem(line=line_of(index, each.path), key=format_path(each.path), message=each.message)
        for each in findings
    ]
    return tuple(sorted(problems, key=lambda problem: (problem.line, problem.key)))


def _config_error(file: Path, message: str, line: int = 0) -> ConfigError:
    return ConfigError(str(file), (ConfigProblem(line=line, key="", message=message),))
