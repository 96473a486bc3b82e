"""The cache that collectfasta is given: one that its threads can share, and that stays on disk."""

from django.core.cache.backends.filebased import FileBasedCache


class Kept(FileBasedCache):
    """Django's, without looking for entries to drop, which lists the directory at every write."""

    def _cull(self) -> None:
        pass
