"""Transforms of text: lengths, counts, shapes, parts of structured strings, likeness of two texts."""

from __future__ import annotations

import numpy as np
import polars as pl

from autoprep.primitives.primitive import transform

WORD = r"[\p{L}\p{N}_]+(?:['’-][\p{L}\p{N}_]+)*"
SPACED = r"\S+"
FREE_MAIL = ("gmail.com", "yahoo.com", "hotmail.com", "outlook.com", "aol.com", "icloud.com", "mail.com", "gmx.com",
             "gmx.net", "gmx.de", "web.de", "live.com", "msn.com", "ymail.com", "protonmail.com", "proton.me",
             "mail.ru", "yandex.ru", "yandex.com", "qq.com", "163.com", "126.com", "zoho.com", "orange.fr", "libero.it",
             "t-online.de", "free.fr", "rediffmail.com", "comcast.net", "verizon.net", "att.net", "googlemail.com",
             "me.com", "mac.com", "naver.com")  # fmt: skip
COMMON_WORDS = ("the", "of", "and", "a", "to", "in", "is", "you", "that", "it", "he", "was", "for", "on", "are", "as",
                "with", "his", "they", "i", "at", "be", "this", "have", "from", "or", "one", "had", "by", "word",
                "but", "not", "what", "all", "were", "we", "when", "your", "can", "said", "there", "use", "an", "each",
                "which", "she", "do", "how", "their", "if", "will", "up", "other", "about", "out", "many", "then",
                "them", "these", "so")  # fmt: skip


def _count(text: pl.Expr, pattern: str) -> pl.Expr:
    return text.str.count_matches(pattern).cast(pl.Int64)


def _sql_count(pattern: str) -> str:
    return f"len(regexp_extract_all({{0}}, '{pattern}'))"


@transform("LENGTH", "text", output="integer", sql="length({0})", equals=("num_characters",))
def length(text: pl.Expr) -> pl.Expr:
    """Number of characters."""
    return text.str.len_chars().cast(pl.Int64)


@transform("WORDS", "text", output="integer", sql=_sql_count(r"\S+"), equals=("num_words",))
def words(text: pl.Expr) -> pl.Expr:
    """Number of words between white space."""
    return _count(text, SPACED)


@transform("DIGITS", "text", output="integer", sql=_sql_count("[0-9]"))
def digits(text: pl.Expr) -> pl.Expr:
    """Number of digits."""
    return _count(text, r"[0-9]")


@transform("UPPER_CASE", "text", output="integer", sql=_sql_count(r"\p{Lu}"), equals=("upper_case_count",))
def upper_case(text: pl.Expr) -> pl.Expr:
    """Number of upper-case letters."""
    return _count(text, r"\p{Lu}")


@transform(
    "UPPER_CASE_SHARE", "text", sql=f"{_sql_count(chr(92) + 'p{Lu}')} / nullif({_sql_count(chr(92) + 'p{L}')}, 0)"
)
def upper_case_share(text: pl.Expr) -> pl.Expr:
    """Share of letters in upper case; null without letters."""
    share = _count(text, r"\p{Lu}") / _count(text, r"\p{L}")
    return pl.when(share.is_finite()).then(share)


@transform(
    "PUNCTUATION",
    "text",
    output="integer",
    equals=("punctuation_count",),
    sql=("len(regexp_extract_all({0}, '[!-/:-@\\[-`{-~]'))"),
)
def punctuation(text: pl.Expr) -> pl.Expr:
    """Number of ASCII punctuation marks."""
    return _count(text, r"[!-/:-@\[-`{-~]")


@transform("WHITESPACE", "text", output="integer", sql=_sql_count(" "), equals=("whitespace_count",))
def whitespace(text: pl.Expr) -> pl.Expr:
    """Number of spaces."""
    return _count(text, " ")


@transform("EXCLAMATIONS", "text", output="integer", sql=_sql_count("!"))
def exclamations(text: pl.Expr) -> pl.Expr:
    """Number of exclamation marks."""
    return _count(text, "!")


@transform("QUESTIONS", "text", output="integer", sql=_sql_count("[?]"))
def questions(text: pl.Expr) -> pl.Expr:
    """Number of question marks."""
    return _count(text, r"\?")


