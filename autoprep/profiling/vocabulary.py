"""The words a profile is written in: what rules may ask of a column, a table and a pair, and what each word means."""

# ruff: noqa: E501

from __future__ import annotations

from typing import NamedTuple

import polars as pl

DTYPES: dict[str, pl.DataType] = {
    "text": pl.String(),
    "integer": pl.Int64(),
    "float": pl.Float64(),
    "boolean": pl.Boolean(),
    "list": pl.List(pl.String()),
}


class Word(NamedTuple):
    """A word: its type (a key of ``DTYPES``) and one sentence on its meaning."""

    dtype: str
    meaning: str


def _words(text: str) -> dict[str, Word]:
    out = {}
    for line in text.strip().splitlines():
        name, dtype, meaning = line.split(None, 2)
        out[name] = Word(dtype, meaning)
    return out


#: One row per column. Rates are in [0, 1]; "content" is what is neither null, blank nor a null word.
COLUMNS: dict[str, Word] = _words("""
column text Name of the column.
position integer 0-based place in the table.
dtype text Physical type: text, integer, float, boolean, date, datetime, time, duration or other.
rows integer Rows of the table.
null_count integer Cells that are null in the source.
null_rate float Share of null cells.
blank_rate float Share of cells that hold only whitespace, or nothing.
missing_rate float Share of cells that are null, blank, a null word, a sentinel or NaN.
nan_rate float Share of cells that are NaN.
infinite_rate float Share of cells that are infinite.
distinct integer Distinct values that are not null (estimated above some thousands).
distinct_rate float Distinct over non-null cells.
is_unique boolean No value occurs twice (estimated distinct counts: within their error).
is_constant boolean One value only, nulls aside.
semantic text What the values are: integer, number, amount, percent, ... (see SEMANTICS).
semantic_confidence float Share of content that fits the semantic type, lowered where another reading fits as well.
role text What the column is to a model: one of types.ROLES.
sampled boolean Parse rates were estimated on a sample (near-unique text in large tables).
content integer Cells that are neither null, blank nor a null word.
disguised_null_rate float Share of non-null cells that are a word for nothing (blank cells aside).
null_words list Words for nothing found, the most frequent first.
none_rate float Share of non-null cells of a category that are "None" and the like: missing, or a level of its own.
none_words list Such words found.
unknown_rate float Share of content that says "unknown" in some form.
unknown_words list Such words found.
filler_rate float Share of non-null cells with a word that stands among the numbers or dates of two columns or more.
filler_words list Such words found among the most frequent values.
number_rate float Share of content that is a number in some spelling.
integer_rate float Share of content that is plain digits.
plain_number_rate float Share of content that is a number without any decoration.
number_word_rate float Share of content that is a number spelled out in English words.
amount_rate float Share of content with a currency symbol or code.
currency text The most frequent currency symbol or code.
currencies list Currency symbols and codes found.
several_currencies boolean Amounts are in more than one currency.
percent_rate float Share of content with a percent sign.
thousands_rate float Share of content with a thousands separator.
magnitude_rate float Share of content with a magnitude suffix (3k, 2.5M).
decimal_comma_rate float Share of content that only a decimal comma explains.
decimal_dot_rate float Share of content that only a decimal point explains.
number_ambiguous_rate float Share of content such as 1.234 or 1,234 that both readings explain.
decimal_ambiguous boolean Nothing in the column or its neighbours decides between comma and point.
decimal text The decimal separator decided for the column: '.' or ','.
thousands text The thousands separator: '', ',', '.', ' ' or an apostrophe.
decimal_why text The evidence for the decimal separator.
unit_rate float Share of content that is a number with a known unit.
unit text The most frequent unit, canonical.
units list Units found, canonical, the most frequent first.
counted_rate float Share of content that is a number, bare or with the one word that stands behind all (34 reviews).
counted_words list Spellings of that word.
suffix_rate float Share of content that is a number followed by words that are no known unit.
unit_guess boolean The unit is also a magnitude or a common letter: not certain.
range_rate float Share of content that is a range such as 10-20.
inequality_rate float Share of content such as <5 or 3+.
accounting_rate float Share of content in parentheses or with a trailing minus that is a negative number.
credit boolean Cr and Dr behind numbers are an accountant's credit and debit: what is credited is below zero.
crore_open boolean Cr behind numbers says crores (ten millions) or credit, and nothing in the column decides.
note_rate float Share of content that is a number with a mark such as 12*, 12[3] or ~30, or a remark: 12 (about).
notes boolean Some cell is a number with such a mark or remark, so that these are read without it.
boolean_rate float Share of content that is a spelling of yes or no.
true_words list Spellings of true found.
false_words list Spellings of false found.
date_rate float Share of content that is a date or a datetime.
date_format text The most frequent format that explains the dates.
date_formats list The formats that together explain the dates, the most frequent first.
offset_rate float Share of the dates that carry an offset from UTC other than zero (+05:30).
date_order text dmy, mdy, ymd or ''.
date_pivot integer Two-digit years below it are 20xx, the others 19xx; null where years have four digits.
constant_number boolean The one value of the column is a whole number, and no code.
clock_open boolean Two numbers with a colon may be minutes and seconds as well as hours and minutes.
date_century_open boolean Two-digit years fill a century: nothing tells 1906 from 2006.
date_ambiguous boolean Day and month may be changed round: nothing decides.
date_order_why text The evidence for the order.
time_rate float Share of content that is a time of day.
duration_rate float Share of content that is a length of time, where the column holds lengths of several parts or units.
duration_unit text The unit that such a column can be told in: s, min, h, d or mo.
duration_months boolean A lone m in such a column is a month.
epoch_rate float Share of numbers that are moments since 1970 by size.
epoch_unit text s, ms, us or ns.
dated_name boolean The numbers may be moments and the header says date or time, and no length of time.
excel_serial_rate float Share of numbers that are day numbers of Excel, where name or other cells speak of dates.
partial_date_rate float Share of content that is a month or day without the rest.
junk_rate float Share of content that the majority type cannot parse.
junk_values list Such cells, the most frequent first.
leading_zero_rate float Share of content that is digits with a leading zero.
lost_zero_rate float Share of content that is digits, shorter than the codes that the header names: zeros in front are gone.
code_width integer Digits of such codes.
padded_rate float Share of non-null cells with whitespace at an edge.
inner_space_rate float Share of content with runs of spaces or odd spaces inside.
case_variant_rate float Share of content whose spelling differs from a more frequent one by case only.
accent_variant_rate float Share of content that differs from a more frequent spelling by accents only.
variant_rate float Share of content that is a more frequent value in other case, space, accents, punctuation or word order.
typo_rate float Share of content that is rare and within a small edit distance of a frequent value.
mojibake_rate float Share of content that is UTF-8 read in a wrong encoding.
lost_character_rate float Share of content with U+FFFD: bytes were lost.
control_rate float Share of content with control or zero-width characters.
html_rate float Share of content with HTML entities or tags.
fullwidth_rate float Share of content with full-width forms.
email_rate float Share of content that is an e-mail address.
url_rate float Share of content that is a URL.
phone_rate float Share of content that is a telephone number.
ip_rate float Share of content that is an IP address.
uuid_rate float Share of content that is a UUID.
json_rate float Share of content that is JSON.
list_rate float Share of content that is a list in brackets.
packed_rate float Share of content that packs several values.
packed_separator text What separates them.
key_value_rate float Share of content of the form k=v;k=v.
code_and_text_rate float Share of content that is a code, a separator and words.
text_and_number_rate float Share of content that is words, a line break and a number.
year_inside_rate float Share of content that ends in a year, or two, in parentheses.
sentinel_rate float Share of non-null cells that are a number or date standing for "missing".
sentinel_values list Such values.
spike_rate float Share of content at an isolated extreme value.
spike_values list Such values.
zero_rate float Share of numbers that are zero.
negative_rate float Share of numbers below zero.
impossible_negative_rate float Share of numbers below zero although the name or unit says they cannot be.
impossible_rate float Share of numbers outside what the name allows (percent, latitude, month, age).
outlier_rate float Share of numbers beyond three interquartile ranges from the quartiles (log scale when positive and skewed).
scale_jump_rate float Share of numbers some 100 or 1000 times the bulk.
min float Smallest number (dates: days since 1970).
max float Largest number.
mean float Mean.
std float Standard deviation (n - 1).
median float Median.
q01 float 1% quantile.
q05 float 5% quantile.
q25 float 25% quantile.
q75 float 75% quantile.
q95 float 95% quantile.
q99 float 99% quantile.
skew float Skewness (population).
kurtosis float Excess kurtosis (population).
min_date text Earliest date, ISO 8601.
max_date text Latest date, ISO 8601.
future_rate float Share of dates after 2100.
min_length integer Shortest cell in characters.
max_length integer Longest cell in characters.
mean_length float Mean length in characters.
mean_words float Mean number of words.
pattern text The most frequent shape, capitals A, small letters a, digits 9, runs as +.
pattern_rate float Share of content of that shape.
is_monotonic boolean Values never fall, or never rise, in row order.
is_sequence boolean Integers in steps of one, in row order.
entropy float Entropy of the values in bits (over the most frequent ones and the rest as one).
top_value text The most frequent value.
top_rate float Its share of non-null cells.
duplicate_of text An earlier column with the same content, or null.
pii text Kind of personal data: email, phone, name, address, iban, card, ssn, ip, or null.
is_target boolean This is the target.
target_score float Cross-validated score of this column alone against the target: AUC or R2, in [0, 1].
target_null_score float The same with shuffled targets (the highest of several shuffles).
target_copy boolean The column is the target under another name or spelling.
target_leak boolean The column gives the target away.
target_part boolean The target is the sum of this column and others, or the difference.
leak_reason text Why.
row_number boolean The values number the rows, and their order goes with the target beyond chance.
row_number_reason text How well.
after_outcome_score float How well that span tells the target, as target_score.
after_outcome text Why this time may be written only once the outcome is known, or null.
target_together text How this column and others together give the target away, or null.
missing_score float Cross-validated score of this column's missingness alone.
header_padded boolean The header has whitespace at an edge or doubled inside.
header_unit text The unit that the header gives, canonical.
header_duplicate boolean Another header differs only by case, space or punctuation.
header_blank boolean The header is empty or made by a reader ("Unnamed: 0", "column_1").
header_odd boolean The header mixes scripts, or holds control characters or signs that other languages read as their own.
header_tidy text A name of letters, digits and underscores for a header that is none; null where it is one.
""")

