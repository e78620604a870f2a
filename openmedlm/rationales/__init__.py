"""Rationale pools: plan, run and report the openmedlm pool command."""
