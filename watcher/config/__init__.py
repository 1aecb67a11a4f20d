"""The config file -> a frozen `Config`, every problem at once, each with its line. No globals, no defaults elsewhere.

values.py (the sections and their defaults) · kinds.py (what a key takes) · schedule.py (durations, digests, quiet
hours) · secret.py · load.py (find, read) · reading.py (tables -> sections) · checks.py (between sections) · lines.py
(key -> line) · explain.py (pydantic -> sentences) · edit.py (add and remove feeds;
not imported here, for its library takes as long to load as all the rest).
"""

from watcher.config.kinds import split_listen
from watcher.config.load import find, format_warnings, load, read_config
from watcher.config.schedule import format_duration, parse_digest, parse_duration, parse_quiet, parse_time
from watcher.config.secret import Secret, SecretSource
from watcher.config.values import (
    ChannelConfig,
    ChannelType,
    Config,
    CorpusConfig,
    Envelope,
    FeedConfig,
    LogConfig,
    LogFormat,
    MetricsConfig,
    NetConfig,
    PollingConfig,
    StateConfig,
)

__all__ = [
    "ChannelConfig",
    "ChannelType",
    "Config",
    "CorpusConfig",
    "Envelope",
    "FeedConfig",
    "LogConfig",
    "LogFormat",
    "MetricsConfig",
    "NetConfig",
    "PollingConfig",
    "Secret",
    "SecretSource",
    "StateConfig",
    "find",
    "format_duration",
    "format_warnings",
    "load",
    "parse_digest",
    "parse_duration",
    "parse_quiet",
    "parse_time",
    "read_config",
    "split_listen",
]
