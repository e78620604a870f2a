"""Calls and regret of a study against plain Optuna, on a simulated model whose true accuracies are known.

    python benchmarks/tuning.py [--seeds 20] [--dev 1272] [--trials 150] [--plain-trials 60] [--pruners]

Plain Optuna: multivariate TPE over the same space, every trial asks all dev questions for all its votes, the best trial
wins. Ours: `openmedlm tune` with its defaults, the calls of choosing included. Regret: true accuracy of plain's winner
less that of ours, on 20,000 other questions; negative where ours is better. Votes are drawn anew for that.
"""

import argparse
import statistics
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import optuna
from optuna.samplers import TPESampler
from simulated_model import Counts, SimulatedExaminer, SimulatedModel, simulated_questions

from openmedlm.tuning.planning import RUNGS, UNTUNED, tune_share, usual_trials
from optimizers.tuning.configuration import Configuration
from optimizers.tuning.course import divide
from optimizers.tuning.defaults import ALPHA, TIE
from optimizers.tuning.sampling import PRUNERS, Pruner
from optimizers.tuning.search import Search
from optimizers.tuning.selecting import candidates, examine, finalists, winner
from optimizers.tuning.space import Space

POPULATION = 20_000


@dataclass(frozen=True)
class Ended:
    """What a search came to: its winner's true accuracy, the votes it bought, trials that met every question."""

    truth: float
    counts: Counts
    finished: int
    winner: Configuration


def plain(model: SimulatedModel, dev: int, trials: int, seed: int, truth: Callable[[Configuration], float]) -> Ended:
    """A search that shares nothing and stops nothing."""
    space, counts = Space(), Counts()

    def objective(trial: optuna.Trial) -> float:
        point = space.suggest(trial)
        counts.bought += point.votes * dev
        return float(model.right(point, ("plain", trial.number), slice(0, dev)).mean())

    study = optuna.create_study(direction="maximize", sampler=TPESampler(seed=seed, multivariate=True, group=True))
    study.optimize(objective, n_trials=trials)
    best = space.suggest(optuna.trial.FixedTrial(study.best_params))
    return Ended(truth(best), counts, trials, best)


def ours(
    model: SimulatedModel,
    dev: int,
    trials: int,
    seed: int,
    truth: Callable[[Configuration], float],
    pruner: Pruner,
    alpha: float = ALPHA,
    tie: float = TIE,
) -> Ended:
    """The product's search."""
    tune, select = divide(simulated_questions(dev), seed, tune_share(dev))
    search = Search(Space(), pruner=pruner, alpha=alpha, seed=seed, first=RUNGS)
    study = optuna.create_study(directions=search.directions())
    examiner = SimulatedExaminer(model, dev)
    search.run(study, tune, examiner, trials)
    examiner.examine(UNTUNED, select.questions)
    chosen = finalists(candidates(study, tune.golds), "accuracy", search.rates, search.alpha)
    examined = list(examine(chosen, select, examiner, None if pruner == "none" else alpha))
    best = winner(examined, "accuracy", search.rates, tie).configuration
    return Ended(truth(best), examiner.counts, sum(trial.state.name == "COMPLETE" for trial in study.trials), best)


def spread(values: Sequence[float]) -> str:
    """Mean, and the distribution: least, quartiles, most."""
    quartiles = statistics.quantiles(values, n=4)
    told = " ".join(f"{value:7.2f}" for value in (min(values), *quartiles, max(values)))
    return f"{statistics.mean(values):7.2f}   {told}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--dev", type=int, default=1272)
    parser.add_argument("--trials", type=int, help="tune's own number for that dev split, without it")
    parser.add_argument("--plain-trials", type=int, default=60)
    parser.add_argument("--alpha", type=float, default=ALPHA)
    parser.add_argument("--tie", type=float, default=TIE)
    parser.add_argument("--pruners", action="store_true", help="the other pruners too, on the same trials")
    options = parser.parse_args()
    options.trials = options.trials or usual_trials(options.dev)
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    pruners: tuple[Pruner, ...] = PRUNERS if options.pruners else ("racing",)
    baseline: list[Ended] = []
    ended: dict[Pruner, list[Ended]] = {pruner: [] for pruner in pruners}
    for seed in range(options.seeds):
        model = SimulatedModel(seed, options.dev + POPULATION)

        def truth(point: Configuration, model: SimulatedModel = model) -> float:
            return 100 * float(model.right(point, "truth", slice(options.dev, None)).mean())

        baseline.append(plain(model, options.dev, options.plain_trials, seed, truth))
        for pruner in pruners:
            ended[pruner].append(
                ours(model, options.dev, options.trials, seed, truth, pruner, options.alpha, options.tie)
            )
        found = ended["racing"][-1]
        print(
            f"seed {seed}: plain {baseline[-1].truth:.1f} with {baseline[-1].counts.bought:,} calls, ours "
            f"{found.truth:.1f} with {found.counts.bought:,}; {baseline[-1].winner.label()} | {found.winner.label()}",
            flush=True,
        )
    print(
        f"\n{options.dev} dev questions, {options.seeds} seeds, {options.trials} trials, {options.plain_trials} plain"
    )
    print(f"{'':<28} {'mean':>7}   {'least':>7} {'25 %':>7} {'50 %':>7} {'75 %':>7} {'most':>7}")
    for pruner in pruners:
        pairs = list(zip(baseline, ended[pruner], strict=True))
        print(f"{pruner + ': fewer calls, times':<28} {spread([p.counts.bought / o.counts.bought for p, o in pairs])}")
        print(f"{pruner + ': regret, points':<28} {spread([p.truth - o.truth for p, o in pairs])}")
    total = sum(each.counts.bought for each in ended["racing"])
    print(f"\nall calls of plain ÷ all calls of ours: {sum(each.counts.bought for each in baseline) / total:.1f}")
    for name, calls in (
        ("without early stop of votes", [each.counts.no_early_stop for each in ended["racing"]]),
        ("without nesting of sizes", [each.counts.no_nesting for each in ended["racing"]]),
        ("without sharing any vote", [each.counts.nothing_shared for each in ended["racing"]]),
    ):
        print(f"racing {name}: {sum(calls) / total:.2f} × the calls")
    for pruner in pruners[1:]:
        print(
            f"{pruner} in place of racing: {sum(each.counts.bought for each in ended[pruner]) / total:.2f} × the calls"
        )


if __name__ == "__main__":
    main()
