"""`make figures`: the tables of the pages, the list of figures and the stored results agree, and nothing is typed."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from bench import figures
from bench.figure_list import FIGURES, Figure
from bench.figures import INDEX, Measurement, measure, parts, render, store, stored
from bench.marked import marked_names, rewritten
from bench.tables import Table, hand_over, read_tables, table
from tests.docs.pages import PAGES, ROOT, name_of

PERFORMANCE = "docs/performance.md"
OF_ITS_TIME = re.compile(r"\d[\d.,]* ?(?:ms|µs|s|seconds|MB|kB|GB|%)(?!\w)")
PAGE = """# A page

| typed | by hand |
|---|---|
| 1 | 2 |

<!-- figures: one -->
| old | table |
<!-- end -->
Between.
<!-- figures: two-b -->
<!-- end -->
"""


def expected_parts(page: str) -> list[str]:
    """The marked parts that the list of figures wants on a page."""
    listed = [name for figure in FIGURES if figure.page == page for name in figure.tables]
    return sorted([INDEX, *listed] if page == PERFORMANCE else listed)


def unmarked(page: str) -> str:
    """A page without its marked parts, found line by line."""
    kept, inside = [], False
    for line in page.splitlines():
        inside = inside or line.startswith("<!-- figures: ")
        kept += [] if inside else [line]
        inside = inside and line != "<!-- end -->"
    return "\n".join(kept)


def measurement(command: str, **values: object) -> Measurement:
    """A measurement of one table `one`."""
    given = {"machine": "2 cores (X)", "date": "2026-11-29", "commit": "abc1234", "others": 0.07, **values}
    rows = table("one", ("", "CPU"), [(command, "3 ms")])
    return Measurement(command=command, tables=(rows,), **given)  # type: ignore[arg-type]


# -- the pages ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_marked_parts_of_a_page_are_those_of_the_list(page: Path) -> None:
    """Each table of a figure has its place on the page of the figure, once; no page has others."""
    assert sorted(marked_names(page.read_text(encoding="utf-8"))) == expected_parts(name_of(page))


def test_the_pages_show_the_stored_results() -> None:
    """No figure between the markers was typed or changed by hand: the renderer makes the same of the results."""
    made = parts(ROOT / "bench" / "results")
    for page in sorted({figure.page for figure in FIGURES}):
        text = (ROOT / page).read_text(encoding="utf-8")
        assert marked_names(text)
        assert rewritten(text, made) == text, f"{page}: run `python -m bench.figures --render`"


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_a_stored_result_is_of_one_form_of_its_figure(figure: Figure) -> None:
    """Each figure was measured, by all commands of its short or of its long form."""
    commands = tuple(each.command for each in stored(ROOT / "bench" / "results", figure))
    assert commands in (figure.short, figure.long)
    assert commands


def test_no_table_of_the_performance_page_is_typed() -> None:
    """All of its tables are between markers."""
    text = unmarked((ROOT / PERFORMANCE).read_text(encoding="utf-8"))
    assert [line for line in text.splitlines() if line.startswith("|")] == []


def test_no_figure_of_the_performance_page_is_typed() -> None:
    """Outside of the tables a time, size or share appears only in a sentence about a goal, or as a setting."""
    text = unmarked((ROOT / PERFORMANCE).read_text(encoding="utf-8")).replace("\n", " ")
    sentences = [sentence for sentence in re.split(r"(?<=[.:]) ", text) if OF_ITS_TIME.search(sentence)]
    assert [each for each in sentences if "goal" not in each and "page of 50 kB" not in each] == []


def test_the_commands_of_the_list_exist() -> None:
    """Each command is a module of bench that hands over tables; no two tables have the same name."""
    commands = [command.split() for figure in FIGURES for command in (*figure.short, *figure.long)]
    for _, _, module, *_ in commands:
        spec = find_spec(module)
        assert spec is not None
        assert spec.origin is not None
        assert "add_json_option(" in Path(spec.origin).read_text(encoding="utf-8"), module
    names = [name for figure in FIGURES for name in figure.tables]
    assert len(names) == len(set(names))


# -- the renderer ------------------------------------------------------------------------------------------------------


def test_only_what_lies_between_markers_is_rewritten() -> None:
    """Everything else of a page stays, also a typed table, and a marked part that nothing is known of."""
    after = rewritten(PAGE, {"one": "| new |", "of-another-page": "| no |"})
    assert "old" not in after
    assert after == PAGE.replace("| old | table |\n", "\n| new |\n\n")
    assert unmarked(after) == unmarked(PAGE)
    assert rewritten(after, {"one": "| new |"}) == after


@pytest.mark.parametrize(
    "page",
    [
        "<!-- figures: one -->\n",
        "<!-- figures: one -->\n<!-- figures: two -->\n<!-- end -->\n",
        "<!-- figures: not a name -->\n<!-- end -->\n",
    ],
)
def test_a_part_without_end_or_name_is_an_error(page: str) -> None:
    """Nothing behind it is overwritten."""
    with pytest.raises(ValueError, match="marked part"):
        rewritten(page, {"one": "x"})


def test_a_table_is_the_same_for_people_and_pages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Aligned on a terminal, as Markdown on a page, and read back from the file as it was."""
    given = table("one", ("what", "CPU"), [("a | b", "3 ms"), ("c", "12 ms")])
    hand_over([given], tmp_path / "tables.json")
    assert capsys.readouterr().out == "\nwhat     CPU\na | b   3 ms\nc      12 ms\n"
    assert given.markdown() == "| what | CPU |\n| --- | --- |\n| a \\| b | 3 ms |\n| c | 12 ms |"
    assert read_tables(tmp_path / "tables.json") == (given,)


