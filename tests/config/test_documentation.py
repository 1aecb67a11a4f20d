"""Compares docs/configuration.md and the shipped configs with the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from watcher.config import (
    ChannelConfig,
    ClusterConfig,
    Config,
    CorpusConfig,
    LogConfig,
    MetricsConfig,
    NetConfig,
    OpmlConfig,
    PollingConfig,
    RevisionsConfig,
    SeenConfig,
    WebConfig,
    load,
)
from watcher.config.channels import CHANNEL_KEYS, COMMON_KEYS, SECRET_KEYS
from watcher.config.values import FeedSection, StateSection, WatchSection

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(\w+)` \| (.+?) \| ", re.MULTILINE)
NEEDED = {
    "feeds": '[[feeds]]\nname = "a"\nurl = "https://a.example/"\n',
    "watches": '[[watches]]\nname = "a"\nterms = ["a"]\n',
    "channels": '[[channels]]\nname = "a"\ntype = "console"\nops = true\n',
}


def rows(section: str) -> dict[str, str]:
    """key -> default, of the tables below a heading that names `section`."""
    (text,) = (part for part in TEXT.split("\n## ") if part.partition("\n")[0].startswith(f"`{section}`"))
    text = text.split("### ")[0]
    return dict(ROW.findall(text.split("Keys that every type has:")[-1]))


@pytest.mark.parametrize(
    ("section", "model"),
    [
        ("[corpus]", CorpusConfig),
        ("[state]", StateSection),
        ("[seen]", SeenConfig),
        ("[revisions]", RevisionsConfig),
        ("[polling]", PollingConfig),
        ("[net]", NetConfig),
        ("[cluster]", ClusterConfig),
        ("[log]", LogConfig),
        ("[metrics]", MetricsConfig),
        ("[web]", WebConfig),
        ("[[feeds]]", FeedSection),
        ("[[opml]]", OpmlConfig),
        ("[[watches]]", WatchSection),
    ],
)
def test_every_key_is_documented_and_no_other(section: str, model: type[BaseModel]) -> None:
    """A key of the code has a row in the tables, and the reverse."""
    assert set(rows(section)) == set(model.model_fields)


def test_every_key_of_channels_is_documented() -> None:
    """The table of types lists required and optional keys of each; the other table has the common keys."""
    assert set(rows("[[channels]]")) == set(COMMON_KEYS)
    for kind, keys in CHANNEL_KEYS.items():
        needs, may = (
            ", ".join(f"`{key}`" + (r"\*" if key in SECRET_KEYS else "") for key in group) or "–" for group in keys
        )
        assert f"| `{kind.value}` | {needs} | {may} | " in TEXT
    assert {key for keys in CHANNEL_KEYS.values() for group in keys for key in group} | set(COMMON_KEYS) == set(
        ChannelConfig.model_fields
    )


@pytest.mark.parametrize(
    "section",
    [
        "[corpus]",
        "[state]",
        "[seen]",
        "[revisions]",
        "[polling]",
        "[net]",
        "[log]",
        "[metrics]",
        "[web]",
        "[[feeds]]",
        "[[watches]]",
    ],
)
def test_the_documented_defaults_are_the_real_ones(tmp_path: Path, section: str) -> None:
    """A config that writes every documented default says the same as one that writes none."""
    _compare_defaults(tmp_path, section)


def test_the_documented_defaults_of_channels_are_the_real_ones(tmp_path: Path) -> None:
    """As for the other sections."""
    _compare_defaults(tmp_path, "[[channels]]")


def _compare_defaults(folder: Path, section: str) -> None:
    defaults = {key: default.strip("`") for key, default in rows(section).items() if default.startswith("`")}
    defaults.pop("ops", None)
    assert defaults
    head = NEEDED.get(section.strip("[]"), f"{section}\n")
    written = head + "".join(f"{key} = {default}\n" for key, default in defaults.items())
    assert _load(folder, written) == _load(folder, head)


def _load(folder: Path, text: str) -> Config:
    file = folder / "config.toml"
    file.write_text(text, encoding="utf-8")
    return load(file)


def test_the_shipped_config_works_as_it_is() -> None:
    """It has feeds, a watch with a channel, and a corpus beside it, and causes no warning."""
    config = load(ROOT / "config.toml")
    assert config.corpus.folder == ROOT / "seeds"
    assert len(config.feeds) >= 4
    assert config.watches[0].terms == ("Rutte", "Purl-Initiative")
    assert config.web.place == ("127.0.0.1", 8410)
    assert [channel.type for channel in config.channels] == ["console"]
    assert config.warnings == ()


@pytest.mark.parametrize("name", ["config.toml", "systemd/config.toml"])
def test_the_commented_examples_work_too(tmp_path: Path, name: str) -> None:
    """Without the comment signs the config is valid."""
    text = (ROOT / name).read_text(encoding="utf-8")
    examples = re.sub(r"^# (?=\[\[|\w+ = )", "", text, flags=re.MULTILINE)
    assert examples != text
    config = _load(tmp_path, examples)
    assert len(config.channels) > len(load(ROOT / name).channels)


def test_the_examples_of_the_documentation_work(tmp_path: Path) -> None:
    """Its TOML blocks, put together, are a valid config without warnings."""
    config = _load(tmp_path, "\n".join(re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)))
    assert (len(config.feeds), len(config.watches), len(config.channels), config.warnings) == (1, 1, 1, ())
