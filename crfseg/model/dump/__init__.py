"""Models as text that can be read, edited and loaded again; writer and reader side by side."""
