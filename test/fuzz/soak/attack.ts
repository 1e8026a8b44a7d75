import { changedBy, headerOf } from '../cookies.js'
import type { Cookie } from '../cookies.js'
import { inRequestLine, render } from '../requests.js'
import type { Form } from '../requests.js'
import type { Attack, AttackKind, Edit } from './attacks.js'
import { HostileVisitor, NAVIGATION, pathOf } from './hostile-visitor.js'
import type { Battlefield, Complain } from './hostile-visitor.js'
import { mayLogIn } from './plan.js'

type AttackOf<Kind extends AttackKind> = Extract<Attack, { kind: Kind }>

/** Does an attack, as a visitor without cookies. Everything it gets is checked on the way. */
export async function attack(
  it: Attack,
  person: string,
  field: Battlefield,
  complain: Complain,
): Promise<void> {
  const visitor = new HostileVisitor(person, field, complain)
  await attackAs(visitor, it)
  await visitor.leave()
}

async function attackAs(visitor: HostileVisitor, it: Attack): Promise<void> {
  switch (it.kind) {
    case 'raw bytes':
      return visitor.sendRaw(it.bytes)
    case 'request':
      return sendAnything(visitor, it)
    case 'cookies':
      return sendCookies(visitor, it)
    case 'callback':
      return sendCallback(visitor, it)
    case 'logout token':
      return sendLogoutTokens(visitor, it)
    case 'session data':
      return plantSession(visitor, it)
    case 'provider':
      return logInStrangely(visitor, it)
    case 'keys':
      return logOutByKeys(visitor, it)
    case 'metadata':
      await visitor.visit(`/discover/${visitor.field.provider.publish(it.answer)}`)
  }
}

const NOTHING = { state: 'no-state', code: 'no-code' }

async function sendAnything(visitor: HostileVisitor, it: AttackOf<'request'>): Promise<void> {
  // It may send its own callback, of all things.
  visitor.mayBe = visitor.person
  const values = (await visitor.startLogin('plain')) ?? NOTHING
  const query = render(it.query, values)
  await visitor.send({
    method: it.method,
    target: inRequestLine(it.path + (query === '' ? '' : `?${query}`)),
    ...rendered(it.form, values, it.headers),
  })
}

function rendered(
  form: Form | null,
  values: { state: string; code: string },
  headers: readonly string[] = [],
): { headers: string[]; body?: string } {
  if (form === null) return { headers: [...headers] }
  return { headers: [...headers, ...form.headers], body: render(form.body, values) }
}

async function sendCookies(visitor: HostileVisitor, it: AttackOf<'cookies'>): Promise<void> {
  await visitor.logIn('auth')
  await visitor.startLogin('auth')
  const cookies: readonly Cookie[] = [...visitor.jar]
  const header = it.header ?? headerOf(it.changes.reduce(changedBy, cookies))
  if (it.header !== null) visitor.mayBe = undefined
  const method = it.path.includes('logout') ? 'POST' : 'GET'
  await visitor.send({ method, target: it.path, headers: NAVIGATION }, header)
}

async function sendCallback(visitor: HostileVisitor, it: AttackOf<'callback'>): Promise<void> {
  const { path, values, withCookies } = it
  if (values === 'used ones') {
    await visitor.logIn(path)
    const used = visitor.field.started.get(visitor.person) ?? NOTHING
    await sendTo(visitor, it, used)
    await visitor.seesPage()
    return
  }
  const own = (await visitor.startLogin(path)) ?? NOTHING
  const other = others(visitor) ?? NOTHING
  const sent = {
    state: values === "another's state" ? other.state : own.state,
    code: values === "another's code" ? other.code : own.code,
  }
  if (values === 'own' && withCookies) visitor.mayBe = visitor.person
  await sendTo(visitor, it, sent)
  await visitor.seesPage()
}

function sendTo(
  visitor: HostileVisitor,
  { path, query, form, withCookies }: AttackOf<'callback'>,
  values: { state: string; code: string },
): Promise<unknown> {
  const search = inRequestLine(render(query, values))
  return visitor.send(
    {
      method: form === null ? 'GET' : 'POST',
      target: `/${path}/callback${form === null ? `?${search}` : ''}`,
      ...rendered(form, values, NAVIGATION),
    },
    withCookies ? undefined : '',
  )
}

