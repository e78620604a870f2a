"""OpenAI-compatible server on loopback whose abilities a test chooses."""

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web
from model_server import Asked, ModelServer

WORDS = [
    "clean",
    "water",
    "removes",
    "germs",
    "that",
    "cause",
    "illness",
    "while",
    "soap",
    "protects",
    "children",
    "cooks",
    "guests",
    "doctors",
    "every",
    "day",
]
THOUGHTS = "The eagle is a bird, and birds fly. "


@dataclass(frozen=True)
class Abilities:
    """Abilities of the server; the defaults are those of vLLM with a model that does not think.

    Attributes:
        names: Models in the list.
        list_status: HTTP status of the list.
        key: Key that it requires; None for none.
        chat, text: Whether it serves chats, and text prompts.
        system: Whether a system message is accepted, refused or dropped.
        turns: Whether it accepts assistant messages.
        thoughts: Form in which the model thinks: tags, field, or none.
        thought_words: Words of its thoughts.
        off: Request field that turns thinking off; None if there is none.
        refused: Request fields that are refused.
        ignored: Request fields without effect.
        binding: Constraints that bind.
        usage: Whether it reports tokens.
        cached: Whether it reports cached tokens.
        context: Context length in the list.
        limited: Whether the first completion gets HTTP 429.
        failing: Status and message of the response to every completion; None if it works.
        odd_logprobs: Whether the log-probabilities are no numbers.
    """

    names: Sequence[str] = ("small",)
    list_status: int = 200
    key: str | None = None
    chat: bool = True
    text: bool = True
    system: str = "accepted"
    turns: bool = True
    thoughts: str = ""
    thought_words: int = 100
    off: str | None = None
    refused: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    binding: frozenset[str] = frozenset({"structured_outputs"})
    usage: bool = True
    cached: bool = True
    context: int | None = 4096
    limited: bool = False
    failing: tuple[int, str] | None = None
    odd_logprobs: bool = False


