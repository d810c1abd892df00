"""Where telemetry is kept: the `TelemetryStore` protocol, and its implementations."""
