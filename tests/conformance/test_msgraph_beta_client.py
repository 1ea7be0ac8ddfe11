"""Microsoft's own client, unmodified, against `intune-scep simulator serve` over https.

The credential is azure-identity's, the certificate authority a private one. Generated models and
builders are imported once for the module; that alone takes seconds.
"""

import asyncio
import ssl
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from intune_scep.simulator.scenarios import SCENARIOS
from intune_scep.simulator.tls import ensure_certificate
from intune_scep.simulator.wire import Tls

from .bodies import DER
from .harness import Tenant, authority_of, commanded_tenant

GROUP = "5f9e6b0a-54b4-4f66-9a0e-1f3a3a6c1d01"


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    return Tls(*ensure_certificate(tmp_path_factory.mktemp("tls")))


@pytest.fixture(scope="module")
def remote(tls: Tls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    path = tmp_path_factory.mktemp("tenant") / "tenant.db"
    folder = authority_of(tls).parent
    with commanded_tenant(path, "contoso", folder, "--host", "localhost") as tenant:
        yield tenant


@pytest.fixture(scope="module")
def sdk(remote: Tenant, tls: Tls) -> Iterator[SimpleNamespace]:
    from azure.identity import ClientSecretCredential
    from kiota_authentication_azure.azure_identity_authentication_provider import (
        AzureIdentityAuthenticationProvider,
    )
    from msgraph_beta import GraphRequestAdapter, GraphServiceClient
    from msgraph_core import GraphClientFactory

    application = SCENARIOS["contoso"]().applications[0]
    credential = ClientSecretCredential(
        remote.door.tenant_id,
        application.client_id,
        application.secret or "",
        authority=remote.graph.root,
        disable_instance_discovery=True,
        connection_verify=str(authority_of(tls)),
    )
    provider = AzureIdentityAuthenticationProvider(
        credential, scopes=["https://graph.microsoft.com/.default"], allowed_hosts=["localhost"]
    )
    context = ssl.create_default_context(cafile=authority_of(tls))
    with asyncio.Runner() as runner:
        transport = httpx.AsyncHTTPTransport(verify=context)
        client = GraphClientFactory.create_with_default_middleware(
            client=httpx.AsyncClient(transport=transport)
        )
        adapter = GraphRequestAdapter(provider, client=client)
        adapter.base_url = f"{remote.graph.root}/beta"
        yield SimpleNamespace(
            graph=GraphServiceClient(request_adapter=adapter),
            run=runner.run,
            credential=credential,
            context=context,
        )
        # The SDK wraps the transport in one that does not close it.
        runner.run(transport.aclose())
        runner.run(client.aclose())
        credential.close()


def listing(sdk: SimpleNamespace, **query: Any) -> Any:
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from msgraph_beta.generated.device_management.device_configurations import (
        device_configurations_request_builder as builder,
    )

    parameters = builder.DeviceConfigurationsRequestBuilder
    configuration = RequestConfiguration(
        query_parameters=parameters.DeviceConfigurationsRequestBuilderGetQueryParameters(**query)
    )
    collection = sdk.graph.device_management.device_configurations
    return sdk.run(collection.get(request_configuration=configuration))


def create_pair(sdk: SimpleNamespace, remote: Tenant, name: str) -> tuple[Any, Any]:
    from msgraph_beta.generated.models.windows81_s_c_e_p_certificate_profile import (
        Windows81SCEPCertificateProfile,
    )
    from msgraph_beta.generated.models.windows81_trusted_root_certificate import (
        Windows81TrustedRootCertificate,
    )

    collection = sdk.graph.device_management.device_configurations
    trusted = sdk.run(
        collection.post(
            Windows81TrustedRootCertificate(
                odata_type="#microsoft.graph.windows81TrustedRootCertificate",
                display_name=f"{name} root",
                trusted_root_certificate=DER.encode(),
                cert_file_name="root.cer",
            )
        )
    )
    link = f"{remote.graph.root}/beta/deviceManagement/deviceConfigurations('{trusted.id}')"
    profile = sdk.run(
        collection.post(
            Windows81SCEPCertificateProfile(
                odata_type="#microsoft.graph.windows81SCEPCertificateProfile",
                display_name=name,
                renewal_threshold_percentage=20,
                scep_server_urls=["https://scep.example.com/certsrv/mscep/mscep.dll"],
                additional_data={"rootCertificate@odata.bind": link},
            )
        )
    )
    return trusted, profile


def test_lists_and_follows_next_links(sdk: SimpleNamespace, remote: Tenant) -> None:
    """GRAPH.md 3.6."""
    remote.graph.control("PUT", "settings", {"page_size": 50})
    collection = sdk.graph.device_management.device_configurations
    page = sdk.run(collection.get())
    ids = [each.id for each in page.value]
    while page.odata_next_link:
        page = sdk.run(collection.with_url(page.odata_next_link).get())
        ids += [each.id for each in page.value]
    expected = SCENARIOS["contoso"]().profiles
    assert set(ids) >= {profile["id"] for profile in expected}
    assert len(ids) == len(set(ids)) >= len(expected)


def test_filters_by_type_and_gets_its_model(sdk: SimpleNamespace) -> None:
    """GRAPH.md 3.6."""
    page = listing(sdk, filter="isof('microsoft.graph.iosScepCertificateProfile')")
    assert {type(each).__name__ for each in page.value} == {"IosScepCertificateProfile"}
    names = {each.display_name for each in page.value}
    assert "iOS - SCEP - User - Corporate Wi-Fi" in names


def test_expands_assignments(sdk: SimpleNamespace) -> None:
    """GRAPH.md 3.5."""
    page = listing(sdk, expand=["assignments"], top=50)
    assert any(each.assignments for each in page.value)


def test_creates_with_a_root_bound(sdk: SimpleNamespace, remote: Tenant) -> None:
    """GRAPH.md 3.4: the bind goes through `additional_data`."""
    trusted, profile = create_pair(sdk, remote, "Made by the SDK")
    assert profile.version == 1
    cast = "microsoft.graph.windows81SCEPCertificateProfile/rootCertificate"
    linked = remote.graph.read(f"deviceManagement/deviceConfigurations/{profile.id}/{cast}")
    assert linked["id"] == trusted.id


def test_patches(sdk: SimpleNamespace, remote: Tenant) -> None:
    """GRAPH.md 3.1, 3.3: 204 without a body."""
    from msgraph_beta.generated.models.windows81_s_c_e_p_certificate_profile import (
        Windows81SCEPCertificateProfile,
    )

    _, profile = create_pair(sdk, remote, "To be changed")
    item = sdk.graph.device_management.device_configurations.by_device_configuration_id(profile.id)
    change = Windows81SCEPCertificateProfile(
        odata_type="#microsoft.graph.windows81SCEPCertificateProfile", description="changed"
    )
    assert sdk.run(item.patch(change)) is None
    changed = sdk.run(item.get())
    assert (changed.description, changed.version) == ("changed", 2)
    assert changed.scep_server_urls == profile.scep_server_urls


def test_assigns(sdk: SimpleNamespace, remote: Tenant) -> None:
    """GRAPH.md 3.1, 3.5: 200 without a body."""
    from msgraph_beta.generated.device_management.device_configurations.item.assign import (
        assign_post_request_body as bodies,
    )
    from msgraph_beta.generated.models.device_configuration_assignment import (
        DeviceConfigurationAssignment,
    )
    from msgraph_beta.generated.models.group_assignment_target import GroupAssignmentTarget

    _, profile = create_pair(sdk, remote, "To be assigned")
    item = sdk.graph.device_management.device_configurations.by_device_configuration_id(profile.id)
    target = GroupAssignmentTarget(
        odata_type="#microsoft.graph.groupAssignmentTarget", group_id=GROUP
    )
    assignment = DeviceConfigurationAssignment(target=target)
    sdk.run(item.assign.post(bodies.AssignPostRequestBody(assignments=[assignment])))
    assigned = sdk.run(item.assignments.get())
    assert [each.target.group_id for each in assigned.value] == [GROUP]


def test_an_error_is_the_sdk_s_own(sdk: SimpleNamespace) -> None:
    """GRAPH.md 3.7."""
    from kiota_abstractions.api_error import APIError

    missing = "0f1c2d3e-0000-4000-8000-00000000dead"
    item = sdk.graph.device_management.device_configurations.by_device_configuration_id(missing)
    with pytest.raises(APIError) as caught:
        sdk.run(item.get())
    assert caught.value.response_status_code == 404
    assert caught.value.error.code == "ResourceNotFound"  # type: ignore[attr-defined]


def test_a_wrong_secret_gets_no_token(remote: Tenant, tls: Tls) -> None:
    """The token endpoint refuses as Entra does; azure-identity raises."""
    from azure.core.exceptions import ClientAuthenticationError
    from azure.identity import ClientSecretCredential

    application = SCENARIOS["contoso"]().applications[0]
    credential = ClientSecretCredential(
        remote.door.tenant_id,
        application.client_id,
        "wrong",
        authority=remote.graph.root,
        disable_instance_discovery=True,
        connection_verify=str(authority_of(tls)),
    )
    with credential, pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
        credential.get_token("https://graph.microsoft.com/.default")


def test_its_batch_with_absolute_urls_is_refused(sdk: SimpleNamespace, remote: Tenant) -> None:
    """GRAPH.md 4.2.

    msgraph_core's batch classes cannot be imported in a clean installation (they need a package
    nobody declares), so what they would send is written out: the absolute URL that the adapter
    puts into a request, and `depends_on`.
    """
    request = sdk.graph.device_management.device_configurations.to_get_request_information()
    request.path_parameters["baseurl"] = f"{remote.graph.root}/beta"
    token = sdk.credential.get_token("https://graph.microsoft.com/.default").token
    assert request.url.startswith(remote.graph.root)
    item = {"id": "1", "method": "GET", "url": request.url, "headers": {}, "depends_on": []}
    with httpx.Client(verify=sdk.context, trust_env=False) as client:
        response = client.post(
            f"{remote.graph.root}/beta/$batch",
            json={"requests": [item]},
            headers={"Authorization": f"Bearer {token}"},
        )
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "BadRequest"
