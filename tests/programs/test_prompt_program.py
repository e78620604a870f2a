from collections.abc import Callable
from dataclasses import replace

import pytest

from openmedlm.data import Question
from openmedlm.programs import CHAT, PLAIN, Exemplar, FixedExemplars, PromptProgram, SamplingParams
from openmedlm.programs.retrieved import RetrievedExemplars

Make = Callable[..., PromptProgram]
Ask = Callable[..., Question]


def test_single_answer_is_one_prompt_in_own_order(make_program: Make, make_question: Ask) -> None:
    question = make_question()
    (sample_prompt,) = make_program().sample_prompts(question, [])
    assert (sample_prompt.sample, sample_prompt.order, sample_prompt.shown) == (0, "ABCD", question)
    assert sample_prompt.prompt == CHAT.render("Answer.", [], question, reasoning=False)


def test_each_vote_has_its_own_option_order(make_program: Make, make_question: Ask) -> None:
    question = make_question()
    sample_prompts = make_program(votes=7, shuffle=True).sample_prompts(question, [])
    assert [sample_prompt.sample for sample_prompt in sample_prompts] == list(range(7))
    assert sample_prompts[0].order == "ABCD"
    assert len({sample_prompt.order for sample_prompt in sample_prompts}) == 7
    assert len({str(sample_prompt.prompt) for sample_prompt in sample_prompts}) == 7
    assert all(sample_prompt.shown.options[sample_prompt.shown.answer] == "Liver" for sample_prompt in sample_prompts)


def test_unshuffled_votes_show_the_own_order(make_program: Make, make_question: Ask) -> None:
    assert make_program(votes=4).orders(make_question()) == ["ABCD"] * 4


def test_prefix_is_the_same_for_all_votes(make_program: Make, make_question: Ask) -> None:
    exemplars = [Exemplar(make_question(n, answer="C")) for n in (5, 6)]
    sample_prompts = make_program(votes=5, shuffle=True).sample_prompts(make_question(), exemplars)
    assert len({str(sample_prompt.prompt[:-1]) for sample_prompt in sample_prompts}) == 1


def test_orders_depend_only_on_question_and_seed(make_program: Make, make_question: Ask) -> None:
    program = make_program(votes=5, shuffle=True)
    orders = program.orders(make_question(1))
    assert orders == program.orders(make_question(1, id="other", answer="D"))
    assert orders != program.orders(make_question(2))
    assert orders != replace(program, seed=1).orders(make_question(1))


def test_every_completion_has_its_own_seed(make_program: Make, make_question: Ask) -> None:
    seeds = {
        make_program(seed=seed).sampling_seed(make_question(number), sample, attempt)
        for seed in (0, 1)
        for number in (1, 2)
        for sample in range(5)
        for attempt in range(3)
    }
    assert len(seeds) == 60


def test_fixed_exemplars_are_the_same_for_every_question(make_question: Ask) -> None:
    source = FixedExemplars((Exemplar(make_question(1)), Exemplar(make_question(2))))
    assert source.choose([make_question(3), make_question(4)]) == [RetrievedExemplars(source.exemplars)] * 2
    assert FixedExemplars().choose([make_question(3), make_question(4)]) == [RetrievedExemplars(), RetrievedExemplars()]
    assert source.choose([]) == []


def test_question_does_not_see_itself_as_exemplar(make_question: Ask) -> None:
    one, two = Exemplar(make_question(1)), Exemplar(make_question(2))
    options = {"A": "kidney", "B": "SPLEEN", "C": "Liver.", "D": "Heart"}
    shuffled = make_question(2, id="asked", options=options, answer="C")
    asked = [shuffled, make_question(3)]
    assert FixedExemplars((one, two)).choose(asked) == [
        RetrievedExemplars((one,), duplicates=1),
        RetrievedExemplars((one, two)),
    ]
    assert FixedExemplars((two,)).choose(asked) == [RetrievedExemplars(duplicates=1), RetrievedExemplars((two,))]


def test_equal_programs_have_equal_digests(make_program: Make) -> None:
    assert make_program().digest() == make_program().digest()


@pytest.mark.parametrize(
    "change",
    [
        {"strategy": "cot"},
        {"member": "cot"},
        {"instructions": "Answer now."},
        {"template": PLAIN},
        {"template": replace(CHAT, option="{letter}) {text}")},
        {"reasoning": True},
        {"decode": SamplingParams(max_tokens=33)},
        {"decode": SamplingParams(max_tokens=32, stop=("\n",))},
        {"votes": 2},
        {"shuffle": True},
        {"seed": 1},
    ],
)
def test_changed_program_has_another_digest(make_program: Make, change: dict[str, object]) -> None:
    assert make_program(**change).digest() != make_program().digest()


def test_other_exemplars_change_the_digest(make_program: Make, make_question: Ask) -> None:
    def shown(*numbers: int) -> str:
        return make_program(exemplars=FixedExemplars(tuple(Exemplar(make_question(n)) for n in numbers))).digest()

    assert len({shown(), shown(1), shown(2), shown(1, 2), shown(2, 1)}) == 5


def test_changed_exemplar_contents_change_the_digest(make_program: Make, make_question: Ask) -> None:
    """Digests are equal only for programs that send the same prompts."""

    def shown(exemplar: Exemplar) -> str:
        return make_program(reasoning=True, exemplars=FixedExemplars((exemplar,))).digest()

    one = Exemplar(make_question(1), "It filters.", "dataset")
    assert shown(one) != shown(replace(one, rationale="It pumps."))
    assert shown(one) != shown(replace(one, question=make_question(1, answer="C")))
