import { exportJWK, SignJWT } from 'jose'
import type { JWTPayload } from 'jose'
import { Agent } from 'undici'
import type { Dispatcher } from 'undici'
import { listen } from './http.js'
import { takeKeyPair } from './keys.js'

/** A request that was meant for a provider on the internet. */
export interface CaughtRequest {
  /** Method and address, such as `POST https://github.com/login/oauth/access_token`. */
  readonly to: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The parameters of a form. */
  readonly form: Readonly<Record<string, string>>
}

/** What such a request is answered: JSON with 200, unless there is a status; a text is sent as a JWT. */
export interface Answered {
  readonly status?: number
  readonly body?: unknown
}

/** Answers such a request. */
export type Answer = (request: CaughtRequest) => Answered | Promise<Answered>

/** Stands in for every provider on the internet: all requests of the dispatcher end here. */
export interface ProvidersElsewhere {
  /** Where it really is. `https://host/path` is `/host/path` there. */
  readonly origin: string
  readonly dispatcher: Dispatcher
  /** The requests so far, oldest first. */
  readonly requests: CaughtRequest[]
  /** What each address answers, by what the request says in `to`; 404 if it is not there. */
  answers: Readonly<Record<string, Answer>>
  /** Signs an ID token with the key under `jwks`. */
  sign(claims: JWTPayload): Promise<string>
  readonly jwks: object
  close(): Promise<void>
}

/** Starts it on a free port of this machine. */
export async function startProvidersElsewhere(): Promise<ProvidersElsewhere> {
  const { privateKey, publicKey } = await takeKeyPair('RS256')
  const requests: CaughtRequest[] = []
  const server = await listen((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => {
      const form = new URLSearchParams(Buffer.concat(chunks).toString())
      const request: CaughtRequest = {
        to: `${req.method ?? ''} https:/${req.url ?? ''}`,
        headers: req.headers,
        form: Object.fromEntries(form),
      }
      requests.push(request)
      void answer(request).then(({ status = 200, body = {} }) => {
        const isText = typeof body === 'string'
        res
          .writeHead(status, { 'content-type': isText ? 'application/jwt' : 'application/json' })
          .end(isText ? body : JSON.stringify(body))
      })
    })
  })
  const answer = async (request: CaughtRequest): Promise<Answered> =>
    elsewhere.answers[request.to]?.(request) ?? { status: 404 }
  const agent = new Agent()
  const elsewhere: ProvidersElsewhere = {
    origin: server.origin,
    // https://host/path becomes /host/path here.
    dispatcher: agent.compose((dispatch) => (options, handler) => {
      const { host } = new URL(String(options.origin))
      return dispatch(
        { ...options, origin: server.origin, path: `/${host}${options.path}` },
        handler,
      )
    }),
    requests,
    answers: {},
    sign: (claims) =>
      new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'k1' }).sign(privateKey),
    jwks: { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' }] },
    async close() {
      await agent.close()
      await server.close()
    },
  }
  return elsewhere
}
