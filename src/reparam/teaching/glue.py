"""Numbers of this run, put into the prose."""





def glue(**numbers):
    """Publish values under names that the page's text refers to with the ``glue:text`` role.

    Parameters
    ----------
    **numbers : str
        Text as the reader shall see it, already rounded: ``glue(gap=f"{gap:.3f}")``.

    Raises
    ------
    ValueError
        If a value is not text: rounding is the author's choice, not Python's.
    """
    from IPython.display import display

    # quoted, or the role reads a number and drops the zeros at its end
    for name, text in numbers.items():
        if not isinstance(text, str):
            raise ValueError(f"{name} must be text such as f'{{x:.3f}}', got {type(text).__name__}")
        prefix = "application/papermill.record/"
        display({prefix + "text/plain": repr(text)}, raw=True,
                metadata={"scrapbook": {"name": name, "mime_prefix": prefix}})
