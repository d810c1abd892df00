"""What the server says about itself: counts and times in Prometheus' text format."""
