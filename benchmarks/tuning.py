"""Calls and regret of a study against plain Optuna, on models whose true accuracies are known.

    python benchmarks/tuning.py [--seeds 20] [--dev 1272] [--trials 150] [--plain-trials 60] [--pruners]
    python benchmarks/tuning.py --recorded FILE.npz [--seeds 20] …

Plain Optuna: multivariate TPE over the same space; every trial asks all dev questions for all its votes; the best trial
wins. Ours: `openmedlm tune` with its defaults, the calls of the holdout set included. Regret: true accuracy of plain's
winner minus that of ours, on questions outside dev and with new votes; negative if ours is better.

A simulated model differs for each seed, and has 20,000 questions outside dev. A recorded one is real
(`letter_probabilities.py`); each seed splits its questions anew.
"""

import argparse
import statistics
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import optuna
from optuna.samplers import TPESampler
from recorded_model import RecordedModel
from simulated_model import Counts, Model, SimulatedEvaluator, SimulatedModel, majority_right, simulated_questions

from openmedlm.optimizers.search.defaults import (
    BASELINE,
    BASELINES,
    PRUNING_ALPHA,
    TIE_ALPHA,
    default_search_share,
    default_trials,
)
from openmedlm.optimizers.search.eval_schedule import split_dev
from openmedlm.optimizers.search.finalists import candidates, evaluate, finalists, winner
from openmedlm.optimizers.search.sampler import PRUNERS, Pruner
from openmedlm.optimizers.search.space import Space
from openmedlm.optimizers.search.study import Search
from openmedlm.optimizers.search.trial_config import TrialConfig

MEDQA_DEV = 1_272
POPULATION = 20_000
DRAWS = 20
"""Number of new votes over which a recorded model's true accuracy is averaged, as it has few other questions."""


@dataclass(frozen=True)
class SearchResult:
    """Result of a search: true accuracy of the winner in %, requested votes, number of complete trials."""

    truth: float
    counts: Counts
    complete: int
    winner: TrialConfig


@dataclass(frozen=True)
class Task:
    """Task of both searches: a model, its number of dev questions, the space, the true accuracy of a program in %."""

    model: Model
    dev: int
    space: Space
    truth: Callable[[TrialConfig], float]


def simulated(seed: int, dev: int) -> Task:
    """Make the task of a simulated model with the default space."""
    model = SimulatedModel(seed, dev + POPULATION)

    def truth(point: TrialConfig) -> float:
        return 100 * float(majority_right(model.votes(point, "truth", slice(dev, None))).mean())

    return Task(model, dev, Space(), truth)


def recorded(seed: int, path: Path, dev: int | None) -> Task:
    """Make the task of a recorded model with the space of its record; half of its questions are dev by default."""
    model = RecordedModel(path, seed)
    dev = dev or model.questions // 2

    def truth(point: TrialConfig) -> float:
        draws = [model.votes(point, ("truth", draw), slice(dev, None)) for draw in range(DRAWS)]
        return 100 * statistics.mean(float(majority_right(votes).mean()) for votes in draws)

    return Task(model, dev, model.space, truth)


def plain(task: Task, trials: int, seed: int) -> SearchResult:
    """Search with plain Optuna, which shares no votes and prunes no trials."""
    space, counts = task.space, Counts()

    def objective(trial: optuna.Trial) -> float:
        point = space.suggest(trial)
        counts.api_calls += point.votes * task.dev
        return float(majority_right(task.model.votes(point, ("plain", trial.number), slice(0, task.dev))).mean())

    study = optuna.create_study(direction="maximize", sampler=TPESampler(seed=seed, multivariate=True, group=True))
    study.optimize(objective, n_trials=trials)
    best = space.suggest(optuna.trial.FixedTrial(study.best_params))
    return SearchResult(task.truth(best), counts, trials, best)


