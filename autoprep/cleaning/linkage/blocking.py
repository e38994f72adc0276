"""Which pairs of rows are worth comparing: those that share something rare."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import polars as pl

#: Rows that may share a key before it is too common to say anything; columns that are looked at; shortest word.
MAX_BLOCK, MAX_COLUMNS, MIN_WORD = 25, 8, 3
#: Shared keys that are looked at, as a multiple of the pairs that are kept.
SPARE = 4
#: Pairs of columns that together make a key.
MAX_JOINT = 10
#: Name of the rows' places; no column is called so.
_ROW = "\x1frow"


def candidate_pairs(texts: pl.DataFrame, *, most: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Pairs of rows, each once, that share a value, a word, a set of two-letter pieces, or two values.

    Args:
        texts: folded text of the columns; null where nothing stands.
        most: how many pairs at most; those with the rarest keys come first.

    Returns:
        Places of the left and right rows (left < right; int64[pairs]), and how many pairs (and blocks) were left out.

    Example:
        >>> frame = pl.DataFrame({"name": ["ann lee", "anne lee", "bob ray"]})
        >>> [side.tolist() for side in candidate_pairs(frame, most=10)[:2]]
        [[0], [1]]
    """
    indexed = texts.with_row_index(_ROW).with_columns(pl.col(_ROW).cast(pl.Int64))
    parts = [part for part in _keys(indexed, texts) if part.height]
    if not parts:
        return np.empty(0, np.int64), np.empty(0, np.int64), 0
    long = pl.concat(parts).unique()
    sizes = long.group_by("key").len("n").filter(pl.col("n").is_between(2, MAX_BLOCK)).sort("n", "key")
    cost = (pl.col("n").cast(pl.Int64) * (pl.col("n") - 1) // 2).cum_sum()
    kept_keys = sizes.filter(cost <= SPARE * most)
    blocks = long.join(kept_keys, on="key")
    both = blocks.join(blocks.select("key", pl.col("row").alias("right")), on="key").filter(
        pl.col("row") < pl.col("right")
    )
    pairs = both.group_by(pl.col("row").alias("left"), "right").agg(pl.col("n").min(), pl.len().alias("keys"))
    pairs = pairs.sort(["keys", "n", "left", "right"], descending=[True, False, False, False])
    kept = pairs.head(most).sort("left", "right")
    left_out = pairs.height - kept.height + (sizes.height - kept_keys.height)
    return kept["left"].to_numpy(), kept["right"].to_numpy(), left_out


def _keys(indexed: pl.DataFrame, texts: pl.DataFrame) -> Iterator[pl.DataFrame]:
    counts = texts.select(pl.all().n_unique()).row(0, named=True)
    ranked = sorted(counts, key=lambda name: (-counts[name], name))
    told = [name for name in ranked if counts[name] >= 0.02 * texts.height][:MAX_COLUMNS] or ranked[:2]
    for name in told:
        cell = pl.col(name)
        yield _table(indexed, pl.lit(f"={name}:") + cell)
        words = cell.str.replace_all(r"[^\p{L}\p{N}]+", " ").str.strip_chars().str.split(" ")
        exploded = indexed.select(_ROW, words.alias("word")).explode("word")
        long = pl.col("word").str.len_chars() >= MIN_WORD
        yield _table(exploded.filter(long), pl.lit("w:") + pl.col("word"))
        yield _table(exploded.filter(long), pl.lit(f"s{name}:") + soundex(pl.col("word")), letters="word")
        bare = cell.str.replace_all(r"[^\p{L}\p{N}]+", "")
        yield _table(indexed, pl.lit(f"e{name}:") + bare.str.head(4) + pl.lit("…") + bare.str.tail(3))
    for one, other in list(combinations(ranked[: MAX_COLUMNS - 2], 2))[:MAX_JOINT]:
        yield _table(indexed, pl.lit(f"+{one},{other}:") + pl.col(one) + pl.lit("\x1f") + pl.col(other))


def _table(frame: pl.DataFrame, key: pl.Expr, letters: str = "") -> pl.DataFrame:
    if letters:
        frame = frame.filter(pl.col(letters).str.contains(r"^[a-z]{4}"))
    return frame.select(key.alias("key"), pl.col(_ROW).alias("row")).drop_nulls()


def soundex(word: pl.Expr) -> pl.Expr:
    """How a word sounds: its first letter and the classes of its consonants (after Russell's Soundex, not cut short).

    Example:
        >>> pl.Series(["smith", "smyth"]).to_frame("w").select(soundex(pl.col("w"))).to_series().to_list()
        ['s53', 's53']
    """
    classes = {"[bfpv]+": "1", "[cgjkqsxz]+": "2", "[dt]+": "3", "l+": "4", "[mn]+": "5", "r+": "6", "[aeiouyhw]+": ""}
    tail = word.str.slice(1)
    for pattern, code in classes.items():
        tail = tail.str.replace_all(pattern, code)
    return word.str.head(1) + tail


def random_pairs(rows: int, count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of different rows by chance (int64[at most count])."""
    rng = np.random.default_rng(seed)
    left, right = rng.integers(0, rows, count), rng.integers(0, rows, count)
    keep = left != right
    return left[keep], right[keep]


def alike_pairs(codes: np.ndarray, count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of rows by chance among those that have the same code (neighbours in a shuffled order)."""
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(codes))
    order = shuffled[np.argsort(codes[shuffled], kind="stable")]
    left, right = order[:-1], order[1:]
    keep = (codes[left] == codes[right]) & (codes[left] >= 0)
    left, right = left[keep], right[keep]
    if len(left) > count:
        at = rng.choice(len(left), count, replace=False)
        left, right = left[at], right[at]
    return left, right