/** A login that another connection has started. */
function others({ person, field }: HostileVisitor): { state: string; code: string } | undefined {
  return [...field.started].find(([name]) => name !== person)?.[1]
}

async function sendLogoutTokens(
  visitor: HostileVisitor,
  it: AttackOf<'logout token'>,
): Promise<void> {
  const { provider } = visitor.field
  const isLoggedIn = await visitor.logIn('auth')
  const claims = { ...provider.logoutClaims(visitor.person), ...it.claims }
  const token =
    it.forgery === null
      ? await provider.signer.sign(claims, it.typ)
      : await provider.signer.forge(it.forgery, claims, it.typ)
  const target = '/auth/backchannel-logout'
  const { form } = it
  const post = (): Promise<unknown> =>
    form === null
      ? visitor.post(target, `logout_token=${token}`)
      : visitor.send({
          method: 'POST',
          target,
          ...rendered(form, { state: `&logout_token=${token}`, code: token }),
        })
  await Promise.all(Array.from({ length: it.copies }, post))
  if (it.forgery !== null && isLoggedIn && !(await visitor.seesPage())) {
    visitor.complain('a forged logout token has ended a login', token)
  }
}

async function plantSession(visitor: HostileVisitor, it: AttackOf<'session data'>): Promise<void> {
  const { app } = visitor.field
  await visitor.logIn(it.path)
  const { state, code } = (await visitor.startLogin(it.path)) ?? NOTHING
  const id = sessionIdOf(visitor)
  const text = await app.ask({ ask: 'session', id })
  if (typeof text !== 'string') return
  const planted = JSON.stringify(edited(text, it.edits))
  for (const route of it.routes) {
    await app.ask({ ask: 'plant', id, text: planted })
    const cookies = visitor.cookieHeader()
    const target = route.endsWith('/callback') ? `${route}?state=${state}&code=${code}` : route
    if (route.endsWith('out')) await visitor.post(target, '')
    else await visitor.send({ target, headers: NAVIGATION }, cookies)
  }
  await app.ask({ ask: 'plant', id, text })
}

function sessionIdOf({ jar }: HostileVisitor): string {
  return /^s:([^.]+)\./.exec(decodeURIComponent(jar.get('connect.sid') ?? ''))?.[1] ?? ''
}

/** The session with changes anywhere but in `cookie`, without which express-session itself fails. */
function edited(text: string, edits: readonly Edit[]): object {
  const { cookie, ...session } = JSON.parse(text) as Record<string, unknown>
  const all = edits.reduce((value: unknown, { place, value: next }) => {
    const changed = replaced(value, place, next)
    return typeof changed === 'object' && changed !== null ? changed : value
  }, session)
  return { ...(all as object), cookie }
}

function replaced(value: unknown, [first, ...rest]: readonly number[], next: unknown): unknown {
  if (first === undefined || typeof value !== 'object' || value === null) return next
  const names = Object.keys(value)
  const name = names[first % names.length]
  if (name === undefined) return next
  const copy = structuredClone(value)
  // `Reflect.set` would call the setter of `__proto__`.
  Object.defineProperty(copy, name, {
    value: replaced(Reflect.get(value, name), rest, next),
    enumerable: true,
    configurable: true,
    writable: true,
  })
  return copy
}

async function logInStrangely(
  visitor: HostileVisitor,
  { path, plan }: AttackOf<'provider'>,
): Promise<void> {
  visitor.mayBe = mayLogIn(plan, path !== 'plain') ? visitor.person : undefined
  const login = await visitor.startLogin(path, plan)
  if (login === undefined) return
  await visitor.visit(pathOf(login.callback))
  for (const target of [`/page/${path}`, `/api/${path}`, `/tokens/${path}`, `/api/${path}`]) {
    await visitor.visit(target)
  }
  await visitor.post(`/${path}/logout`, '')
  await visitor.seesPage()
}

/** Posts an honest logout token to a strategy that has yet to load the keys. */
async function logOutByKeys(visitor: HostileVisitor, { answer }: AttackOf<'keys'>): Promise<void> {
  const { provider } = visitor.field
  const name = provider.publish(answer)
  const claims = { ...provider.logoutClaims(visitor.person), iss: `${provider.origin}/${name}` }
  const token = await provider.signer.sign(claims, 'logout+jwt')
  await visitor.post(`/keys/${name}/backchannel-logout`, `logout_token=${token}`)
}
