"""Where each national cloud has its Graph and its sign-in (GRAPH.md 4.3)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from intune_scep.connection import ConnectionOptions

API_VERSION = "beta"


@dataclass(frozen=True)
class Cloud:
    """One cloud.

    Attributes:
        name: The option's value, also shown in every output.
        graph: Graph root without version and trailing slash.
        authority: Sign-in root.
        scope: What a token is asked for.
    """

    name: str
    graph: str
    authority: str

    @property
    def scope(self) -> str:
        return f"{self.graph}/.default" if self.name != "simulator" else SIMULATOR_SCOPE

    @property
    def base_url(self) -> str:
        """The versioned root; every certificate type exists in beta only (GRAPH.md 1.1)."""
        return f"{self.graph}/{API_VERSION}"

    @property
    def origin(self) -> tuple[str, str]:
        """Scheme and host with port: the only place a token may go."""
        parts = urlsplit(self.graph)
        return parts.scheme, parts.netloc.lower()


SIMULATOR_SCOPE = "https://graph.simulator.invalid/.default"

CLOUDS: dict[str, Cloud] = {
    cloud.name: cloud
    for cloud in (
        Cloud("public", "https://graph.microsoft.com", "https://login.microsoftonline.com"),
        Cloud("usgov", "https://graph.microsoft.us", "https://login.microsoftonline.us"),
        Cloud("usgov_dod", "https://dod-graph.microsoft.us", "https://login.microsoftonline.us"),
        Cloud(
            "china",
            "https://microsoftgraph.chinacloudapi.cn",
            "https://login.chinacloudapi.cn",
        ),
        # A reserved name: nothing sent to it can leave the process.
        Cloud("simulator", "https://graph.simulator.invalid", "https://graph.simulator.invalid"),
    )
}


def select_cloud(options: ConnectionOptions) -> Cloud:
    """Return the cloud of the options, with their endpoint and authority where given."""
    cloud = CLOUDS[options.cloud]
    if options.endpoint:
        endpoint = options.endpoint.rstrip("/")
        cloud = replace(cloud, graph=endpoint)
        if cloud.name == "simulator":
            cloud = replace(cloud, authority=endpoint)
    if options.authority:
        authority = options.authority.rstrip("/")
        root = authority if "://" in authority else f"https://{authority}"
        cloud = replace(cloud, authority=root)
    return cloud