#: One row.
TABLES: dict[str, Word] = _words("""
rows integer Rows.
columns integer Columns.
duplicate_rows integer Rows that repeat an earlier row in full.
duplicate_rate float Their share.
all_null_rows integer Rows without any value.
nothing_rows integer Rows of which each cell is null, blank or a word for nothing, where there are more of them.
empty_columns integer Columns without any value.
missing_rate float Share of null cells in the table.
target text The target, or null.
task text binary, multiclass or regression.
target_missing_rate float Share of rows without a target.
target_variant_rate float Share of labels that are another label in a different spelling.
target_variants list Such labels.
target_classes integer Classes (classification).
target_min_class integer Rows of the smallest class.
target_rare_classes list Classes of far fewer rows than an even share, the rarest first.
target_min_class_rate float Its share.
target_imbalance float Largest over smallest class.
target_numeric_text boolean The target is a number written as decorated text.
conflicting_label_rate float Share of rows whose features equal another row's but not its label.
sorted_by_target boolean The rows are sorted by the target.
row_order_score float Cross-validated score of the row number alone.
memory_bytes integer Estimated size in memory.
time_column text The column that orders the rows in time, or null.
time_gaps integer Gaps in a regular time column.
time_parts list Columns that hold year, month, day, hour, ... of one moment, in that order.
group_column text A column whose values recur and identify an entity, or null.
sampled_rows integer Rows that pairs and target diagnostics were computed on.
""")

