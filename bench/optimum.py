# /// script
# requires-python = ">=3.10"
# dependencies = ["ortools==9.15.6755"]
# ///
"""The shortest makespan of each chain that `node bench/randomChains.ts` prints, proven by OR-Tools' CP-SAT solver.

    node bench/randomChains.ts | uv run bench/optimum.py >bench/optima.json

Minutes are whole numbers, as CP-SAT needs them. A chain whose optimum is not proven in time ends this with an error:
nothing is written that is not proven.
"""

import json
import sys

from ortools.sat.python import cp_model


def optimum(tasks: list[dict], quotas: dict[str, int]) -> int:
    model = cp_model.CpModel()
    horizon = sum(task["minutes"] for task in tasks)
    starts = {task["name"]: model.new_int_var(0, horizon, task["name"]) for task in tasks}
    minutes = {task["name"]: task["minutes"] for task in tasks}
    makespan = model.new_int_var(0, horizon, "makespan")
    for task in tasks:
        model.add(makespan >= starts[task["name"]] + task["minutes"])
        for parent in task["after"]:
            model.add(starts[task["name"]] >= starts[parent] + minutes[parent])
    for quota, limit in quotas.items():
        own = [task for task in tasks if task["quota"] == quota]
        model.add_cumulative(
            [model.new_fixed_size_interval_var(starts[task["name"]], task["minutes"], task["name"]) for task in own],
            [task["vCpus"] for task in own],
            limit,
        )
    model.minimize(makespan)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = 60
    if solver.solve(model) != cp_model.OPTIMAL:
        raise SystemExit(f"no optimum was proven within 60 s for a chain of {len(tasks)} targets")
    return round(solver.objective_value)


chains = json.load(sys.stdin)
json.dump([optimum(chain["tasks"], chain["quotas"]) for chain in chains], sys.stdout)
print()
