"""Evaluate programs from Python."""

import asyncio
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import dspy
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from openmedlm.api.model import find_model_endpoint
from openmedlm.api.programs import Program, named_programs
from openmedlm.api.questions import to_questions
from openmedlm.data import Question
from openmedlm.inference import call_in_thread
from openmedlm.metrics import Comparison, compare
from openmedlm.metrics.pairing import pair_outcomes
from openmedlm.options import RequestOptions
from openmedlm.runs import check_free
from openmedlm.runs.call_settings import make_call_settings, make_policy
from openmedlm.runs.execute import ProgramResult, Report, execute
from openmedlm.runs.plan import Plan, check_template, subsample
from openmedlm.runs.save import save_run
from openmedlm.terminal.console import dollars, thousands
from openmedlm.terminal.progress import Progress
from openmedlm.utils.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")

OnUnparsed = Literal["auto", "resample", "constrain", "skip"]


@dataclass(frozen=True)
class EvaluationResult:
    """Results of several programs on the same questions.

    `result["cot"]` is the result of one program; iterating gives all of them.

    Attributes:
        programs: Results in the order in which the programs were given.
        test_evaluations: Number of different evaluations of this model on this benchmark's test split, this one
            included; None for another split.

    Example:
        >>> import dspy
        >>> dspy.configure(lm=dspy.LM("openai/NAME", api_base="http://127.0.0.1:8000/v1", api_key="-"))
        >>> from openmedlm import CoT, ZeroShot, evaluate, load_benchmark
        >>> result = evaluate([ZeroShot(), CoT()], load_benchmark("mmlu", "sample").dev, limit=4, progress=False)
        >>> [program.program for program in result], len(result.to_pandas())
        (['zero-shot', 'cot'], 2)
    """

    programs: Sequence[ProgramResult]
    test_evaluations: int | None
    _plan: Plan = field(repr=False)
    _report: Report = field(repr=False)

    def __getitem__(self, name: str) -> ProgramResult:
        for result in self.programs:
            if result.program == name:
                return result
        known = ", ".join(result.program for result in self.programs)
        raise KeyError(f"no such program in this result: {name!r}. Choose one of: {known}.")

    def __iter__(self) -> Iterator[ProgramResult]:
        return iter(self.programs)

    def __len__(self) -> int:
        return len(self.programs)

    def __repr__(self) -> str:
        return self.table()

    def compared(self, result: ProgramResult) -> Comparison | None:
        """Return the comparison of a program with the first one; None for the first."""
        first = self.programs[0]
        if result is first:
            return None
        pairs = pair_outcomes(result.outcomes, first.outcomes)
        return compare(pairs.first, pairs.second)

    def table(self) -> str:
        """Return a text table: accuracy with its 95 % interval, calls, tokens, cost, and the difference to the first
        program with its interval and the p-value of the exact paired test. Truncated votes are counted if there are
        any."""
        truncated = any(result.summary.truncated for result in self.programs)
        rows = Table(box=SIMPLE_HEAD, pad_edge=False, title=self._title(), title_justify="left")
        rows.add_column("program")
        headings = (
            "correct",
            "accuracy %\n[95 % CI]",
            "no\nanswer",
            *(["truncated"] if truncated else []),
            "errors",
            "calls",
            "input\ntokens",
            "output\ntokens",
        )
        for heading in (*headings, "cost", f"vs {self.programs[0].program},\npoints [95 % CI]", "p"):
            rows.add_column(heading, justify="right")
        for result in self.programs:
            s, versus = result.summary, self.compared(result)
            rows.add_row(
                result.program,
                f"{s.correct}/{s.n}",
                _interval(s.accuracy, s.ci_low, s.ci_high),
                str(s.unanswered),
                *([f"{s.truncated:,}"] if truncated else []),
                str(s.errors),
                f"{s.calls:,}",
                thousands(s.prompt_tokens),
                thousands(s.completion_tokens),
                dollars(s.cost_usd),
                _interval(versus.difference, versus.ci_low, versus.ci_high, "+") if versus else "–",
                f"{versus.p_value:.3g}" if versus else "–",
            )
        text = io.StringIO()
        Console(file=text, width=160, color_system=None, markup=False, emoji=False, highlight=False).print(rows)
        return "\n".join(line.rstrip() for line in text.getvalue().splitlines()).strip("\n")

    def _title(self) -> str:
        plan = self._plan
        return f"{plan.benchmark}, {plan.split}, {len(plan.questions):,} questions, {plan.calls.endpoint.model}"

    def as_json(self) -> dict[str, Any]:
        """Return the results as plain JSON values, as `openmedlm evaluate --json` prints them."""
        return self._report.as_json()

    def to_pandas(self, per_question: bool = False) -> "pd.DataFrame":
        """Return a data frame with one row per program, or one row per program and question.

        Args:
            per_question: Whether rows are questions: program, question_id, subject, gold, answer, correct, status,
                error, calls, prompt_tokens, completion_tokens.
        """
        import pandas as pd

        if not per_question:
            rows = [{"program": result.program, **_flat(result)} for result in self.programs]
        else:
            rows = [
                {
                    "program": result.program,
                    "question_id": outcome.question_id,
                    "benchmark": outcome.benchmark,
                    "subject": outcome.subject,
                    "gold": outcome.gold,
                    "answer": outcome.answer,
                    "correct": outcome.correct,
                    "status": outcome.status,
                    "error": outcome.error,
                    "calls": sum(vote.calls for vote in outcome.votes),
                    "prompt_tokens": sum(vote.prompt_tokens for vote in outcome.votes),
                    "completion_tokens": sum(vote.completion_tokens for vote in outcome.votes),
                }
                for result in self.programs
                for outcome in result.outcomes
            ]
        return pd.DataFrame(rows)

    def save(self, directory: str | Path) -> None:
        """Write the run to a directory that `openmedlm report`, `view` and `compare` read.

        Raises:
            UserError: The directory holds another run or other files, or cannot be written.
        """
        check_free(Path(directory), self._plan.config())
        save_run(Path(directory), self._plan, self._report)


