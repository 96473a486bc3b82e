"""Redis in memory, as the broker of workers and for their results."""

from pathlib import Path

from .base import HOST, Server, find_program


class RedisServer(Server):
    """What it holds is lost when it stops; `restart` keeps the address."""

    name = "redis"

    @classmethod
    def missing(cls) -> str | None:
        if find_program("redis-server"):
            return None
        return "redis-server is not installed: apt-get install redis-server"

    def command(self) -> list[str | Path]:
        program = find_program("redis-server") or "redis-server"
        settings = {"bind": HOST, "port": str(self.port), "save": "", "appendonly": "no"}
        given = [part for name, value in settings.items() for part in (f"--{name}", value)]
        return [program, *given]

    def url(self, database: int = 0) -> str:
        return f"redis://{HOST}:{self.port}/{database}"
