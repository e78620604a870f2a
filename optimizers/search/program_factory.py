"""Prompt programs of configurations, with each strategy compiled once."""

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path

import dspy

from openmedlm.optimizers.compile import compile_program, shows_rationales
from openmedlm.optimizers.program_config import ProgramConfig
from openmedlm.optimizers.search.instructions import instruction_text
from openmedlm.optimizers.search.space import Space
from openmedlm.optimizers.search.trial_config import DEFAULT, TrialConfig
from openmedlm.programs import FixedExemplars, KNNExemplars, PromptProgram, SamplingParams
from openmedlm.programs.ensemble import MajorityEnsemble
from openmedlm.programs.registry import ExemplarKind, derive_strategy_name


class ProgramFactory:
    """Make the programs of a space's configurations.

    A strategy is compiled once for each embedder, with the largest k of the space. Fewer exemplars, another order,
    ensemble size or sampling then only change fields of the program. Its prompts are the same bytes as those of
    `openmedlm.optimizers.compile_program`.

    Args:
        space: The search space.
        config: Options that the space leaves open: template, seed, index, balance, completion limit.
        plain_demos: Trainset of the strategies that answer directly.
        cot_demos: Trainset of the strategies that show rationales.
        vectors: Folder of cached vectors; None caches none.
        on_progress: Called while a pool is embedded.
    """

    def __init__(
        self,
        space: Space,
        config: ProgramConfig,
        plain_demos: Sequence[dspy.Example],
        cot_demos: Sequence[dspy.Example],
        vectors: Path | None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self._max_exemplars = space.max_exemplars
        self._config = config
        self._plain_demos, self._cot_demos = plain_demos, cot_demos
        self._vectors, self._on_progress = vectors, on_progress
        self._compiled: dict[tuple[str, str], PromptProgram] = {}
        self._thinks = False

    def for_thinking(self) -> "ProgramFactory":
        """Return the factory for a model that thinks: its sampled programs send their own temperature and top_p.

        Greedy ones leave sampling to the model, which must not be decoded greedily while it thinks.
        """
        adapted = copy(self)
        adapted._thinks = True
        return adapted

    def program(self, configuration: TrialConfig) -> PromptProgram:
        """Return the program of a configuration; few-shot with k = 0 is named `zero-shot`, since it shows no exemplar.

        Raises:
            UserError: The embedder can't be used.
            MissingRationales: The pool lacks what the strategy shows.
        """
        compiled = self.compiled(configuration.strategy, configuration.embedder)
        strategy, source = configuration.strategy, compiled.exemplars
        if isinstance(source, KNNExemplars):
            source = replace(source, k=configuration.k, order=configuration.order)
        elif isinstance(source, FixedExemplars):
            source = FixedExemplars(source.exemplars[: configuration.k])
            shown: ExemplarKind = "fixed" if source.exemplars else "none"
            strategy = derive_strategy_name(reasoning=compiled.reasoning, exemplars=shown)
        ensemble = configuration.votes > 1
        return replace(
            compiled,
            strategy=MajorityEnsemble.name if ensemble else strategy,
            member=strategy if ensemble else None,
            instructions=instruction_text(configuration.instructions, compiled.instructions),
            decode=self._decode(compiled.decode, configuration),
            exemplars=source,
            votes=configuration.votes,
            shuffle=configuration.shuffle,
        )

    def describe(self, strategy: str, embedder: str = DEFAULT) -> dict[str, object]:
        """Return `compiled` as plain JSON values, without the request parameters that follow from other options.

        Release 0.1.0 did not have those.
        """
        program = self.compiled(strategy, embedder)
        decode = program.decode.describe()
        implied = {name for name in ("sampling", "thinking_tokens") if getattr(self._config, name) in ("auto", None)}
        return program.describe() | {"decode": {name: decode[name] for name in decode if name not in implied}}

    def _decode(self, decode: SamplingParams, configuration: TrialConfig) -> SamplingParams:
        """Return the sampling parameters of a configuration."""
        decode = replace(decode, temperature=configuration.temperature, top_p=configuration.top_p)
        if configuration.thinking != DEFAULT:
            decode = replace(decode, thinking=configuration.thinking)
        if configuration.thinking_tokens is not None:
            decode = replace(decode, thinking_tokens=configuration.thinking_tokens)
        thinks = self._thinks or decode.asks_for_thinking or configuration.thinking_tokens is not None
        if thinks and decode.sampling == "auto" and configuration.temperature:
            decode = replace(decode, sampling="program")
        return decode

    def compiled(self, strategy: str, embedder: str = DEFAULT) -> PromptProgram:
        """Return the strategy with the space's largest number of exemplars."""
        key = strategy, embedder
        if key not in self._compiled:
            config = replace(self._config, k=self._max_exemplars, embedder=None if embedder == DEFAULT else embedder)
            trainset = self._cot_demos if shows_rationales(strategy, strategy) else self._plain_demos
            module = compile_program(strategy, trainset, config, self._vectors, self._on_progress)
            self._compiled[key] = module.prompt_program()
        return self._compiled[key]
