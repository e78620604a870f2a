"""Options of a command that runs programs over questions."""

from dataclasses import dataclass, field

from openmedlm.options.endpoint import ModelOptions
from openmedlm.options.output import Output, PreviewOptions, TrackingOptions
from openmedlm.options.program import ProgramOptions
from openmedlm.options.questions import DataOptions, SplitOptions
from openmedlm.options.requests import RequestOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateOptions:
    """All options of a command that runs programs over questions."""

    model: ModelOptions
    data: DataOptions
    split: SplitOptions
    program: ProgramOptions
    requests: RequestOptions
    output: Output = field(default_factory=Output)
    preview: PreviewOptions = field(default_factory=PreviewOptions)
    tracking: TrackingOptions = field(default_factory=TrackingOptions)
