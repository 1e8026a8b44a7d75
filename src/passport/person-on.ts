import type { Request } from 'express'

/**
 * What people call the user who is logged in, if scripts may know it. Somebody else may have left the browser logged in, or have
 * logged it in: whoever sees the page must not connect their own account to that user.
 *
 * @param sessionUser what scripts may know of the user
 */
export async function personOn(
  req: Request,
  sessionUser: (user: Express.User, req: Request) => unknown,
): Promise<string | undefined> {
  const told: unknown = req.user && (await sessionUser(req.user, req))
  const { displayName, name } = Object(told) as Readonly<Record<string, unknown>>
  return [displayName, name].find((one) => typeof one === 'string' && one !== '') as
    string | undefined
}