@transform("HASHTAGS", "text", output="integer", equals=("number_of_hashtags",))
def hashtags(text: pl.Expr) -> pl.Expr:
    """Number of words that begin with '#' and a letter."""
    return _count(text, r"(?:^|\s)#[\p{L}_][\p{L}\p{N}_]*\b")


@transform("MENTIONS", "text", output="integer", equals=("number_of_mentions",))
def mentions(text: pl.Expr) -> pl.Expr:
    """Number of words that begin with '@'."""
    return _count(text, r"(?:^|\s)@[\p{L}\p{N}_]+\b")


@transform("TITLE_WORDS", "text", output="integer", equals=("title_word_count",))
def title_words(text: pl.Expr) -> pl.Expr:
    """Number of words that begin with an upper-case letter."""
    return _count(text, r"\b\p{Lu}[^A-Z\s]*\b|\b\p{Lu}\S*")


@transform("UPPER_CASE_WORDS", "text", output="integer", equals=("upper_case_word_count",))
def upper_case_words(text: pl.Expr) -> pl.Expr:
    """Number of words all in upper case."""
    return _count(text, r"\b[\p{Lu}\p{N}]*\p{Lu}[\p{Lu}\p{N}]*\b")


@transform("QUOTED_WORDS", "text", output="integer", equals=("number_of_words_in_quotes",))
def quoted_words(text: pl.Expr) -> pl.Expr:
    """Number of words inside double quotes."""
    inside = text.str.extract_all(r'"[^"]*"').list.join(" ").str.replace_all('"', " ")
    return _count(inside, SPACED)


@transform("COUNT_OF_TEXT", "text", output="integer", equals=("count_string",), pattern="the")
def count_of_text(text: pl.Expr, pattern: str) -> pl.Expr:
    """Number of times a literal string occurs, whatever its case."""
    return text.str.to_lowercase().str.count_matches(pattern.lower(), literal=True).cast(pl.Int64)


@transform("UNIQUE_WORDS", "text", output="integer", equals=("number_of_unique_words",))
def unique_words(text: pl.Expr) -> pl.Expr:
    """Number of different words, whatever their case."""
    return text.str.to_lowercase().str.extract_all(WORD).list.n_unique().cast(pl.Int64)


@transform("COMMON_WORDS", "text", output="integer", equals=("number_of_common_words",))
def common_words(text: pl.Expr) -> pl.Expr:
    """Number of words among the sixty most frequent English words."""
    pattern = r"\b(?:" + "|".join(COMMON_WORDS) + r")\b"
    return _count(text.str.to_lowercase(), pattern)


@transform("SEPARATORS", "text", output="integer", equals=("num_unique_separators",), of=" ,;:-_/|\t\n")
def separators(text: pl.Expr, of: str) -> pl.Expr:
    """Number of different separators: of space , ; : - _ / | tab newline, or of those given."""
    pattern = "[" + "".join(f"\\x{{{ord(mark):x}}}" for mark in of) + "]"
    return text.str.extract_all(pattern).list.n_unique().cast(pl.Int64)


@transform("TOTAL_WORD_LENGTH", "text", output="integer", equals=("total_word_length",))
def total_word_length(text: pl.Expr) -> pl.Expr:
    """Number of characters that are not white space."""
    return text.str.replace_all(r"\s+", "").str.len_chars().cast(pl.Int64)


@transform("MEAN_WORD_LENGTH", "text", equals=("mean_characters_per_word",))
def mean_word_length(text: pl.Expr) -> pl.Expr:
    """Mean number of characters of a word; null without words."""
    mean = text.str.replace_all(r"\s+", "").str.len_chars() / _count(text, SPACED)
    return pl.when(mean.is_finite()).then(mean)


@transform("MEDIAN_WORD_LENGTH", "text", equals=("median_word_length",))
def median_word_length(text: pl.Expr) -> pl.Expr:
    """Median number of characters of a word; null without words."""
    return text.str.extract_all(SPACED).list.eval(pl.element().str.len_chars()).list.median()


