"""Propose, read, refuse, apply and undo: the plan is yours.

Run it with ``python examples/review_a_plan.py``.
"""

from __future__ import annotations

import autoprep as ap

RAW = {
    "order": ["0007", "0008", "0009", "0010", "0010"],
    "price": ["$1,200.50", "$80", "N/A", "$15.25", "$15.25"],
    "city": ["Oslo", "oslo ", "Bergen", "BERGEN", "BERGEN"],
    "paid": ["yes", "Y", "no", "No", "No"],
}


def main() -> bool:
    """Clean without merging the spellings of a city; returns whether undo gave the raw table back."""
    plan = ap.plan(RAW)
    refused = [action.id for action in plan.actions if "city" in action.columns]
    plan = plan.with_status("skip", refused)
    cleaned = ap.clean(RAW, plan=plan)
    print(cleaned.frame)
    print(cleaned.ledger)
    restored = ap.undo(cleaned)
    return restored.to_dict(as_series=False) == RAW


if __name__ == "__main__":
    print("undo gives the raw table back:", main())
