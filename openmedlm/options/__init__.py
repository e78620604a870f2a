"""Options that commands share, as dataclasses; `with_options` gives them to a command."""

from openmedlm.options.completion import CompletionOptions
from openmedlm.options.endpoint import EndpointOptions, ModelOptions
from openmedlm.options.evaluate import EvaluateOptions
from openmedlm.options.output import Output, PreviewOptions, TrackingOptions
from openmedlm.options.program import FixedProgramOptions, ProgramOptions
from openmedlm.options.questions import DataOptions, SplitOptions
from openmedlm.options.requests import CallOptions, RequestOptions
from openmedlm.options.with_options import with_options

__all__ = [
    "CallOptions",
    "CompletionOptions",
    "DataOptions",
    "EndpointOptions",
    "EvaluateOptions",
    "FixedProgramOptions",
    "ModelOptions",
    "Output",
    "PreviewOptions",
    "ProgramOptions",
    "RequestOptions",
    "SplitOptions",
    "TrackingOptions",
    "with_options",
]