def test_a_row_of_another_length_is_an_error() -> None:
    """A cell that is missing would shift the others below wrong names."""
    with pytest.raises(ValueError, match="table one: 2 columns, but 1 cells"):
        Table(name="one", columns=("a", "b"), rows=(("1",),))


# -- results -----------------------------------------------------------------------------------------------------------

SMALL = Figure(
    name="small", page="docs/small.md", measures="little", tables=("one",), short=("cmd a", "cmd b"), long=("cmd c",)
)


def test_a_page_is_written_from_stored_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the rows of all commands, and when, where and at which commit each was run; twice is once."""
    monkeypatch.setattr(figures, "FIGURES", (SMALL,))
    page, results = tmp_path / "docs" / "small.md", tmp_path / "results"
    page.parent.mkdir()
    page.write_text(PAGE, encoding="utf-8")
    store(results, SMALL, [measurement("cmd a"), measurement("cmd b", others=0.31)])

    render(tmp_path, results)
    once = page.read_text(encoding="utf-8")
    render(tmp_path, results)
    assert page.read_text(encoding="utf-8") == once
    assert unmarked(once) == unmarked(PAGE)
    assert "|  | CPU |\n| --- | --- |\n| cmd a | 3 ms |\n| cmd b | 3 ms |\n\n2026-11-29, 2 cores (X)," in once
    assert "7 % to 31 % of their time taken by other programs, commit abc1234: `cmd a`, `cmd b`." in once


def test_the_form_that_was_run_last_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long form takes the place of the short one, and commands of several days each have their sentence."""
    monkeypatch.setattr(figures, "FIGURES", (SMALL,))
    store(tmp_path, SMALL, [measurement("cmd a", date="2026-11-28"), measurement("cmd b")])
    assert parts(tmp_path)["one"].endswith(
        "2026-11-28, 2 cores (X), 7 % of their time taken by other programs, commit abc1234: `cmd a`.\n"
        "2026-11-29, 2 cores (X), 7 % of their time taken by other programs, commit abc1234: `cmd b`."
    )
    store(tmp_path, SMALL, [measurement("cmd c", commit="")])
    assert "cmd a" not in parts(tmp_path)["one"]
    assert parts(tmp_path)["one"].endswith("no commit: `cmd c`.")


def test_a_command_with_other_tables_is_refused(tmp_path: Path) -> None:
    """The page would keep its former table, and nobody would see that."""
    other = Figure(name="small", page="x", measures="", tables=("two",), short=("cmd a",))
    with pytest.raises(ValueError, match="cmd a must hand over the tables two"):
        store(tmp_path, other, [measurement("cmd a")])


def test_a_benchmark_is_run_and_its_tables_are_taken() -> None:
    """The real command of the ledgers; a command that fails gives nothing."""
    (ledgers,) = (figure for figure in FIGURES if figure.name == "ledgers")
    measured = measure(ledgers.short[0])
    assert measured is not None
    assert tuple(each.name for each in measured.tables) == ledgers.tables
    assert "cores" in measured.machine
    assert measure("python -m bench.ledger_tables --unknown") is None
