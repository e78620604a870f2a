"""Python API: evaluate, tune, freeze and compare programs in a few lines; `openmedlm` exports it."""
