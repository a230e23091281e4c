"""GitHub: the only package that speaks its REST API and reads its webhooks."""
