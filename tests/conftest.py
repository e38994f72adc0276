"""Where tests find what is not part of the project, and what happens when it is not there."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.postgres_server import postgres  # noqa: F401

ROOT = Path(__file__).resolve().parent.parent


def _development_data() -> Path | None:
    said = os.environ.get("AUTOPREP_DATA")
    for folder in [Path(said)] if said else [ROOT.parent / "shared" / "data"]:
        if (folder / "MANIFEST.json").is_file():
            return folder
    return None


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real development data sets."""
    folder = _development_data()
    if folder is None:
        pytest.skip("the development data sets are not beside the checkout")
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium browser."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no chromium on this machine")
    return found


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take longest begin first, so that no worker is left alone with one of them at the end."""
    long = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in long)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """Turn a skip into a failure for the markers that AUTOPREP_REQUIRE names (comma-separated)."""
    report = yield
    required = {name for name in os.environ.get("AUTOPREP_REQUIRE", "").split(",") if name}
    if report.skipped and required & {marker.name for marker in item.iter_markers()}:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and this run requires it"
    return report
