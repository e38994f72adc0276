"""Requests that come together are predicted together: small ones in the event loop, large ones in turn aside.

Single rows go by the evaluator of single rows, which is compared with Polars when the service starts and on a sample of
what comes after that; the first difference turns it off.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import polars as pl

from autoprep.errors import AutoprepError
from autoprep.serving.bodies import Rows
from autoprep.serving.bodies import records_of as _records
from autoprep.serving.limits import Limits, Refused
from autoprep.serving.predictor import Scorer
from autoprep.serving.rowwise import Declined, RowScorer
from autoprep.serving.rowwise.row import Said
from autoprep.serving.rowwise.texts import LONGEST

#: Of the rows that are predicted singly, one in so many is compared with Polars.
AUDITED = 500
#: Cells of the model's widest matrix that are worked out at a time, and rows: each band costs some 20 ms besides.
BAND_CELLS, BAND_ROWS = 4_000_000, (25_000, 100_000)
#: Requests of up to so many rows are predicted where they are, without a thread.
SMALL_ROWS = 64
_Waiting = tuple[pl.DataFrame, "asyncio.Future[pl.DataFrame]"]


class Desk:
    """Takes rows and gives predictions; rows of requests that wait at the same moment share one prediction.

    A prediction does not depend on the rows it shares a frame with, so the answer is the same either way.

    Args:
        scorer: the model.
        limits: bounds of a request.
        examples: raw rows on which the evaluator of single rows is compared with Polars first.
    """

    def __init__(self, scorer: Scorer, limits: Limits, examples: pl.DataFrame | None = None) -> None:
        self.scorer, self.limits = scorer, limits
        #: Names of the columns that the model was trained on.
        self.known = frozenset(scorer.given.inputs)
        #: Why single rows are left to Polars; "" when they are not.
        self.slow = ""
        self._single = self._single_rows(examples)
        self._alone = 0
        self._checks: set[asyncio.Task[None]] = set()
        self._pending: list[_Waiting] = []
        self._aside = ThreadPoolExecutor(max_workers=1, thread_name_prefix="predict")
        self._queued = 0
        #: Requests that shared a prediction with others, so far.
        self.coalesced = 0

    async def predict(self, rows: Rows) -> pl.DataFrame:
        """One prediction per row, in their order.

        Raises:
            Refused: 429 when too many large requests wait.
            InputError: no column is one that the model knows.
        """
        if rows.parts:
            keyed: pl.DataFrame = await self.aside(partial(_by_keys, self.scorer, rows))
            return keyed
        if rows.frame.height > SMALL_ROWS:
            large: pl.DataFrame = await self.aside(partial(_in_bands, self.scorer, rows.frame))
            return large
        loop = asyncio.get_running_loop()
        future: asyncio.Future[pl.DataFrame] = loop.create_future()
        self._pending.append((rows.frame, future))
        if len(self._pending) == 1:
            loop.call_soon(self._flush)
        return await future

    def quick(self, records: Sequence[dict[str, Any]]) -> list[Said] | None:
        """The answers to a few rows, at once; None when Polars must say them."""
        if self._single is None:
            return None
        try:
            said = [self._single.predict(record) for record in records]
        except Declined:
            return None
        before, self._alone = self._alone, self._alone + len(said)
        if before // AUDITED != self._alone // AUDITED:
            task = asyncio.get_running_loop().create_task(self._audit(records[0], said[0]))
            self._checks.add(task)
            task.add_done_callback(self._checks.discard)
        return said

    def frame(self, said: list[Said]) -> pl.DataFrame:
        """Answers of ``quick`` as a frame."""
        assert self._single is not None
        return self._single.frame(said)

    def _single_rows(self, examples: pl.DataFrame | None) -> RowScorer | None:
        if self.limits.cell_chars < LONGEST:
            self.slow = "the limit of a cell is short"
            return None
        try:
            made = RowScorer(self.scorer)
            if examples is not None:
                made.check(self.scorer, examples)
        except Declined as error:
            self.slow = error.what
            return None
        return made

    async def _audit(self, record: dict[str, Any], said: Said) -> None:
        single = self._single
        if single is None or self._queued >= self.limits.waiting:
            return
        rows = _records([record, record], self.limits, self.scorer.given.text).frame
        expected: pl.DataFrame = await self.aside(partial(self.scorer.predict, rows))
        if not single.frame([said]).equals(expected.head(1)):
            self._single, self.slow = None, "a row was predicted otherwise than by Polars"
            logging.getLogger("autoprep.serving").error(
                "a single row was predicted otherwise than by Polars; from here on Polars predicts single rows too"
            )

    async def aside(self, job: partial[Any]) -> Any:
        """Run a long job in its turn, beside the event loop.

        Raises:
            Refused: 429 when too many wait.
        """
        if self._queued >= self.limits.waiting:
            raise Refused(429, f"{self._queued} large requests wait already", hint="try again in a second")
        self._queued += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._aside, job)
        finally:
            self._queued -= 1

    def busy(self) -> bool:
        """Whether no other job may wait beside the event loop."""
        return self._queued >= self.limits.waiting

    def close(self) -> None:
        """Let what runs end; take nothing more."""
        self._aside.shutdown(wait=True, cancel_futures=False)

    def _flush(self) -> None:
        waiting, self._pending = self._pending, []
        groups: dict[tuple[tuple[str, pl.DataType], ...], list[_Waiting]] = {}
        for frame, future in waiting:
            groups.setdefault(tuple(frame.schema.items()), []).append((frame, future))
        for group in groups.values():
            self._answer(group)

    def _answer(self, group: Sequence[_Waiting]) -> None:
        frames = [frame for frame, _ in group]
        try:
            predicted = self.scorer.predict(pl.concat(frames) if len(frames) > 1 else frames[0])
        except (AutoprepError, pl.exceptions.PolarsError, ValueError) as error:
            if len(group) == 1:
                _settle(group[0][1], error)
                return
            for one in group:
                self._answer([one])
            return
        if len(group) > 1:
            self.coalesced += len(group)
        first = 0
        for frame, future in group:
            _settle(future, predicted.slice(first, frame.height))
            first += frame.height


def _settle(future: asyncio.Future[pl.DataFrame], said: pl.DataFrame | Exception) -> None:
    if future.done():
        return
    if isinstance(said, Exception):
        future.set_exception(said)
    else:
        future.set_result(said)


def _in_bands(scorer: Scorer, frame: pl.DataFrame) -> pl.DataFrame:
    width = max([frame.width, *(len(m.part.encoder.names) for m in getattr(scorer.predictor, "members", ()))])
    rows = min(max(BAND_CELLS // width, BAND_ROWS[0]), BAND_ROWS[1])
    if frame.height <= 2 * rows:
        return scorer.predict(frame)
    return pl.concat([scorer.predict(frame.slice(at, rows)) for at in range(0, frame.height, rows)])


def _by_keys(scorer: Scorer, rows: Rows) -> pl.DataFrame:
    """Predict rows whose JSON objects have different keys: a key that is not there is a missing column of that row."""
    numbers = [number for _, part in rows.parts for number in part]
    made = [scorer.predict(rows.frame[list(part)].select(keys)) for keys, part in rows.parts]
    order = pl.Series("row", numbers).arg_sort()
    return pl.concat(made)[order]
