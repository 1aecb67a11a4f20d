"""The corpus: the document format, the folder, safe writing of one file, verification and exports. No SQL."""

from watcher.corpus.export import (
    EXCERPT,
    FORMATS,
    ExportContext,
    ExportRow,
    csv_lines,
    jsonl_lines,
    revision_row,
    writer_of,
)
from watcher.corpus.folder import CorpusFile, CorpusFolder, FsyncFailed
from watcher.corpus.format import (
    ParsedDocument,
    document_id,
    file_name,
    normalise_text,
    parse_document,
    parse_file_name,
    render_document,
    text_hash,
)
from watcher.corpus.verify import DocumentRecord, Fault, Finding, VerifyReport, verify

__all__ = [
    "EXCERPT",
    "FORMATS",
    "CorpusFile",
    "CorpusFolder",
    "DocumentRecord",
    "ExportContext",
    "ExportRow",
    "Fault",
    "Finding",
    "FsyncFailed",
    "ParsedDocument",
    "VerifyReport",
    "csv_lines",
    "document_id",
    "file_name",
    "jsonl_lines",
    "normalise_text",
    "parse_document",
    "parse_file_name",
    "render_document",
    "revision_row",
    "text_hash",
    "verify",
    "writer_of",
]
