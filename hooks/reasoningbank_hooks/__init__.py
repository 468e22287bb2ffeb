"""The hook program, what each agent's hooks say and want to hear, and the installer."""
