"""Durable jobs in the database of the CRM: written in the caller's transaction, claimed by lease, run at least once."""

from crm_admin.jobs.handlers import Cancelled, LeaseLost, Refused, Running, handler
from crm_admin.jobs.job import Backlog, Job, backlog, cancel, enqueue, retry
from crm_admin.jobs.schedule import ScheduledSlot, every
from crm_admin.jobs.worker import Worker, WorkerPulse, beating

__all__ = [
    "Backlog",
    "Cancelled",
    "Job",
    "LeaseLost",
    "Refused",
    "Running",
    "ScheduledSlot",
    "Worker",
    "WorkerPulse",
    "backlog",
    "beating",
    "cancel",
    "enqueue",
    "every",
    "handler",
    "retry",
]
