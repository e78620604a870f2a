"""Tune a program from Python."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import orjson

from openmedlm.api.evaluate import outside_event_loop
from openmedlm.api.model import model_options
from openmedlm.options import DataOptions, FixedProgramOptions, RequestOptions
from openmedlm.programs.frozen import FrozenProgram, load_program
from openmedlm.programs.sampling_params import Thinking
from openmedlm.terminal.console import SafeConsole
from openmedlm.terminal.progress import Progress
from openmedlm.tuning.files import PROGRAM, TRIALS
from openmedlm.tuning.options import BudgetOptions, ModelsOptions, SearchOptions, StudyOptions, TuneOptions
from openmedlm.tuning.plan import TuningPlan, plan_studies
from openmedlm.tuning.result import TuningResult
from openmedlm.tuning.run import tune as run_study
from openmedlm.tuning.table import print_result

if TYPE_CHECKING:
    import pandas as pd

Objective = Literal["accuracy", "cost", "both"]


@dataclass(frozen=True)
class TuneResult:
    """Winner of one study, frozen, and the study's trials.

    Attributes:
        program: Winner.
        directory: Directory of the program, the study and the trials; `openmedlm report` shows it.

    Example:
        >>> import dspy, tempfile
        >>> dspy.configure(lm=dspy.LM("openai/NAME", api_base="http://127.0.0.1:8000/v1", api_key="-"))
        >>> from openmedlm import tune
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     result = tune("mmlu", folder, data_dir="sample", trials=2, max_calls=100, progress=False)
        ...     trials = result.to_pandas()
        >>> len(trials)
        2
    """

    program: FrozenProgram
    directory: Path
    _result: TuningResult = field(repr=False)
    _text: str = field(repr=False)

    def __repr__(self) -> str:
        return self.table()

    def table(self) -> str:
        """Return the text that `openmedlm tune` prints: the winner, its scores with intervals, and the cost."""
        return self._text

    def as_json(self) -> dict[str, Any]:
        """Return the result as plain JSON values, as `tuning.json` holds them."""
        return self._result.as_json()

    def to_pandas(self) -> "pd.DataFrame":
        """Return a data frame with one row per trial."""
        import pandas as pd

        lines = (self.directory / TRIALS).read_bytes().splitlines()
        return pd.DataFrame([orjson.loads(line) for line in lines])


def tune(
    benchmark: str,
    directory: str | Path,
    *,
    model: str | None = None,
    api_base: str | Sequence[str] | None = None,
    api_key: str | None = None,
    data_dir: str | None = None,
    trials: int | None = None,
    max_calls: int | None = None,
    token_limit: int | None = None,
    cost_limit: float | None = None,
    timeout: float | None = None,
    objective: Objective = "accuracy",
    thinking: Thinking = "default",
    thinking_tokens: int | None = None,
    limit: int | None = None,
    max_concurrency: int | None = None,
    cache: str | Path | None = None,
    seed: int = 0,
    test: bool = False,
    progress: bool = True,
) -> TuneResult:
    """Search strategy, k, temperature, ensemble size and more for one model within a budget, and freeze the winner.

    The study is kept in the directory: the same call resumes it. Test questions are never used, unless `test` is true,
    and then once, for the winner and the baseline.

    Args:
        benchmark: Benchmark, or the name of imported questions.
        directory: Directory for the frozen program, the study and its trials.
        model: litellm model string, or `local/NAME`; None takes model, address and key of `dspy.settings.lm`.
        api_base: Address of an OpenAI-compatible endpoint, or of several replicas.
        api_key: Key of the endpoint; None takes it from the environment.
        data_dir: Folder of local benchmark files; `sample` for the embedded sample, None for the Hugging Face hub.
        trials: Number of trials; None takes a quarter of the number of dev questions, between 60 and 150.
        max_calls: Maximum number of completions.
        token_limit: Maximum number of tokens, prompts and completions together.
        cost_limit: Maximum cost, in US dollars.
        timeout: Maximum duration, in seconds.
        objective: `accuracy`, `cost` of a correct answer, or `both`: the Pareto front.
        thinking: Thinking that every program requests; `default` searches it if the model is seen to think.
        thinking_tokens: Tokens for thoughts; None searches them if the model is seen to think.
        limit: Number of dev questions.
        max_concurrency: Maximum number of concurrent requests; None takes 16.
        cache: File or database URL of the completion cache; None takes the user's.
        seed: Seed of the search and of the programs.
        test: Whether the winner and the baseline are evaluated on test at the end.
        progress: Whether the download of an embedded model is shown on stderr.

    Raises:
        UserError: An argument is invalid, no model is named, or the endpoint is down.

    Example:
        >>> import dspy, tempfile
        >>> from openmedlm import tune
        >>> dspy.configure(lm=dspy.LM("openai/NAME", api_base="http://127.0.0.1:8000/v1", api_key="-"))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     result = tune("mmlu", folder, data_dir="sample", trials=2, max_calls=100, progress=False)
        >>> result.program.document.benchmark
        'mmlu'
    """
    directory = Path(directory)
    options = TuneOptions(
        ModelsOptions(**model_options(model, api_base, api_key)),
        DataOptions(benchmark, data_dir),
        SearchOptions(trials=trials, objective=objective, limit=limit),
        BudgetOptions(max_calls, token_limit, cost_limit, timeout),
        StudyOptions(),
        FixedProgramOptions(thinking=thinking, thinking_tokens=thinking_tokens),
        RequestOptions(max_concurrency=max_concurrency, store=str(cache) if cache is not None else None),
        seed,
        directory,
    )
    (plan,) = plan_studies(options)
    result = outside_event_loop(lambda: run_study(plan, Progress(shown=progress), test=test))
    return TuneResult(load_program(directory / PROGRAM), directory, result, _text(plan, result))


def _text(plan: TuningPlan, result: TuningResult) -> str:
    text = io.StringIO()
    print_result(plan, result, SafeConsole(file=text, width=120, color_system=None))
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()).strip("\n")
