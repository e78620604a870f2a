"""Import of the user's own questions as a benchmark for `load_split`."""

import re
from pathlib import Path

from openmedlm.data.benchmarks import BENCHMARKS
from openmedlm.data.files import read_questions, write_questions
from openmedlm.data.load import SAMPLE
from openmedlm.data.option_texts import strip_own_letters
from openmedlm.data.question import SPLITS, canonical_split
from openmedlm.utils.errors import UserError
from openmedlm.utils.paths import imported_benchmarks

NAME_PATTERN = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def import_questions(
    file: str | Path,
    name: str,
    split: str,
    data_dir: str | Path | None = None,
    replace: bool = False,
    *,
    strip_letters: bool = False,
) -> Path:
    """Check the questions of a JSONL, CSV or parquet file and save them as one split of a new benchmark.

    Nothing is written unless every question is valid.

    Args:
        file: Question file (`openmedlm.data.files.read_questions`).
        name: Name of the benchmark: lower-case letters, digits, `.`, `_` and `-`; not a name of the product's own.
        split: `pool` (or `train`), `dev` or `test`.
        data_dir: Target folder, which `load_split` then takes too; None for the user's own data folder.
        replace: Overwrite a split that exists.
        strip_letters: Remove the letters inside option texts, such as "A. Aspirin" for option A.

    Returns:
        Path of the written file, `<name>/<split>.jsonl` in the target folder.

    Raises:
        UserError: The name or split is invalid, the split exists, a question is invalid, or its id occurs in another
            split of the benchmark.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder) / "questions.csv"
        ...     _ = file.write_text("id,question,A,B,answer\\n1,Which organ makes bile?,Heart,Liver,B\\n")
        ...     import_questions(file, "mine", "dev", folder).relative_to(folder).as_posix()
        'mine/dev.jsonl'
    """
    split = canonical_split(split)
    if not NAME_PATTERN.fullmatch(name):
        raise UserError(f'invalid benchmark name "{name}". Use lower-case letters, digits, ".", "_" and "-".')
    if name in BENCHMARKS or name == SAMPLE:
        raise UserError(f'the benchmark name "{name}" is reserved. Choose another name.')
    if str(data_dir) == SAMPLE:
        raise UserError("the embedded sample is read-only. Pass another --data-dir, or none.")
    folder = (imported_benchmarks() if data_dir is None else Path(data_dir)) / name
    path = folder / f"{split}.jsonl"
    if path.exists() and not replace:
        raise UserError(f"{path}: the split exists. Choose another name or split, or pass --replace.")
    questions = read_questions(Path(file), name, split)
    if strip_letters:
        questions = [strip_own_letters(question) for question in questions]
    ids = {question.id for question in questions}
    for other in SPLITS:
        other_path = folder / f"{other}.jsonl"
        if other == split or not other_path.is_file():
            continue
        for question in read_questions(other_path, name, other):
            if question.id in ids:
                raise UserError(
                    f'{file}: the id "{question.id}" is also the id of a question in {other_path}. '
                    "Give each question of a benchmark a different id."
                )
    try:
        write_questions(path, questions)
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror}). Choose another folder.") from None
    return path
