"""Starts the W&B Launch agent:   python3 -m launcher.agent ARGUMENTS OF wandb launch-agent…

Before that it waits for the staging bucket (VERTEX_STAGING_BUCKET, VERTEX_PROJECT) and sets how Vertex AI schedules the
agent's jobs (VERTEX_SCHEDULING_STRATEGY, VERTEX_MAX_WAIT_SECONDS).
"""

from __future__ import annotations

import os
import sys

from launcher import scheduling, staging_bucket


def main() -> None:
    if bucket := os.environ.get("VERTEX_STAGING_BUCKET"):
        staging_bucket.check(bucket, os.environ.get("VERTEX_PROJECT"))
        print(f"launcher: the staging bucket {bucket} is there", flush=True)
    if wanted := scheduling.from_environment(dict(os.environ)):
        from google.cloud import aiplatform
        from google.cloud.aiplatform_v1.types import Scheduling as VertexScheduling

        scheduling.apply(wanted, aiplatform.CustomJob, VertexScheduling.Strategy)
        print(f"launcher: Vertex AI jobs are scheduled as {wanted.strategy}", flush=True)

    from wandb.cli.cli import cli

    cli(["launch-agent", *sys.argv[1:]], prog_name="wandb")


if __name__ == "__main__":
    main()