class AbleServer(ModelServer):
    """Server with some abilities.

    Args:
        abilities: Its abilities.
    """

    def __init__(self, abilities: Abilities) -> None:
        super().__init__()
        self.abilities = abilities
        self._seen: set[str] = set()

    async def _models(self, request: web.Request) -> web.Response:
        a = self.abilities
        if a.list_status != 200:
            return _error(a.list_status, "the list of models is not allowed")
        entries = [{"id": name, **({"max_model_len": a.context} if a.context else {})} for name in a.names]
        return web.json_response({"data": entries})

    async def _answer(self, request: web.Request) -> web.Response:
        body = orjson.loads(await request.read())
        self.requests.append(Asked(request.path, body, request.headers.get("Authorization"), time.monotonic()))
        if self.abilities.limited and len(self.requests) == 1:
            return _error(429, "too many requests", {"Retry-After": "0"})
        if self.abilities.failing is not None:
            return _error(*self.abilities.failing)
        refusal = self._refusal(body, request.headers.get("Authorization"))
        return refusal or web.json_response(self._completion(body))

    def _refusal(self, body: Mapping[str, Any], authorization: str | None) -> web.Response | None:
        a = self.abilities
        roles = [message["role"] for message in body.get("messages", ())]
        if a.key is not None and authorization != f"Bearer {a.key}":
            return _error(401, "wrong key")
        if not (a.chat if roles else a.text):
            return _error(400, "no chat template")
        if body["model"] not in a.names and a.list_status == 200:
            return _error(404, f"The model {body['model']} does not exist")
        if a.system == "refused" and "system" in roles:
            return _error(400, "System role not supported")
        if not a.turns and "assistant" in roles:
            return _error(400, "only one message")
        named = sorted(a.refused & body.keys())
        return _error(400, f"unsupported parameter: {named[0]}") if named else None

    def _completion(self, body: Mapping[str, Any]) -> dict[str, Any]:
        a = self.abilities
        count = body.get("n", 1) if "n" not in a.ignored else 1
        choices = [self._choice(body, place) for place in range(count)]
        messages = body.get("messages", ())
        kept = [message for message in messages if a.system != "dropped" or message["role"] != "system"]
        prompt = "".join(message["content"] for message in kept) if messages else body["prompt"]
        response: dict[str, Any] = {"model": body["model"], "choices": [choice for choice, _ in choices]}
        if a.usage:
            total = len(prompt.split()) + 4 * len(kept)
            response["usage"] = {"prompt_tokens": total, "completion_tokens": sum(tokens for _, tokens in choices)}
            if a.cached:
                response["usage"]["prompt_tokens_details"] = {"cached_tokens": total if prompt in self._seen else 0}
        self._seen.add(prompt)
        return response

    def _choice(self, body: Mapping[str, Any], place: int) -> tuple[dict[str, Any], int]:
        """Return one choice and its tokens, which are words here."""
        thoughts, text = self._generate(body, place)
        limit = body.get("max_tokens", body.get("max_completion_tokens", 10_000))
        thought_words, words = thoughts.split(), text.split()
        cut = len(thought_words) + len(words) > limit
        shown_thoughts = " ".join(thought_words[:limit])
        shown = text if not cut else " ".join(words[: max(0, limit - len(thought_words))])
        closed = len(thought_words) < limit
        message: dict[str, Any] = {"role": "assistant", "content": shown}
        if thoughts and self.abilities.thoughts == "tags":
            message["content"] = f"<think>{shown_thoughts}" + (f"</think>\n{shown}" if closed else "")
        elif thoughts:
            message["reasoning_content"] = shown_thoughts
        choice: dict[str, Any] = {"index": place, "finish_reason": "length" if cut else "stop"}
        choice |= {"message": message} if "messages" in body else {"text": message["content"]}
        if body.get("logprobs") and "logprobs" not in self.abilities.ignored:
            top = [{"token": token, "logprob": logprob} for token, logprob in (("B", -0.1), ("A", -3.0), ("The", -4.0))]
            if self.abilities.odd_logprobs:
                top = [{"token": "B", "logprob": "high"}]
            choice["logprobs"] = {"content": [{"token": "B", "logprob": -0.1, "top_logprobs": top}]}
        return choice, min(limit, len(thought_words) + len(words))

    def _generate(self, body: Mapping[str, Any], place: int) -> tuple[str, str]:
        a = self.abilities
        thoughts = (
            THOUGHTS * (a.thought_words // len(THOUGHTS.split())) if a.thoughts and not self._is_off(body) else ""
        )
        effort = body.get("reasoning_effort")
        if effort in ("low", "high") and "reasoning_effort" not in a.ignored and thoughts:
            thoughts = THOUGHTS if effort == "low" else thoughts
        last = body["messages"][-1] if "messages" in body else {"role": "user", "content": body["prompt"]}
        if bound := self._bound(body):
            return thoughts, bound
        if last["role"] == "assistant":
            return "", "is, of course." if body.get("continue_final_message") else "It is Paris."
        if "three sentences" in last["content"]:
            return thoughts, self._sentences(body, place)
        return thoughts, "B"

    def _is_off(self, body: Mapping[str, Any]) -> bool:
        if self.abilities.off == "chat_template_kwargs":
            return body.get("chat_template_kwargs", {}).get("enable_thinking") is False
        return self.abilities.off is not None and body.get("reasoning_effort") == "none"

    def _bound(self, body: Mapping[str, Any]) -> str:
        """Return the text to which the request constrains the answer; empty without one."""
        binding = self.abilities.binding
        if "structured_outputs" in binding and "structured_outputs" in body:
            return str(body["structured_outputs"]["choice"][0])
        if "json_schema" in binding and "response_format" in body:
            schema = body["response_format"]["json_schema"]["schema"]
            return orjson.dumps({"answer": schema["properties"]["answer"]["enum"][0]}).decode()
        if "grammar" in binding and "grammar" in body:
            return str(body["grammar"].split('"')[1])
        return ""

    def _sentences(self, body: Mapping[str, Any], place: int) -> str:
        """Return words that depend on the seed, unless the sampling is greedy."""
        sampling = {name: value for name, value in body.items() if name not in self.abilities.ignored}
        greedy = not sampling.get("temperature") or sampling.get("top_k") == 1 or sampling.get("min_p") == 1
        seed = sampling.get("seed", len(self.requests))
        source = random.Random(0 if greedy else 1 + 1000 * place + seed)
        words = source.sample(WORDS, len(WORDS))
        stop = (sampling.get("stop") or [""])[0]
        return " ".join(words[: words.index(stop)] if stop in words else words)


def _error(status: int, message: str, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.json_response({"error": {"message": message}}, status=status, headers=headers)
