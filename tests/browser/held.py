"""Requests that wait until a test lets them go on."""

from playwright.sync_api import Page, Route


def holds(page: Page, pattern: str, method: str = "POST") -> list[Route]:
    """What is asked of these addresses waits until the test lets it go on."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.method == method:
            held.append(route)
        else:
            route.continue_()

    page.route(pattern, hold)
    return held
