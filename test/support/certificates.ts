import { generate } from 'selfsigned'

/** A certificate that vouches for itself, and its private key, as PEM text. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** What differs from a certificate for a server on 127.0.0.1, or for a client, that is good today. */
export interface CertificateOptions {
  /** @default 127.0.0.1 */
  readonly address?: string
  /** Until when it is good. @default tomorrow */
  readonly expiresAt?: Date
}

const DAY_MS = 24 * 60 * 60 * 1000

/** Makes a certificate. */
export async function createCertificate({
  address = '127.0.0.1',
  expiresAt = new Date(Date.now() + DAY_MS),
}: CertificateOptions = {}): Promise<Certificate> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'test' }], {
    keyType: 'ec',
    notBeforeDate: new Date(Date.now() - 3 * DAY_MS),
    notAfterDate: expiresAt,
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: address }] }],
  })
  return { cert, key }
}
