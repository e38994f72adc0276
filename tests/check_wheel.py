"""Build the wheel and say what is missing from it or should not be in it; exit status 1 if anything is."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def wanted() -> set[str]:
    """Files that the wheel must hold, by their path inside it."""
    code = {str(p.relative_to(ROOT)) for p in (ROOT / "autoprep").rglob("*.py")}
    rules = {f"autoprep/{p.relative_to(ROOT)}" for p in (ROOT / "rules").rglob("*") if p.is_file()}
    data = {
        str(p.relative_to(ROOT))
        for p in (ROOT / "autoprep").rglob("*")
        if p.is_file() and (p.parent.name in {"templates", "pages"} or p.suffix in {".typed", ".json", ".md"})
    }
    return code | rules | data


def main() -> int:
    """Compare the wheel's contents with the checkout's."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, str(ROOT)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            names = {n for n in archive.namelist() if ".dist-info/" not in n and not n.endswith("/")}
            licences = [n for n in archive.namelist() if n.endswith("licenses/LICENSE")]
    lost = sorted(wanted() - names)
    stray = sorted(names - wanted())
    for name in lost:
        print(f"not in the wheel: {name}")
    for name in stray:
        print(f"should not be in the wheel: {name}")
    if not licences:
        print("the licence is not in the wheel")
    print(f"wheel: {len(names)} files, {len([n for n in names if n.startswith('autoprep/rules/')])} of them rules")
    return 1 if lost or stray or not licences else 0


if __name__ == "__main__":
    sys.exit(main())
