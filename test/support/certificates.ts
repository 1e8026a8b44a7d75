import { generate } from 'selfsigned'

/** A certificate and its private key, as PEM text. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** What differs from a certificate for a server on 127.0.0.1, or for a client, that is good today. */
export interface CertificateOptions {
  /** @default 127.0.0.1 */
  readonly address?: string
  /** Names that it is for beside the address. @default none */
  readonly names?: readonly string[]
  /** Until when it is good. @default tomorrow */
  readonly expiresAt?: Date
  /** The certificate of the CA that issues it. @default it vouches for itself */
  readonly ca?: Certificate
  /** Whether it may issue others. @default false */
  readonly isCa?: boolean
}

const DAY_MS = 24 * 60 * 60 * 1000

/** Makes a certificate. */
export async function createCertificate({
  address = '127.0.0.1',
  names = [],
  expiresAt = new Date(Date.now() + DAY_MS),
  ca,
  isCa = false,
}: CertificateOptions = {}): Promise<Certificate> {
  const { cert, private: key } = await generate(
    [{ name: 'commonName', value: ca === undefined ? 'test' : 'issued' }],
    {
      keyType: 'ec',
      algorithm: 'sha256',
      notBeforeDate: new Date(Date.now() - 3 * DAY_MS),
      notAfterDate: expiresAt,
      ...(ca && { ca }),
      extensions: [
        {
          name: 'subjectAltName',
          altNames: [
            { type: 7, ip: address },
            ...names.map((value) => ({ type: 2 as const, value })),
          ],
        },
        ...(isCa ? [{ name: 'basicConstraints' as const, cA: true, critical: true }] : []),
      ],
    },
  )
  return { cert, key }
}
