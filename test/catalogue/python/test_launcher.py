import sys
import unittest
from enum import Enum
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[3] / "dockerfiles/arr-vertex-launcher"))
from launcher import scheduling, staging_bucket
from launcher.retry import with_retries


class Strategies(Enum):
    SPOT = 4
    STANDARD = 3
    FLEX_START = 6


def make_job_class():
    class Job:
        def __init__(self):
            self.calls = []

        def run(self, **kwargs):
            self.calls.append(kwargs)

        def submit(self, **kwargs):
            self.calls.append(kwargs)

    return Job


class HttpError(Exception):
    def __init__(self, code):
        super().__init__(f"HTTP {code}")
        self.code = code


class SchedulingTest(unittest.TestCase):
    def test_spot_is_added_to_run_and_submit_and_restarts_a_job_whose_machine_was_taken(self):
        job_class = make_job_class()
        scheduling.apply(scheduling.Scheduling("SPOT", 3600), job_class, Strategies)
        job = job_class()
        job.run(timeout=5, restart_job_on_worker_restart=False)
        job.submit()
        spot = {"scheduling_strategy": Strategies.SPOT, "max_wait_duration": 3600, "restart_job_on_worker_restart": True}
        self.assertEqual(job.calls, [{"timeout": 5} | spot, spot])

    def test_a_caller_that_names_a_strategy_has_its_way(self):
        job_class = make_job_class()
        scheduling.apply(scheduling.Scheduling("SPOT"), job_class, Strategies)
        job = job_class()
        job.submit(scheduling_strategy=Strategies.STANDARD)
        self.assertEqual(job.calls[0]["scheduling_strategy"], Strategies.STANDARD)

    def test_other_strategies_leave_restarting_to_the_caller(self):
        job_class = make_job_class()
        scheduling.apply(scheduling.Scheduling("FLEX_START"), job_class, Strategies)
        job = job_class()
        job.submit(restart_job_on_worker_restart=False)
        self.assertEqual(
            job.calls, [{"scheduling_strategy": Strategies.FLEX_START, "restart_job_on_worker_restart": False}]
        )

    def test_the_environment_is_checked(self):
        self.assertIsNone(scheduling.from_environment({}))
        self.assertIsNone(scheduling.from_environment({"VERTEX_SCHEDULING_STRATEGY": ""}))
        both = {"VERTEX_SCHEDULING_STRATEGY": "SPOT", "VERTEX_MAX_WAIT_SECONDS": "60"}
        self.assertEqual(scheduling.from_environment(both), scheduling.Scheduling("SPOT", 60))
        with self.assertRaisesRegex(ValueError, "'spot'; expected one of SPOT"):
            scheduling.from_environment({"VERTEX_SCHEDULING_STRATEGY": "spot"})
        with self.assertRaisesRegex(ValueError, "'1h'; expected whole seconds"):
            scheduling.from_environment(both | {"VERTEX_MAX_WAIT_SECONDS": "1h"})


class RetryTest(unittest.TestCase):
    def attempt(self, outcomes, tries=4):
        """Result of with_retries over outcomes (an exception is raised), and the waits between them."""
        waits, said = [], []
        remaining = iter(outcomes)

        def ask():
            outcome = next(remaining)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        result = with_retries(ask, staging_bucket.is_passing, tries, 2.0, say=said.append, sleep=waits.append)
        self.assertEqual(len(said), len(waits))
        return result, waits

    def test_passing_errors_are_tried_again_after_twice_the_wait_each_time(self):
        self.assertEqual(self.attempt([TimeoutError(), HttpError(503), HttpError(429), "there"]), ("there", [2, 4, 8]))

    def test_the_last_error_is_raised_when_the_tries_are_used_up(self):
        with self.assertRaises(ConnectionError):
            self.attempt([TimeoutError(), ConnectionError()], tries=2)

    def test_a_refusal_is_final_at_once(self):
        for code in (401, 403, 404):
            with self.assertRaises(HttpError):
                self.attempt([HttpError(code), "never asked"])

    def test_an_error_of_this_program_is_not_tried_again(self):
        with self.assertRaises(KeyError):
            self.attempt([KeyError("x"), "never asked"])


class BucketTest(unittest.TestCase):
    def test_the_name_is_read_from_an_address_with_and_without_path(self):
        for address in ("gs://stage/runs/1", "gs://stage", "stage"):
            self.assertEqual(staging_bucket.bucket_name(address), "stage")
        with self.assertRaisesRegex(ValueError, "expected gs://NAME"):
            staging_bucket.bucket_name("gs:///x")


if __name__ == "__main__":
    unittest.main()
