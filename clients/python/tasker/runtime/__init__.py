"""The insides of the worker: one stream, what is held, and the threads that do the work."""
