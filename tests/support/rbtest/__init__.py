"""Parts that several test folders share: the real daemon, the real agent CLI, a scripted model API."""
