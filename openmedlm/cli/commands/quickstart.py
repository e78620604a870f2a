import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markdown import Markdown
from rich.markup import escape

from openmedlm.options.groups import DataOptions, FixedProgramOptions, Output, ProgramOptions, RequestOptions
from openmedlm.options.with_options import with_options
from openmedlm.terminal.console import NOT_ADVICE, InertConsole, print_json

BENCHMARK = "mmlu"
SPLIT = "dev"

MEANING = """
**What this means.** Each row of the ladder is a way of prompting the same model on the same {n} questions; the interval
says where its accuracy would lie with ever more questions of this kind. Tuning then searched further, ranked on half of
the questions and chose on the other half. **What it does not mean.** {n} questions written for this project and a small
model show how the product works, not which program is best: the intervals overlap, and a small model knows little
medicine and may lose by reasoning aloud. {advice}

**What next**

- your own model, served by vLLM or another OpenAI-compatible server, on real questions:
  `openmedlm ladder -b medqa -m hosted_vllm/NAME --api-base http://127.0.0.1:8000/v1`
- the best program for it: `openmedlm tune -b medqa -m hosted_vllm/NAME --max-calls 5000 -o tuned`
- what either would cost, before it does: the same with `--dry-run`
- ladder and study as a page, with every question and every answer: {page}
- one question of yours: `openmedlm ask {program} -q "…" --option "…" --option "…"`
- the program elsewhere: `openmedlm export {program} --to messages -b {benchmark} --data-dir sample`
- your own questions: `openmedlm data import FILE --name NAME`
- the other embedded models: `openmedlm models`
"""


SEARCHED: dict[str, list[Any]] = {
    "strategy": ["zero-shot", "few-shot", "knn-few-shot"],
    "k": [1, 3],
    "votes": [1, 3, 5],
    "temperature": [0.0, 0.8],
    "top_p": [0.8],
    "instructions": ["default", "short"],
}
"""What is searched: programs that answer directly, since a small model writes such an answer in a second."""


@with_options(Output, RequestOptions)
def quickstart(
    output: Output,
    spend: RequestOptions,
    model: Annotated[str, typer.Option("--model", "-m", help="An embedded model, or any other.")] = (
        "local/qwen2.5-coder-0.5b"
    ),
    k: Annotated[int, typer.Option("--k", "-k", min=0, help="Exemplars in the prompts of the ladder.")] = 3,
    votes: Annotated[int, typer.Option(min=1, help="Size of the ladder's ensemble.")] = 3,
    max_completion_tokens: Annotated[int, typer.Option(min=1, help="Room for one completion.")] = 200,
    max_calls: Annotated[int, typer.Option(min=1, help="Completions that tuning may buy.")] = 100,
    directory: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Directory for ladder, study, program and page.")
    ] = Path("quickstart"),
) -> None:
    """The main job on an embedded model and the embedded sample, in minutes: one question, every strategy, a small
    search, and the best program frozen, verified, and shown as a page.

    Needs no download beyond the model's weights (0.5 GB, once), no key and no GPU.
    """
    from openmedlm.cli.tables import ladder_table
    from openmedlm.data import load_split
    from openmedlm.inference import find_endpoint
    from openmedlm.optimizers import STRATEGIES
    from openmedlm.optimizers.search.defaults import BASELINES
    from openmedlm.optimizers.search.space import Space
    from openmedlm.programs.frozen import verify_program
    from openmedlm.report.page import read_places, write_page
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

    console = InertConsole(file=sys.stderr if output.json else sys.stdout, markup=True)
    questions = load_split(BENCHMARK, SPLIT, "sample")
    endpoint = find_endpoint(model)
    data = DataOptions(benchmark=BENCHMARK, data_dir="sample")
    asked = TuneOptions(
        models=ModelsOptions(model=[model]),
        data=data,
        search=SearchOptions(trials=12, block=3),
        budget=BudgetOptions(max_calls=max_calls),
        study=StudyOptions(),
        settled=FixedProgramOptions(max_completion_tokens=max_completion_tokens),
        spend=spend,
        seed=output.seed,
        directory=directory,
    )
    (study,) = plan_studies(
        asked,
        {model: ModelSpace(Space.model_validate(SEARCHED))},
        [replace(each, k=min(k, each.k)) for each in BASELINES],
    )
    check_directory(study)
    options = (
        data,
        ProgramOptions(k=k, votes=votes, max_completion_tokens=max_completion_tokens),
        spend,
        output.seed,
    )

    console.print(f"[bold]One question[/bold], as {escape(model)} sees it (zero-shot):\n")
    one = plan(["zero-shot"], endpoint, questions[:1], SPLIT, *options)
    (sample_prompt,) = one.programs["zero-shot"].sample_prompts(questions[0], ())
    for message in [sample_prompt.prompt] if isinstance(sample_prompt.prompt, str) else sample_prompt.prompt:
        text = message if isinstance(message, str) else f"{message['role']}: {message['content']}"
        console.print(text + "\n", style="cyan", markup=False)
    (shown,) = execute(one, Progress()).results
    answered = AskResult(questions[0], shown.outcomes[0], None)
    for line in answered.lines():
        console.print(line, markup=False)
    console.print(f"The right answer is {questions[0].answer}.\n")

    climbed = plan(STRATEGIES, endpoint, questions, SPLIT, *options)
    check_free(directory / LADDER_RUN, climbed.asked())
    report = execute(climbed, Progress())
    save_run(directory / LADDER_RUN, climbed, report)
    if not output.json:
        console.print(
            ladder_table(f"The ladder: {len(questions)} questions of the sample, {escape(model)}", report.results, {})
        )
    found = tune(study, Progress(), test=False)
    proof = verify_program(directory / PROGRAM)
    write_page(*read_places([directory / LADDER_RUN, directory]), directory / REPORT)
    if output.json:
        runs = [result.as_json() for result in report.results]
        frozen = {"program": str(directory / PROGRAM), "ok": True, "checked": proof.prompts}
        page = str(directory / REPORT)
        ended = {"question": answered.as_json(), "model": model, "runs": runs, "study": found.as_json()}
        print_json({**ended, "frozen": frozen, "page": page})
        return
    print_result(study, found)
    console.print(f"Verified: {proof.files} files, and {proof.prompts} golden prompts byte for byte.\n")
    filled = {"n": len(questions), "program": directory / PROGRAM, "benchmark": BENCHMARK, "advice": NOT_ADVICE}
    console.print(Markdown(MEANING.format(**filled, page=directory / REPORT)))
