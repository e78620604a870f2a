"""Tuning: plan, run and report the studies of `openmedlm tune`."""
