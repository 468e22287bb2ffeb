"""What crosses a process border or outlives one: messages, envelope, value types, SQL, paths."""
