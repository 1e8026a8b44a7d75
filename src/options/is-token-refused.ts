/**
 * Decides whether an answer of an API means that it has refused the access token: `true` if `strategy.fetch` is to renew it and
 * to send the request once more. May be async.
 */
export type IsTokenRefused = (response: Response) => boolean | Promise<boolean>
