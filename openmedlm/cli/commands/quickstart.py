import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markdown import Markdown
from rich.markup import escape

from openmedlm.options import (
    DataOptions,
    EvaluateOptions,
    FixedProgramOptions,
    ModelOptions,
    Output,
    ProgramOptions,
    RequestOptions,
    SplitOptions,
    with_options,
)
from openmedlm.terminal.console import NOT_ADVICE, SafeConsole, print_json

BENCHMARK = "mmlu"
SPLIT = "dev"

MAX_TOKENS = 200
"""Default token limit of an answer: a small model reasons briefly, in seconds."""

EXPLANATION = """
**How to read this.** Each row of the table is one strategy, run with the same model on the same {n} questions. The
interval shows how far the true accuracy may be from the measured one. Tuning ranked programs on one half of the
questions and selected the winner on the other half.

**Limits.** {n} questions written for this project and a small model show how the tool works, not which program is best.
The intervals overlap. A small model knows little medicine, and its reasoning may lower its accuracy. {advice}

**Next steps**

- Your own model, served by vLLM or another OpenAI-compatible server, on a real benchmark:
  `openmedlm ladder -b medqa -m hosted_vllm/NAME --api-base http://127.0.0.1:8000/v1`
- The best program for it: `openmedlm tune -b medqa -m hosted_vllm/NAME --max-calls 5000 -o tuned`
- Estimated cost of either command: add `--dry-run`
- All results on one page, with every question and every vote: {page}
- One question: `openmedlm ask {program} -q "…" --option "…" --option "…"`
- The program in another system: `openmedlm export {program} --to messages -b {benchmark} --data-dir sample`
- Your own questions: `openmedlm data import FILE --name NAME`
- The other embedded models: `openmedlm models`
"""


SEARCH_SPACE: dict[str, list[Any]] = {
    "strategy": ["zero-shot", "few-shot", "knn-few-shot"],
    "k": [1, 3],
    "votes": [1, 3, 5],
    "temperature": [0.0, 0.8],
    "top_p": [0.8],
    "instructions": ["default", "short"],
}
"""Search space: direct-answer programs only, since a small model writes a direct answer in a second."""


