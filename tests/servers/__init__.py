"""Real storage servers for the tests, one module each, on 127.0.0.1 and nowhere else."""

from .azure_tls import AzureTls
from .azurite import Azurite
from .base import Server, ServerError, lacking
from .counting import Request, count_requests
from .dropbox import Dropbox
from .faultproxy import FaultProxy
from .ftp import FtpServer, count_ftp
from .ftp_faultproxy import FtpFaultProxy
from .ftpd import Ftpd, FtpdTls
from .gcs import Gcs, GcsEmulator
from .google_iam import GoogleIam
from .moto import Moto
from .rclone import Rclone
from .rclone_sftp import RcloneSftp
from .s3 import S3Server
from .sftp import SftpServer
from .sshd import SftpRequest, Sshd, count_sftp
from .swift import Swift
from .vsftpd import Vsftpd, VsftpdTls

CLOUDS = (Moto, Rclone, Azurite, AzureTls, Gcs, GcsEmulator, Swift, Dropbox)
FILE_SERVERS = (Sshd, RcloneSftp, Ftpd, FtpdTls, Vsftpd, VsftpdTls)
SERVERS: dict[str, type[Server]] = {server.name: server for server in (*CLOUDS, *FILE_SERVERS)}

__all__ = [
    "SERVERS",
    "AzureTls",
    "Azurite",
    "Dropbox",
    "FaultProxy",
    "FtpFaultProxy",
    "FtpServer",
    "Ftpd",
    "FtpdTls",
    "Gcs",
    "GcsEmulator",
    "GoogleIam",
    "Moto",
    "Rclone",
    "RcloneSftp",
    "Request",
    "S3Server",
    "Server",
    "ServerError",
    "SftpRequest",
    "SftpServer",
    "Sshd",
    "Swift",
    "Vsftpd",
    "VsftpdTls",
    "count_ftp",
    "count_requests",
    "count_sftp",
    "lacking",
]
