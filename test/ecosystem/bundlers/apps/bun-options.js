// Prints how options are taken that need an agent of undici.
import { AuthorizationCodeStrategy, discover } from 'passport-authorization-code'
import { Agent } from 'undici'

const provider = {
  authorizationURL: 'https://provider.example/authorize',
  tokenURL: 'https://provider.example/token',
  clientID: 'client-1',
  callbackURL: 'https://app.example/callback',
}
const dispatcher = new Agent({ connect: { ca: 'a private one' } })
const attempts = {
  dispatcher: () => new AuthorizationCodeStrategy({ ...provider, dispatcher }),
  mutualTls: () =>
    new AuthorizationCodeStrategy({ ...provider, clientAuthentication: 'tls_client_auth' }),
  selfSigned: () =>
    new AuthorizationCodeStrategy({
      ...provider,
      clientAuthentication: 'self_signed_tls_client_auth',
    }),
  discover: () => discover('https://provider.example', { dispatcher }),
}

const answers = {}
for (const [name, attempt] of Object.entries(attempts)) {
  try {
    await attempt()
    answers[name] = { name: 'taken' }
  } catch (error) {
    answers[name] = { name: error.name, option: error.option, message: error.message }
  }
}
console.log(JSON.stringify(answers))
