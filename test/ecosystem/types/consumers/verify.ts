// An application with users of its own: what `req.user`, `verify` and `accountOf` are.
import express from 'express'
import { AuthorizationCodeStrategy, requireLogin } from 'passport-authorization-code'

interface Account {
  readonly key: number
  readonly name: string
}

declare global {
  namespace Express {
    interface User extends Account {}
  }
}

const options = {
  authorizationURL: 'https://provider.example/authorize',
  tokenURL: 'https://provider.example/token',
  clientID: 'client-1',
  callbackURL: 'https://app.example/callback',
}
const account: Account = { key: 1, name: 'Ada' }

export const strategies = [
  new AuthorizationCodeStrategy<Account>(
    { ...options, accountOf: (user) => user.key.toFixed() },
    ({ profile }) => (profile?.id === undefined ? false : account),
  ),
  // Of what verify returns, without being told.
  new AuthorizationCodeStrategy(options, async ({ profile }) => ({
    key: 1,
    name: profile?.displayName ?? '',
    admin: true,
  })),
  new AuthorizationCodeStrategy(
    { ...options, accountOf: (user: Account) => user.key },
    () => account,
  ),

  // @ts-expect-error -- an Account has a name
  new AuthorizationCodeStrategy<Account>(options, () => ({ key: 1 })),
  // @ts-expect-error -- so has every req.user
  new AuthorizationCodeStrategy(options, () => ({ key: 1 })),
  // @ts-expect-error -- nobody has logged in if nothing is returned
  new AuthorizationCodeStrategy<Account>(options, () => undefined),
  new AuthorizationCodeStrategy<Account>(
    // @ts-expect-error -- an Account has no id
    { ...options, accountOf: (user) => user.id },
    () => account,
  ),
  // @ts-expect-error -- an account is a string or a number
  new AuthorizationCodeStrategy<Account>({ ...options, accountOf: (user) => user }, () => account),
]

const app = express()
app.get('/me', requireLogin(), (req, res) => {
  const { key, name } = req.user as Account
  const known: string | undefined = req.user?.name
  // @ts-expect-error -- a default user has an account, and there are none
  res.json({ key, name, known, account: req.user?.account })
})
