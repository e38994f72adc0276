"""Objects in a store (S3, Google Cloud Storage, Azure, HTTP): what Polars scans, and text through our own reader."""

from __future__ import annotations

import os
import shutil
import tempfile
import urllib.request
import warnings
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import polars as pl

from autoprep.errors import InputError
from autoprep.reading.addresses import Address
from autoprep.reading.names import column_names
from autoprep.reading.sources import open_file, sha256
from autoprep.reading.text import read_text
from autoprep.reading.typed import read_typed
from autoprep.types import Dialect, Source, Table

_RETRIES = 2
_WAIT_S = 5
_LOGIN = {
    "s3": "set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION (AWS_ENDPOINT_URL for a store of your own)",
    "gs": "set GOOGLE_SERVICE_ACCOUNT or GOOGLE_APPLICATION_CREDENTIALS",
    "az": "set AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
    "hf": "set HF_TOKEN for a private data set",
}
_FAMILY = {"s3a": "s3", "gcs": "gs", "azure": "az", "adl": "az", "abfs": "az", "abfss": "az"}


def read_object(address: Address, dialect: Dialect | None, which: str | int | None = None) -> Table:
    """Scan Parquet, Arrow or NDJSON where it lies; a text is fetched whole and read like a file.

    Args:
        address: where it is.
        dialect: how a text is laid out, or None to find out.
        which: the sheet of a workbook, or one of several tables in a JSON.

    Raises:
        InputError: it is not there, or no credentials were found.
    """
    path = PurePosixPath(urlsplit(address.uri).path)
    suffix = "".join(path.suffixes[-2:]).lower()
    name = path.name.split(".")[0] or "table"
    scans: dict[str, Callable[..., pl.LazyFrame]] = {
        ".parquet": pl.scan_parquet, ".pq": pl.scan_parquet, ".arrow": pl.scan_ipc, ".ipc": pl.scan_ipc,
        ".feather": pl.scan_ipc, ".ndjson": pl.scan_ndjson, ".jsonl": pl.scan_ndjson,
    }  # fmt: skip
    scan = next((s for end, s in scans.items() if suffix.endswith(end)), None)
    options = {"max_retries": _RETRIES}
    try:
        if scan is not None and (address.scheme not in ("http", "https") or _has_ranges(address)):
            with warnings.catch_warnings():  # Polars asks the bucket for its region and warns that it does
                warnings.simplefilter("ignore")
                frame = scan(address.uri, storage_options=options)
                given = frame.collect_schema().names()
            names, headers = column_names(given)
            frame = frame.rename(dict(zip(given, names, strict=True)))
            return Table(frame, Source(address.shown, "object"), headers=headers, name=name)
        with tempfile.TemporaryDirectory(prefix="autoprep-") as folder:
            copy = Path(folder) / (path.name or "object")
            _fetch(address, copy)
            return _read_copy(copy, address, dialect, name, which)
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        raise _cannot(address, str(error)) from error


def _read_copy(copy: Path, address: Address, dialect: Dialect | None, name: str, which: str | int | None) -> Table:
    opened = open_file(copy)
    origin = Source(address.shown, "object", opened.size, sha256(copy))
    if opened.kind != "text":
        typed = read_typed(opened, which)
        return Table(typed.frame.collect().lazy(), origin, None, typed.rejected, typed.headers, typed.notes, name)
    found = read_text(opened.bytes(), dialect)
    return Table(found.frame, origin, found.dialect, found.rejected, found.headers, found.notes, name, found.realigned)


def _has_ranges(address: Address) -> bool:
    """Whether a web server sends parts of a file, which scanning needs; one that does not has the file fetched."""
    asked = urllib.request.Request(address.uri, headers={"User-Agent": "autoprep", "Range": "bytes=0-0"})
    with urllib.request.urlopen(asked, timeout=_WAIT_S) as stream:
        return bool(stream.status == 206)


def _fetch(address: Address, target: Path) -> None:
    """Copy an object's bytes into a file."""
    if address.scheme in ("http", "https"):
        asked = urllib.request.Request(address.uri, headers={"User-Agent": "autoprep"})
        with urllib.request.urlopen(asked, timeout=_WAIT_S) as stream, target.open("wb") as file:
            shutil.copyfileobj(stream, file)
        return
    from pyarrow import fs

    family = _FAMILY.get(address.scheme, address.scheme)
    where = urlsplit(address.uri)
    inside = where.netloc + where.path
    if family == "s3":
        store: fs.FileSystem = fs.S3FileSystem(
            region=os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"),
            endpoint_override=os.environ.get("AWS_ENDPOINT_URL"),
            connect_timeout=_WAIT_S,
            request_timeout=3 * _WAIT_S,
            retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=_RETRIES),
        )
    elif family == "gs":
        store = fs.GcsFileSystem(retry_time_limit=timedelta(seconds=_WAIT_S))
    else:
        store, inside = fs.FileSystem.from_uri(address.uri)
    with store.open_input_stream(inside) as stream, target.open("wb") as file:
        shutil.copyfileobj(stream, file)


def _cannot(address: Address, said: str) -> InputError:
    family = _FAMILY.get(address.scheme, address.scheme)
    line = " ".join(address.scrubbed(said).split())[:200]
    hint = _LOGIN.get(family) or "check the address and the network"
    return InputError(f"the object cannot be read ({line})", where=address.shown, hint=hint)
