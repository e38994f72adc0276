"""Bad input gets one clear line on standard error and the right exit status, never a traceback."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autoprep.__main__ import main

HEADER = "id,age,city,income,bought\n"


def _rows(count: int, seed: int = 0) -> str:
    pick = random.Random(seed)
    lines = []
    for i in range(count):
        age, income = pick.randint(18, 80), pick.randint(10, 90) * 1000
        city = pick.choice(["Oslo", "Bergen", "Moss"])
        lines.append(f"{i},{age},{city},{income},{'yes' if age + income / 2000 + pick.gauss(0, 9) > 75 else 'no'}")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("good") / "people.csv"
    path.write_text(HEADER + _rows(120))
    return path


@pytest.fixture(scope="module")
def model(good: Path) -> Path:
    folder = good.parent / "model"
    assert main(["fit", str(good), "-t", "bought", "-o", str(folder), "--time-budget", "4", "-q"]) == 0
    return folder


def _line(capsys: pytest.CaptureFixture[str], arguments: list[str], status: int = 2) -> str:
    capsys.readouterr()
    assert main(arguments) == status
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("autoprep:")]
    assert len(lines) == 1
    assert "mistake of autoprep's own" not in lines[0]
    return lines[0]


def _fit(path: Path, target: str = "bought") -> list[str]:
    return ["fit", str(path), "-t", target, "-o", str(path.parent / "out"), "--time-budget", "3", "-q"]


def _file(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "data.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_no_such_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "sales.csv").write_text("a,b\n1,2\n")
    said = _line(capsys, _fit(tmp_path / "sale.csv"))
    assert "sale.csv" in said and "no such file" in said and "sales.csv" in said


def test_no_model_to_serve_is_said_and_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["serve", str(tmp_path / "nomodel")]) == 2
    said = capsys.readouterr()
    assert said.out == "" and "no such model folder" in said.err and "serves" not in said.err


def test_empty_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "empty" in _line(capsys, _fit(_file(tmp_path, "")))


def test_header_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no rows" in _line(capsys, _fit(_file(tmp_path, HEADER)))


def test_one_column(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _file(tmp_path, "bought\n" + "yes\nno\n" * 40)
    assert "column" in _line(capsys, _fit(path))


def test_target_that_is_not_there(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = _line(capsys, _fit(good, "bougth"))
    assert "bougth" in said and "did you mean 'bought'?" in said


def test_target_with_one_value(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _file(tmp_path, "a,bought\n" + "".join(f"{i},yes\n" for i in range(60)))
    said = _line(capsys, _fit(path))
    assert "one value" in said and "yes" in said


def test_binary_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _file(tmp_path, b"\x7fELF\x02\x01\x01\x00" + random.Random(1).randbytes(4000))
    assert "binary" in _line(capsys, _fit(path))


def test_ragged_lines_are_kept_counted_and_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = (HEADER + _rows(50)).splitlines()
    lines[20] += ",one,two,three,too many"
    path = _file(tmp_path, "\n".join(lines) + "\n")
    assert main(["read", str(path), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["rejected"][0]["line"] == 21
    assert "too many" in said["rejected"][0]["text"]


def test_a_column_name_used_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _file(tmp_path, "a,b,a\n1,2,3\n4,5,6\n")
    assert main(["read", str(path), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert len(set(said["columns"])) == 3


def test_no_usable_rows_after_cleaning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _file(tmp_path, "a,bought\n" + "".join(f"{i},N/A\n" for i in range(50)))
    said = _line(capsys, _fit(path))
    assert "bought" in said and "row" in said


@pytest.mark.skipif(os.geteuid() == 0 and not Path("/proc").is_dir(), reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = Path("/proc/nowhere/out.parquet")
    assert "/proc" in _line(capsys, ["clean", str(good), "-o", str(target), "-q"])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
def test_a_full_disk(tmp_path: Path) -> None:
    from autoprep.errors import InputError
    from autoprep.lineage import whole_file

    target = tmp_path / "kept.txt"
    target.write_text("old")
    with pytest.raises(InputError, match="no space left"), whole_file(target), Path("/dev/full").open("w") as full:
        full.write("x" * 100_000)
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["kept.txt"]


def test_ctrl_c_leaves_no_half_written_file(good: Path, tmp_path: Path) -> None:
    output = tmp_path / "model"
    command = [sys.executable, "-m", "autoprep", "fit", str(good), "-t", "bought", "-o", str(output)]
    run = subprocess.Popen([*command, "--time-budget", "60"], stderr=subprocess.PIPE, text=True)
    assert run.stderr is not None
    for line in run.stderr:
        if "profile" in line:
            break
    time.sleep(0.3)
    run.send_signal(signal.SIGINT)
    said = run.stderr.read()
    status = run.wait(timeout=60)
    assert status == 130 or (status == 0 and (output / "manifest.json").is_file())
    assert "Traceback" not in said
    left = {p.name for p in tmp_path.iterdir()}
    assert left <= {"model", "model.journal"}, "a model and what --resume goes on with, no half-written file"


def test_a_plan_with_a_wrong_key(good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = tmp_path / "plan.yaml"
    assert main(["plan", str(good), "-t", "bought", "-o", str(plan), "-q"]) == 0
    plan.write_text(plan.read_text().replace("\nactions:", "\nactoins:"))
    said = _line(capsys, ["clean", str(good), "--plan", str(plan), "-o", str(tmp_path / "clean.parquet"), "-q"])
    assert "plan.yaml" in said and "line" in said and "actions" in said


def test_a_rule_with_a_wrong_key(good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rule = tmp_path / "rules" / "mine" / "odd.yaml"
    rule.parent.mkdir(parents=True)
    rule.write_text("title: Odd\nwhy: Because.\nwhne: null_rate > 0\nseverity: info\n")
    said = _line(capsys, ["plan", str(good), "--rules", str(tmp_path / "rules"), "-q"])
    assert "odd.yaml" in said and "line 3" in said and "when" in said


def test_a_damaged_model_folder(model: Path, good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(model, copy)
    plan = copy / "plan.yaml"
    plan.write_text(plan.read_text() + "\n")
    assert "plan.yaml" in _line(capsys, ["predict", str(copy), str(good)])
    (copy / "manifest.json").unlink()
    assert "manifest.json" in _line(capsys, ["predict", str(copy), str(good)])


def test_a_model_of_a_newer_version(
    model: Path, good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(model, copy)
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["format"] += 1
    (copy / "manifest.json").write_text(json.dumps(manifest))
    assert "newer" in _line(capsys, ["predict", str(copy), str(good)])


def test_a_broken_contract_is_status_1(
    model: Path, good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate", str(good), "--contract", str(model)]) == 0
    capsys.readouterr()
    broken = tmp_path / "new.csv"
    broken.write_text(good.read_text().replace("Oslo", "Atlantis"))
    assert main(["validate", str(broken), "--contract", str(model)]) == 1
    assert "city" in capsys.readouterr().out


def test_an_output_that_cannot_be_written_is_refused_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "raw.csv").write_text("a,b\n1,2\n")
    (tmp_path / "file").write_text("")
    assert main(["plan", str(tmp_path / "raw.csv"), "-o", str(tmp_path / "file" / "plan.yaml")]) == 2
    said = capsys.readouterr().err
    assert "choose another" in said
    assert "Reading" not in said


def test_help_lists_every_command_by_section(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    assert said.index("One call:") < said.index("  fit ") < said.index("Data:") < said.index("  read ")
    assert "Other:" not in said, "a command stands in no section of autoprep/cli/overview.py"
    assert "..." not in said.partition("One call:")[2]
