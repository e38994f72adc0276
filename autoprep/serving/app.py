"""The model over HTTP: raw rows in any of four formats in, predictions out; every refusal is a 4xx with its reason."""

from __future__ import annotations

import asyncio
import base64
import gc
import hashlib
import json
import logging
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cache, partial
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from autoprep.errors import AutoprepError, InputError
from autoprep.lineage import versions
from autoprep.model_search import boosted_trees
from autoprep.serving import artifact as artifacts
from autoprep.serving import schema
from autoprep.serving.artifact import Artifact
from autoprep.serving.bodies import ARROW, CSV, JSON, PARQUET, Rows, few_records, rows_of
from autoprep.serving.desk import Desk
from autoprep.serving.explain import check_rows, explain
from autoprep.serving.limits import Limits, Refused, read_body
from autoprep.serving.meters import CONTENT_TYPE, Meters
from autoprep.serving.seen import Seen

MODEL_VARIABLE, LIMITS_VARIABLE = "AUTOPREP_SERVE_MODEL", "AUTOPREP_SERVE_LIMITS"
SEEN_VARIABLE = "AUTOPREP_SERVE_SEEN"
PAGE = Path(__file__).parent / "pages" / "index.html"
#: Different reasons that are counted one by one; a new category must not make a new series each time.
MOST_REASONS = 500
Handler = Callable[[Request], Awaitable[Response]]


