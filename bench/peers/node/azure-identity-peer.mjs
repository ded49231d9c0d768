// The exchange with Microsoft's @azure/identity: prints the access token.

import { WorkloadIdentityCredential } from "@azure/identity";

const credential = new WorkloadIdentityCredential({ disableInstanceDiscovery: true });
console.log((await credential.getToken(process.argv[2])).token);
