"""What the catalogue of a database file says of its tables: their names, keys and foreign keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from autoprep.errors import InputError
from autoprep.reading import addresses, embedded, sources


@dataclass(frozen=True)
class ForeignKey:
    """Columns of ``child`` that name a row of ``parent`` by its ``key``."""

    child: str
    columns: tuple[str, ...]
    parent: str
    key: tuple[str, ...]


@dataclass(frozen=True)
class Catalogue:
    """Tables of a database file, views aside.

    Attributes:
        path: the file. tables: their names, in order. keys: table -> columns of its primary key, where it has one.
        references: what is declared as a foreign key.
    """

    path: Path
    tables: tuple[str, ...]
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    references: tuple[ForeignKey, ...] = ()


def database_file(source: object) -> tuple[Path, str] | None:
    """The path and kind of a whole SQLite or DuckDB file; None for anything else, a named table of one included."""
    if not isinstance(source, str | Path):
        return None
    address = addresses.parse(source) if isinstance(source, str) else None
    if address is not None:
        embedded_here = address.scheme in embedded.KINDS and not address.part and not address.driver
        return (sources.locate(address.path), address.scheme) if embedded_here else None
    path = Path(source)
    if not path.is_file():
        return None
    with path.open("rb") as file:
        head = file.read(16)
    if head == b"SQLite format 3\0":
        return path, "sqlite"
    return (path, "duckdb") if head[8:12] == b"DUCK" else None


def catalogue_of(path: Path, kind: str) -> Catalogue:
    """Read the catalogue.

    Args:
        path: the file. kind: "sqlite" or "duckdb".

    Raises:
        InputError: the file cannot be read, or it holds no table.

    Example:
        >>> import sqlite3, tempfile
        >>> from contextlib import closing
        >>> shop = Path(tempfile.mkdtemp()) / "shop.sqlite"
        >>> with closing(sqlite3.connect(shop)) as made:
        ...     _ = made.execute("CREATE TABLE people(id INTEGER PRIMARY KEY)")
        ...     _ = made.execute("CREATE TABLE orders(buyer INTEGER REFERENCES people)")
        >>> catalogue_of(shop, "sqlite").references
        (ForeignKey(child='orders', columns=('buyer',), parent='people', key=('id',)),)
    """
    made = _sqlite(path) if kind == "sqlite" else _duckdb(path)
    if not made.tables:
        raise InputError("this database holds no table", where=str(path))
    return made


def _sqlite(path: Path) -> Catalogue:
    with embedded.sqlite_connection(path) as connection:
        asked = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
        tables = tuple(str(name) for (name,) in connection.execute(asked))
        spelled = {t.casefold(): t for t in tables}
        keys: dict[str, tuple[str, ...]] = {}
        for t in tables:
            ranked = "SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk"
            if key := tuple(str(name) for (name,) in connection.execute(ranked, [t])):
                keys[t] = key
        found = []
        for t in tables:
            pieces: dict[int, list[tuple[str, str, str | None]]] = {}
            said = 'SELECT id, "table", "from", "to" FROM pragma_foreign_key_list(?) ORDER BY id, seq'
            for number, parent, here, there in connection.execute(said, [t]):
                pieces.setdefault(number, []).append((parent, here, there))
            for piece in pieces.values():
                parent = spelled.get(piece[0][0].casefold(), "")
                columns = tuple(here for _, here, _ in piece)
                # A reference without columns means the parent's primary key.
                key = tuple(there for _, _, there in piece if there is not None) or keys.get(parent, ())
                if parent and len(key) == len(columns):
                    found.append(ForeignKey(t, columns, parent, key))
        columns_of = {
            t: {d[0].casefold(): d[0] for d in connection.execute(f"SELECT * FROM {_whole(t)} LIMIT 0").description}
            for t in tables
        }
    # SQLite takes a column's name in any case.
    exact = tuple(
        ForeignKey(
            f.child,
            tuple(columns_of[f.child].get(c.casefold(), c) for c in f.columns),
            f.parent,
            tuple(columns_of[f.parent].get(c.casefold(), c) for c in f.key),
        )
        for f in found
    )
    return Catalogue(path, tables, keys, exact)


def _whole(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _duckdb(path: Path) -> Catalogue:
    with embedded.duckdb_connection(path) as connection:
        asked = "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main' AND NOT internal ORDER BY 1"
        tables = tuple(str(name) for (name,) in connection.execute(asked).fetchall())
        said = connection.execute(
            "SELECT table_name, constraint_type, constraint_column_names, referenced_table, referenced_column_names "
            "FROM duckdb_constraints() WHERE schema_name = 'main' AND constraint_type IN ('PRIMARY KEY', 'FOREIGN KEY')"
        ).fetchall()
    keys = {t: tuple(columns) for t, kind, columns, _, _ in said if kind == "PRIMARY KEY"}
    found = tuple(
        ForeignKey(t, tuple(columns), parent, tuple(key))
        for t, kind, columns, parent, key in said
        if kind == "FOREIGN KEY" and t in tables and parent in tables
    )
    return Catalogue(path, tables, keys, found)
