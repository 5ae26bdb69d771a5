"""Doors for machines that watch us: /healthz, /readyz, /metrics. They open no session and show strangers nothing."""

from __future__ import annotations

import ipaddress
import logging
import os
import shutil
from collections.abc import Iterator

from flask import Blueprint, Response, current_app, jsonify, request
from flask.sansio.blueprints import BlueprintSetupState
from peewee import PeeweeException
from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import REGISTRY, Collector

from crm_admin import auth, db, jobs, log
from crm_admin.config import Config
from crm_admin.health import Readiness
from crm_admin.migrations import one_line

logger = logging.getLogger("crm.operations")

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

disable_created_metrics()
REQUESTS = Counter("crm_http_requests", "Requests answered.", ["method", "status"])
SECONDS = Histogram(
    "crm_http_request_seconds",
    "Time to the answer, by route.",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)

# No session is looked at here: these doors must answer when there is nothing to look in.
blueprint = auth.exempt(Blueprint("operations", __name__))


@blueprint.record
def prepare(state: BlueprintSetupState) -> None:
    """Give the application what the doors ask; its Config is there by now."""
    config = state.app.extensions["crm"]
    state.app.extensions["crm.readiness"] = Readiness(config)
    state.app.extensions["crm.state"] = State(config)


@blueprint.get("/healthz")
def healthz() -> Response:
    """This process answers; says nothing of what it stands on, so that a restart is never the answer to that."""
    return _plain({"status": "ok"})


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Whether requests may be sent here: 200 or 503. What is wrong is for this machine and administrators."""
    problems = current_app.extensions["crm.readiness"].problems()
    ready = not any(problems.values())
    answer: dict[str, object] = {"status": "ready" if ready else "unavailable"}
    if is_trusted():
        answer["checks"] = {name: problem or "ok" for name, problem in problems.items()}
    return _plain(answer), 200 if ready else 503


@blueprint.get("/metrics")
def metrics() -> Response:
    """Figures for Prometheus, for this machine and administrators; to others there is nothing here."""
    if not is_trusted():
        return Response("", 404)
    registry: CollectorRegistry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        # Several web processes: each wrote its counts where all can read them.
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
    state = CollectorRegistry()
    state.register(current_app.extensions["crm.state"])
    answer = Response(generate_latest(registry) + generate_latest(state), content_type=CONTENT_TYPE_LATEST)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.after_app_request
def count(response: Response) -> Response:
    """Count the request that is being answered."""
    method = request.method if request.method in METHODS else "other"
    REQUESTS.labels(method, response.status_code).inc()
    SECONDS.labels(log.route(request)).observe(log.elapsed_s())
    return response


def is_trusted() -> bool:
    """Whether the request comes from this very machine, or from a program that may read as an administrator."""
    if _is_local():
        return True
    try:
        with db.connection():
            actor = auth.identify_program()
    except PeeweeException as error:
        logger.warning("nobody can be recognised: %s", one_line(error))
        return False
    return actor is not None and actor.is_administrator and (actor.scopes is None or "read" in actor.scopes)


class State(Collector):
    """What is read from database and disk at the moment of the scrape. Where one does not answer, it is left out."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield GaugeMetricFamily(
            "crm_disk_free_bytes", "Free below the data directory.", shutil.disk_usage(self._config.data).free
        )
        if db.is_sqlite():
            sizes = GaugeMetricFamily("crm_database_bytes", "Size of the embedded database.", labels=["file"])
            path = str(db.database.obj.database)
            for name in (path, f"{path}-wal"):
                if os.path.exists(name):
                    sizes.add_metric(["wal" if name.endswith("-wal") else "main"], os.path.getsize(name))
            yield sizes
        try:
            with db.connection():
                waiting, alive = jobs.backlog(), jobs.beating()
        except PeeweeException:
            yield GaugeMetricFamily("crm_database_up", "Whether the database answers.", 0)
            return
        yield GaugeMetricFamily("crm_database_up", "Whether the database answers.", 1)
        yield GaugeMetricFamily("crm_worker_up", "Whether a worker showed signs of life.", int(alive))
        yield GaugeMetricFamily(
            "crm_jobs_oldest_seconds", "How late the oldest due job is.", waiting.oldest_s
        )
        states = GaugeMetricFamily("crm_jobs", "Jobs by state.", labels=["state"])
        for name in ("due", "running", "failed"):
            states.add_metric([name], getattr(waiting, name))
        yield states


def _is_local() -> bool:
    # A proxy on this machine is local too, but what it forwards is not.
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


def _plain(answer: dict[str, object]) -> Response:
    response = jsonify(answer)
    response.headers["Cache-Control"] = "no-store"
    return response
