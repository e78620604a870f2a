import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markdown import Markdown
from rich.markup import escape

from openmedlm.options import DataOptions, Output, ProgramOptions, SpendOptions, takes
from openmedlm.printing import NOT_ADVICE, print_json

BENCHMARK = "mmlu"
SPLIT = "dev"

MEANING = """
**What this means.** Each row is a way of prompting the same model on the same {n} questions; the interval says where
its accuracy would lie with ever more questions of this kind. **What it does not mean.** {n} questions written for this
project and a small model show how the product works, not which strategy is best: the intervals overlap, and a small
model knows little medicine and may lose by reasoning aloud. {advice}

**What next**

- your own model, served by vLLM or another OpenAI-compatible server, on real questions:
  `openmedlm ladder -b medqa -m hosted_vllm/NAME --api-base http://127.0.0.1:8000/v1`
- what that would cost, before it does: the same with `--dry-run`
- one question of yours: `openmedlm ask {program} -q "…" --option "…" --option "…"`
- the program elsewhere: `openmedlm export {program} --to messages -b {benchmark} --data-dir sample`
- your own questions: `openmedlm data import FILE --name NAME`
- the other embedded models: `openmedlm models`
"""


@takes(Output, SpendOptions)
def quickstart(
    output: Output,
    spend: SpendOptions,
    model: Annotated[str, typer.Option("--model", "-m", help="An embedded model, or any other.")] = (
        "local/qwen2.5-coder-0.5b"
    ),
    k: Annotated[int, typer.Option("--k", "-k", min=0, help="Exemplars in the prompt.")] = 3,
    votes: Annotated[int, typer.Option(min=1, help="Size of the ensemble.")] = 3,
    max_completion_tokens: Annotated[int, typer.Option(min=1, help="Room for one completion.")] = 200,
    directory: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Directory to write the frozen program to.")
    ] = Path("quickstart-program"),
) -> None:
    """The main job on an embedded model and the embedded sample, in minutes: one question, every strategy, and the best
    of them as a frozen program that proves itself.

    Needs no download beyond the model's weights (0.5 GB, once), no key and no GPU.
    """
    from data import load_split
    from openmedlm.compiling import freeze_plan
    from openmedlm.one_question import Answered
    from openmedlm.planning import plan
    from openmedlm.progress import Progress
    from openmedlm.running import execute
    from openmedlm.table import ladder_table
    from optimizers import LADDER
    from programs.engine import find_endpoint
    from programs.frozen import check_place, verify_program

    console = Console(file=sys.stderr if output.json else sys.stdout, highlight=False)
    check_place(directory, replace=True)
    questions = load_split(BENCHMARK, SPLIT, "sample")
    endpoint = find_endpoint(model)
    options = (
        DataOptions(benchmark=BENCHMARK, data_dir="sample"),
        ProgramOptions(k=k, votes=votes, max_completion_tokens=max_completion_tokens),
        spend,
        output.seed,
    )

    console.print(f"[bold]One question[/bold], as {escape(model)} sees it (zero-shot):\n")
    one = plan(["zero-shot"], endpoint, questions[:1], SPLIT, *options)
    (ballot,) = one.programs["zero-shot"].ballots(questions[0], ())
    for message in [ballot.prompt] if isinstance(ballot.prompt, str) else ballot.prompt:
        text = message if isinstance(message, str) else f"{message['role']}: {message['content']}"
        console.print(text + "\n", style="cyan", markup=False)
    (shown,) = execute(one, Progress()).results
    answered = Answered(questions[0], shown.outcomes[0], None)
    for line in answered.lines():
        console.print(line, markup=False)
    console.print(f"The right answer is {questions[0].answer}.\n")

    planned = plan(LADDER, endpoint, questions, SPLIT, *options)
    results = execute(planned, Progress()).results
    best = max(results, key=lambda result: (result.summary.correct, -result.summary.completion_tokens))
    freeze_plan(planned, best.program, best.summary, directory, replace=True)
    proof = verify_program(directory)
    if output.json:
        runs = [result.as_json() for result in results]
        frozen = {"program": str(directory), "strategy": best.program, "ok": True, "checked": proof.prompts}
        print_json({"question": answered.as_json(), "model": model, "runs": runs, "frozen": frozen})
        return
    console.print(ladder_table(f"The ladder: {len(questions)} questions of the sample, {escape(model)}", results, {}))
    console.print(
        f"Frozen in {escape(str(directory))}: {best.program}, the best of them on these questions. Verified: "
        f"{proof.files} files, and {proof.prompts} golden prompts byte for byte.\n"
    )
    filled = {"n": len(questions), "program": directory, "benchmark": BENCHMARK, "advice": NOT_ADVICE}
    console.print(Markdown(MEANING.format(**filled)))
