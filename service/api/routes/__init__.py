"""One file a resource; each route names its scope, and does nothing that another room could."""
