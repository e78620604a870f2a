"""Checks of the students and examples that optimizers get, and the exemplars that a program may show."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import dspy

from openmedlm.data import UserError
from openmedlm.programs import Exemplar
from openmedlm.programs.convert import to_demo, to_exemplar
from openmedlm.programs.registry import ExemplarKind, derive_strategy_name
from openmedlm.programs.strategy import Strategy

Metric = Callable[..., Any]
"""A DSPy metric, `(example, prediction, trace=None)`: its result is a bool, a number or a `dspy.Prediction` with a
score."""


class MissingRationales(UserError):
    """The trainset lacks the exemplars or the rationales that a strategy shows."""


def check_student(student: object, optimizer: str) -> Strategy:
    """Return the student if it is a single strategy.

    Args:
        student: Any object.
        optimizer: Name of the class that compiles it, for the message.

    Raises:
        TypeError: It is a module of another kind, an ensemble, a class or no module at all.
    """
    if isinstance(student, Strategy):
        return student
    given = f"the class {student.__name__}" if isinstance(student, type) else type(student).__name__
    raise TypeError(
        f"wrong student in {optimizer}.compile: {given}. Pass an instance of ZeroShot, CoT, FewShot, FewShotCoT, "
        "KNNPredict or KNNCoT, such as CoT()."
    )


def check_examples(examples: object, name: str, optimizer: str) -> list[dspy.Example | Exemplar]:
    """Return the examples as a list, each with a question, options and an answer.

    Args:
        examples: Any object.
        name: `trainset` or `valset`, for the message.
        optimizer: Name of the class that uses them, for the message.

    Raises:
        UserError: There are none, or one of them is no labelled multiple-choice question.
    """
    if not isinstance(examples, Sequence) or not examples:
        given = "an empty sequence" if isinstance(examples, Sequence) else type(examples).__name__
        raise UserError(f"no examples in {name} of {optimizer}.compile: {given}. {_HOW_TO_MAKE_EXAMPLES}")
    for row, example in enumerate(examples):
        where = f"in {name}[{row}] of {optimizer}.compile"
        if isinstance(example, Exemplar):
            continue
        if not isinstance(example, dspy.Example | Mapping):
            raise UserError(f"not an example {where}: {type(example).__name__}. {_HOW_TO_MAKE_EXAMPLES}")
        for field in ("question", "options", "answer"):
            if not example.get(field):
                raise UserError(f'no "{field}" {where}. {_HOW_TO_MAKE_EXAMPLES}')
        if not isinstance(example["options"], Mapping):
            given = type(example["options"]).__name__
            raise UserError(f'"options" is no mapping of letters to texts {where}: {given}. {_HOW_TO_MAKE_EXAMPLES}')
    return list(examples)


_HOW_TO_MAKE_EXAMPLES = (
    "Pass dspy.Example objects with question, options and answer, such as those of openmedlm.load_benchmark, "
    "or openmedlm.programs.to_demos(questions)."
)


def usable_exemplars(
    student: Strategy,
    trainset: Sequence[dspy.Example | Exemplar],
    optimizer: str,
    *,
    kind: ExemplarKind,
    metric: Metric | None = None,
    valset: Sequence[dspy.Example | Exemplar] | None = None,
) -> list[Exemplar]:
    """Return the exemplars as the student shows them: with rationales if it reasons, else with the letter alone.

    Args:
        student: The strategy to compile. One that reasons uses only exemplars with a rationale.
        trainset: See `openmedlm.programs.to_demo`.
        optimizer: Name of the class that compiles, for messages.
        kind: `fixed` or `retrieved`: with the student it decides the name of the compiled strategy, for messages.
        metric: Keeps an exemplar only if it accepts the answer and the rationale that the prompt would show. None keeps
            all.
        valset: Questions that are left out of the exemplars, so that no prompt shows the answer of a validation
            question.

    Raises:
        MissingRationales: The student reasons, and no exemplar has a rationale.
        UserError: The trainset is empty, holds something else than labelled questions, or nothing of it is left.
    """
    examples = check_examples(trainset, "trainset", optimizer)
    exemplars = [each if isinstance(each, Exemplar) else to_exemplar(each) for each in examples]
    validation = check_examples(valset, "valset", optimizer) if valset else []
    excluded = {_identity(each if isinstance(each, Exemplar) else to_exemplar(each)) for each in validation}
    exemplars = [exemplar for exemplar in exemplars if _identity(exemplar) not in excluded]
    if not exemplars:
        raise UserError(
            f"no exemplar left in {optimizer}.compile: every question of trainset is in valset. Pass disjoint sets."
        )
    if student.reasoning:
        questions = len(exemplars)
        exemplars = [exemplar for exemplar in exemplars if exemplar.rationale]
        if not exemplars:
            strategy = derive_strategy_name(reasoning=True, exemplars=kind)
            raise MissingRationales(
                f"no rationales for {strategy} in {optimizer}.compile: none of the {questions:,} exemplars has one. "
                "Create them with openmedlm pool, use a pool that has them (--pool medmcqa), or use a strategy "
                "without rationales."
            )
    else:
        exemplars = [exemplar.without_rationale() for exemplar in exemplars]
    if metric is not None:
        accepted = [exemplar for exemplar in exemplars if _accepts(metric, exemplar)]
        if not accepted:
            raise UserError(
                f"no exemplar left in {optimizer}.compile: the metric rejects the labelled answers of all "
                f"{len(exemplars):,}. Check the metric and the labels."
            )
        exemplars = accepted
    for exemplar in exemplars:
        question = exemplar.question
        if question.answer not in question.options:
            raise UserError(
                f'answer is no option in trainset of {optimizer}.compile: {question.answer} of "{question.question}". '
                "Correct the label, or pass a metric that rejects it."
            )
    return exemplars


def _accepts(metric: Metric, exemplar: Exemplar) -> bool:
    """Score an exemplar as if the model had given it, as DSPy's bootstrap optimizers score a demonstration."""
    shown = {"answer": exemplar.question.answer}
    if exemplar.rationale:
        shown["reasoning"] = exemplar.rationale
    result = metric(to_demo(exemplar), dspy.Prediction(**shown), [])
    return bool(result.score if isinstance(result, dspy.Prediction) else result)


def _identity(exemplar: Exemplar) -> tuple[str, tuple[str, ...]]:
    """Return the identity of an exemplar's question: its stem, and its options in any order."""
    return exemplar.question.question, tuple(sorted(exemplar.question.options.values()))
