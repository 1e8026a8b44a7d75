/** What makes one authorization request. */
export interface AuthorizationRequest {
  readonly clientID: string
  readonly redirectUri: string
  readonly scope: string | undefined
  readonly state: string
  /** The S256 challenge; `undefined` when PKCE is off. */
  readonly codeChallenge: string | undefined
  /** Further parameters; none may be among those above. */
  readonly parameters: Readonly<Record<string, string>>
}

/**
 * Where to send the browser. The endpoint's own query stays; ours follows it.
 *
 * @see [RFC 6749, section 4.1.1 - Authorization Request](https://www.rfc-editor.org/rfc/rfc6749.html#section-4.1.1)
 * @see [RFC 7636, section 4.3 - Client Sends the Code Challenge](https://www.rfc-editor.org/rfc/rfc7636.html#section-4.3)
 */
export function authorizationUrl(authorizationURL: string, request: AuthorizationRequest): string {
  const url = new URL(authorizationURL)
  const ours = new URLSearchParams({
    response_type: 'code',
    client_id: request.clientID,
    redirect_uri: request.redirectUri,
    ...(request.scope !== undefined && { scope: request.scope }),
    state: request.state,
    ...(request.codeChallenge !== undefined && {
      code_challenge: request.codeChallenge,
      code_challenge_method: 'S256',
    }),
    ...request.parameters,
  })
  for (const name of ours.keys()) url.searchParams.delete(name)
  // A space as %20 is right in every part of a URL; as + only where forms are read.
  const query = ours.toString().replaceAll('+', '%20')
  url.search = url.search === '' ? query : `${url.search}&${query}`
  return url.href
}
