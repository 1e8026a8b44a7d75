import { IncomingMessage, type ServerResponse } from 'node:http'
import express, { type Request, type RequestHandler, type Response } from 'express'
import type { TenantName } from './pages.js'

/** What one request to a token or revocation endpoint looked like, and what became of it. */
export interface TokenRequest {
  readonly tenant: TenantName
  readonly method: string
  /** The media type as sent, such as `application/json`; `undefined` when the header was missing. */
  readonly contentType: string | undefined
  /** The body's parameters, secrets and all: this is for tests and never for a log. */
  readonly parameters: Readonly<Record<string, string>>
  /** The HTTP status of the answer. */
  readonly status: number
}

/** How an endpoint wants its parameters. */
export type TokenRequestFormat = 'form' | 'json'

/** What {@link tokenRequests} works with. */
export interface TokenRequestsOptions {
  readonly format: TokenRequestFormat
  /** Adds what oidc-provider wants and this provider does not. */
  readonly complete?: (parameters: URLSearchParams) => Promise<URLSearchParams> | URLSearchParams
  readonly answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>
  /** Called before the answer can have reached the client. */
  readonly report?: (request: Omit<TokenRequest, 'tenant'>) => void
}

const FORM = 'application/x-www-form-urlencoded'
const MEDIA_TYPES: Readonly<Record<TokenRequestFormat, string>> = {
  form: FORM,
  json: 'application/json',
}

/**
 * Puts a door before an endpoint of oidc-provider: bodies of another format are refused as
 * `invalid_request`, JSON bodies are handed on as the form that oidc-provider reads, and every
 * request is reported as it was sent.
 */
export function tokenRequests(options: TokenRequestsOptions): RequestHandler[] {
  const { answer, complete = (parameters: URLSearchParams) => parameters, format, report } = options
  const readBody = express.text({ type: () => true, limit: '56kb' })

  return [
    readBody,
    async (request, response) => {
      const parameters = readParameters(request, format)
      if (parameters === undefined) {
        refuse(response, `the body must be ${MEDIA_TYPES[format]} with string values`)
      } else {
        await answer(asFormRequest(request, await complete(parameters)), response)
      }
      report?.({
        method: request.method,
        contentType: request.get('content-type'),
        parameters: Object.fromEntries(parameters ?? []),
        status: response.statusCode,
      })
    },
  ]
}

function readParameters(request: Request, format: TokenRequestFormat): URLSearchParams | undefined {
  const body: unknown = request.body
  if (request.is(MEDIA_TYPES[format]) === false || typeof body !== 'string') return undefined
  return format === 'form' ? new URLSearchParams(body) : readJSONParameters(body)
}

function readJSONParameters(body: string): URLSearchParams | undefined {
  let parameters: unknown
  try {
    parameters = JSON.parse(body)
  } catch {
    return undefined
  }
  return isRecordOfStrings(parameters) ? new URLSearchParams(parameters) : undefined
}

function isRecordOfStrings(value: unknown): value is Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.values(value).every((member) => typeof member === 'string')
}

function refuse(response: Response, description: string): void {
  response.set('cache-control', 'no-store')
  response.status(400).json({ error: 'invalid_request', error_description: description })
}

/**
 * The same request with its body still to be read. oidc-provider would also take `req.body`, but it
 * warns on the console when the body has been read before.
 */
function asFormRequest(request: Request, parameters: URLSearchParams): IncomingMessage {
  const body = Buffer.from(parameters.toString())
  const form = new IncomingMessage(request.socket)
  form.method = request.method
  form.url = request.url
  form.httpVersion = request.httpVersion
  form.headers = { ...request.headers, 'content-type': FORM, 'content-length': String(body.length) }
  delete form.headers['transfer-encoding']
  form.push(body)
  form.push(null)
  // Unless it counts as complete, its end is taken for an abort that closes the connection.
  form.complete = true
  return form
}
