import { errors, type Adapter, type AdapterFactory, type AdapterPayload } from 'oidc-provider'

interface Entry {
  readonly payload: AdapterPayload
  readonly expiresAt: number
}

const PRUNE_EVERY_MS = 60_000

/** What one oidc-provider knows. */
export interface Memory {
  readonly adapter: AdapterFactory
  /** Forgets everything but which clients have registered. */
  clear(): void
}

/** What {@link createMemory} may be told. */
export interface MemoryOptions {
  /** Whether it remembers who is logged in at the provider. @default false */
  readonly keepsSessions?: boolean
}

/**
 * Where one oidc-provider keeps its grants, codes and tokens: in a map of its own, gone with the
 * server. oidc-provider's adapter of this kind warns on the console that it is not for production;
 * neither is this one.
 */
export function createMemory(options: MemoryOptions = {}): Memory {
  const entries = new Map<string, Entry>()
  return {
    adapter: createAdapter(entries, options),
    clear() {
      for (const key of entries.keys()) if (!key.startsWith('Client:')) entries.delete(key)
    },
  }
}

function createAdapter(
  entries: Map<string, Entry>,
  { keepsSessions = false }: MemoryOptions,
): AdapterFactory {
  const prune = createPruning(entries)

  return (model) => {
    // Without sessions, an account stays known from the login page to the consent page, which is one interaction,
    // and no longer. So two tabs can log in under two names, and whoever logs out can come back as another.
    if (model === 'Session' && !keepsSessions) return forgetful

    const keyOf = (id: string) => `${model}:${id}`
    const payloadOf = (id: string) => unexpired(entries.get(keyOf(id)))?.payload

    return {
      ...forgetful,
      upsert(id, payload, expiresIn = Infinity) {
        prune()
        entries.set(keyOf(id), { payload, expiresAt: Date.now() + expiresIn * 1000 })
        return Promise.resolve()
      },
      find: (id) => Promise.resolve(payloadOf(id)),
      findByUid: (uid) => Promise.resolve(sessionOf(entries, uid)),
      consume: (id) => consumeOnce(entries, payloadOf(id)),
      destroy(id) {
        entries.delete(keyOf(id))
        return Promise.resolve()
      },
      revokeByGrantId(grantId) {
        deleteGrant(entries, grantId)
        return Promise.resolve()
      },
    }
  }
}

/** The one session at the provider that has this `uid`. Nothing else is looked for by it. */
function sessionOf(entries: Map<string, Entry>, uid: string): AdapterPayload | undefined {
  for (const [key, entry] of entries) {
    const isIt = key.startsWith('Session:') && entry.payload.uid === uid
    if (isIt && unexpired(entry) !== undefined) return entry.payload
  }
  return undefined
}

const forgetful: Adapter = {
  upsert: () => Promise.resolve(),
  find: () => Promise.resolve(),
  findByUid: () => Promise.resolve(),
  findByUserCode: () => Promise.resolve(),
  consume: () => Promise.resolve(),
  destroy: () => Promise.resolve(),
  revokeByGrantId: () => Promise.resolve(),
}

/**
 * oidc-provider looks whether a code or refresh token was used, and marks it some awaits later. Two
 * requests at once would both pass the look; here the second of them is caught at the mark and
 * answered as any other reuse is: the grant ends.
 */
function consumeOnce(
  entries: Map<string, Entry>,
  payload: AdapterPayload | undefined,
): Promise<void> {
  if (payload === undefined || payload.consumed !== undefined) {
    if (payload?.grantId !== undefined) deleteGrant(entries, payload.grantId)
    return Promise.reject(new errors.InvalidGrant('already used'))
  }
  payload.consumed = Math.floor(Date.now() / 1000)
  return Promise.resolve()
}

function deleteGrant(entries: Map<string, Entry>, grantId: string): void {
  entries.delete(`Grant:${grantId}`)
  for (const [key, { payload }] of entries) {
    if (payload.grantId === grantId) entries.delete(key)
  }
}

function unexpired(entry: Entry | undefined): Entry | undefined {
  return entry !== undefined && entry.expiresAt > Date.now() ? entry : undefined
}

/** Forgets what has expired, now and then, on the back of other work: a timer would hold the process. */
function createPruning(entries: Map<string, Entry>): () => void {
  let dueAt = Date.now() + PRUNE_EVERY_MS
  return () => {
    if (Date.now() < dueAt) return
    dueAt = Date.now() + PRUNE_EVERY_MS
    for (const [key, entry] of entries) {
      if (unexpired(entry) === undefined) entries.delete(key)
    }
  }
}