@transform("UNIQUE_WORD_SHARE", "text")
def unique_word_share(text: pl.Expr) -> pl.Expr:
    """Different words over words; null without words."""
    found = text.str.to_lowercase().str.extract_all(WORD)
    share = found.list.n_unique() / found.list.len()
    return pl.when(share.is_finite()).then(share)


@transform("PREFIX_NUMBER", "text", output="integer", length=3, sql="try_cast(left(trim({0}), {length}) AS BIGINT)")
def prefix_number(text: pl.Expr, length: int) -> pl.Expr:
    """First characters of a code as a number; null when they are not all digits."""
    head = text.str.strip_chars().str.slice(0, length)
    return head.cast(pl.Int64, strict=False)


@transform("PREFIX", "text", output="category", length=2, sql="left(trim({0}), {length})")
def prefix(text: pl.Expr, length: int) -> pl.Expr:
    """First characters of a code."""
    return text.str.strip_chars().str.slice(0, length)


@transform("ONE_DIGIT_POSTAL", "text", output="category", sql="left({0}, 1)", equals=("one_digit_postal_code",))
def one_digit_postal(text: pl.Expr) -> pl.Expr:
    """First digit of a postal code."""
    return text.str.slice(0, 1)


@transform("TWO_DIGIT_POSTAL", "text", output="category", sql="left({0}, 2)", equals=("two_digit_postal_code",))
def two_digit_postal(text: pl.Expr) -> pl.Expr:
    """First two digits of a postal code."""
    return text.str.slice(0, 2)


@transform("SHAPE", "text", output="category")
def shape(text: pl.Expr) -> pl.Expr:
    """Shape of a string: runs of letters become A or a, runs of digits 9."""
    cased = text.str.slice(0, 40).str.replace_all(r"\p{Lu}+", "A").str.replace_all(r"\p{Ll}+", "a")
    return cased.str.replace_all(r"[0-9]+", "9")


@transform("EMAIL_DOMAIN", "text", output="category", equals=("email_address_to_domain",))
def email_domain(text: pl.Expr) -> pl.Expr:
    """Domain of an e-mail address."""
    return text.str.strip_chars().str.extract(r"^[^@\s]+@([^@\s]+\.[^@\s]+)$", 1)


@transform("IS_FREE_EMAIL", "text", output="boolean", equals=("is_free_email_domain",))
def is_free_email(text: pl.Expr) -> pl.Expr:
    """Whether an e-mail address is at a free provider; null when it is no address."""
    return email_domain(text).str.to_lowercase().is_in(list(FREE_MAIL))


@transform("URL_DOMAIN", "text", output="category", equals=("url_to_domain",))
def url_domain(text: pl.Expr) -> pl.Expr:
    """Host of a web address, without 'www.'."""
    return text.str.extract(r"^(?:[A-Za-z][A-Za-z0-9+.-]*://)?(?:www\.)?([^/:?#\s]+\.[^/:?#\s]+)", 1)


@transform("URL_PROTOCOL", "text", output="category", equals=("url_to_protocol",))
def url_protocol(text: pl.Expr) -> pl.Expr:
    """Scheme of a web address."""
    return text.str.extract(r"^([A-Za-z][A-Za-z0-9+.-]*)://", 1)


@transform("URL_TLD", "text", output="category", equals=("url_to_tld",))
def url_tld(text: pl.Expr) -> pl.Expr:
    """Top-level domain of a web address."""
    return url_domain(text).str.extract(r"\.([A-Za-z]{2,})$", 1)


@transform("FILE_EXTENSION", "text", output="category", equals=("file_extension",))
def file_extension(text: pl.Expr) -> pl.Expr:
    """Extension of a file name, with its dot, in lower case."""
    return text.str.extract(r"(\.[A-Za-z0-9]+)$", 1).str.to_lowercase()


@transform("NAME_TITLE", "text", output="category", equals=("full_name_to_title",))
def name_title(text: pl.Expr) -> pl.Expr:
    """Title in a full name written 'Last, Title. First'."""
    return text.str.extract(r",\s*([\p{L} ]+?)\.", 1)


