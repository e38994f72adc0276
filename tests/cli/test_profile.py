"""``autoprep profile``: one table, a table against an earlier one, several tables, personal data masked."""

import json

import polars as pl
import pytest

from autoprep.__main__ import main


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "shop"
    made.mkdir()
    names = ["Ada", "Bob", "Cleo", "Dan", "Eve", "Finn"]
    pl.DataFrame({"customer": names, "mail": [f"{n.lower()}@x.org" for n in names]}).write_csv(made / "customers.csv")
    buys = pl.DataFrame({"buyer": [names[i % 5] for i in range(60)], "paid": list(range(100, 160))})
    buys.write_csv(made / "orders.csv")
    return made


def _json(capsys, *arguments):
    assert main(["profile", *map(str, arguments), "-q", "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_folder_of_different_tables_shows_its_links(folder, capsys):
    (link,) = _json(capsys, folder)["links"]
    assert (link["child"], link["child_columns"], link["parent"], link["parent_columns"]) == (
        "orders",
        ["buyer"],
        "customers",
        ["customer"],
    )
    assert main(["profile", str(folder), "-q"]) == 0
    assert "orders(buyer) points at customers(customer)" in capsys.readouterr().out


def test_several_files_show_their_links(folder, capsys):
    assert len(_json(capsys, folder / "orders.csv", folder / "customers.csv")["links"]) == 1


def test_parts_of_one_table_are_one_table(tmp_path, capsys):
    for i in range(2):
        pl.DataFrame({"a": [i, 2, 3], "b": ["x", "y", "z"]}).write_csv(tmp_path / f"part{i}.csv")
    assert _json(capsys, tmp_path)["tables"][0]["rows"] == 6


def test_a_table_against_an_earlier_one_and_against_its_profile(folder, tmp_path, capsys):
    later = tmp_path / "later.csv"
    pl.read_csv(folder / "orders.csv").drop("paid").write_csv(later)
    said = _json(capsys, later, "--against", folder / "orders.csv")
    assert [d["sentence"] for d in said["drifts"]] == ["'paid' is gone"]
    kept = tmp_path / "profile.json"
    assert main(["profile", str(folder / "orders.csv"), "-o", str(kept), "-q"]) == 0
    capsys.readouterr()
    assert _json(capsys, later, "--against", kept) == said


def test_personal_data_is_masked_unless_asked_for(folder, capsys):
    assert "ada@x.org" not in json.dumps(_json(capsys, folder / "customers.csv"))
    assert "ada@x.org" in json.dumps(_json(capsys, folder / "customers.csv", "--show-personal"))


def test_one_table_options_refuse_several(folder, capsys):
    assert main(["profile", str(folder), "-q", "--sql", "SELECT 1"]) == 2
    assert "--sql" in capsys.readouterr().err