def ours(
    task: Task, trials: int, seed: int, pruner: Pruner, alpha: float = PRUNING_ALPHA, tie_alpha: float = TIE_ALPHA
) -> SearchResult:
    """Search as `openmedlm tune` does."""
    search_set, holdout = split_dev(simulated_questions(task.dev), seed, default_search_share(task.dev))
    enqueued = tuple(each for each in BASELINES if each.strategy in task.space.strategy)
    search = Search(task.space, pruner=pruner, alpha=alpha, seed=seed, enqueued=enqueued)
    study = optuna.create_study(directions=search.directions())
    evaluator = SimulatedEvaluator(task.model, task.dev)
    search.run(study, search_set, evaluator, trials)
    evaluator.evaluate(BASELINE, holdout.questions)
    chosen = finalists(candidates(study, search_set.golds), "accuracy", search.prices, search.alpha, BASELINE)
    evaluated = list(evaluate(chosen, holdout, evaluator, None if pruner == "none" else alpha))
    best = winner(evaluated, "accuracy", search.prices, tie_alpha).configuration
    return SearchResult(
        task.truth(best), evaluator.counts, sum(trial.state.name == "COMPLETE" for trial in study.trials), best
    )


def _saving(plain: SearchResult, found: SearchResult) -> float:
    return plain.counts.api_calls / found.counts.api_calls


def _calls(ended: Sequence[SearchResult]) -> int:
    return sum(each.counts.api_calls for each in ended)


def spread(values: Sequence[float]) -> str:
    """Format the mean with its standard error, then minimum, quartiles and maximum."""
    quartiles = statistics.quantiles(values, n=4)
    quantiles = " ".join(f"{value:7.2f}" for value in (min(values), *quartiles, max(values)))
    error = statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0
    return f"{statistics.mean(values):7.2f} ±{error:4.2f}   {quantiles}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--dev", type=int, help="number of dev questions; default 1,272, or half of a record")
    parser.add_argument("--recorded", type=Path, metavar="FILE.npz", help="recorded model instead of simulated ones")
    parser.add_argument("--trials", type=int, help="number of trials; default that of tune")
    parser.add_argument("--plain-trials", type=int, default=60)
    parser.add_argument("--alpha", type=float, default=PRUNING_ALPHA)
    parser.add_argument("--tie", type=float, default=TIE_ALPHA)
    parser.add_argument("--pruners", action="store_true", help="compare the other pruners on the same trials")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    pruners: tuple[Pruner, ...] = PRUNERS if options.pruners else ("racing",)
    baseline: list[SearchResult] = []
    ended: dict[Pruner, list[SearchResult]] = {pruner: [] for pruner in pruners}
    for seed in range(options.seeds):
        task = (
            recorded(seed, options.recorded, options.dev)
            if options.recorded
            else simulated(seed, options.dev or MEDQA_DEV)
        )
        trials = options.trials or default_trials(task.dev)
        baseline.append(plain(task, options.plain_trials, seed))
        for pruner in pruners:
            ended[pruner].append(ours(task, trials, seed, pruner, options.alpha, options.tie))
        found = ended["racing"][-1]
        print(
            f"seed {seed}: plain {baseline[-1].truth:.1f} with {baseline[-1].counts.api_calls:,} calls, ours "
            f"{found.truth:.1f} with {found.counts.api_calls:,}; "
            f"{baseline[-1].winner.label()} | {found.winner.label()}",
            flush=True,
        )
    print(f"\n{task.dev} dev questions, {options.seeds} seeds, {trials} trials, {options.plain_trials} plain")
    print(f"{'':<28} {'mean':>7}  s.e.    {'min':>7} {'25 %':>7} {'50 %':>7} {'75 %':>7} {'max':>7}")
    for pruner in pruners:
        pairs = list(zip(baseline, ended[pruner], strict=True))
        print(f"{pruner + ': fewer calls, times':<28} {spread([_saving(p, o) for p, o in pairs])}")
        print(f"{pruner + ': regret, points':<28} {spread([p.truth - o.truth for p, o in pairs])}")
    total = _calls(ended["racing"])
    print(f"\nall calls of plain ÷ all calls of ours: {sum(each.counts.api_calls for each in baseline) / total:.1f}")
    for name, calls in (
        ("without early stop of votes", [each.counts.no_early_stop for each in ended["racing"]]),
        ("without nesting of sizes", [each.counts.no_nesting for each in ended["racing"]]),
        ("without sharing any vote", [each.counts.nothing_shared for each in ended["racing"]]),
    ):
        print(f"racing {name}: {sum(calls) / total:.2f} × the calls")
    for pruner in pruners[1:]:
        print(f"{pruner} instead of racing: {_calls(ended[pruner]) / total:.2f} × the calls")


if __name__ == "__main__":
    main()
