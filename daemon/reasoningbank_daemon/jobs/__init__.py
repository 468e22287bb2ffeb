"""What the daemon does on its own: each job is a module with one class whose `run` does one round."""
