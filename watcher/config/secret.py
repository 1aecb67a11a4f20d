"""Secrets of channels: where each is stored, and its value on request. A value is never shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from watcher.errors import WatcherError


class SecretSource(StrEnum):
    """Where a secret is stored."""

    INLINE = "inline"
    ENV = "env"
    FILE = "file"
    CREDENTIAL = "credential"


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """One secret. `value` is the secret itself if it is inline, else the name of the variable, file or credential."""

    source: SecretSource
    value: str

    def __repr__(self) -> str:
        """Shows the source, never the secret itself."""
        shown = "…" if self.source is SecretSource.INLINE else self.value
        return f"Secret({self.source.value}: {shown})"

    def resolve(self, environ: Mapping[str, str], base: Path) -> str:
        """Reads the secret, without white space around it (editors end a file with a newline).

        `base` is the folder of the config file, for relative files. Raises WatcherError, which names the source and
        never the value, if the secret is missing, empty, or longer than one line.
        """
        text = self._read(environ, base).strip()
        if not text:
            raise WatcherError(f"{self.place} is empty; put the secret there")
        if not text.isprintable():
            raise WatcherError(f"{self.place} contains line breaks or control characters; it must be one line")
        return text

    @property
    def place(self) -> str:
        """Names the source: `the environment variable SLACK_URL`."""
        return {
            SecretSource.INLINE: "the secret in the config file",
            SecretSource.ENV: f"the environment variable {self.value}",
            SecretSource.FILE: f"the file {self.value}",
            SecretSource.CREDENTIAL: f"the credential {self.value}",
        }[self.source]

    def _read(self, environ: Mapping[str, str], base: Path) -> str:
        if self.source is SecretSource.INLINE:
            return self.value
        if self.source is SecretSource.ENV:
            if self.value not in environ:
                raise WatcherError(f"{self.place} is not set")
            return environ[self.value]
        return self._read_file(self._file(environ, base))

    def _file(self, environ: Mapping[str, str], base: Path) -> Path:
        if self.source is SecretSource.FILE:
            return base / self.value
        folder = environ.get("CREDENTIALS_DIRECTORY")
        if not folder:
            raise WatcherError(
                f"{self.place} can be read in the service only (LoadCredential= in its unit): "
                "$CREDENTIALS_DIRECTORY is not set"
            )
        return Path(folder) / self.value

    def _read_file(self, file: Path) -> str:
        try:
            return file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise WatcherError(f"{self.place} is not UTF-8 text") from None
        except OSError as error:
            raise WatcherError(f"{self.place} cannot be read: {error.strerror}") from error
