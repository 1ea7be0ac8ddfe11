# Copyright: The intune.scep maintainers
# GNU General Public License v3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
requirements:
  - python >= 3.11
  - intune-scep >= 0.1.0
options:
  cloud:
    description:
      - The Microsoft cloud the tenant lives in. V(simulator) is the simulator that comes with the
        Python library; it is used only when it is named here or in the environment.
      - Without it the environment variable E(INTUNE_SCEP_CLOUD) is used, else V(public).
    type: str
    choices:
      - public
      - usgov
      - usgov_dod
      - china
      - simulator
  tenant:
    description:
      - Tenant ID, or a verified domain name of the tenant.
      - Without it the environment variable E(AZURE_TENANT_ID) or E(AZURE_TENANT) is used.
    type: str
  client_id:
    description:
      - Application (client) ID of the app registration to sign in as.
      - Without it the environment variable E(AZURE_CLIENT_ID) is used.
    type: str
  secret:
    description:
      - Client secret of the app registration.
      - Without it the environment variable E(AZURE_CLIENT_SECRET) or E(AZURE_SECRET) is used.
    type: str
  x509_certificate_path:
    description:
      - File with the certificate and the private key of the app registration, PEM or PFX.
      - Without it the environment variable E(AZURE_CLIENT_CERTIFICATE_PATH) or
        E(AZURE_X509_CERTIFICATE_PATH) is used.
    type: path
  oidc_token_file_path:
    description:
      - File with a federated token (workload identity federation). It is read again at each
        sign-in.
      - Without it the environment variable E(AZURE_FEDERATED_TOKEN_FILE) is used.
    type: path
  access_token:
    description:
      - A bearer token for Microsoft Graph, used as it is.
      - Without it the environment variable E(INTUNE_SCEP_ACCESS_TOKEN) is used.
    type: str
  auth_source:
    description:
      - Where the credentials come from. V(auto) takes what the options and the environment give,
        V(env) takes the environment, V(cli) the sign-in of the Azure CLI, V(msi) a managed
        identity, V(default) the chain of Azure's DefaultAzureCredential, V(token) only
        O(access_token).
      - Without it the environment variable E(INTUNE_SCEP_AUTH_SOURCE) is used, else V(auto).
    type: str
    choices:
      - auto
      - env
      - cli
      - msi
      - default
      - token
  patience:
    description:
      - Seconds for which a change that does not show yet is looked for, from V(0), which means
        one look, to V(3600). After that its status is V(unknown).
      - Without it the environment variable E(INTUNE_SCEP_PATIENCE) is used, else V(60).
    type: float
notes:
  - The modules run where Ansible runs. Give their hosts C(ansible_connection=local) and
    C(ansible_python_interpreter={{ ansible_playbook_python }}), so that the Python that has
    C(intune-scep) is the one that is used.
  - With these two a task runs in a fork of Ansible's worker, with the library imported once for the
    play. Wherever a result could differ, the ordinary module runs. The variable
    C(intune_scep_in_process=false), or the environment variable E(INTUNE_SCEP_IN_PROCESS), turns it
    off, and C(-vvvv) says of each task how it ran.
  - The environment variable E(INTUNE_SCEP_ENDPOINT) replaces the address of Microsoft Graph, and
    E(INTUNE_SCEP_SIMULATOR) names the database file of the simulator for O(cloud=simulator).
"""
