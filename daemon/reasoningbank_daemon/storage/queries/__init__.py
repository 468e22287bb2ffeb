"""The read side: functions of a reading connection, grouped by what they read."""