#: One row per pair of columns that matters.
PAIRS: dict[str, Word] = _words("""
left text Column (several joined by ' + ').
right text Column.
kind text fd, order, sum, product, copy, association, missing_together or when_then.
strength float In [0, 1]: 1 holds everywhere.
lift float Strength over what chance would give (fd: 1 - violations over expected violations).
support integer Rows that bear on it.
violations integer Rows that break it.
violation_rate float Violations over support.
detail text One sentence.
""")

SEMANTICS: tuple[str, ...] = (
    *("integer", "number", "amount", "percent", "quantity", "range", "boolean", "date", "datetime", "time", "duration"),
    *("category", "ordinal", "code", "identifier", "text", "email", "url", "phone", "ip", "uuid", "postal_code"),
    *("country", "latitude", "longitude", "json", "list", "packed", "empty", "constant"),
)

ROLE_OF: dict[str, str] = {
    **dict.fromkeys(("integer", "number", "amount", "percent", "quantity", "range", "latitude", "longitude"), "number"),
    **dict.fromkeys(("category", "country"), "category"),
    **dict.fromkeys(("code", "postal_code"), "code"),
    **dict.fromkeys(("identifier", "uuid", "email", "phone", "ip"), "identifier"),
    **dict.fromkeys(("text", "url", "json", "list", "packed"), "text"),
    **dict.fromkeys(("empty", "constant"), "constant"),
    **{"boolean": "boolean", "ordinal": "ordinal", "date": "date", "datetime": "datetime"},
    **{"time": "duration", "duration": "duration"},
}


