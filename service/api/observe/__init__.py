"""What operators see: request (what a request tells of itself), metrics, traces, cache (for who looks often).

Order: request, metrics, traces, cache.
"""
