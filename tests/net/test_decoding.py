"""Content codings, undone in bounded pieces."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import brotli  # type: ignore[import-untyped] # it ships no types
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.net.decoding import HEAD, PIECE, BadCoding, decoder_for

MIB = 1024 * 1024


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACKERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "plain": ("", bytes),
    "identity": ("identity", bytes),
    "gzip": ("gzip", gzip.compress),
    "x-gzip": (" X-GZip ", gzip.compress),
    "gzip members": ("gzip", lambda data: gzip.compress(data[:10]) + gzip.compress(data[10:])),
    "gzip and rubbish": ("gzip", lambda data: gzip.compress(data) + b"\x00rubbish"),
    "zlib": ("deflate", zlib.compress),
    "raw deflate": ("deflate", raw_deflate),
    "br": ("br", brotli.compress),
    "zstd": ("zstd", zstandard.ZstdCompressor().compress),
    "zstd frames": ("zstd", lambda data: b"".join(map(zstandard.ZstdCompressor().compress, (data[:9], data[9:])))),
}


def unpack(coding: str, packed: bytes, size: int) -> bytes:
    decoder = decoder_for(coding, packed[:HEAD])
    pieces = [piece for at in range(0, len(packed), size) for piece in decoder.decode(packed[at : at + size])]
    decoder.close()
    return b"".join(pieces)


@pytest.mark.parametrize("name", PACKERS)
@settings(max_examples=40)
@given(
    data=st.binary(max_size=300) | st.builds(lambda part: part * 300, st.binary(max_size=20)), size=st.integers(1, 50)
)
def test_gives_back_what_was_packed(name: str, data: bytes, size: int) -> None:
    """Every coding, in whatever chunks it arrives, gives back the bytes that were packed."""
    coding, pack = PACKERS[name]
    assert unpack(coding, pack(data), size) == data


@pytest.mark.parametrize("name", PACKERS)
def test_pieces_are_bounded(name: str) -> None:
    """No single step puts out more than a megabyte, however well the body is packed."""
    coding, pack = PACKERS[name]
    data = bytes(8 * MIB)
    packed = pack(data)
    decoder = decoder_for(coding, packed[:HEAD])
    pieces = [len(piece) for at in range(0, len(packed), 16384) for piece in decoder.decode(packed[at : at + 16384])]
    assert sum(pieces) == len(data)
    assert max(pieces) <= 4 * PIECE


@pytest.mark.parametrize("name", [name for name, (coding, _) in PACKERS.items() if coding not in ("", "identity")])
@settings(max_examples=40)
@given(data=st.binary(min_size=200, max_size=300), share=st.floats(0.01, 0.4))
def test_half_a_body_is_no_body(name: str, data: bytes, share: float) -> None:
    """A packed body that ends too early is an error, not a short body."""
    coding, pack = PACKERS[name]
    packed = pack(data).removesuffix(b"\x00rubbish")
    with pytest.raises(BadCoding):
        unpack(coding, packed[: -max(1, int(len(packed) * share))], 64)


@pytest.mark.parametrize("name", PACKERS)
@pytest.mark.parametrize("size", [PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 258])
def test_nothing_is_left_behind_at_the_edge_of_a_piece(name: str, size: int) -> None:
    """A body that ends where a piece does, or just beyond, comes back whole."""
    coding, pack = PACKERS[name]
    data = (b"x" * 100 + b"yz") * (size // 102 + 1)
    assert unpack(coding, pack(data[:size]), 16384) == data[:size]


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
@given(data=st.binary(max_size=200))
def test_rubbish_is_survived(coding: str, data: bytes) -> None:
    """Bytes that were never packed are an error or decode to something; nothing else is raised."""
    try:
        unpack(coding, data, 20)
    except BadCoding:
        return


@pytest.mark.parametrize("coding", ["gzip, gzip", "gzip, br", "identity, gzip, br", "br;q=1, zstd"])
@pytest.mark.parametrize("head", [b"", b"<html>", b"\x1f\x8b\x08\x00", bytes(200)])
def test_refuses_several_compressions(coding: str, head: bytes) -> None:
    """Several compressions are refused before a byte is unpacked."""
    with pytest.raises(BadCoding):
        decoder_for(coding, head)


NO_CODINGS = ["compress", "utf-8", "UTF-8, none", "aws-chunked", "binary", "text/html", "8bit", "\u00fc", ",;"]
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=700).map(str.encode)
MARKUP = st.builds(
    lambda start, text: start + text, st.sampled_from([b"<", b"{", b"[", b"\xef\xbb\xbf<", b"\n\t<"]), TEXTS
)


@given(coding=st.sampled_from([*NO_CODINGS, *(one.upper() for one in NO_CODINGS)]), data=TEXTS, size=st.integers(1, 99))
def test_a_coding_that_does_not_exist_leaves_text_as_it_is(coding: str, data: bytes, size: int) -> None:
    """A header that names no compression says nothing about the body."""
    assert unpack(coding, data, size) == data


@pytest.mark.parametrize("coding", ["gzip", "X-GZIP", "zstd", "aws-chunked, gzip", "gzip;q=1"])
@given(data=MARKUP, size=st.integers(1, 99))
def test_a_coding_with_a_magic_number_needs_it(coding: str, data: bytes, size: int) -> None:
    """Text under a header that promises gzip or zstd is taken as it is."""
    assert unpack(coding, data, size) == data


@pytest.mark.parametrize("coding", ["deflate", "br"])
@given(
    data=st.builds(
        lambda start, text: start + b"title>" * 25 + text, st.sampled_from([b"<", b"{", b"[", b"\t<"]), TEXTS
    )
)
def test_text_is_never_inflated(coding: str, data: bytes) -> None:
    """Text under a header that promises deflate or brotli, which have no magic number, is taken as it is."""
    assert unpack(coding, data, 99) == data


@pytest.mark.parametrize("coding", ["", "identity", "compress", "utf-8", "deflate", "zstd", "aws-chunked,gzip"])
@given(data=st.binary(max_size=300), size=st.integers(1, 50))
def test_gzip_is_known_by_its_magic_number(coding: str, data: bytes, size: int) -> None:
    """gzip is unpacked without a header that names it, and under one that names something else."""
    assert unpack(coding, gzip.compress(data), size) == data


def test_unknown_codings_over_unreadable_bytes_are_refused() -> None:
    """Bytes that are neither text nor a known compression are not passed on under a coding that is not known."""
    for head in (b"\x1f\x9d\x90abc", bytes(20), b"BZh9\x01\x02", b"\xfd7zXZ\x00"):
        with pytest.raises(BadCoding, match="unknown coding 'compress'"):
            decoder_for("compress", head)


def test_utf_16_is_text() -> None:
    """Text in UTF-16 consists of control characters by half, but has a byte order mark."""
    page = "<html>Große Übung</html>".encode("utf-16")
    for coding in ("gzip", "binary", "deflate", "br"):
        assert unpack(coding, page * 10, 50) == page * 10


def test_a_large_window_is_refused() -> None:
    """A zstd frame that claims more memory than the standard recommends is refused."""
    parameters = zstandard.ZstdCompressionParameters(window_log=27, enable_ldm=True, write_content_size=False)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    packed = packer.compress(b"x" * 100) + packer.flush()
    with pytest.raises(BadCoding):
        unpack("zstd", packed, 1000)
