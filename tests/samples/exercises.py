"""The names of all exercises."""

import importlib
import pkgutil

import reparam.teaching.exercises as exercises

CHAPTERS = [m.name for m in pkgutil.iter_modules(exercises.__path__)]
NAMES = [f"{c}/{n}" for c in CHAPTERS for n in importlib.import_module(f"reparam.teaching.exercises.{c}").EXERCISES]
