"""Exercises that the grader knows, one module per chapter, each with a dictionary ``EXERCISES``."""
