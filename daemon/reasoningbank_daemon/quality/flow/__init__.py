"""Follow what comes from outside through the assignments of one function, to where it does harm."""
