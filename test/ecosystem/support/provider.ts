import type { IncomingMessage, ServerResponse } from 'node:http'
import { globalAgent } from 'node:https'
import { connect } from 'node:net'
import { Agent } from 'undici'
import type { Dispatcher } from 'undici'
import { listen } from '../../support/http.js'

/** A request that the provider has received. */
export interface ProviderRequest {
  /** Such as `POST https://github.com/login/oauth/access_token`, without the query. */
  readonly to: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  readonly form: URLSearchParams
  /** The `nonce` of the last authorization request. */
  readonly nonce: string | undefined
}

/** What a provider answers: a JSON document, or a function that makes one, with a status of its own if it is not 200. */
export type ProviderAnswer =
  | object
  | ((request: ProviderRequest) => object | { readonly status: number; readonly body: object })

/** The answers of a provider, by method and URL as in {@link ProviderRequest.to}. */
export type ProviderAnswers = Readonly<Record<string, ProviderAnswer>>

/** A provider of which every address leads to this machine. */
export interface EcosystemProvider {
  /** Leads requests to any host here. */
  readonly dispatcher: Dispatcher
  readonly origin: string
  readonly requests: readonly ProviderRequest[]
  /** The `nonce` of the last authorization request. */
  nonce: string | undefined
  close(): Promise<void>
}

const HOST = 'x-requested-host'

/** Starts a provider. What it has no answer for is a 404. */
export async function startProvider(answers: ProviderAnswers): Promise<EcosystemProvider> {
  const requests: ProviderRequest[] = []
  const server = await listen((req, res) => {
    void readText(req).then((text) => answer(req, res, text))
  })

  function answer(req: IncomingMessage, res: ServerResponse, text: string): void {
    const host = req.headers[HOST]
    const origin = typeof host === 'string' ? host : originOf(req.headers.host)
    const { pathname, searchParams } = new URL(req.url ?? '', origin)
    const request: ProviderRequest = {
      to: `${req.method ?? ''} ${origin}${pathname}`,
      query: searchParams,
      headers: req.headers,
      form: new URLSearchParams(text),
      nonce: provider.nonce,
    }
    requests.push(request)
    const given = answers[request.to] ?? { status: 404, body: {} }
    const made: object = typeof given === 'function' ? given(request) : given
    const { status, body } = isWithStatus(made) ? made : { status: 200, body: made }
    res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }

  const agent = new Agent()
  const dispatcher = agent.compose((dispatch) => (options, handler) => {
    const headers = {
      ...(options.headers as Record<string, string>),
      [HOST]: String(options.origin),
    }
    return dispatch({ ...options, origin: server.origin, headers }, handler)
  })
  const createConnection = globalAgent.createConnection.bind(globalAgent)
  // Some strategies load the profile with a client of their own, by Node's agent.
  globalAgent.createConnection = () => connect(Number(new URL(server.origin).port), '127.0.0.1')
  const provider: EcosystemProvider = {
    dispatcher,
    origin: server.origin,
    requests,
    nonce: undefined,
    async close() {
      globalAgent.createConnection = createConnection
      await agent.close()
      await server.close()
    },
  }
  return provider
}

/** Whom a request is for that has not come by the dispatcher. */
function originOf(host = ''): string {
  return host.startsWith('127.0.0.1:') ? 'http://127.0.0.1' : `https://${host}`
}

function isWithStatus(made: object): made is { readonly status: number; readonly body: object } {
  return 'status' in made && 'body' in made
}

async function readText(req: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of req) text += String(chunk)
  return text
}
