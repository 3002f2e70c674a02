// A client with openid-client, as its users write one: asks for a token of its own, and prints each request that it made.
// Configuration: JSON as argument.
import { randomBytes, randomUUID } from 'node:crypto';

import * as client from 'openid-client';

const { issuer, tokenEndpoint, clientId, clientSecret, parameters } = JSON.parse(process.argv[2]);

async function told(url, options) {
  const requestId = randomUUID();
  const headers = new Headers(options.headers);
  headers.set('X-Request-Id', requestId);
  headers.set('traceparent', `00-${requestId.replaceAll('-', '')}-${randomBytes(8).toString('hex')}-01`);
  const begun = new Date();
  const response = await fetch(url, { ...options, headers });
  console.log(JSON.stringify({ begun, requestId, status: response.status }));
  return response;
}

const server = { issuer, token_endpoint: tokenEndpoint };
const config = new client.Configuration(server, clientId, undefined, client.ClientSecretBasic(clientSecret));
client.allowInsecureRequests(config); // loopback has no TLS
config[client.customFetch] = told;
await client.clientCredentialsGrant(config, parameters);
