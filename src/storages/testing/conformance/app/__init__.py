"""An app with one model, which the suite installs while it needs it."""
