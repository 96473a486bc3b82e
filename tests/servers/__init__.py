"""Real storage servers for the tests, one module each, on 127.0.0.1 and nowhere else."""

from .base import Server, ServerError, lacking
from .counting import Request, count_requests
from .faultproxy import FaultProxy
from .moto import Moto
from .rclone import Rclone
from .s3 import S3Server

SERVERS: dict[str, type[Server]] = {server.name: server for server in (Moto, Rclone)}

__all__ = [
    "SERVERS",
    "FaultProxy",
    "Moto",
    "Rclone",
    "Request",
    "S3Server",
    "Server",
    "ServerError",
    "count_requests",
    "lacking",
]