def evaluate(
    programs: Program | Iterable[Program] | Mapping[str, Program],
    questions: Sequence[dspy.Example | Question],
    *,
    limit: int | None = None,
    model: str | None = None,
    api_base: str | Sequence[str] | None = None,
    api_key: str | None = None,
    max_concurrency: int | None = None,
    on_unparsed: OnUnparsed = "auto",
    all_votes: bool = False,
    cache: str | Path | None = None,
    progress: bool = True,
) -> EvaluationResult:
    """Answer questions with programs through the inference engine: cached, resumable, with intervals and paired tests.

    Completions are saved before they are used, so a call that was interrupted resumes where it stopped, and identical
    requests are sent once. Each program's own sampling parameters are used, not those of `dspy.settings.lm`.

    Args:
        programs: DSPy modules of OpenMedLM, frozen programs or directories of them; a mapping names them.
        questions: Examples of `load_benchmark`, others with `question`, `options` and `answer`, or `Question`s.
        limit: Number of questions, always the same ones; a larger limit keeps those of a smaller one.
        model: litellm model string, or `local/NAME`; None takes model, address and key of `dspy.settings.lm`.
        api_base: Address of an OpenAI-compatible endpoint, or of several replicas.
        api_key: Key of the endpoint; None takes it from the environment.
        max_concurrency: Maximum number of concurrent requests; None takes 16.
        on_unparsed: Treatment of an unparsed vote: resample it, constrain a follow-up request, or skip it.
        all_votes: Whether votes are requested that can no longer change the majority.
        cache: File or database URL of the completion cache; None takes the user's.
        progress: Whether progress is shown on stderr.

    Raises:
        UserError: A question or a program is invalid, no model is named, the model does not accept a program's prompts,
            or the endpoint is down.
        TypeError: An object is no program.

    Example:
        >>> import dspy
        >>> from openmedlm import CoT, ZeroShot, evaluate, load_benchmark
        >>> dspy.configure(lm=dspy.LM("openai/NAME", api_base="http://127.0.0.1:8000/v1", api_key="-"))
        >>> result = evaluate([ZeroShot(), CoT()], load_benchmark("mmlu", "sample").dev, limit=4, progress=False)
        >>> result["cot"].summary.n
        4
    """
    named = named_programs(programs)
    chosen = subsample(to_questions(questions, "dev"), limit)
    if not chosen:
        raise UserError("no questions in evaluate: an empty sequence. Pass at least one example.")
    endpoint = find_model_endpoint(model, api_base, api_key)
    for program in named.values():
        check_template(program.template, endpoint)
    options = RequestOptions(
        max_concurrency=max_concurrency,
        on_unparsed=on_unparsed,
        all_votes=all_votes,
        store=str(cache) if cache is not None else None,
    )
    plan = Plan(
        calls=make_call_settings(options, endpoint, make_policy(options, endpoint)),
        programs=named,
        skipped={},
        questions=chosen,
        benchmark="+".join(sorted({question.benchmark for question in chosen})),
        split=_split(chosen),
        source="python",
    )
    report = outside_event_loop(lambda: execute(plan, Progress(shown=progress), keep_prompts=True))
    return EvaluationResult(report.results, report.test_evaluations, plan, report)


def outside_event_loop(function: Callable[[], T]) -> T:
    """Call a function that runs an event loop of its own, also where one is running already, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return function()
    return call_in_thread(function)


def _split(questions: Sequence[Question]) -> str:
    splits = sorted({question.split for question in questions})
    if len(splits) > 1:
        raise UserError(
            f"questions of several splits in evaluate: {', '.join(splits)}. Evaluate each split on its own."
        )
    return splits[0]


def _interval(value: float | None, low: float | None, high: float | None, sign: str = "") -> str:
    if value is None or low is None or high is None:
        return "–"
    return f"{100 * value:{sign}.1f} [{100 * low:{sign}.1f}, {100 * high:{sign}.1f}]"


def _flat(result: ProgramResult) -> dict[str, Any]:
    return {name: value for name, value in result.summary.as_json().items() if not isinstance(value, dict | list)}
