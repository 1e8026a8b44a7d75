/** One application in a process of its own. Arguments: its name, Redis's socket, the provider's endpoints. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { RedisStore } from 'connect-redis'
import express from 'express'
import { createGate } from '../test/support/gate.js'
import { connectRedis } from '../test/support/redis-server.js'
import { CONTESTANTS } from './apps/index.js'
import type { Contestant, Name } from './apps/index.js'
import type { Endpoints } from './authorization-server.js'
import { serve } from './processes.js'
import { endProfile, startProfile } from './profiler.js'

export type AppCommands = typeof commands

const [name = '', socketPath = '', endpoints = ''] = process.argv.slice(2)
let gate: ReturnType<typeof createGate> | undefined

const commands = {
  origin: () => origin,
  /** The CPU time it has taken so far, in microseconds. */
  cpu: () => {
    const { user, system } = process.cpuUsage()
    return user + system
  },
  startProfile,
  endProfile,
  /** Which of Redis's databases it uses from now on. */
  selectDatabase: (database: number) => client.select(database),
  /** The bytes in its heap after a collection. */
  heap: () => {
    // Twice: what the first one finalizes goes with the second.
    globalThis.gc?.()
    globalThis.gc?.()
    return process.memoryUsage().heapUsed
  },
  /** Makes the next slow request wait. */
  hold: () => void (gate = createGate()),
  reached: () => gate?.reached,
  release: () => gate?.open(),
}

// Connections are kept, however long it is not their application's turn.
const server = createServer({ keepAliveTimeout: 0 })
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const client = await connectRedis(socketPath)
const contestant: Contestant = CONTESTANTS[name as Name]
const addRoutes = await contestant.load()
const app = express()
await addRoutes(app, {
  origin,
  provider: JSON.parse(endpoints) as Endpoints,
  client,
  store: new RedisStore({ client }),
  wait: async () => {
    await gate?.pass()
    gate = undefined
  },
})
// A refusal is counted where it arrives; Express would print it.
app.use(((_error, _req, res, _next) => void res.sendStatus(500)) as express.ErrorRequestHandler)
server.on('request', app)
serve(commands)
