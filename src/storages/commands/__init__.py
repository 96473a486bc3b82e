"""The subcommands of `manage.py storages`: they parse and print, `storages.bulk` does the work."""
