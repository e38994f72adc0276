"""Plug-ins: what is installed joins; what lacks its library is named when it is asked for, and harms nobody else."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from autoprep import registry
from autoprep.errors import SettingError


def test_an_entry_whose_library_is_missing_is_left_out_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> int:
        raise ImportError("pip install autoprep[far]")

    points = [SimpleNamespace(name="near", load=lambda: 1), SimpleNamespace(name="far", load=missing)]
    monkeypatch.setattr(registry, "entry_points", lambda group: points)
    known: registry.Catalogue[int] = registry.Catalogue("model", group="autoprep.models")
    assert list(known) == ["near"]
    assert "far" not in known
    with pytest.raises(SettingError, match=r"pip install autoprep\[far\]"):
        known["far"]
