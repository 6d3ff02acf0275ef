"""The whole OpenAPI document against a running service, with requests that schemathesis makes up."""
