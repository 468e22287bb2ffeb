"""How records become rows: everything here runs inside the one writing transaction."""