@with_options(Output, RequestOptions)
def quickstart(
    output: Output,
    requests: RequestOptions,
    model: Annotated[str, typer.Option("--model", "-m", help="An embedded model, or any other model string.")] = (
        "local/qwen2.5-coder-0.5b"
    ),
    k: Annotated[int, typer.Option("--k", "-k", min=0, help="Exemplars per prompt in the ladder.")] = 3,
    votes: Annotated[int, typer.Option(min=1, help="Votes of the ladder's ensemble.")] = 3,
    max_completion_tokens: Annotated[
        int | None,
        typer.Option(
            "--max-tokens",
            "--max-completion-tokens",
            min=1,
            help="Maximum tokens of a completion, thoughts included. Default: 200, and 8192 more for a model that is "
            "seen to think.",
            show_default=False,
        ),
    ] = None,
    max_calls: Annotated[int, typer.Option(min=1, help="Maximum completions that tuning requests.")] = 100,
    directory: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="DIR", help="Directory for the ladder run, study, program and page."),
    ] = Path("quickstart"),
) -> None:
    """Run the whole workflow on an embedded model and the embedded sample, in minutes.

    Answers one question, runs every strategy, tunes, freezes and verifies the best program, and writes the report page.
    Downloads only the model's weights (0.5 GB, once); needs no API key and no GPU.
    """
    from openmedlm.cli.tables import ladder_table
    from openmedlm.data import load_split
    from openmedlm.inference import find_endpoint
    from openmedlm.optimizers import STRATEGIES
    from openmedlm.optimizers.search.defaults import BASELINES
    from openmedlm.optimizers.search.space import Space
    from openmedlm.programs.frozen import verify_program
    from openmedlm.programs.sampling_params import THINKING_TOKENS
    from openmedlm.report.page import read_directories, write_page
    from openmedlm.runs import check_free
    from openmedlm.runs.execute import execute
    from openmedlm.runs.one_question import AskResult
    from openmedlm.runs.plan import plan
    from openmedlm.runs.save import save_run
    from openmedlm.terminal.progress import Progress
    from openmedlm.tuning.files import LADDER_RUN, PROGRAM, REPORT
    from openmedlm.tuning.open_study import check_directory
    from openmedlm.tuning.options import BudgetOptions, ModelsOptions, SearchOptions, StudyOptions, TuneOptions
    from openmedlm.tuning.plan import plan_studies
    from openmedlm.tuning.run import tune
    from openmedlm.tuning.space_file import ModelSpace
    from openmedlm.tuning.table import print_result

    console = SafeConsole(file=sys.stderr if output.json else sys.stdout, markup=True)
    questions = load_split(BENCHMARK, SPLIT, "sample")
    limits: dict[str, Any] = {
        "max_completion_tokens": max_completion_tokens or MAX_TOKENS,
        "thinking_tokens": THINKING_TOKENS if not max_completion_tokens and find_endpoint(model).may_think else None,
    }
    data = DataOptions(benchmark=BENCHMARK, data_dir="sample")
    tuning = TuneOptions(
        models=ModelsOptions(model=[model]),
        data=data,
        search=SearchOptions(trials=12, block=3),
        budget=BudgetOptions(max_calls=max_calls),
        study=StudyOptions(),
        program=FixedProgramOptions(**limits),
        requests=requests,
        seed=output.seed,
        directory=directory,
    )
    (study,) = plan_studies(
        tuning,
        {model: ModelSpace(Space.model_validate(SEARCH_SPACE))},
        [replace(each, k=min(k, each.k)) for each in BASELINES],
    )
    check_directory(study)
    options = EvaluateOptions(
        output=output,
        model=ModelOptions(model=model),
        data=data,
        split=SplitOptions(split=SPLIT),
        program=ProgramOptions(k=k, votes=votes, **limits),
        requests=requests,
    )

    console.print(f"[bold]One question[/bold], as sent to {escape(model)} (zero-shot):\n")
    single = plan(["zero-shot"], options, questions[:1])
    (sample_prompt,) = single.programs["zero-shot"].sample_prompts(questions[0], ())
    for message in [sample_prompt.prompt] if isinstance(sample_prompt.prompt, str) else sample_prompt.prompt:
        text = message if isinstance(message, str) else f"{message['role']}: {message['content']}"
        console.print(text + "\n", style="cyan", markup=False)
    (zero_shot,) = execute(single, Progress()).results
    answer = AskResult(questions[0], zero_shot.outcomes[0], None)
    for line in answer.lines():
        console.print(line, markup=False)
    console.print(f"Correct answer: {questions[0].answer}\n")

    ladder = plan(STRATEGIES, options, questions)
    check_free(directory / LADDER_RUN, ladder.config())
    report = execute(ladder, Progress(), keep_prompts=True)
    save_run(directory / LADDER_RUN, ladder, report)
    if not output.json:
        console.print(
            ladder_table(f"Every strategy on {len(questions)} sample questions, {escape(model)}", report.results, {})
        )
    result = tune(study, Progress(), test=False)
    verified = verify_program(directory / PROGRAM)
    write_page(*read_directories([directory / LADDER_RUN, directory]), directory / REPORT)
    if output.json:
        print_json(
            {
                "question": answer.as_json(),
                "model": model,
                "runs": [each.as_json() for each in report.results],
                "study": result.as_json(),
                "frozen": {"program": str(directory / PROGRAM), "ok": True, "checked": verified.prompts},
                "page": str(directory / REPORT),
            }
        )
        return
    print_result(study, result)
    console.print(f"Verified: {verified.files} files and {verified.prompts} golden prompts match byte for byte.\n")
    values = {"n": len(questions), "program": directory / PROGRAM, "benchmark": BENCHMARK, "advice": NOT_ADVICE}
    console.print(Markdown(EXPLANATION.format(**values, page=directory / REPORT)))
