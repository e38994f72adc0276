"""A made-up table's profile, findings, plan and ledger, with every awkward cell a report may meet."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from autoprep.reporting.content import Content, calibration_points, model_content
from autoprep.types import LEDGER_SCHEMA, Action, Feature, Finding, Leaderboard, Plan, Trial

EVIL = '<script>alert("x")</script>\'"&'


def profile_of(columns: int = 12) -> SimpleNamespace:
    rng = np.random.default_rng(1)
    rows, details = [], {}
    kinds = ["amount", "category", "date", "email", "boolean", "number"]
    for i in range(columns):
        name = EVIL if i == 3 else f"{['sales', 'customer', 'region'][i % 3]}.{kinds[i % 6]}_{i}"
        kind = kinds[i % 6]
        numeric = kind in ("amount", "number", "date")
        rows.append(
            {
                "column": name,
                "position": i,
                "dtype": "text",
                "rows": 2000,
                "null_rate": 0.03 * (i % 5),
                "blank_rate": 0.0,
                "distinct": int(rng.integers(2, 2000)),
                "semantic": kind,
                "role": "number" if numeric else "category",
                "disguised_null_rate": 0.05 if i % 4 == 0 else 0.0,
                "junk_rate": 0.01 if i % 3 == 0 else 0.0,
                "sentinel_rate": 0.02 if i % 7 == 0 else 0.0,
                "unit_rate": 0.2 if i == 5 else 0.0,
                "min": -12.5 if numeric else None,
                "max": 98123.25 if numeric else None,
                "median": 40.0 if numeric else None,
                "mean": 41.2345 if numeric else None,
                "std": 11.0 if numeric else None,
                "pii": "email" if kind == "email" else None,
                "is_target": i == 4,
            }
        )
        counts = np.histogram(rng.normal(size=500), bins=20)[0].tolist()
        details[name] = (
            {"histogram": {"edges": np.linspace(-12.5, 98123.25, 21).tolist(), "counts": counts}}
            if numeric
            else {
                "top_values": [
                    [f"person{k}@example.org" if kind == "email" else f"v{k}", 400 - 50 * k] for k in range(6)
                ]
            }
        )
    tables = pl.DataFrame([{"rows": 2000, "columns": columns, "duplicate_rows": 12, "duplicate_rate": 0.006}])
    return SimpleNamespace(columns=pl.DataFrame(rows), tables=tables, details=details)


RULEBOOK = {
    "missing.disguised_null": SimpleNamespace(
        id="missing.disguised_null",
        title='Words that mean "nothing" become null',
        why='A column that holds "N/A" as text counts as full, and every statistic after it is wrong.',
        kind="lossless",
        severity="error",
        when="dtype = 'text' AND disguised_null_rate > 0",
    )
}


def findings_of(profile: SimpleNamespace) -> list[Finding]:
    names = profile.columns["column"].to_list()
    found = [
        Finding("table.duplicate_rows", (), "warning", "12 rows are exact copies of an earlier row.", 12, 0.006),
        Finding(
            "missing.disguised_null",
            (names[0],),
            "error",
            f"100 cells of {names[0]} say nothing in words.",
            100,
            0.05,
            ("N/A", " null ", "-"),
        ),
        Finding(
            "privacy.personal",
            (names[3],),
            "info",
            f"{names[3]} holds e-mail addresses.",
            2000,
            1.0,
            ("ada@lovelace.org",),
        ),
    ]
    return found + [
        Finding("text.padded", (name,), "info", f"{name} has spaces around some values.", 5, 0.0025, (EVIL,))
        for name in names[4:10]
    ]


def model_parts(columns: int = 12) -> dict[str, Any]:
    profile = profile_of(columns)
    names = profile.columns["column"].to_list()
    actions = (
        Action(
            "missing.disguised_null:a",
            "missing.disguised_null",
            (names[0],),
            "nullify",
            why=f"Words that mean nothing in {names[0]} become null.",
        ),
        Action(
            "number.currency:b",
            "number.currency",
            (names[2],),
            "parse_number",
            why="Amounts in dollars become numbers.",
            confidence=0.98,
        ),
        Action(
            "number.clip:c",
            "number.clip",
            (names[5],),
            "clip",
            kind="lossy",
            status="skip",
            why="Extreme values would be cut.",
            evidence={
                "declined": "no gain in cross-validation: 0.0003 ± 0.0011",
                "gain": -0.0003,
                "samples": [["98123.25", "900"]],
            },
        ),
        Action(
            "privacy.personal:d",
            "privacy.personal",
            (names[3],),
            "exclude",
            kind="lossy",
            gate="review",
            status="ask",
            why="E-mail addresses say little and tell much.",
            evidence={"samples": [["ada@lovelace.org", None]]},
        ),
    )
    changes = [
        (i, names[0], w, None, "missing.disguised_null", actions[0].id, "lossless", 1.0)
        for i, w in enumerate(["N/A"] * 60 + [" null "] * 30 + [EVIL] * 10)
    ]
    changes += [
        (i, names[2], f"${i},234.50", f"{i}234.5", "number.currency", actions[1].id, "lossless", 0.98) for i in range(9)
    ]
    rng = np.random.default_rng(0)
    p = rng.beta(1, 2, 3000)
    y = (rng.random(3000) < p**1.15).astype(float)
    return {
        "title": "customers.csv",
        "profile": profile,
        "findings": findings_of(profile),
        "plan": Plan(actions=actions, target=names[4], task="binary"),
        "ledger": pl.DataFrame(changes, schema=LEDGER_SCHEMA, orient="row"),
        "features": [Feature(f"ratio_{i}", f"RATIO({names[0]}, {names[2]})", gain=0.01 / (i + 1)) for i in range(60)],
        "leaderboard": Leaderboard(
            "ROC AUC",
            True,
            (
                Trial("ensemble", 0.1, 0.8912, 0.004, 1.2, 0.01, 61, note="LightGBM 0.7, linear 0.3"),
                Trial("LightGBM", 0.11, 0.8871, 0.005, 0.9, 0.01, 61, size=12_345.0, front=True),
                Trial("linear", 0.2, 0.8010, 0.009, 0.02, 0.001, 30),
                Trial("trivial", 0.5, 0.5, 0.0, 0.0, 0.0, 0),
            ),
        ),
        "facts": (("target", names[4]), ("task", "two classes")),
        "verdict": {"ROC AUC": "0.884", "trivial baseline": "0.500", "score": "0.884", "baseline": "0.500"},
        "calibration": calibration_points(y.tolist(), p.tolist()),
        "importance": [(f"column_{i}", 0.4 / (i + 1), 0.3 / (i + 1), 0.5 / (i + 1)) for i in range(14)],
        "confusion": (["no", EVIL], [[40, 3], [5, 52]]),
        "residuals": [("5%", -1.5), ("50%", 0.0), ("95%", 2.25)],
        "slices": [(f"age > 61.5 and plan is '{EVIL}'", 31, 0.84, 0.31)],
        "slice_loss": "log loss",
        "contract": {
            "expectations": [
                {
                    "type": "expect_column_values_to_be_between",
                    "kwargs": {"column": names[0], "min_value": 0, "max_value": 9},
                    "severity": "critical",
                    "meta": {"rule": "missing.disguised_null"},
                }
            ]
            * 50
        },
        "lineage": {"source": "customers.csv", "SHA-256": "ab" * 32},
        "notes": ["3 lines could not be read and are listed in rejected.parquet."],
        "rulebook": RULEBOOK,
    }


@pytest.fixture
def content() -> Content:
    return model_content(**model_parts())
