import { rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import { createCertificate } from '../../support/certificates.js'
import { stop } from '../../support/http.js'
import type { Answer, CaughtRequest } from '../../support/providers-elsewhere.js'

/** Stands in for some hosts of the internet, for programs that run as they are. */
export interface Internet {
  /** The value of `NODE_OPTIONS`, and more, with which all TLS connections of a program lead here. */
  readonly environment: Readonly<Record<string, string>>
  /** The requests so far, oldest first. What is in a query is in `form` too. */
  readonly requests: CaughtRequest[]
  /** What each address answers, by what the request says in `to`; 404 if it is not there. */
  answers: Readonly<Record<string, Answer>>
  close(): Promise<void>
}

/** Starts it on a free port of this machine, with a certificate for these names. */
export async function startInternet(names: readonly string[]): Promise<Internet> {
  const certificate = await createCertificate({ names })
  const authorities = join(tmpdir(), `authorities-${randomUUID()}.pem`)
  await writeFile(authorities, certificate.cert)
  const requests: CaughtRequest[] = []

  const server = createServer(certificate, (req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => {
      const { origin, pathname, searchParams } = new URL(
        req.url ?? '',
        `https://${req.headers.host}`,
      )
      const form = new URLSearchParams(Buffer.concat(chunks).toString())
      const request: CaughtRequest = {
        to: `${req.method} ${origin}${pathname}`,
        headers: req.headers,
        form: Object.fromEntries([...searchParams, ...form]),
      }
      requests.push(request)
      void answer(request).then(({ status = 200, body = {} }) => {
        res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
      })
    })
  })
  const answer = async (request: CaughtRequest) =>
    internet.answers[request.to]?.(request) ?? { status: 404 }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  const internet: Internet = {
    environment: {
      NODE_OPTIONS: `--import ${redirection((server.address() as AddressInfo).port)}`,
      NODE_EXTRA_CA_CERTS: authorities,
    },
    requests,
    answers: {},
    async close() {
      await stop(server)
      await rm(authorities)
    },
  }
  return internet
}

/** A module that lets all TLS connections of a process end at a port of this machine: those of `https`, `fetch` and undici. */
function redirection(port: number): string {
  const program = `
    import tls from 'node:tls'
    const { connect } = tls
    tls.connect = (options, ...more) => {
      const { host, servername = host, ...rest } = options
      return connect({ ...rest, servername, host: '127.0.0.1', port: ${port} }, ...more)
    }`
  return `data:text/javascript,${encodeURIComponent(program)}`
}
