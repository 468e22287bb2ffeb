"""The daemon's loop: one thread that reads and answers, two pools that work, one lock that makes it one."""
