"""What projects do in a storage class of their own, whatever the service."""


class FixedName:
    """Names that the project chooses itself."""

    def get_available_name(self, name, max_length=None):
        return super().get_available_name(f"chosen/{name}", max_length)

    def get_valid_name(self, name):
        return super().get_valid_name(name).lower()


class Counting:
    """A project's own ``_save`` around the package's."""

    def _save(self, name, content):
        return super()._save(f"counted/{name}", content)
