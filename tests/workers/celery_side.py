"""The test's own side of Celery: the app that sends batches, and workers for it."""

import secrets
from collections.abc import Callable
from typing import Any

from celery import Celery
from kombu import pools

from storages.moving import machines
from tests.servers.redis_server import RedisServer
from tests.servers.workers import CeleryWorker


class CelerySide:
    """Redis, and a project that uses it."""

    def __init__(self, redis: RedisServer, storages: Any, start: Callable[..., Any]) -> None:
        self.redis, self._storages, self._start = redis, storages, start
        self.queue = f"queue-{secrets.token_hex(6)}"
        self.settings = {
            "broker_url": redis.url(0),
            "result_backend": redis.url(1),
            "worker_prefetch_multiplier": 1,
            "broker_connection_retry_on_startup": True,
            "task_default_queue": self.queue,
        }
        self.sent: dict[str, dict[str, Any]] = {}
        self.app = Celery("tests", set_as_current=True)
        self.app.conf.update(self.settings)

    def project(self, **changed: Any) -> dict[str, Any]:
        """Django's settings of a worker, or of a command."""
        celery = {f"CELERY_{name.upper()}": value for name, value in self.settings.items()}
        return {"STORAGES": self._storages, **celery, **changed}

    def worker(self, *arguments: str, **changed: Any) -> CeleryWorker:
        started: CeleryWorker = self._start(CeleryWorker, *arguments, **self.project(**changed))
        return started

    def workers(self, **options: Any) -> machines.Workers:
        """The executor, with patience for a busy machine; what it sends is in `sent`."""
        executor = machines.celery(**{"lease": 60, "beat": 0.25, **options})
        send = executor.queue.send

        def recorded(message: dict[str, Any]) -> str:
            number = send(message)
            self.sent[number] = message
            return number

        executor.queue.send = recorded  # type: ignore[method-assign]
        return executor

    def waiting(self) -> int:
        """Messages that no worker has taken."""
        with self.app.connection_for_read() as connection:
            return int(connection.default_channel.client.llen(self.queue))

    def kept(self) -> list[str]:
        """Messages that there are still answers to."""
        backend = self.app.backend
        return [each for each in self.sent if backend.get(backend.get_key_for_task(each))]

    def close(self) -> None:
        self.app.backend.client.close()
        self.app.close()
        pools.reset()  # which other apps with the same address would share
