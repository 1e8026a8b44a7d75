/** Headers as node-oauth takes them. */
export type OAuth2Headers = Readonly<Record<string, string>> | null

/** node-oauth's method that all its requests go through. */
export type SendRequest = (
  method: string,
  url: string,
  headers: OAuth2Headers,
  body: unknown,
  accessToken: string | null,
  callback: (error: unknown, data?: string, response?: unknown) => void,
) => void

/** The methods of node-oauth's client that all its requests use. */
export interface InheritedOAuth2 {
  useAuthorizationHeaderforGET(useIt: boolean): void
  _request: SendRequest
}
