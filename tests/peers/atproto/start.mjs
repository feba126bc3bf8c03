// A personal data server and the directory of identities it registers with,
// both real, both on loopback, both forgotten at exit.
//
// The first line on stdout is JSON: {"pds": URL, "plc": URL, "pid": N}.
// Mail the server would send follows, one JSON line each: {"mail": {...}}.
//
// The server lives as long as whoever started it: it stops on SIGTERM, SIGINT,
// at the end of its standard input, and when its parent process is gone. So
// keep standard input open; by hand: `sleep infinity | start.sh`.
//
// Environment, all of it optional:
//   PEER_PDS_PORT, PEER_PLC_PORT  fixed ports instead of free ones
//   PEER_ADMIN_PASSWORD           default "admin-pass" (user "admin")
//   PEER_JWT_SECRET               default "jwt-secret", to forge expired tokens
//   PEER_RATE_LIMITS=1            the server's own rate limits
//   PEER_BLOB_LIMIT=BYTES         the largest upload

import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const env = process.env
const parent = process.ppid

// The packages live in the build directory, far from this file.
const installed = createRequire(join(env.PEER_HOME ?? process.cwd(), 'package.json'))
const load = (name) => import(pathToFileURL(installed.resolve(name)).href)
const { PDS } = await load('@atproto/pds')
const { PlcServer, Database } = await load('@did-plc/server')

/** The port asked for, or one that nobody uses right now. */
function port(asked) {
  if (Number(asked) > 0) return Number(asked)
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    // Any address, as the servers listen: a port free on one address only is no use.
    probe.listen(0, () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
}

const state = mkdtempSync(join(tmpdir(), 'allgreen-peer-atproto-'))
process.on('exit', () => rmSync(state, { recursive: true, force: true }))

const plcPort = await port(env.PEER_PLC_PORT)
const directory = PlcServer.create({ db: Database.mock(), port: plcPort })
await directory.start()

const pdsPort = await port(env.PEER_PDS_PORT)
const server = await PDS.fromEnv({
  // Plain http, and "localhost" as a name others may call.
  devMode: true,
  hostname: 'localhost',
  port: pdsPort,
  disableSsrfProtection: true,
  dataDirectory: state,
  blobstoreDiskLocation: join(state, 'blobs'),
  didPlcUrl: `http://localhost:${plcPort}`,
  plcRotationKeyK256PrivateKeyHex: randomBytes(32).toString('hex'),
  dpopSecret: randomBytes(32).toString('hex'),
  jwtSecret: env.PEER_JWT_SECRET ?? 'jwt-secret',
  adminPassword: env.PEER_ADMIN_PASSWORD ?? 'admin-pass',
  serviceHandleDomains: ['.test'],
  inviteRequired: false,
  enableDidDocWithSession: true,
  // Nobody listens there: every feed read answers 502, as in an outage.
  bskyAppViewUrl: 'http://localhost:1',
  bskyAppViewDid: 'did:example:appview',
  rateLimitsEnabled: env.PEER_RATE_LIMITS === '1',
  ...(env.PEER_BLOB_LIMIT ? { blobUploadLimit: Number(env.PEER_BLOB_LIMIT) } : {}),
})

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)

const { transporter } = server.ctx.mailer
const deliver = transporter.sendMail.bind(transporter)
transporter.sendMail = async (...letter) => {
  const mail = await deliver(...letter)
  say({ mail })
  return mail
}

let stopping = false
async function stop() {
  if (stopping) return
  stopping = true
  // Open connections may hold a graceful end back for long; nobody waits for it.
  setTimeout(() => process.exit(0), 2000).unref()
  await Promise.allSettled([server.destroy(), directory.destroy()])
  process.exit(0)
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop)
for (const end of ['end', 'close', 'error']) process.stdin.on(end, stop)
process.stdin.resume()
// Whoever reads the ready line may be gone while another still holds our input.
process.stdout.on('error', stop)
setInterval(() => process.ppid === parent || stop(), 500).unref()

await server.start()
say({
  pds: `http://localhost:${pdsPort}`,
  plc: `http://localhost:${plcPort}`,
  pid: process.pid,
})
