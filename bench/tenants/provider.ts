/** A provider for each path `/<tenant>`, in a process of its own: metadata, keys, and tokens with a signed ID token. */
import { text } from 'node:stream/consumers'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { listen } from '../../test/support/http.js'
import { serve } from '../processes.js'

export type ProviderCommands = typeof commands

const { privateKey, publicKey } = await generateKeyPair('ES256')
const keys = [{ ...(await exportJWK(publicKey)), kid: 'key-1', alg: 'ES256', use: 'sig' }]

const server = await listen((request, response) => {
  const { pathname } = new URL(request.url ?? '/', server.origin)
  const [, tenant = '', ...rest] = pathname.split('/')
  void text(request)
    .then((body) => answer(`${server.origin}/${tenant}`, rest.join('/'), body))
    .then((answered) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify(answered))
    })
})

async function answer(issuer: string, path: string, body: string): Promise<unknown> {
  if (path.startsWith('.well-known/')) {
    return {
      ...{ issuer, authorization_endpoint: `${issuer}/authorize`, jwks_uri: `${issuer}/keys` },
      ...{ token_endpoint: `${issuer}/token`, response_types_supported: ['code'] },
      ...{ subject_types_supported: ['public'], code_challenge_methods_supported: ['S256'] },
      id_token_signing_alg_values_supported: ['ES256'],
    }
  }
  if (path === 'keys') return { keys }
  // The code is the nonce.
  const nonce = new URLSearchParams(body).get('code')
  const idToken = await new SignJWT({ nonce, sub: 'ada', name: 'Ada Lovelace' })
    .setProtectedHeader({ alg: 'ES256', kid: 'key-1' })
    .setIssuer(issuer)
    .setAudience('client-1')
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(privateKey)
  const tokens = { access_token: `access-${nonce}`, refresh_token: `refresh-${nonce}` }
  return { ...tokens, token_type: 'Bearer', expires_in: 3600, id_token: idToken }
}

const commands = { origin: (_: undefined) => server.origin }
serve(commands)
