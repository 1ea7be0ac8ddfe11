"""A tenant with nothing in it but its default scope tag and one app registration."""

from intune_scep.simulator.scenario import Application, Scenario

TENANT_ID = "11111111-2222-4333-8444-555555555555"
CLIENT_ID = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
CLIENT_SECRET = "simulator-only-secret"  # noqa: S105 - opens nothing but a simulated tenant


def build() -> Scenario:
    """Build the empty tenant."""
    return Scenario(
        tenant_id=TENANT_ID,
        display_name="Empty",
        default_domain="empty.example",
        role_scope_tags=({"id": "0", "displayName": "Default", "isBuiltIn": True},),
        applications=(Application(CLIENT_ID, "Simulator client", secret=CLIENT_SECRET),),
    )
