import asyncio
from collections.abc import Callable
from typing import Any

import dspy
import pytest

from openmedlm.data import Question
from openmedlm.programs import SamplingParams
from openmedlm.programs.convert import to_question
from openmedlm.programs.cot import CoT
from openmedlm.programs.ensemble import MajorityEnsemble
from openmedlm.programs.option_order import unshuffle_letter
from openmedlm.programs.strategy import Strategy
from openmedlm.programs.zero_shot import ZeroShot

STEM = "Which organ pumps?"
OPTIONS = {"A": "Liver", "B": "Heart", "C": "Spleen"}
ASKED = to_question({"question": STEM, "options": OPTIONS})


def by_vote(ensemble: MajorityEnsemble, replies: list[str], make_reply: Any) -> Callable[[Any], Any]:
    """Make a reply function that answers each vote, known by its seed, in the lettering it was shown."""
    program = ensemble.prompt_program()
    texts = {program.sampling_seed(ASKED, sample): text for sample, text in enumerate(replies)}
    return lambda asked: make_reply(texts[asked.body["seed"]])


@pytest.mark.parametrize(
    ("replies", "votes", "answer"),
    [
        (["A", "A", "A", "B"], ["A", "A", "A", "B"], "A"),
        (["(A)", "A.", "B"], ["A", "A", "B"], "A"),
        (["B", "A", "A", "B"], ["B", "A", "A", "B"], "B"),
        (["C", "A", "A"], ["C", "A", "A"], "A"),
        (["Hm.", "Hm.", "C"], [None, None, "C"], "C"),
        (["Hm.", "Hm."], [None, None], None),
        (["C"], ["C"], "C"),
    ],
)
def test_majority_of_parsed_votes_is_the_answer(
    replies: list[str], votes: list[str | None], answer: str | None, server: Any, lm: dspy.LM, make_reply: Any
) -> None:
    ensemble = MajorityEnsemble(ZeroShot(), votes=len(replies), shuffle=False)
    server.reply = by_vote(ensemble, replies, make_reply)
    prediction = ensemble(question=STEM, options=OPTIONS)
    assert (prediction.votes, prediction.answer) == (votes, answer)


def test_votes_differ_in_order_and_seed(server: Any, lm: dspy.LM) -> None:
    MajorityEnsemble(ZeroShot(), votes=6, seed=3)(question=STEM, options=OPTIONS)
    assert len({asked.question for asked in server.requests}) == 6
    assert len({body["seed"] for body in server.bodies}) == 6
    assert all(body["temperature"] == 0.8 and body["top_p"] == 0.8 for body in server.bodies)


def test_unshuffled_votes_differ_only_in_seed(server: Any, lm: dspy.LM) -> None:
    MajorityEnsemble(ZeroShot(), votes=4, shuffle=False)(question=STEM, options=OPTIONS)
    assert len({asked.question for asked in server.requests}) == 1
    assert len({body["seed"] for body in server.bodies}) == 4


def test_greedy_votes_have_no_seed(server: Any, lm: dspy.LM) -> None:
    MajorityEnsemble(ZeroShot(), votes=3, decode=SamplingParams(max_tokens=9))(question=STEM, options=OPTIONS)
    assert len(server.requests) == 3
    assert not any("seed" in body for body in server.bodies)


def test_ensemble_shares_the_pool_of_its_member(ready: Callable[..., Strategy]) -> None:
    """A pool of a hundred thousand questions, its vectors and the embedder must be in memory once."""
    member = ready("knn-cot", "mmlu")
    source = MajorityEnsemble(member).prompt_program().exemplars
    assert source.pool is member.exemplars.pool
    assert source.index.vectors is member.exemplars.index.vectors
    assert source.index.embedder is member.exemplars.index.embedder


def test_ensemble_overrides_sampling_of_its_member(server: Any, lm: dspy.LM) -> None:
    member = ZeroShot(decode=SamplingParams(max_tokens=9, temperature=0.3, top_p=0.5, stop=("x",)))
    MajorityEnsemble(member, votes=2, decode=SamplingParams(max_tokens=7, temperature=0.9))(
        question=STEM, options=OPTIONS
    )
    for body in server.bodies:
        assert (body["temperature"], body["max_completion_tokens"]) == (0.9, 7)
        assert not {"top_p", "stop"} & set(body)


