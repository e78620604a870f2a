"""Benchmark description: hub tables, official counts, and the division into pool, dev and test."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from openmedlm.data.benchmarks.split import hold_out
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
    """A split as the authors of the benchmark published it.

    Attributes:
        name: The authors' name; a local file of it is `<benchmark>/<name>.jsonl`.
        count: Number of questions.
        tables: Hub tables with the questions, in order.
        contains_id: Predicate on a question id for tables that hold several splits; None if the tables hold only this
            one.
    """

    name: str
    count: int
    tables: tuple[HubTable, ...]
    contains_id: Callable[[str], bool] | None = None

    def contains(self, question: Question) -> bool:
        """Return True if the question belongs to this split, judged by its id."""
        return self.contains_id is None or self.contains_id(question.id)


HubRecord = Callable[[Mapping[str, object], HubTable, int], dict[str, object]]
"""Function from a row of a hub table, the table and the row's index to a record of `openmedlm.data.schema`."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One of the four built-in benchmarks.

    Attributes:
        name: Short name, as commands take it.
        title: Full name.
        licence: Licence of the authors.
        pool: Official split that exemplars come from.
        dev: Official split for tuning; the same object as `pool` if dev is held out from it.
        test: Official split for final results.
        record_from_hub: Mapping from the hub's schema.
        dev_count: Number of questions of `pool` that are held out for dev, if `dev` is `pool`.
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
        """Return the official split that contains the questions of `pool`, `dev` or `test`."""
        return {"pool": self.pool, "dev": self.dev, "test": self.test}[split]

    def filter_split(self, split: str, questions: Sequence[Question]) -> list[Question]:
        """Return those questions of `official(split)` that belong to `split`, in their order.

        The questions held out for dev depend on the ids alone (`openmedlm.data.benchmarks.split`). So neither the order
        nor any other field of the rows moves a question between pool and dev.
        """
        if self.pool is not self.dev or split == "test":
            return list(questions)
        dev = hold_out((question.id for question in questions), self.dev_count)
        return [question for question in questions if (question.id in dev) == (split == "dev")]

    def official_count(self, split: str) -> int:
        """Return the number of questions of `split` in the complete benchmark."""
        if self.pool is not self.dev or split == "test":
            return self.official(split).count
        return self.dev_count if split == "dev" else self.pool.count - self.dev_count
