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

from watcher.net.decoding import PIECE, BadCoding, decoder_for

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
    decoder = decoder_for(coding)
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
    decoder, data = decoder_for(coding), bytes(8 * MIB)
    packed = pack(data)
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


@pytest.mark.parametrize("coding", ["gzip, gzip", "gzip, br", "compress", "utf-8", "gzip;q=1", "identity, gzip, br"])
def test_refuses_other_codings(coding: str) -> None:
    """Several codings, or one that was not asked for, are refused before a byte is unpacked."""
    with pytest.raises(BadCoding):
        decoder_for(coding)


def test_a_large_window_is_refused() -> None:
    """A zstd frame that claims more memory than the standard recommends is refused."""
    parameters = zstandard.ZstdCompressionParameters(window_log=27, enable_ldm=True, write_content_size=False)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    packed = packer.compress(b"x" * 100) + packer.flush()
    with pytest.raises(BadCoding):
        unpack("zstd", packed, 1000)