@transform("FIRST_NAME", "text", output="category", equals=("full_name_to_first_name",))
def first_name(text: pl.Expr) -> pl.Expr:
    """First name in a full name, 'Last, Title. First' or 'First Last'."""
    after = text.str.extract(r",\s*(?:[\p{L} ]+?\.\s*)?\(?([\p{L}'’-]+)", 1)
    return pl.coalesce(after, pl.when(~text.str.contains(",", literal=True)).then(text.str.extract(r"^\s*(\S+)", 1)))


@transform("LAST_NAME", "text", output="category", equals=("full_name_to_last_name",))
def last_name(text: pl.Expr) -> pl.Expr:
    """Last name in a full name, 'Last, Title. First' or 'First Last'."""
    before = text.str.extract(r"^\s*([^,]+),", 1)
    return pl.coalesce(before, text.str.extract(r"(\S+)\s*$", 1))


@transform("WORD_OVERLAP", "text", "text", commutes=True)
def word_overlap(a: pl.Expr, b: pl.Expr) -> pl.Expr:
    """Jaccard likeness of the words of two texts, in [0, 1]; null when neither has words."""
    left = a.str.to_lowercase().str.extract_all(WORD).list.unique()
    right = b.str.to_lowercase().str.extract_all(WORD).list.unique()
    share = left.list.set_intersection(right).list.len() / left.list.set_union(right).list.len()
    return pl.when(share.is_finite()).then(share)


@transform("HASHED_NGRAMS", "text", output="integer", bucket=0, of=16, n=3)
def hashed_ngrams(text: pl.Expr, bucket: int, of: int, n: int) -> pl.Expr:
    """Number of runs of n characters, in lower case, whose hash (64-bit FNV-1a) falls into a bucket."""

    def counted(column: pl.Series) -> pl.Series:
        from autoprep.kernels.strings import text_ngrams_in_bucket

        known = column.fill_null("")
        data = np.frombuffer("".join(known.to_list()).encode(), np.uint8)
        starts = np.concatenate([[0], known.str.len_bytes().cast(pl.Int64).cum_sum().to_numpy()])
        made = pl.Series(column.name, text_ngrams_in_bucket(data, starts, int(n), int(of), int(bucket)))
        return made if not column.null_count() else made.set(column.is_null(), None)

    return text.cast(pl.String).str.to_lowercase().map_batches(counted, return_dtype=pl.Int64, is_elementwise=True)


@transform("SAME_TEXT", "text", "text", output="boolean", commutes=True, sql="lower(trim({0})) = lower(trim({1}))")
def same_text(a: pl.Expr, b: pl.Expr) -> pl.Expr:
    """Whether two texts are the same but for case and outer space."""
    return a.str.strip_chars().str.to_lowercase() == b.str.strip_chars().str.to_lowercase()


@transform("PACKED_ITEMS", "text", output="integer", separator=",")
def packed_items(text: pl.Expr, separator: str) -> pl.Expr:
    """Number of items in a packed field."""
    return text.str.count_matches(separator, literal=True).cast(pl.Int64) + 1


@transform("PACKED_HAS", "text", output="boolean", separator=",", item="")
def packed_has(text: pl.Expr, separator: str, item: str) -> pl.Expr:
    """Whether a packed field names an item."""
    return text.str.split(separator).list.eval(pl.element().str.strip_chars()).list.contains(item)


_POINT = r"^\s*\(?\s*([+-]?\d{1,3}(?:\.\d+)?)\s*[,; ]\s*([+-]?\d{1,3}(?:\.\d+)?)\s*\)?\s*$"


def _coordinate(text: pl.Expr, part: int, most: float) -> pl.Expr:
    found = text.str.extract(_POINT, part).cast(pl.Float64, strict=False)
    return pl.when(found.abs() <= most).then(found)


@transform("LATITUDE", "text", equals=("latitude",))
def latitude(text: pl.Expr) -> pl.Expr:
    """Degrees north in a point written "52.37, 4.90"; null where it is no point."""
    return _coordinate(text, 1, 90.0)


@transform("LONGITUDE", "text", equals=("longitude",))
def longitude(text: pl.Expr) -> pl.Expr:
    """Degrees east in a point written "52.37, 4.90"; null where it is no point."""
    return _coordinate(text, 2, 180.0)
