"""Helpers of the book: one module per chapter, and a few shared rooms.

Chapters import the module that carries their name; shared rooms (``checks``, ``noise``, ``moments``,
``quadrature``, ``gaussian``, ``networks``, ``figures``, ``glue``, ``grader``) import no chapter.
"""
