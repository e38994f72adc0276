"""Every name of Great Expectations that is not in its public interface, in one place.

Tested with 1.24.1; a newer minor version may move these names, and then only this module has to follow.
"""

from great_expectations.core.batch import BatchData, BatchMarkers, LegacyBatchDefinition
from great_expectations.core.batch_spec import RuntimeDataBatchSpec
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.data_context.types.resource_identifiers import (
    ExpectationSuiteIdentifier,
    ValidationResultIdentifier,
)
from great_expectations.datasource.fluent import BatchRequest
from great_expectations.datasource.fluent.batch_identifier_util import make_batch_identifier
from great_expectations.datasource.fluent.interfaces import Batch, DataAsset, Datasource
from great_expectations.exceptions.exceptions import BuildBatchRequestError, MetricResolutionError
from great_expectations.execution_engine import ExecutionEngine, PandasExecutionEngine
from great_expectations.expectations import registry
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

#: The versions that the tests were run with: at least the first, below the second.
TESTED = ("1.24", "1.25")

__all__ = [
    "TESTED",
    "Batch",
    "BatchData",
    "BatchMarkers",
    "BatchRequest",
    "BuildBatchRequestError",
    "DataAsset",
    "Datasource",
    "ExecutionEngine",
    "ExpectationConfiguration",
    "ExpectationSuiteIdentifier",
    "ExpectationValidationResult",
    "LegacyBatchDefinition",
    "MetricResolutionError",
    "PandasExecutionEngine",
    "RunIdentifier",
    "RuntimeDataBatchSpec",
    "ValidationResultIdentifier",
    "make_batch_identifier",
    "registry",
]
