"""Search over strategies and their options, for one model and one benchmark."""
