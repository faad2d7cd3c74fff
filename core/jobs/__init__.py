"""Jobs: what is done later, once, by whichever worker is there. See README.md."""

from core.jobs.errors import LeaseLost
from core.jobs.hastening import Errand, finish_hastened, run_now
from core.jobs.job import Failure, Job, Retry, job
from core.jobs.lease import Lease, acquire, release, renew, require
from core.jobs.queue import (
    Backlog,
    Buried,
    again,
    backlog,
    buried,
    enqueue,
    enqueue_all,
    forget_old,
    retry_buried,
)
from core.jobs.schedule import Schedule, install
from core.jobs.worker import JobContext, Others, Runtime, Worker, run_due

__all__ = [
    "Backlog",
    "Buried",
    "Errand",
    "Failure",
    "Job",
    "JobContext",
    "Lease",
    "LeaseLost",
    "Others",
    "Retry",
    "Runtime",
    "Schedule",
    "Worker",
    "acquire",
    "again",
    "backlog",
    "buried",
    "enqueue",
    "enqueue_all",
    "finish_hastened",
    "forget_old",
    "install",
    "job",
    "release",
    "renew",
    "require",
    "retry_buried",
    "run_due",
    "run_now",
]
