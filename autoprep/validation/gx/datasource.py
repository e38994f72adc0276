"""A datasource of Polars frames for Great Expectations: ``context.data_sources.add_polars(name)``."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import polars as pl

from autoprep.validation.gx.engine import PolarsExecutionEngine
from autoprep.validation.gx.internals import (
    Batch,
    BatchRequest,
    BuildBatchRequestError,
    DataAsset,
    Datasource,
    LegacyBatchDefinition,
    RuntimeDataBatchSpec,
    make_batch_identifier,
)

#: The batch parameter under which the frame is given, as for Great Expectations' own frames.
FRAME = "dataframe"


class PolarsFrameAsset(DataAsset):  # type: ignore[misc]
    """A Polars DataFrame or LazyFrame, given when a batch is asked for: ``batch_parameters={"dataframe": frame}``."""

    type: Literal["polars_frame"] = "polars_frame"

    def test_connection(self) -> None:
        """A frame is always there."""

    def get_batch_parameters_keys(self, partitioner: Any = None) -> tuple[str, ...]:
        """The names of the batch parameters."""
        return (FRAME,)

    def get_batch_identifiers_list(self, batch_request: Any) -> list[Any]:
        """The batch parameters that identify a batch."""
        return [batch_request.options]

    def add_batch_definition_whole_frame(self, name: str) -> Any:
        """A batch definition that takes the whole frame."""
        return self.add_batch_definition(name=name)

    def build_batch_request(self, options: Any = None, batch_slice: Any = None, partitioner: Any = None) -> Any:
        """A request for the batch of a frame (raises BuildBatchRequestError for anything else)."""
        if batch_slice is not None or partitioner is not None:
            raise BuildBatchRequestError(message="a Polars frame is one batch: it takes no slice and no partitioner")
        if not (options and set(options) == {FRAME} and isinstance(options[FRAME], pl.DataFrame | pl.LazyFrame)):
            raise BuildBatchRequestError(
                message=f"batch_parameters must be {{'{FRAME}': a polars.DataFrame or polars.LazyFrame}}"
            )
        return BatchRequest(datasource_name=self.datasource.name, data_asset_name=self.name, options=options)

    def get_batch(self, batch_request: Any) -> Any:
        """The batch of the frame that a request holds."""
        self.build_batch_request(batch_request.options)
        spec = RuntimeDataBatchSpec(batch_data=batch_request.options[FRAME])
        data, markers = self.datasource.get_execution_engine().get_batch_data_and_markers(batch_spec=spec)
        definition = LegacyBatchDefinition(
            datasource_name=self.datasource.name,
            data_connector_name="fluent",
            data_asset_name=self.name,
            batch_identifiers=make_batch_identifier(batch_request.options),
        )
        return Batch(
            datasource=self.datasource,
            data_asset=self,
            batch_request=batch_request,
            data=data,
            metadata=self._get_batch_metadata_from_batch_request(batch_request, ignore_options=(FRAME,)),
            batch_markers=markers,
            batch_spec=spec,
            batch_definition=definition,
        )


class PolarsDatasource(Datasource):  # type: ignore[misc]
    """Polars frames; Great Expectations offers it as ``context.data_sources.add_polars(name)``."""

    asset_types: ClassVar[list[type[DataAsset]]] = [PolarsFrameAsset]

    type: Literal["polars"] = "polars"
    assets: list[PolarsFrameAsset] = []

    @property
    def execution_engine_type(self) -> Any:
        """The engine that resolves metrics of its batches."""
        return PolarsExecutionEngine

    def test_connection(self, test_assets: bool = True) -> None:
        """Frames are always there."""

    def add_frame_asset(self, name: str, batch_metadata: dict[str, Any] | None = None) -> PolarsFrameAsset:
        """Add an asset for frames that are given when a batch is asked for."""
        asset: PolarsFrameAsset = self._add_asset(PolarsFrameAsset(name=name, batch_metadata=batch_metadata or {}))
        return asset
