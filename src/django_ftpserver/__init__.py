"""An FTP server for Django: its users are Django's, its files those of any storage."""
