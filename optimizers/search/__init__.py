"""Search over strategies and their choices, for one model and one benchmark."""
