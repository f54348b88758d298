"""The scenarios, by subject. Importing this lists them all, in the order of the table."""

from . import (  # noqa: F401
    registration, connection, credits, assignments, results, heartbeats, cancellation, draining, hostile, payloads,
    failures, features, security, slow_engine, real_work,
    real_faults, real_security)
