"""What turns helpers into a book: figures, numbers in the prose, exercises and their grader."""
