"""Hosts as network namespaces: the networks that the demo, the end-to-end tests and a
curious operator (`./dev lab`) run real clients, routers, directors and servers in."""
