"""A small raw table with the dirt of a real export, and a model of it, made once for several tests."""

from __future__ import annotations

import random

import polars as pl


def orders(rows: int, seed: int = 0) -> pl.DataFrame:
    """Orders: currency, units, sentinels, spellings, dates; ``bought`` hangs on price, age and city."""
    pick = random.Random(seed)
    made = []
    for _ in range(rows):
        price, age = pick.uniform(50, 4000), pick.randint(18, 90)
        city = pick.choice(["Oslo", "Bergen", "Moss"])
        bought = price / 1000 - age / 40 + (city == "Oslo") + pick.gauss(0, 0.4) > 1
        made.append(
            {
                "price": f"${price:,.2f}" if pick.random() > 0.03 else "N/A",
                "weight": f"{pick.uniform(0.1, 30):.2f} kg",
                "age": str(age) if pick.random() > 0.05 else "-999",
                "city": pick.choice([city, city, city.lower(), f"{city} "]),
                "day": f"{pick.randint(1, 28):02d}/{pick.randint(1, 12):02d}/{pick.choice([2023, 2024])}",
                "mail": f"{pick.choice('abcdef')}{pick.randint(1, 999)}@example.org",
                "bought": "yes" if bought else "no",
            }
        )
    return pl.DataFrame(made)
