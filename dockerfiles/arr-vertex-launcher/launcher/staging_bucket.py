"""Makes sure that the bucket through which jobs are staged can be reached, before the agent takes a job.

A single look of ten seconds that fails says little; a bucket that does not exist, or may not be read, is final.
"""

from __future__ import annotations

from launcher.retry import with_retries

TRIES = 5
FIRST_WAIT_SECONDS = 2.0
TIMEOUT_SECONDS = 20.0


def bucket_name(address: str) -> str:
    """`gs://name/path` or `name` to `name`."""
    name = address.removeprefix("gs://").split("/")[0]
    if not name:
        raise ValueError(f"not a bucket: {address!r}; expected gs://NAME or gs://NAME/PATH")
    return name


def is_passing(error: Exception) -> bool:
    """Whether asking again may help: time-outs, broken connections, 429 and 5xx, but no other answer of the service."""
    code = getattr(error, "code", None)
    if isinstance(code, int):
        return code == 429 or code >= 500
    return isinstance(error, (ConnectionError, TimeoutError)) or type(error).__module__.startswith(("requests", "urllib3"))


def check(address: str, project: str | None) -> None:
    """Returns once the bucket was seen; raises LookupError where there is none, else the last error."""
    from google.cloud import storage  # takes a second to import, and only a configured bucket needs it

    name = bucket_name(address)
    bucket = storage.Client(project=project).bucket(name)
    exists = with_retries(
        lambda: bucket.exists(timeout=TIMEOUT_SECONDS, retry=None), is_passing, TRIES, FIRST_WAIT_SECONDS
    )
    if not exists:
        raise LookupError(f"the staging bucket gs://{name} does not exist")
