"""A frozen program as a task of lm-evaluation-harness."""
