"""Run directories of schema 3, which release 0.1.0 wrote, converted to schema 4 as they are read."""

from collections.abc import Mapping
from typing import Any

SCHEMA = 3
TIMING = "circumstances.json"

_POLICIES = {"again": "resample", "close": "constrain", "leave": "skip"}
_METHODS = {"asked": "free", "asked again": "resampled", "closed": "constrained"}
_RESULTS = {
    "closed": "constrained",
    "asked_again": "resampled",
    "fixed_orders": "exemplars_not_reordered",
}


def upgrade_manifest(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Convert the manifest of a run."""
    results = manifest["results"]
    runs = [_upgrade_result(run) for run in results["runs"]]
    return {"schema": SCHEMA, "config": upgrade_config(manifest["asked"]), "results": {**results, "runs": runs}}


def upgrade_config(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Convert the configuration of a run; `rounds` counted the first completion of a vote, `max_resamples` does not."""
    if "policy" not in asked:
        return dict(asked)
    policy = asked["policy"]
    converted = {
        "on_unparsed": _POLICIES[policy["unreadable"]],
        "max_resamples": policy["rounds"] - 1,
        "all_votes": policy["all_votes"],
    }
    return {**asked, "policy": converted}


def upgrade_timing(circumstances: Mapping[str, Any]) -> dict[str, Any]:
    """Convert the seconds, the API calls and the count of test evaluations of a run."""
    programs = circumstances.get("programs", {})
    return {
        **{name: value for name, value in circumstances.items() if name not in ("test_looks", "programs")},
        "test_evaluations": circumstances.get("test_looks"),
        "programs": {
            name: {"seconds": program["seconds"], "api_calls": program["bought"]} for name, program in programs.items()
        },
    }


def upgrade_outcome(row: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a row of the outcomes table."""
    upgraded = _rename(row, "fixed_orders", "exemplars_not_reordered")
    return {**upgraded, "votes": [_upgrade_vote(vote) for vote in row["votes"]]}


def _upgrade_vote(vote: Mapping[str, Any]) -> dict[str, Any]:
    return {**_rename(vote, "how", "method"), "method": _METHODS[vote["how"]]}


def _upgrade_result(result: Mapping[str, Any]) -> dict[str, Any]:
    upgraded = {_RESULTS.get(name, name): value for name, value in result.items()}
    upgraded["reasoning_tokens"] = None  # not recorded
    analysis = result.get("analysis") or {}
    if "sizes" in analysis:
        sizes = [_rename(size, "bought", "api_calls") for size in analysis["sizes"]]
        upgraded["analysis"] = {**analysis, "sizes": sizes}
    return upgraded


def _rename(value: Mapping[str, Any], old: str, new: str) -> dict[str, Any]:
    return {new if name == old else name: each for name, each in value.items()}
