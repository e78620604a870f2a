"""`README.md`: the card of a frozen program."""

import json
from collections.abc import Iterator

from openmedlm.programs.frozen.schema import CorrectCount, DataSource, DevScore, Document, Fixed, Nearest
from openmedlm.programs.sampling_params import SamplingParams

CARD_FILE = "README.md"


def render_card(document: Document) -> str:
    """Return the card, in Markdown."""
    return "\n".join([*_lines(document), ""])


def _lines(d: Document) -> Iterator[str]:
    yield f"# {d.strategy} for {d.model} on {d.benchmark}"
    yield ""
    yield "A frozen prompt program of OpenMedLM. For benchmarking language models; not medical advice."
    yield ""
    yield "| | |"
    yield "| --- | --- |"
    yield from (f"| {name} | {value} |" for name, value in _facts(d))
    yield ""
    if d.dev is not None:
        yield from _dev(d.dev)
    yield "`program.json` has the checksums, `golden.jsonl` questions with the exact prompts that they render to:"
    yield ""
    yield "    openmedlm verify DIRECTORY"
    yield f"    openmedlm evaluate DIRECTORY -b {d.benchmark} --split dev"
    yield "    openmedlm export DIRECTORY --to messages"
    yield ""
    yield "docs/frozen-programs.md of the project describes how to run it from any language."


def _facts(d: Document) -> Iterator[tuple[str, str]]:
    yield "strategy", d.strategy if d.member is None else f"{d.strategy} of {d.votes} votes of {d.member}"
    yield "exemplars", _exemplars(d)
    if d.provenance.teachers:
        yield "rationales", ", ".join(f"{count} by {teacher}" for teacher, count in d.provenance.teachers.items())
    if d.provenance.orders_kept and d.exemplars.kind == "nearest":
        yield "not reordered", f"{d.provenance.orders_kept} exemplars, whose letter references are unsure"
    decode = d.decode
    yield "decoding", f"{_sampling(decode)}, at most {decode.max_tokens} tokens"
    if decode.thinking != "default" or decode.thinking_tokens:
        budget = f", {decode.thinking_tokens} tokens more for thoughts" if decode.thinking_tokens else ""
        yield "thinking", f"{decode.thinking}{budget}"
    if decode.extra_body or decode.omit_params:
        fields = [*(f"{name} = {json.dumps(value)}" for name, value in decode.extra_body.items())]
        yield "request fields", ", ".join([*fields, *(f"without {name}" for name in decode.omit_params)])
    yield "options", "shuffled for each vote" if d.shuffle else "in their own order"
    yield "dev score", _score(d)
    if d.provenance.pool:
        yield "pool", _origin(d.provenance.pool)
    yield "seed", str(d.seed)
    yield "made with", ", ".join(f"{package} {version}" for package, version in d.provenance.versions.items())


def _sampling(decode: SamplingParams) -> str:
    if decode.sampling == "model":
        return "as the model's generation config says"
    sampling = "greedy" if decode.greedy else f"temperature {decode.temperature}"
    values = (("top_p", decode.top_p), ("top_k", decode.top_k))
    return sampling + "".join(f", {name} {value}" for name, value in values if value)


def _dev(dev: DevScore) -> Iterator[str]:
    """Yield the dev scores as tables; the HTML report draws the same numbers as figures."""
    tables = {
        "subject": dev.by_subject,
        "letter of the correct option": dev.by_letter,
        "votes": {str(size): share for size, share in enumerate(dev.by_size, start=1)},
    }
    for name, shares in tables.items():
        if len(shares) > 1:
            yield f"| {name} | correct | total | accuracy % [95 % CI] |"
            yield "| --- | --- | --- | --- |"
            yield from (_share(group, share) for group, share in shares.items())
            yield ""


def _share(name: str, share: CorrectCount) -> str:
    from openmedlm.metrics import wilson_interval

    interval = wilson_interval(share.correct, share.n)
    accuracy = f"{share.correct / share.n:.1%} ({interval.low:.1%} – {interval.high:.1%})"
    return f"| {name} | {share.correct} | {share.n} | {accuracy} |"


def _exemplars(d: Document) -> str:
    if isinstance(d.exemplars, Fixed):
        return f"{d.exemplars.count}, the same for every question"
    if isinstance(d.exemplars, Nearest):
        near = d.exemplars
        return f"the {near.k} nearest of {near.count:,} ({near.index} search, embedder {near.embedder.name})"
    return "none"


def _score(d: Document) -> str:
    dev = d.dev
    if dev is None:
        return "not measured"
    return (
        f"{dev.correct}/{dev.n}, {dev.accuracy:.1%} (95 % {dev.ci_low:.1%} – {dev.ci_high:.1%}), "
        f"{dev.unanswered} unanswered, {dev.errors} errors, on {_origin(dev.questions)}"
        + (f"; standard error {dev.standard_error:.1%}" if dev.standard_error is not None else "")
        + (f"; mean over subjects {dev.macro_accuracy:.1%}" if dev.macro_accuracy is not None else "")
        + (f"; calibration error {dev.calibration_error:.3f}" if dev.calibration_error is not None else "")
    )


def _origin(origin: DataSource) -> str:
    return f"{origin.count:,} questions of {origin.benchmark} {origin.split} ({origin.source})"
