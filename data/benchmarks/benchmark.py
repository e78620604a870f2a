"""What there is to know about a benchmark: where its questions stand, how many there are, and how they are split."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from openmedlm.data.benchmarks.split import set_aside
from openmedlm.data.question import Question


@dataclass(frozen=True, slots=True)
class HubTable:
    """One table on the Hugging Face hub: `load_dataset(hub_id, config, split=split, revision=revision)`."""

    hub_id: str
    revision: str
    split: str
    config: str | None = None

    def __str__(self) -> str:
        return ":".join(filter(None, (self.hub_id, self.config, self.split)))


@dataclass(frozen=True, slots=True)
class OfficialSplit:
    """A split as the benchmark's authors published it.

    Attributes:
        name: what they call it; a local file of it is `<benchmark>/<name>.jsonl`.
        count: how many questions it has.
        tables: where those stand on the hub, in order.
        holds: whether a question of those tables, by its id, belongs to this split; None where all do.
    """

    name: str
    count: int
    tables: tuple[HubTable, ...]
    holds: Callable[[str], bool] | None = None

    def has(self, question: Question) -> bool:
        """Whether the question belongs to this split, as far as its id tells."""
        return self.holds is None or self.holds(question.id)


HubRecord = Callable[[Mapping[str, object], HubTable, int], dict[str, object]]
"""From a row of a hub table, the table and the row's index in it to a record of `openmedlm.data.schema`."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One of the benchmarks that the product knows.

    Attributes:
        name: the short name that commands take.
        title: the name that readers know.
        licence: the licence under which the authors published it.
        pool: the official split that exemplars come from.
        dev: the official split for tuning; the same object as `pool` where dev is set aside from it.
        test: the official split that is looked at last.
        record_from_hub: the mapping from the hub's own schema.
        dev_count: where `dev` is `pool`, how many of its questions are set aside for dev.
    """

    name: str
    title: str
    licence: str
    pool: OfficialSplit
    dev: OfficialSplit
    test: OfficialSplit
    record_from_hub: HubRecord
    dev_count: int = 0

    def official(self, split: str) -> OfficialSplit:
        """The official split that holds the questions of `pool`, `dev` or `test`."""
        return {"pool": self.pool, "dev": self.dev, "test": self.test}[split]

    def split_dev(self, split: str, questions: Sequence[Question]) -> list[Question]:
        """Of the questions of `official(split)`, those that belong to `split`, in their order.

        What is set aside for dev depends on the ids alone (`openmedlm.data.benchmarks.split`), so neither the order of
        the rows nor anything else about them moves a question from one side to the other.
        """
        if self.pool is not self.dev or split == "test":
            return list(questions)
        dev = set_aside((question.id for question in questions), self.dev_count)
        return [question for question in questions if (question.id in dev) == (split == "dev")]

    def official_count(self, split: str) -> int:
        """How many questions `split` has when the benchmark is complete."""
        if self.pool is not self.dev or split == "test":
            return self.official(split).count
        return self.dev_count if split == "dev" else self.pool.count - self.dev_count