class Service:
    """One loaded model and the answers it gives.

    Args:
        artifact: the model.
        limits: bounds of a request.
        seen: what keeps profiles of the rows, or None.
    """

    def __init__(self, artifact: Artifact, limits: Limits | None = None, seen: Seen | None = None) -> None:
        self.artifact, self.limits, self.seen = artifact, limits or Limits(), seen
        self.desk = Desk(artifact.scorer(), self.limits, artifact.examples())
        self.meters = Meters(artifact.digest)
        self._reasons: set[str] = set()
        self._uncounted: list[list[dict[str, Any]]] = []
        self._folding, self._tasks = False, set[asyncio.Task[None]]()
        self.schema = schema.openapi(artifact, self.limits, artifact.digest[:12])
        self.columns = schema.raw_columns(artifact)
        self._model = f'"model": {json.dumps(artifact.digest)}'
        self._counters = cache(
            lambda path, code: (self.meters.requests.labels(path, code), self.meters.seconds.labels(path))
        )
        self._page, self._policy = _page(self)
        self._ready = json.dumps(
            {
                "status": "ok",
                "model": artifact.digest,
                "task": artifact.facts["task"],
                "target": artifact.facts["target"],
                "versions": versions(),
                "notes": list(artifact.notes),
                "single_rows": self.desk.slow or "evaluated one by one",
            }
        )

    async def body(self, request: Request) -> bytes:
        """The body of a request, within the limits.

        Raises:
            Refused: 408 too slow; see ``limits.read_body``.
        """
        encoding = request.headers.get("content-encoding", "")
        try:
            async with asyncio.timeout(self.limits.body_s):
                return await read_body(request.stream(), encoding, self.limits)
        except TimeoutError as error:
            raise Refused(408, f"the body did not arrive within {self.limits.body_s:g} s") from error

    async def rows(self, body: bytes, kind: str) -> Rows:
        """The rows of a body.

        Raises:
            Refused: see ``bodies.rows_of``.
        """
        read = partial(rows_of, body, kind, self.limits, self.desk.scorer.given.text)
        return await self.desk.aside(read) if len(body) > 1 << 18 else read()

    async def predict(self, request: Request) -> Response:
        """POST /predict."""
        write = _writer(request.headers.get("accept", ""))
        sent, kind = await self.body(request), request.headers.get("content-type", "")
        few = few_records(sent, kind, self.limits, self.desk.known)
        said = self.desk.quick(few) if few is not None else None
        if said is not None:
            self._uncounted.append(said)
            if self.seen is not None and few is not None and self.seen.records(few, said):
                await self._fold()
            if write is _as_json:
                return Response(self._said(said), media_type=JSON)
            return write(self, self.desk.frame(said), Rows(pl.DataFrame()))
        rows = await self.rows(sent, kind)
        predicted = await self.desk.predict(rows)
        self._count(predicted)
        if self.seen is not None and self.seen.frame(rows.frame, predicted):
            await self._fold()
        body = (
            write(self, predicted, rows)
            if predicted.height < 10_000
            else await self.desk.aside(partial(write, self, predicted, rows))
        )
        return body

    async def explain(self, request: Request) -> Response:
        """POST /explain."""
        rows = await self.rows(await self.body(request), request.headers.get("content-type", ""))
        check_rows(rows.frame, self.limits.explain_rows)
        job = partial(explain, self.desk.scorer, rows.frame, self.artifact.examples())
        found = await self.desk.aside(job)
        return _json({"explanations": [e.to_dict() for e in found], "model": self.artifact.digest})

    async def contract(self, request: Request) -> Response:
        """GET /contract."""
        return _json({"contract": dict(self.artifact.contract), "columns": self.columns})

    async def health(self, request: Request) -> Response:
        """GET /health."""
        return Response(self._ready, media_type=JSON)

    async def metrics(self, request: Request) -> Response:
        """GET /metrics."""
        self._count_later()
        return Response(self.meters.text(), headers={"content-type": CONTENT_TYPE})

    async def page(self, request: Request) -> Response:
        """GET /."""
        headers = {"content-security-policy": self._policy, "x-content-type-options": "nosniff"}
        return Response(self._page, media_type="text/html", headers=headers)

    async def at_once(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer POST /predict without routing, and count only then.

        A single row takes a tenth of a millisecond; what a framework does around it, after a pause in which other
        programs had the processor's caches, took ten times as long, and whoever runs longer is the likelier to lose the
        processor for some milliseconds before the answer is out.
        """
        began = time.perf_counter()
        response = await _answered(self.predict, Request(scope, receive))
        seconds = time.perf_counter() - began
        await response(scope, receive, send)
        self.count("/predict", response.status_code, seconds)
        self._count_later()

    def count(self, path: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        requests, took = self._counters(path, str(status))
        requests.inc()
        took.observe(seconds)

    def _said(self, said: list[dict[str, Any]]) -> bytes:
        """The body of an answer about a few rows."""
        try:
            rows = _STRICT.encode(said)
        except ValueError:
            rows = _STRICT.encode(_finite(said))
        return f'{{"predictions": {rows}, {self._model}, "notes": []}}'.encode("utf-8", "replace")

    async def _fold(self) -> None:
        """Let the rows be added to the profile beside the event loop; not while that is busy."""
        if self.seen is not None and not self._folding and not self.desk.busy():
            self._folding = True
            task = asyncio.get_running_loop().create_task(self._folded(self.seen))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _folded(self, seen: Seen) -> None:
        try:
            await self.desk.aside(partial(seen.fold))
        except AutoprepError as error:
            logging.getLogger("autoprep.serving").error("what was seen is not kept: %s", error)
        finally:
            self._folding = False

    def _count(self, predicted: pl.DataFrame) -> None:
        self.meters.rows.inc(predicted.height)
        said = predicted.get_column("reasons")
        flagged = said.filter(said != "")
        self.meters.flagged.inc(len(flagged))
        if not len(flagged):
            return
        self._reason_counts(Counter(dict(flagged.str.split(";").explode().value_counts().iter_rows())))

    def _count_later(self) -> None:
        said = [row for rows in self._uncounted for row in rows]
        self._uncounted.clear()
        if not said:
            return
        self.meters.alone.inc(len(said))
        self.meters.rows.inc(len(said))
        flagged = [row["reasons"] for row in said if row["reasons"]]
        if flagged:
            self.meters.flagged.inc(len(flagged))
            self._reason_counts(Counter(code for text in flagged for code in text.split(";")))

    def _reason_counts(self, counts: Counter[str]) -> None:
        for reason, count in counts.items():
            if reason not in self._reasons and len(self._reasons) >= MOST_REASONS:
                reason = "other"
            self._reasons.add(reason)
            self.meters.reasons.labels(reason).inc(count)


class Application(FastAPI):
    """FastAPI, except that it is not asked where POST /predict goes."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/predict" and scope["method"] == "POST":
            await self.state.service.at_once(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def make(
    model: Artifact | str | Path,
    limits: Limits | None = None,
    seen: str | Path | None = None,
    window_s: float = 3600.0,
) -> FastAPI:
    """The application of a model.

    Args:
        model: a folder, or what was loaded from one.
        limits: bounds of a request.
        seen: folder for profiles of what is answered; none are kept without it.
        window_s: seconds that one file of it spans.

    Raises:
        ArtifactError: the model folder is missing, damaged, altered or newer.
        InputError: the folder for profiles cannot be written.
    """
    artifact = model if isinstance(model, Artifact) else artifacts.load(model)
    service = Service(artifact, limits, None if seen is None else Seen(artifact, seen, window_s))

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        yield
        await asyncio.gather(*service._tasks)
        if service.seen is not None:
            await asyncio.to_thread(service.seen.fold)
        service.desk.close()

    app = Application(openapi_url=None, docs_url=None, redoc_url=None, lifespan=life, redirect_slashes=False)
    app.state.service = service

    async def described(request: Request) -> Response:
        return _json(service.schema)

    for path, handler, method in (
        ("/predict", service.predict, "POST"),
        ("/explain", service.explain, "POST"),
        ("/contract", service.contract, "GET"),
        ("/health", service.health, "GET"),
        ("/metrics", service.metrics, "GET"),
        ("/openapi.json", described, "GET"),
        ("/", service.page, "GET"),
    ):
        app.add_route(path, _guarded(service, path, handler), methods=[method])

    async def unknown(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        hint = "see /openapi.json" if error.status_code == 404 else None
        service.meters.requests.labels("other", str(error.status_code)).inc()
        return _refusal(error.status_code, str(error.detail), hint=hint, headers=dict(error.headers or {}))

    app.add_exception_handler(HTTPException, unknown)
    return app


def from_environment() -> FastAPI:
    """The application of the model folder that the environment names; what each worker process starts with.

    Raises:
        InputError: the environment names none.
    """
    folder = os.environ.get(MODEL_VARIABLE)
    if not folder:
        raise InputError(f"{MODEL_VARIABLE} is not set", hint="start with 'autoprep serve MODEL'")
    seen = json.loads(os.environ.get(SEEN_VARIABLE, "{}"))
    made = make(folder, Limits(**json.loads(os.environ.get(LIMITS_VARIABLE, "{}"))), **seen)
    settle(made)
    return made


def settle(app: FastAPI) -> None:
    """What no request should wait for: machine code for large batches of boosted trees, where it can be kept, and the
    garbage collector's walk through the model."""
    boosted_trees.prepare(app.state.service.artifact.predictor)
    gc.collect()
    gc.freeze()


def _guarded(service: Service, path: str, handler: Handler) -> Handler:
    """A handler whose refusals are answers, and that is counted and timed."""

    async def answer(request: Request) -> Response:
        began = time.perf_counter()
        response = await _answered(handler, request)
        service.count(path, response.status_code, time.perf_counter() - began)
        return response

    return answer


async def _answered(handler: Handler, request: Request) -> Response:
    """What a handler answers; its refusals are answers too."""
    try:
        return await handler(request)
    except Refused as error:
        response = _refusal(error.status, error.what, error.where, error.hint)
        if error.status in (408, 413, 429):
            response.headers["connection"] = "close"
        if error.status == 429:
            response.headers["retry-after"] = "1"
        return response
    except AutoprepError as error:
        return _refusal(422, error.what, error.where, error.hint)
    except (pl.exceptions.PolarsError, ValueError, MemoryError) as error:
        what = f"the rows cannot be predicted ({' '.join(str(error).split())[:200]})"
        return _refusal(422, what, "the request")
    except ClientDisconnect:
        return _refusal(400, "the client left before the body was whole")


def _refusal(
    status: int, what: str, where: str | None = None, hint: str | None = None, headers: dict[str, str] | None = None
) -> Response:
    body = {"error": {"what": what, "where": where, "hint": hint}}
    return Response(_encode(body), status, media_type=JSON, headers=headers)


def _json(value: Any) -> Response:
    return Response(_encode(value), media_type=JSON)


def _encode(value: Any) -> bytes:
    return json.dumps(_finite(value), ensure_ascii=False, allow_nan=False, default=str).encode("utf-8", "replace")


_STRICT = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=str)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and value - value != 0 else value


def _as_json(service: Service, predicted: pl.DataFrame, rows: Rows) -> Response:
    numbers = predicted.with_columns(pl.col(pl.Float64).fill_nan(None))
    return _json({"predictions": numbers.to_dicts(), "model": service.artifact.digest, "notes": list(rows.notes)})


def _as_csv(service: Service, predicted: pl.DataFrame, rows: Rows) -> Response:
    return Response(predicted.write_csv(), media_type=CSV)


def _as_arrow(service: Service, predicted: pl.DataFrame, rows: Rows) -> Response:
    out = BytesIO()
    predicted.write_ipc_stream(out, compat_level=pl.CompatLevel.oldest())
    return Response(out.getvalue(), media_type=ARROW)


def _as_parquet(service: Service, predicted: pl.DataFrame, rows: Rows) -> Response:
    out = BytesIO()
    predicted.write_parquet(out)
    return Response(out.getvalue(), media_type=PARQUET)


_WRITERS = {JSON: _as_json, CSV: _as_csv, ARROW: _as_arrow, PARQUET: _as_parquet}


def _writer(accept: str) -> Callable[[Service, pl.DataFrame, Rows], Response]:
    """What writes the answer in the first format asked for; JSON when none is named."""
    asked = [part.split(";")[0].strip().lower() for part in accept.split(",") if part.strip()]
    for kind in asked:
        if kind in _WRITERS:
            return _WRITERS[kind]
        if kind in ("*/*", "application/*"):
            return _as_json
        if kind == "text/*":
            return _as_csv
    if asked:
        raise Refused(406, f"cannot answer as {asked[0][:60]}", hint="ask for " + ", ".join(_WRITERS))
    return _as_json


def _page(service: Service) -> tuple[str, str]:
    """The page and its policy: it runs its own script only and speaks to this service only."""
    facts = service.artifact.facts
    held = {
        "target": facts["target"],
        "task": facts["task"],
        "model": service.artifact.digest[:12],
        "columns": service.columns,
        "limits": service.limits.to_dict(),
    }
    data = json.dumps(held, ensure_ascii=True, default=str).replace("<", "\\u003c")
    text = PAGE.read_text(encoding="utf-8")
    script = text.split("<script>", 1)[1].split("</script>", 1)[0]
    style = text.split("<style>", 1)[1].split("</style>", 1)[0]
    marks = [
        f"'sha256-{base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()}'" for part in (script, style)
    ]
    policy = (
        f"default-src 'none'; script-src {marks[0]}; style-src {marks[1]}; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return text.replace("@DATA@", data), policy
