"""Runs that workers in other processes carry out."""
