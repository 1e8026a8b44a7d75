/** The client's id at each provider. */
export const CLIENT_ID = 'example-app'

/** How long a day is, in **seconds**. */
export const DAY_SECONDS = 24 * 60 * 60

/** What is registered of the client at each provider. */
export function commonMetadata(callbackURLs: string | readonly string[] = []) {
  return {
    client_id: CLIENT_ID,
    client_name: 'Example App',
    redirect_uris: typeof callbackURLs === 'string' ? [callbackURLs] : callbackURLs,
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    id_token_signed_response_alg: 'ES256',
  } as const
}
