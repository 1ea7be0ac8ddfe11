# /etc/intune-scep/environment.sh, mode 0600, owner intune-scep.
export AZURE_TENANT_ID=00000000-0000-0000-0000-000000000000
export AZURE_CLIENT_ID=00000000-0000-0000-0000-000000000000
export AZURE_CLIENT_CERTIFICATE_PATH=/etc/intune-scep/client.pem
