"""Reading a tenant and judging its SCEP profiles. Knows nothing of plans and writes."""

from __future__ import annotations

from datetime import UTC, datetime

from intune_scep.rules import Configuration
from intune_scep.strong_mapping.assessment import Assessment, assess, judge_all
from intune_scep.tenant import (
    SCEP_TYPES,
    Snapshot,
    Tenant,
    Wanted,
    add_root_links,
    read_snapshot,
)


async def assess_tenant(tenant: Tenant, rules: Configuration | None = None) -> Assessment:
    """Read every SCEP profile, and the roots of those that may change, and judge them.

    Args:
        rules: Severities, disabled rules, waivers and answers.

    Raises:
        GraphError, GraphTransportError: the profiles could not be read.
    """
    snapshot = await read_snapshot(tenant, Wanted(SCEP_TYPES, assignments=True))
    return await assess_snapshot(tenant, snapshot, rules)


async def assess_snapshot(
    tenant: Tenant, snapshot: Snapshot, rules: Configuration | None = None
) -> Assessment:
    """Read the roots of the SCEP profiles of a snapshot that may change, and judge them.

    Args:
        snapshot: With assignments.
        rules: As for `assess_tenant`.

    Raises:
        GraphError, GraphTransportError: a whole request failed for good.
    """
    judged = judge_all(snapshot.profiles)
    candidates = [item.profile for item in judged if item.judgement.changeable]
    snapshot = await add_root_links(tenant, snapshot, candidates, with_assignments=True)
    today = datetime.now(UTC).date()
    configuration = rules or Configuration()
    return assess(tenant.tenant_id, tenant.cloud, snapshot, configuration, today, judged=judged)
