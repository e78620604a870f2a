"""Names of the files that `tune` writes into its output directory."""

STORAGE = "study.db"
"""Database of the study, unless another storage is named."""

RESULT = "tuning.json"
"""Results of the study, as `--json` prints them."""

TRIALS = "trials.jsonl"
"""One row per trial."""

REPORT = "report.html"
"""Page of the results, where one is written here."""

PROGRAM = "program"
FRONT = "front"
"""Folders of the winner, and of the Pareto front's programs."""

LADDER_RUN = "ladder"
"""Folder of the run of all strategies, where quickstart wrote one."""