def test_awaited_ensemble_sends_the_same_requests(server: Any, lm: dspy.LM) -> None:
    ensemble = MajorityEnsemble(CoT(), votes=4, seed=8)
    called = ensemble(question=STEM, options=OPTIONS)
    awaited = asyncio.run(ensemble.acall(question=STEM, options=OPTIONS))
    first, second = server.requests[:4], server.requests[4:]
    assert (awaited.answer, awaited.votes, awaited.reasoning) == (called.answer, called.votes, called.reasoning)
    assert {asked.identity for asked in first} == {asked.identity for asked in second}


def test_ensemble_makes_one_call_per_vote(server: Any, lm: dspy.LM) -> None:
    MajorityEnsemble(CoT(), votes=5)(question=STEM, options=OPTIONS)
    assert len(server.requests) == 5


def test_dspy_cache_does_not_merge_votes(server: Any) -> None:
    cached = dspy.LM("openai/x", api_base=server.base_url, api_key="x", cache=True, num_retries=0)
    with dspy.context(lm=cached):
        MajorityEnsemble(ZeroShot(), votes=5, shuffle=False)(question=f"{STEM} {server.base_url}", options=OPTIONS)
    assert len(server.requests) == 5


def test_vote_letters_are_unshuffled(server: Any, lm: dspy.LM, make_reply: Any) -> None:
    """A model that always replies A votes for the option shown first."""
    server.reply = lambda asked: make_reply("A")
    ensemble = MajorityEnsemble(ZeroShot(), votes=6, seed=3)
    orders = ensemble.prompt_program().orders(ASKED)
    prediction = ensemble(question=STEM, options=OPTIONS)
    assert prediction.votes == [unshuffle_letter("A", list(OPTIONS), order) for order in orders]
    assert sorted(prediction.votes) == ["A", "A", "B", "B", "C", "C"]


def test_reasoning_is_of_the_first_vote_for_the_answer(server: Any, lm: dspy.LM, make_reply: Any) -> None:
    ensemble = MajorityEnsemble(CoT(), votes=3, shuffle=False)
    replies = ["It filters.\nAnswer: C", "It pumps.\nAnswer: B", "It beats.\nAnswer: B"]
    server.reply = by_vote(ensemble, replies, make_reply)
    prediction = ensemble(question=STEM, options=OPTIONS)
    assert (prediction.answer, prediction.reasoning) == ("B", "It pumps.")


def test_direct_member_gives_no_reasoning(server: Any, lm: dspy.LM) -> None:
    assert "reasoning" not in MajorityEnsemble(ZeroShot(), votes=2)(question=STEM, options=OPTIONS)


@pytest.mark.parametrize("member", [ZeroShot, CoT])
def test_ensemble_keeps_the_token_limit_of_its_member(member: type[Strategy]) -> None:
    decode = MajorityEnsemble(member()).prompt_program().decode
    assert decode == SamplingParams(member().decode.max_tokens, temperature=0.8, top_p=0.8)
    greedy = SamplingParams(max_tokens=9)
    assert MajorityEnsemble(member(), decode=greedy).prompt_program().decode == greedy


def test_prompt_program_names_the_member() -> None:
    program = MajorityEnsemble(CoT(), votes=7, shuffle=False, seed=5).prompt_program()
    assert (program.strategy, program.member) == ("ensemble", "cot")
    assert (program.votes, program.shuffle, program.seed, program.reasoning) == (7, False, 5, True)


def test_zero_votes_are_rejected() -> None:
    with pytest.raises(ValueError, match=r"0\. Use at least 1"):
        MajorityEnsemble(ZeroShot(), votes=0)


def test_endpoint_error_is_passed_on(server: Any, lm: dspy.LM, make_reply: Any) -> None:
    server.reply = lambda asked: make_reply("the prompt is too long", status=400)
    with pytest.raises(Exception, match="the prompt is too long"):
        MajorityEnsemble(ZeroShot(), votes=3)(question=STEM, options=OPTIONS)


def test_same_seed_sends_the_same_requests(server: Any, lm: dspy.LM) -> None:
    for _ in range(2):
        MajorityEnsemble(ZeroShot(), votes=4, seed=8)(question=STEM, options=OPTIONS)
    first, second = server.requests[:4], server.requests[4:]
    assert {asked.identity for asked in first} == {asked.identity for asked in second}


def test_questions_with_more_letters_are_unshuffled(
    server: Any, lm: dspy.LM, make_question: Callable[..., Question]
) -> None:
    question = make_question(options=dict(zip("ABCDEFGHIJ", "zyxwvutsrq", strict=True)))
    prediction = MajorityEnsemble(ZeroShot(), votes=5)(question=question.question, options=question.options)
    assert set(prediction.votes) <= set("ABCDEFGHIJ")
