"""Programs as child processes: started, spoken to, restarted, bounded, reaped."""
