"""Workers started as processes, for the project in `tests.workers.project`."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .base import ROOT, Server, descendants, installed

PROJECT = "tests.workers.project"


class Worker(Server):
    """A worker with these settings; it is ready when its log says so, and has no port."""

    farewell = 1
    ready: str

    def __init__(self, **settings: Any) -> None:
        self.settings = settings

    def choose_port(self) -> int:
        return 0

    def environment(self) -> dict[str, str]:
        return {
            "DJANGO_SETTINGS_MODULE": f"{PROJECT}.settings",
            "STOREHOUSE_PROJECT": json.dumps(self.settings),
            "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
            "PYTHONUNBUFFERED": "1",
        }

    def _answers(self) -> bool:
        return self.ready in self.log

    def processes(self) -> list[int]:
        """Process ids of the worker and its children, the worker first."""
        return descendants(self.pid)


class CeleryWorker(Worker):
    """`arguments` are those of `celery worker`."""

    name = "celery"
    ready = " ready."

    def __init__(self, *arguments: str, **settings: Any) -> None:
        super().__init__(**settings)
        self.arguments = arguments

    @classmethod
    def missing(cls) -> str | None:
        return None if installed("celery") else "Celery is not installed: pip install celery[redis]"

    def command(self) -> Sequence[str | Path]:
        celery = [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "tests.workers.project.celery_app",
            "worker",
        ]
        quick = ["--without-gossip", "--without-mingle", "--loglevel", "INFO"]
        return [*celery, *quick, "--hostname", f"{self.folder.name}@here", *self.arguments]


class TaskWorker(Worker):
    """`db_worker` of django-tasks-db."""

    name = "db_worker"
    ready = "Starting worker"

    @classmethod
    def missing(cls) -> str | None:
        if installed("django_tasks_db"):
            return None
        return "django-tasks-db is not installed: pip install django-tasks-db"

    def command(self) -> Sequence[str | Path]:
        options = ["--interval", "0.05", "--no-startup-delay", "--no-reload"]
        return [sys.executable, "-m", "django", "db_worker", *options]
