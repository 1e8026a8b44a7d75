/**
 * The value of the header `Authorization` with Basic credentials.
 *
 * @param encoded how each part is written: {@link formEncoded} by the standard, or as it is
 * @see [RFC 6749, section 2.3.1 - Client Password](https://www.rfc-editor.org/rfc/rfc6749.html#section-2.3.1)
 */
export function basicCredentials(
  clientID: string,
  secret: string,
  encoded: (text: string) => string,
): string {
  const credentials = `${encoded(clientID)}:${encoded(secret)}`
  return `Basic ${Buffer.from(credentials).toString('base64')}`
}

/** @see [URL Standard, section 5.2 - application/x-www-form-urlencoded serializing](https://url.spec.whatwg.org/#urlencoded-serializing) */
export function formEncoded(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1)
}

/** Most servers do not decode the parts. */
export function unencoded(text: string): string {
  return text
}
