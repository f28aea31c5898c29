"""One-time downloads of public data: kept, hashed, resumed, and never asked for twice."""