def schema(words: dict[str, Word]) -> dict[str, pl.DataType]:
    """The Polars schema of a vocabulary.

    Example:
        >>> schema(PAIRS)["support"]
        Int64
    """
    return {name: DTYPES[word.dtype] for name, word in words.items()}


def frame(rows: list[dict[str, object]], words: dict[str, Word]) -> pl.DataFrame:
    """Rows of a vocabulary as a frame; what a row does not say is null.

    Raises:
        KeyError: a row says a word that is not in the vocabulary.

    Example:
        >>> frame([{"left": "a", "right": "b", "kind": "copy"}], PAIRS).height
        1
    """
    for row in rows:
        unknown = set(row) - set(words)
        if unknown:
            raise KeyError(f"not in the vocabulary: {sorted(unknown)}")
    return pl.DataFrame(
        [_column(name, [row.get(name) for row in rows], dtype) for name, dtype in schema(words).items()]
    )


def kept(rows: list[dict[str, object]], words: dict[str, Word]) -> pl.DataFrame:
    """Rows that were saved, as a frame; words of a newer or older version that this one does not know are left out.

    Example:
        >>> kept([{"left": "a", "right": "b", "kind": "copy", "to_come": 1}], PAIRS).equals(
        ...     frame([{"left": "a", "right": "b", "kind": "copy"}], PAIRS))
        True
    """
    return frame([{name: said for name, said in row.items() if name in words} for row in rows], words)


def _column(name: str, values: list[object], dtype: pl.DataType) -> pl.Series:
    """Values as one type: those that have it already, as most have, take a tenth of the time."""
    try:
        return pl.Series(name, values, dtype=dtype)
    except TypeError:
        return pl.Series(name, values, dtype=dtype, strict=False)


#: Candidate keys: one row each.
KEYS: dict[str, pl.DataType] = {
    "columns": pl.String(),
    "distinct_rate": pl.Float64(),
    "nulls": pl.Int64(),
    "primary": pl.Boolean(),
}
