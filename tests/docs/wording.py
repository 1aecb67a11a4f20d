"""The wording check: words and phrases that the project's English avoids, and the prose of its files."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

AVOIDED: tuple[tuple[str, str], ...] = (
    (r"amiss", "wrong"),
    (r"anew", "again"),
    (r"at sight", "immediately"),
    (r"farther", "further"),
    (r"farewell|hither|thither|whence|thence|thrice|nought|aught", "a current word"),
    (r"for ever", "always, without end"),
    (r"(?:give|gives|given|gave|giving) up", "abort, stop trying"),
    (r"(?:he|him|his|himself)", "they, them, their"),
    (r"(?:hold|holds|held|holding) (?:[\w`]+ ){0,5}against", "compare, test, check"),
    (r"in hand", "in progress"),
    (r"(?<!there )(?<!where )(?<!or )(?:is|are|was|were) no (?!longer|more|less|such|sooner)\w+", "is not a …"),
    (r"kick(?:s|ed|ing)?", "wake"),
    (r"(?:let|lets|letting) go of", "release, remove"),
    (r"manners", "politeness, limits"),
    (r"mend(?:s|ed|ing)?", "repair"),
    (r"owed?", "pending"),
    (r"put(?:s|ting)? off", "reschedule, postpone"),
    (r"seldom(?:er)?", "rarely, less often"),
    (r"(?:stand|stands|standing|stood) (?:in|beside|behind|under|still|there|ready|above|below|before)", "is, appears"),
    (r"strangers?", "untrusted"),
    (r"(?:tell|tells|telling|told)(?! apart| from)", "notify, send, report"),
    (r"(?:who|which)(?:so)?ever", "a noun, such as: the caller, any value"),
)
"""Pattern (whole words, any case) and the plain words to use in its place."""

_RULES = tuple((re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE), instead) for pattern, instead in AVOIDED)
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"``?[^`\n]+``?")
_LINK_TARGET = re.compile(r"\]\([^)]*\)")
_SQL = re.compile(r"\b(?:SELECT|INSERT|UPDATE|DELETE|CREATE|WHERE|PRAGMA|ALTER)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prose:
    """A piece of English and the line at which it begins."""

    line: int
    text: str


def findings(prose: Prose) -> Iterator[str]:
    """One sentence for each avoided phrase: line, phrase, and the word to use in its place."""
    for rule, instead in _RULES:
        for found in rule.finditer(prose.text):
            line = prose.line + prose.text.count("\n", 0, found.start())
            yield f'{line}: "{found[0]}": better {instead}'


def prose_of_markdown(text: str) -> Iterator[Prose]:
    """The page without fenced blocks, code spans and link targets."""
    kept = _FENCE.sub(lambda block: "\n" * block[0].count("\n"), text)
    yield Prose(line=1, text=_LINK_TARGET.sub("]", _CODE.sub("", kept)))


def prose_of_comments(text: str) -> Iterator[Prose]:
    """The comment lines of a Makefile, unit or TOML file."""
    for number, line in enumerate(text.splitlines(), start=1):
        if "# " in line:
            yield Prose(line=number, text=_CODE.sub("", line.partition("# ")[2]))


def prose_of_python(text: str, *, literals: bool) -> Iterator[Prose]:
    """The docstrings and comments of a module; with `literals` also its messages: string literals of several words."""
    if "#" in text:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                yield Prose(line=token.start[0], text=_CODE.sub("", token.string))
    for line, string, is_statement in _strings(ast.parse(text)):
        if is_statement or (literals and " " in string.strip() and not _SQL.search(string)):
            yield Prose(line=line, text=_CODE.sub("", string))


def _strings(tree: ast.AST) -> Iterator[tuple[int, str, bool]]:
    """Every string with its line, and whether it is a statement: docstrings, and the texts below constants.

    The fields of each node are read once: `ast.walk` takes three times as long.
    """
    nodes: list[tuple[ast.AST, bool]] = [(tree, False)]
    for node, is_statement in nodes:
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str):
                yield node.lineno, node.value, is_statement
            continue
        inside = isinstance(node, ast.Expr)
        for value in vars(node).values():
            if isinstance(value, list):
                nodes.extend((child, inside) for child in value if isinstance(child, ast.AST))
            elif isinstance(value, ast.AST):
                nodes.append((value, inside))


def prose_of(file: Path, *, literals: bool) -> Iterator[Prose]:
    """The English of a file, by its kind."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".py":
        return prose_of_python(text, literals=literals)
    return prose_of_markdown(text) if file.suffix == ".md" else prose_of_comments(text)
