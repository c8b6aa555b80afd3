"""PostgreSQL and Redis inside a sandbox: who needs them, their image layers, and how they are kept running."""
