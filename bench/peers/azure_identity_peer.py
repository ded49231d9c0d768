"""The exchange with Microsoft's azure-identity: prints the access token."""

import sys

from azure.identity import WorkloadIdentityCredential

credential = WorkloadIdentityCredential(disable_instance_discovery=True)
print(credential.get_token(sys.argv[1]).token)
