"""What `tune` writes into its output directory, beside the frozen programs."""

STORAGE = "study.db"
"""The study, where no other storage is named."""

RESULT = "tuning.json"
"""What the study came to, as `--json` prints it."""

TRIALS = "trials.jsonl"
"""A row a trial."""

REPORT = "report.html"
"""Their page, where one is written here."""

PROGRAM = "program"
FRONT = "front"
"""Folders of the winner, and of the Pareto front's programs."""

LADDER_RUN = "ladder"
"""Folder of the run that stands beside the study, where quickstart wrote one."""
