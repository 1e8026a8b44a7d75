import type { RequestHandler } from 'express'

/** A route after which no ID token of the session can be read, as if another process had taken over something else as one. */
export const damageIdTokens: RequestHandler = (req, res) => {
  const { cookie, ...fields } = req.session
  let found = 0
  const damaged = JSON.stringify(fields, (name, value: unknown) => {
    // Newer than what this process knows.
    if (name === 'version') return (value as number) + 1
    if (name !== 'idToken') return value
    found++
    return 'damaged'
  })
  Object.assign(req.session, JSON.parse(damaged), { cookie })
  if (found === 0) throw new Error('The session has no ID token.')
  res.sendStatus(204)
}
