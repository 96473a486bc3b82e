"""An app with files in its rows, for what looks at those of a whole project."""
