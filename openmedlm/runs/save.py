"""Results of a plan as a run directory."""

from collections.abc import Iterator
from pathlib import Path

from openmedlm.programs.template import Prompt
from openmedlm.runs import Run, write_run
from openmedlm.runs.execute import Report
from openmedlm.runs.plan import Plan
from openmedlm.runs.prompts_table import Key


def save_run(directory: Path, plan: Plan, report: Report) -> None:
    """Write the run; durations and counts of API calls go to a file of their own, apart from the results.

    Args:
        directory: Directory that `check_free` accepted.
        plan: Plan of the run.
        report: Results of `execute(plan, ..., keep_prompts=True)`.
    """
    runs = [{name: value for name, value in run.items() if name != "seconds"} for run in report.as_json()["runs"]]
    timing = {r.program: {"seconds": r.summary.seconds, "api_calls": r.api_calls} for r in report.results}
    run = Run(
        directory,
        config=plan.config(),
        results={"runs": runs, "skipped": plan.skipped},
        outcomes={result.program: result.outcomes for result in report.results},
        timing={"test_evaluations": report.test_evaluations, "programs": timing},
    )
    write_run(run, plan.questions, _prompts(plan, report))


def _prompts(plan: Plan, report: Report) -> Iterator[tuple[Key, Prompt]]:
    """Yield the prompt of every vote, in the order of programs, questions and votes."""
    for result in report.results:
        if result.prompts is None:
            raise ValueError("the prompts of this run were not kept; call execute with keep_prompts=True")
        for position, question in enumerate(plan.questions):
            for sample, prompt in result.prompts[position]:
                yield (result.program, question.id, sample), prompt
