"""Reads the config file into a frozen `Config` and reports every problem at once, each with its line. No globals.

values.py: sections and all defaults · channels.py: the section of a channel · key_types.py: value types of keys ·
schedule.py: durations, digests, quiet hours · secret.py · load.py: find and load the file · sections.py: TOML tables to
sections · checks.py: rules between sections, warnings · lines.py: line of each key · messages.py: pydantic errors as
sentences · edit.py: add and remove feeds (not imported here, because importing tomlkit takes as long as everything
else).
"""

from watcher.config.channels import ChannelConfig, ChannelType, Envelope
from watcher.config.key_types import split_listen
from watcher.config.load import find, format_warnings, load, read_config
from watcher.config.schedule import format_duration, parse_digest, parse_duration, parse_quiet, parse_time
from watcher.config.secret import Secret, SecretSource
from watcher.config.values import (
    ClusterConfig,
    Config,
    CorpusConfig,
    FeedConfig,
    LogConfig,
    LogFormat,
    MetricsConfig,
    NetConfig,
    OpmlConfig,
    PollingConfig,
    RevisionsConfig,
    SeenConfig,
    StateConfig,
    WebConfig,
)

__all__ = [
    "ChannelConfig",
    "ChannelType",
    "ClusterConfig",
    "Config",
    "CorpusConfig",
    "Envelope",
    "FeedConfig",
    "LogConfig",
    "LogFormat",
    "MetricsConfig",
    "NetConfig",
    "OpmlConfig",
    "PollingConfig",
    "RevisionsConfig",
    "Secret",
    "SecretSource",
    "SeenConfig",
    "StateConfig",
    "WebConfig",
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
