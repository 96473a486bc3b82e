"""The FTP server: real clients, over every kind of storage."""
