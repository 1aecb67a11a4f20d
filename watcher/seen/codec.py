"""Converts texts to compressed bytes and back. A dictionary makes small texts small: one trained for articles, and a
page of the same host for the visible text of pages, which share menus."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from zstandard import (
    DICT_TYPE_FULLDICT,
    DICT_TYPE_RAWCONTENT,
    ZstdCompressionDict,
    ZstdCompressor,
    ZstdDecompressor,
    ZstdError,
    frame_content_size,
    train_dictionary,
)

from watcher.model import Article, PartialDate, Quality, TextFrom
from watcher.seen.values import SeenText, from_second, second_of

LONGEST_TEXT = 500_000
"""Characters of a body, and of a feed's text, that are kept."""

_LEVEL = 9
_DICTIONARY_SIZE = 64 * 1024
_MOST_BYTES = 32 * LONGEST_TEXT  # of one text, decompressed
_COMPRESSORS_READY = 8  # of 170 kB each, and more after a long text; making one takes half a millisecond
_DECOMPRESSORS_READY = 64  # of 50 kB each


class UnreadableText(Exception):
    """The bytes do not hold a text."""


def dump_text(text: SeenText) -> bytes:
    """Serialises the part of a text that the columns of its row do not have."""
    article = text.article
    fields = (
        text.link,
        article.title,
        article.body[:LONGEST_TEXT],
        text.feed_text[:LONGEST_TEXT],
        article.author,
        article.site,
        article.language,
        article.hosts,
        article.date.isoformat() if article.date else "",
        None if article.published_at is None else second_of(article.published_at),
        article.text_from.value,
        article.quality.value,
        article.extractor,
    )
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def load_text(data: bytes) -> tuple[str, str, Article]:
    """Reads link, feed text and article back. Raises UnreadableText."""
    try:
        link, title, body, feed_text, author, site, language, hosts, date, published, text_from, quality, extractor = (
            json.loads(data.decode("utf-8", "surrogatepass"))
        )
        article = Article(
            title=title,
            body=body,
            date=PartialDate.fromisoformat(date) if date else None,
            published_at=None if published is None else from_second(published),
            language=language,
            site=site,
            hosts=tuple(hosts),
            author=author,
            text_from=TextFrom(text_from),
            quality=Quality(quality),
            extractor=extractor,
        )
    except (ValueError, TypeError, OverflowError, OSError) as error:
        raise UnreadableText(str(error)) from error
    return str(link), str(feed_text), article


def unescaped(data: bytes) -> str:
    """Returns a string with all letters of a serialised text in their order, in a tenth of the time of `load_text`.

    Raises UnreadableText.
    """
    plain = data.replace(b"\\n", b"\n").replace(b'\\"', b'"') if b"\\" in data else data
    try:
        if b"\\" not in plain:
            return plain.decode("utf-8", "surrogatepass")
        fields = json.loads(data.decode("utf-8", "surrogatepass"))  # a rare escape, or a backslash before an "n"
        return "\n".join("\n".join(field) if isinstance(field, list) else str(field) for field in fields)
    except (ValueError, TypeError) as error:
        raise UnreadableText(str(error)) from error


def trained_dictionary(samples: Sequence[bytes]) -> bytes | None:
    """Trains a dictionary on samples; None if they are too few or too much alike."""
    try:
        trained = train_dictionary(_DICTIONARY_SIZE, list(samples), k=256, d=8)
    except ZstdError:
        return None
    return trained.as_bytes()


def pack_dictionary(content: bytes) -> bytes:
    """Compresses a dictionary for its row."""
    packed: bytes = ZstdCompressor(level=_LEVEL).compress(content)
    return packed


class Codec:
    """Compresses and decompresses with dictionaries, which `load` reads by their number; number 0 is none."""

    def __init__(self, load: Callable[[int], bytes | None]) -> None:
        self._load = load
        self._compressors = _Ready(
            lambda found: ZstdCompressor(level=_LEVEL, dict_data=found, write_checksum=False), most=_COMPRESSORS_READY
        )
        self._decompressors = _Ready(lambda found: ZstdDecompressor(dict_data=found), most=_DECOMPRESSORS_READY)

    def pack(self, data: bytes, dictionary: int) -> bytes:
        """Compresses. Raises UnreadableText if the dictionary is missing or damaged."""
        try:
            packed: bytes = self._compressors.get(dictionary, self._load).compress(data)
        except ZstdError as error:
            raise UnreadableText(f"dictionary {dictionary}: {error}") from error
        return packed

    def unpack(self, packed: bytes, dictionary: int) -> bytes:
        """Decompresses. Raises UnreadableText, also for more bytes than any text has."""
        return _decompressed(packed, self._decompressors.get(dictionary, self._load))


class _Ready:
    """Keeps the (de)compressors of the `most` dictionaries that were used last."""

    def __init__(self, make: Callable[[ZstdCompressionDict | None], Any], *, most: int) -> None:
        self._make = make
        self._most = most
        self._made: OrderedDict[int, Any] = OrderedDict()

    def get(self, number: int, load: Callable[[int], bytes | None]) -> Any:
        if number not in self._made:
            self._made[number] = self._make(_dictionary(number, load))
            if len(self._made) > self._most:
                self._made.popitem(last=False)
        self._made.move_to_end(number)
        return self._made[number]


def _dictionary(number: int, load: Callable[[int], bytes | None]) -> ZstdCompressionDict | None:
    if not number:
        return None
    packed = load(number)
    if packed is None:
        raise UnreadableText(f"dictionary {number} is missing")
    content = _decompressed(packed, ZstdDecompressor())
    kind = DICT_TYPE_FULLDICT if content[:4] == b"\x37\xa4\x30\xec" else DICT_TYPE_RAWCONTENT
    return ZstdCompressionDict(content, dict_type=kind)


def _decompressed(packed: bytes, decompressor: ZstdDecompressor) -> bytes:
    try:
        if not 0 <= frame_content_size(packed) <= _MOST_BYTES:
            raise UnreadableText("its size is not one of a text")
        data: bytes = decompressor.decompress(packed)
    except (ZstdError, TypeError) as error:  # a damaged row may have another type
        raise UnreadableText(str(error)) from error
    return data
