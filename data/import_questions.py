"""The user's own questions, checked and kept where `load_split` finds them."""

import re
from pathlib import Path

from openmedlm.data.benchmarks import BENCHMARKS
from openmedlm.data.files import read_questions, write_questions
from openmedlm.data.load import SAMPLE
from openmedlm.data.question import SPLITS
from openmedlm.utils.choices import check_choice
from openmedlm.utils.errors import UserError
from openmedlm.utils.paths import imported_benchmarks

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def import_questions(
    file: str | Path, name: str, split: str, data_dir: str | Path | None = None, replace: bool = False
) -> Path:
    """Check the questions of a JSONL, CSV or parquet file and keep them as one split of a benchmark of the user's own.

    Nothing is written unless every question is right.

    Args:
        file: the questions (`openmedlm.data.files.read_questions`).
        name: the benchmark; lower-case letters, digits, `.`, `_` and `-`, and none of the four's names.
        split: `pool`, `dev` or `test`.
        data_dir: the folder to keep them in, to be given to `load_split` too; None for the user's own folder.
        replace: whether a split that is already there is replaced.

    Returns:
        The file that was written, `<name>/<split>.jsonl` in that folder.

    Raises:
        UserError: the name or split will not do, the split is already there, a question is wrong, or its id is that of
            a question in another split of the benchmark.
    """
    check_choice(split, SPLITS, "split")
    if not NAME.fullmatch(name):
        raise UserError(f'the name "{name}" will not do; use lower-case letters, digits, ".", "_" and "-"')
    if name in BENCHMARKS or name == SAMPLE:
        raise UserError(f'the name "{name}" is taken by the product; choose another name')
    if str(data_dir) == SAMPLE:
        raise UserError("the embedded sample takes no questions; name a folder, or none")
    folder = (imported_benchmarks() if data_dir is None else Path(data_dir)) / name
    path = folder / f"{split}.jsonl"
    if path.exists() and not replace:
        raise UserError(f"{path}: is already there; choose another name or split, or ask for it to be replaced")
    questions = read_questions(Path(file), name, split)
    ids = {question.id for question in questions}
    for other in SPLITS:
        beside = folder / f"{other}.jsonl"
        if other == split or not beside.is_file():
            continue
        for question in read_questions(beside, name, other):
            if question.id in ids:
                raise UserError(
                    f'{file}: the id "{question.id}" is already that of a question in {beside}; '
                    "give each question of a benchmark an id of its own"
                )
    try:
        write_questions(path, questions)
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror}); choose another folder") from None
    return path
