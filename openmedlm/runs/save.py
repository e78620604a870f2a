"""What a plan came to, as a run on disk."""

from collections.abc import Iterator
from pathlib import Path

from openmedlm.programs.template import Prompt
from openmedlm.runs import Run, write_run
from openmedlm.runs.execute import Report
from openmedlm.runs.plan import Plan


def save_run(directory: Path, planned: Plan, report: Report) -> None:
    """Writes the run; what depends on when it ran stands apart from what it came to."""
    runs = [{name: value for name, value in run.items() if name != "seconds"} for run in report.as_json()["runs"]]
    timing = {r.program: {"seconds": r.summary.seconds, "bought": r.api_calls} for r in report.results}
    run = Run(
        directory,
        asked=planned.asked(),
        results={"runs": runs, "skipped": planned.skipped},
        outcomes={result.program: result.outcomes for result in report.results},
        circumstances={"test_evaluations": report.test_evaluations, "programs": timing},
    )
    write_run(run, planned.questions, _sent(planned, report))


def _sent(planned: Plan, report: Report) -> Iterator[tuple[tuple[str, str, int], Prompt]]:
    """The prompt of every vote that was bought."""
    for result in report.results:
        program = planned.programs[result.program]
        for question, outcome in zip(planned.questions, result.outcomes, strict=True):
            sample_prompts = program.sample_prompts(question, program.exemplars.shown(question, outcome.exemplars))
            for vote in outcome.votes:
                yield (result.program, question.id, vote.sample), sample_prompts[vote.sample].prompt
