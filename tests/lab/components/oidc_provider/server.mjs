// An authorization server of node oidc-provider, as its users write one. Configuration: the JSON file named as argument.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';

import pino from 'pino';
import { Provider } from 'oidc-provider';

const { port, issuer, log, codeSeconds, shortRefresh, clients, users, password } = JSON.parse(readFileSync(process.argv[2], 'utf8'));

const EVENTS = {
  warn: [
    'authorization.error', 'grant.error', 'userinfo.error', 'introspection.error', 'revocation.error',
    'device_authorization.error', 'code_verification.error', 'device_resume.error',
    'pushed_authorization_request.error', 'discovery.error', 'jwks.error',
  ],
  info: ['authorization.success', 'grant.success', 'device_authorization.success', 'grant.revoked'],
  error: ['server_error'],
};

// Keeps what has expired, as a table of a database does until it is cleaned
class Table {
  static #rows = new Map();

  constructor(model) {
    this.model = model;
  }

  #all() {
    return [...Table.#rows].filter(([key]) => key.startsWith(`${this.model}:`));
  }

  #where(column, value) {
    return this.#all().map(([, row]) => row).find((row) => row[column] === value);
  }

  async upsert(id, row) {
    Table.#rows.set(`${this.model}:${id}`, row);
  }

  async find(id) {
    return Table.#rows.get(`${this.model}:${id}`);
  }

  async findByUid(uid) {
    return this.#where('uid', uid);
  }

  async findByUserCode(userCode) {
    return this.#where('userCode', userCode);
  }

  async consume(id) {
    Table.#rows.get(`${this.model}:${id}`).consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    Table.#rows.delete(`${this.model}:${id}`);
  }

  async revokeByGrantId(grantId) {
    this.#all().filter(([, row]) => row.grantId === grantId).forEach(([key]) => Table.#rows.delete(key));
  }
}

const signingKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });

const provider = new Provider(issuer, {
  adapter: Table,
  clients,
  jwks: { keys: [{ ...signingKey, use: 'sig', alg: 'RS256', kid: 'lab' }] },
  cookies: { keys: [randomBytes(32).toString('hex')] },
  scopes: ['openid', 'profile', 'offline_access'],
  claims: { openid: ['sub'], profile: ['name'] },
  findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id, name: 'A User' }) }),
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  issueRefreshToken: (ctx, client) => client.grantTypeAllowed('refresh_token'),
  rotateRefreshToken: true,
  ttl: {
    AuthorizationCode: codeSeconds, DeviceCode: codeSeconds, AccessToken: 600, ClientCredentials: 600, IdToken: 600,
    RefreshToken: (ctx, token, client) => (client.clientId === shortRefresh ? codeSeconds : 86400),
    Interaction: 3600, Session: 86400, Grant: 86400,
  },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: { enabled: false },
    dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
  },
});
provider.proxy = true;

const logger = pino(
  { base: null, redact: { paths: ['err.stack'], remove: true } },
  pino.destination({ dest: log, sync: true }),
);
for (const [level, events] of Object.entries(EVENTS)) {
  for (const event of events) {
    provider.on(event, (ctx, err) => logger[level]({
      event,
      requestId: ctx.get('x-request-id'),
      traceparent: ctx.get('traceparent'),
      ip: ctx.ip,
      method: ctx.method,
      path: ctx.path,
      clientId: ctx.oidc?.client?.clientId ?? ctx.oidc?.params?.client_id,
      grantType: ctx.oidc?.params?.grant_type,
      err: err instanceof Error ? err : undefined,
    }));
  }
}

const page = (fields) => `<!DOCTYPE html><title>Sign-in</title><form method="post">${fields}</form>`;
const PAGES = {
  login: page('<input name="login"><input name="password" type="password"><button>Sign in</button>'),
  consent: page('<button name="answer" value="allow">Allow</button><button name="answer" value="deny">Deny</button>'),
};

async function answer({ grantId, params, prompt: { name, details }, session }, given) {
  if (name === 'login') {
    const right = users.includes(given.get('login')) && given.get('password') === password;
    return right ? { login: { accountId: given.get('login') } } : undefined;
  }
  if (given.get('answer') !== 'allow') {
    return { error: 'access_denied', error_description: 'End-User aborted interaction' };
  }
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope((details.missingOIDCScope ?? []).join(' '));
  return { consent: { grantId: await grant.save() } };
}

provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith('/interaction/')) {
    return next();
  }
  const interaction = await provider.interactionDetails(ctx.req, ctx.res);
  const result = ctx.method === 'POST'
    && await answer(interaction, new URLSearchParams(await text(ctx.req)));
  if (result) {
    return ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result, { mergeWithLastSubmission: true }));
  }
  ctx.body = PAGES[interaction.prompt.name];
});

provider.listen(port, '127.0.0.1');
