// A whole OAuth 2 server on loopback: PKCE, rotating refresh tokens whose reuse
// ends the family, device codes, partial consent, revocation. Forgotten at exit.
//
// The first line on stdout is JSON: {"url": URL}. It lives as long as its
// standard input is open.
//
// Environment, all of it optional:
//   ACCESS_TTL, REFRESH_TTL   seconds, default 60 and 3600
//   ACCOUNT                   who logs in, default "alice"
//   PAGES=1                   real pages to log in and to consent instead of
//                             somebody who does both at once
//
// While it runs, over HTTP:
//   /__mode?consent=deny&deny_scopes=a,b   what the person answers from now on
//   /__fault?count=3&status=503            the next calls of /token fail
//   /__stats                               grants by kind and how they ended
//   /__revoke_all                          the person removes the app

import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const env = process.env
const installed = createRequire(join(env.PEER_HOME ?? process.cwd(), 'package.json'))
const { default: Provider } = await import(pathToFileURL(installed.resolve('oidc-provider')).href)

const free = () =>
  new Promise((resolve) => {
    const probe = createServer()
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
const port = await free()
const issuer = `http://127.0.0.1:${port}`
const seconds = (name, otherwise) => Number(env[name] ?? otherwise)
const pages = env.PAGES === '1'
const device = 'urn:ietf:params:oauth:grant-type:device_code'

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'public',
      token_endpoint_auth_method: 'none',
      application_type: 'native',
      grant_types: ['authorization_code', 'refresh_token', device],
      response_types: ['code'],
      // Any port of it: the client is a native one.
      redirect_uris: ['http://127.0.0.1/callback'],
    },
  ],
  scopes: (env.SCOPES ?? 'openid offline_access').split(' '),
  pkce: { required: () => true },
  features: {
    devInteractions: { enabled: pages },
    deviceFlow: { enabled: true },
    revocation: { enabled: true, allowedPolicy: () => true },
    introspection: { enabled: true, allowedPolicy: () => true },
  },
  ttl: {
    AccessToken: seconds('ACCESS_TTL', 60),
    RefreshToken: seconds('REFRESH_TTL', 3600),
    AuthorizationCode: 60,
    DeviceCode: 120,
    Grant: 86400,
    Session: 86400,
    Interaction: 600,
    IdToken: 3600,
  },
  rotateRefreshToken: true,
  issueRefreshToken: async () => true,
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  ...(pages ? {} : { interactions: { url: (_, interaction) => `/auto/${interaction.uid}` } }),
  cookies: { keys: ['for tests only'] },
})

const stats = {}
const count = (kind) => {
  stats[kind] = (stats[kind] ?? 0) + 1
}
const grants = new Set()
provider.on('grant.success', (ctx) => {
  count(`${ctx.oidc.params.grant_type}.ok`)
  if (ctx.oidc.entities.Grant) grants.add(ctx.oidc.entities.Grant.jti)
})
provider.on('grant.error', (ctx, error) => {
  count(`${ctx.oidc?.params?.grant_type ?? 'unknown'}.${error.error}`)
})

let consent = 'allow'
let denied = []
let fault = { left: 0, status: 503 }
const list = (text) => text.split(/[ ,]+/).filter(Boolean)

/** The person: logs in, then allows what may be allowed, or refuses. */
async function answer(ctx) {
  const asked = await provider.interactionDetails(ctx.req, ctx.res)
  const { params, prompt, session, grantId } = asked
  if (consent === 'deny') {
    return { error: 'access_denied', error_description: 'The person said no.' }
  }
  if (prompt.name === 'login') return { login: { accountId: env.ACCOUNT ?? 'alice' } }
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id })
  const wanted = list(String(params.scope ?? ''))
  grant.addOIDCScope(wanted.filter((scope) => !denied.includes(scope)).join(' '))
  if (denied.length) grant.rejectOIDCScope(denied.join(' '))
  return { consent: { grantId: await grant.save() } }
}

provider.use(async (ctx, next) => {
  const { path, query } = ctx
  if (path === '/__mode') {
    consent = query.consent ?? consent
    if (query.deny_scopes !== undefined) denied = list(query.deny_scopes)
    ctx.body = { consent, denied }
  } else if (path === '/__fault') {
    fault = { left: Number(query.count ?? 0), status: Number(query.status ?? 503) }
    ctx.body = fault
  } else if (path === '/__stats') {
    ctx.body = stats
  } else if (path === '/__revoke_all') {
    const kinds = ['AccessToken', 'RefreshToken', 'AuthorizationCode', 'DeviceCode']
    for (const id of grants) {
      for (const kind of kinds) await provider[kind].revokeByGrantId(id)
      await (await provider.Grant.find(id))?.destroy()
    }
    ctx.body = { revoked: grants.size }
    grants.clear()
  } else if (path === '/token' && ctx.method === 'POST' && fault.left > 0) {
    fault.left -= 1
    count(`fault.${fault.status}`)
    ctx.status = fault.status
    ctx.body = { error: 'temporarily_unavailable' }
  } else if (!pages && path.startsWith('/auto/')) {
    const result = await answer(ctx)
    await provider.interactionFinished(ctx.req, ctx.res, result, {
      mergeWithLastSubmission: true,
    })
  } else {
    await next()
  }
})

provider.listen(port, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ url: issuer })}\n`)
})
for (const end of ['end', 'close', 'error']) process.stdin.on(end, () => process.exit(0))
process.stdin.resume()
