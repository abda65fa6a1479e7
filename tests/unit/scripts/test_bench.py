"""What the benchmarks say of samples: median, spread, met or missed, charts, and the file that keeps all."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from scripts.bench import results, samples
from scripts.bench.chart import Mark, Scale, chart
from scripts.bench.machine import Taken
from scripts.bench.measure import Run
from scripts.bench.page import filled_page
from scripts.bench.peers.found import AtOnce, Cell, Peers, Tool
from scripts.bench.results import Part
from scripts.bench.rows import Row, goals_table, missed, seconds, seconds_with_spread

TAKEN = Taken("2026-01-01", 2, "a processor", 24, "Linux 6 x86_64", "3.11.7", "18", 0.1)
PEERS = Peers(
    tools=[Tool("dbmate-wrap", "1"), Tool("dbmate", "2"), Tool("knex", missing="there is no npm here")],
    cells=[
        Cell("dbmate-wrap", "status", "plain", [0.3, 0.2, 0.4]),
        Cell("dbmate", "status", "plain", [0.1, 0.1, 0.15]),
        Cell("dbmate", "up of 1", "plain", [], "it failed"),
    ],
    at_once=[AtOnce("dbmate", 10, 100, [1, 2], [0.5, 0.7], [True, False])],
    flush_ms=(0.2, 2.3),
    trip_ms=(0.1, 5.2),
)
PART = Part("peers", TAKEN, [Row("a row", [1.0, 2.0, 9.0], "ms", 3)], PEERS)
PAGE = "".join(
    f"<!-- {name}:begin -->\n<!-- {name}:end -->\n"
    for name in (
        *("machine", "goals", "missed", "tools", "delays", "starts", "plain", "flush", "network"),
        *("standing", "at-once"),
    )
)


@pytest.mark.parametrize(
    ("median", "limit", "verdict"),
    [(1.2, 1.2, "met"), (1.2001, 1.2, "**missed**"), (9, None, "")],
    ids=["at the limit", "above, if only a little", "no goal"],
)
def test_a_goal_is_met_or_missed_by_the_median(median: float, limit: float | None, verdict: str) -> None:
    row = Row("a row", [0.1, median, 99], "x", limit)
    assert row.verdict == verdict
    assert missed([row]) == ([row] if "missed" in verdict else [])


def test_the_table_shows_median_spread_and_goal() -> None:
    rows = [Row("a row", [1500.4, 1200, 1900], "ms", 2000, "of it"), Row("another", [1.234], "x", 1.15)]
    assert goals_table(rows).splitlines()[2:] == [
        "| a row | 1,500 ms | 1,200 ms to 1,900 ms | at most 2,000 ms | met | of it |",
        "| another | 1.23x | one run | at most 1.15x | **missed** |  |",
    ]


def test_runs_are_compared_turn_by_turn() -> None:
    ours, theirs = [Run(2, 30), Run(9, 31)], [Run(1, 5), Run(6, 5)]
    assert samples.ratios(ours, theirs) == [2, 1.5]
    assert samples.beyond(ours, theirs) == [1000, 3000]
    assert samples.mebibytes(ours, theirs) == [31]


@pytest.mark.parametrize(
    ("value", "text"), [(0.0314, "31 ms"), (0.9994, "999 ms"), (1.25, "1.2 s"), (123.4, "123 s")]
)
def test_a_time_has_the_digits_that_count(value: float, text: str) -> None:
    assert seconds(value) == text


def test_one_run_is_said_to_be_one() -> None:
    assert seconds_with_spread([2.0]) == "2.0 s (one run)"
    assert seconds_with_spread([3.0, 1.0, 2.0]) == "2.0 s (1.0 s to 3.0 s)"


def test_the_axis_goes_from_power_to_power() -> None:
    scale = Scale.of([Mark("a", [0.02, 0.3]), Mark("b", [4.0])])
    assert (scale.low, scale.high) == (-2, 1)
    assert scale.x(10) - scale.x(1) == pytest.approx(scale.x(0.1) - scale.x(0.01), abs=0.2)
    # What lies between two powers only, and on a power, has an axis too.
    assert Scale.of([Mark("a", [0.2])]) == Scale(-1, 0)
    assert Scale.of([Mark("a", [1.0])]) == Scale(0, 1)


def test_a_chart_says_every_figure_as_text_the_fastest_first() -> None:
    text = chart("up & down", [Mark("slow", [4.0]), Mark("ours", [0.5, 0.7, 0.6], ours=True)])
    root = ElementTree.fromstring(text)
    words = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert words == ["up & down", "100 ms", "1 s", "10 s", "ours", "600 ms", "slow", "4.0 s"]
    assert root.attrib["aria-label"] == "up & down: ours 600 ms, slow 4.0 s"
    assert "prefers-color-scheme: dark" in text


def test_a_part_that_is_measured_again_takes_the_place_of_the_last(tmp_path: Path) -> None:
    file = tmp_path / "benchmarks" / "results.json"
    other = Part("check", TAKEN, [])
    results.write(file, [PART, other])
    again = replace(PART, rows=[Row("a row", [7.0], "ms")])
    results.write(file, [again])
    first, second = results.read(file)
    assert first == other
    assert (second.name, second.taken, second.rows) == (again.name, TAKEN, again.rows)
    assert second.peers is not None
    assert second.peers.cell("dbmate", "status", "plain") == PEERS.cell("dbmate", "status", "plain")


def test_the_page_names_losses_what_failed_and_what_is_missing() -> None:
    page = filled_page(PAGE, [PART])
    assert "| status, as it is | 300 ms | dbmate 3.0x |  |" in page
    assert "| dbmate | 100 ms (100 ms to 150 ms) |  | it failed |" in page
    assert "| knex |  | not measured: there is no npm here |" in page
    assert "| dbmate | 1 of 10, 2 of 10 | 1 of 2 times | 600 ms (500 ms to 700 ms) |" in page
    assert "None." in page


def test_a_goal_that_is_missed_is_listed() -> None:
    part = replace(PART, rows=[Row("a row", [5.0], "ms", 3)], peers=None)
    assert "- a row: 5 ms" in filled_page(PAGE, [part])
