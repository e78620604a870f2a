"""Numbers of the search, measured on a simulated model (benchmarks/tuning.py, docs/tuning.md)."""

BLOCK = 25
"""Questions that a configuration meets before it is judged for the first time."""

GROWTH = 2.0
"""How many times as long each further block is: with many looks, good configurations are stopped by chance."""

ALPHA = 0.1
"""Level of the paired test below which a trial counts as behind the leader, at the first question; twice that at the
last."""

LOW_FIDELITY_VOTES = 3
"""Votes of an ensemble that are bought first: one that is behind with them is not worth the others."""

FINALISTS = 6
"""Trials whose programs go on to the questions that choose."""

TIE = 0.45
"""Level of the paired test at the end: from it on, a program counts as good as the best; the cheapest of
those wins."""
