"""Short files whose comments or headers look like something else."""

from pathlib import Path

import pytest

import autoprep


@pytest.mark.parametrize(
    ("text", "columns", "rows"),
    [
        ("a,b\n# one\n1,2\n# two\n3,4\n# three\n5,6\n# four\n", ["a", "b"], 3),
        ("2020,2021,2022\n5,6,7\n8,9,10\n11,12,13\n4,5,3\n", ["2020", "2021", "2022"], 4),
        ("region,2020,2021,2022\nN,5,6,7\nS,8,9,10\nE,11,12,13\n", ["region", "2020", "2021", "2022"], 3),
        ("2020,2021,2022\n2021,2022,2023\n2019,2020,2021\n", ["column_1", "column_2", "column_3"], 3),
    ],
)
def test_short_files(tmp_path: Path, text: str, columns: list[str], rows: int) -> None:
    file = tmp_path / "short.csv"
    file.write_text(text)
    table = autoprep.read(file)
    frame = table.frame.collect()
    assert (frame.columns, frame.height, table.rejected.height) == (columns, rows, 0)


def test_prose_of_as_many_words_a_line_is_not_divided_at_its_blanks(tmp_path: Path) -> None:
    words = [
        "good",
        "bad",
        "great",
        "awful",
        "nice",
        "poor",
        "fine",
        "dull",
        "bright",
        "slow",
        "quick",
        "heavy",
        "light",
        "room",
        "food",
        "staff",
        "price",
        "view",
    ]
    for step in (1, 5, 7, 11):
        lines = [" ".join(words[(i * step + j * 3) % len(words)] for j in range(8)) + f",{i % 2}" for i in range(60)]
        file = tmp_path / f"prose{step}.csv"
        file.write_text("\n".join(["t,y", *lines]) + "\n")
        table = autoprep.read(file)
        assert (table.frame.collect().shape, table.dialect.delimiter) == ((60, 2), ",")
