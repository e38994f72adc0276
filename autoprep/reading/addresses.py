"""What an address with a scheme names: a database, an object in a store, or a file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from autoprep.errors import InputError, did_you_mean

#: Schemes of databases that have a reader of their own here; any other goes to SQLAlchemy.
POSTGRES = ("postgresql", "postgres")
EMBEDDED = ("sqlite", "duckdb")
DATABASES = (
    *POSTGRES, *EMBEDDED, "mysql", "mariadb", "mssql", "oracle", "snowflake", "bigquery", "redshift", "trino", "presto",
    "clickhouse", "clickhousedb", "databricks", "cockroachdb", "db2", "hana", "teradatasql", "vertica", "exa", "crate",
    "firebird", "athena", "awsathena", "druid", "impala", "hive",
)  # fmt: skip
#: Schemes of object stores and files, as Polars scans them.
STORES = ("s3", "s3a", "gs", "gcs", "az", "azure", "adl", "abfs", "abfss", "http", "https", "hf", "file")
_SCHEME = re.compile(r"([A-Za-z][\w+.-]+)://")


@dataclass(frozen=True)
class Address:
    """A parsed address.

    Attributes:
        uri: as given, without the part after ``#``.
        scheme: in lower case, without a driver ("postgresql" of "postgresql+psycopg").
        driver: what follows ``+`` in the scheme, or "".
        part: what follows ``#``: a table or sheet, or "".
    """

    uri: str
    scheme: str
    driver: str = ""
    part: str = ""

    @property
    def is_database(self) -> bool:
        """Whether it names a database."""
        return self.scheme in DATABASES

    @property
    def path(self) -> Path:
        """The file that an embedded database's or a ``file:`` address names."""
        rest = unquote(self.uri.split("://", 1)[1])
        if self.scheme == "file":
            return Path("/" + rest.lstrip("/")) if rest.startswith("/") else Path("/" + rest.partition("/")[2])
        return Path(rest.removeprefix("/"))

    @property
    def shown(self) -> str:
        """The address without its password and signed parameters.

        Example:
            >>> parse("postgresql://ada:secret@db/shop#orders").shown
            'postgresql://ada:***@db/shop'
        """
        uri = re.sub(r"^([^:/?#]+://[^/?#@:]*):.*@(?=[^@]*$)", r"\1:***@", self.uri)
        secret = r"(?i)([?&](?:\w*password|passwd|pwd|\w*secret|\w*token|sig|signature|\w*key)[^=&]*)=[^&]*"
        return re.sub(secret, r"\1=***", uri)

    def scrubbed(self, text: str) -> str:
        """A message without this address's password."""
        text = text.replace(self.uri, self.shown)
        secret = re.match(r"[^:/?#]+://[^/?#@:]*:(.+)@", self.uri)
        return text.replace(secret.group(1), "***") if secret else text


def parse(source: str) -> Address | None:
    """Take an address apart; None for a plain path.

    Raises:
        InputError: the scheme is not known.

    Example:
        >>> parse("postgresql+psycopg://ada@db/shop").driver, parse("data/sales.csv")
        ('psycopg', None)
    """
    match = _SCHEME.match(source)
    if match is None:
        return None
    scheme, _, driver = match.group(1).lower().partition("+")
    if scheme not in DATABASES and scheme not in STORES:
        raise InputError(
            f"an address that starts with '{scheme}://' cannot be read",
            where=source.split("@")[-1][:80] if "@" in source else source[:80],
            hint=did_you_mean(scheme, (*STORES, *DATABASES)),
        )
    uri, _, part = source.partition("#") if scheme in DATABASES else (source, "", "")
    return Address(uri, scheme, driver, unquote(part))


def split_part(source: str) -> tuple[str, str]:
    """A path and what follows ``#`` in it (a table or a sheet), when the whole is no file by itself.

    Example:
        >>> split_part("book.xlsx#Sales 2024"), split_part("sales.csv")
        (('book.xlsx', 'Sales 2024'), ('sales.csv', ''))
    """
    path, mark, part = source.rpartition("#")
    if not mark or not path or not part or Path(source).exists():
        return source, ""
    plain = path.lower().endswith((".xlsx", ".xls", ".xlsm", ".xlsb", ".ods")) or Path(path).is_file()
    return (path, part) if plain else (source, "")
