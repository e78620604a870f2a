"""Prompt programs for configurations, each strategy compiled once."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import dspy

from openmedlm.optimizers.compile import compile_program, shows_rationales
from openmedlm.optimizers.program_config import ProgramConfig
from openmedlm.optimizers.search.instructions import instruction_text
from openmedlm.optimizers.search.space import Space
from openmedlm.optimizers.search.trial_config import DEFAULT, TrialConfig
from openmedlm.programs import FixedExemplars, KNNExemplars, PromptProgram
from openmedlm.programs.ensemble import MajorityEnsemble


class ProgramFactory:
    """Makes the programs of a space's configurations.

    A strategy is compiled once for each embedder, with as many exemplars as the space may ask for: fewer of them,
    another order, size or decoding change fields of the program. A program is equal to the one that
    `openmedlm.optimizers.compile` makes of the same choices, to the byte of its prompts.

    Args:
        space: what may be chosen.
        choices: what the space leaves open: template, seed, index, balance, room for a completion.
        bare, reasoned: trainsets of the strategies that answer directly, and of those that show rationales.
        vectors: folder in which vectors are kept; None keeps none.
        told: called while a pool is embedded.
    """

    def __init__(
        self,
        space: Space,
        choices: ProgramConfig,
        bare: Sequence[dspy.Example],
        reasoned: Sequence[dspy.Example],
        vectors: Path | None,
        told: Callable[[int, int], None] | None = None,
    ) -> None:
        self._most = space.most_exemplars
        self._choices = choices
        self._bare, self._reasoned = bare, reasoned
        self._vectors, self._told = vectors, told
        self._compiled: dict[tuple[str, str], PromptProgram] = {}

    def program(self, configuration: TrialConfig) -> PromptProgram:
        """The program of a configuration.

        Raises:
            UserError: the embedder can't be used; MissingRationales where the pool can't serve the strategy.
        """
        compiled = self.compiled(configuration.strategy, configuration.embedder)
        source = compiled.exemplars
        if isinstance(source, KNNExemplars):
            source = replace(source, k=configuration.k, order=configuration.order)
        elif isinstance(source, FixedExemplars):
            source = FixedExemplars(source.exemplars[: configuration.k])
        ensemble = configuration.votes > 1
        return replace(
            compiled,
            strategy=MajorityEnsemble.name if ensemble else configuration.strategy,
            member=configuration.strategy if ensemble else None,
            instructions=instruction_text(configuration.instructions, compiled.instructions),
            decode=replace(compiled.decode, temperature=configuration.temperature, top_p=configuration.top_p),
            exemplars=source,
            votes=configuration.votes,
            shuffle=configuration.shuffle,
        )

    def compiled(self, strategy: str, embedder: str = DEFAULT) -> PromptProgram:
        """The strategy with as many exemplars as may be asked for."""
        key = strategy, embedder
        if key not in self._compiled:
            choices = replace(self._choices, k=self._most, embedder=None if embedder == DEFAULT else embedder)
            trainset = self._reasoned if shows_rationales(strategy, strategy) else self._bare
            self._compiled[key] = compile_program(
                strategy, trainset, choices, self._vectors, self._told
            ).prompt_program()
        return self._compiled[key]
