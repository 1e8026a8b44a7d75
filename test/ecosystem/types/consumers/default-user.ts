// An application without `verify`: `req.user` is a DefaultUser.
import express from 'express'
import { AuthorizationCodeStrategy, requireLogin } from 'passport-authorization-code'
import type { DefaultUser } from 'passport-authorization-code'

declare global {
  namespace Express {
    interface User extends DefaultUser {}
  }
}

const options = {
  authorizationURL: 'https://provider.example/authorize',
  tokenURL: 'https://provider.example/token',
  clientID: 'client-1',
  callbackURL: 'https://app.example/callback',
}

export const strategies: readonly AuthorizationCodeStrategy[] = [
  new AuthorizationCodeStrategy(options),
  new AuthorizationCodeStrategy({ ...options, accountOf: ({ account }) => account }),
  // @ts-expect-error -- a default user has no key
  new AuthorizationCodeStrategy({ ...options, accountOf: (user) => user.key }),
  new AuthorizationCodeStrategy({
    ...options,
    // @ts-expect-error -- nor one that somebody else has declared
    accountOf: (user: { key: string }) => user.key,
  }),
]

const app = express()
app.get('/me', requireLogin(), (req, res) => {
  const { provider, account, profile } = req.user as DefaultUser
  const id: string | undefined = req.user?.id
  // @ts-expect-error -- such a user has no name of its own
  res.json({ provider, account, profile, id, name: req.user?.name })
})
