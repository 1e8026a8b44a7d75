/** Meaning and fix of one `networkCode`. */
export interface NetworkError {
  /** What happened, in one sentence. */
  readonly meaning: string
  /** What the developer can do. Markdown without links. */
  readonly fix: string
}

const GIVE_THE_CA =
  'Give the CA’s certificate by `NODE_EXTRA_CA_CERTS`, or by a `dispatcher`: `new Agent({ connect: { ca } })`.'

const FIND_A_WAY =
  'Check host and port of the URL, the network of this machine, and whether connections have to go through a proxy: then give a `dispatcher`, `new ProxyAgent(address)`.'

/** OpenSSL tells the two apart differently from version to version. */
const FOR_ANOTHER_PURPOSE: NetworkError = {
  meaning:
    'A certificate does not allow what it is used for: that of the CA to issue others, or that of the server to be one.',
  fix: 'Tell whoever runs the CA: its own certificate needs `basicConstraints = CA:TRUE`, and that of the server `extendedKeyUsage = serverAuth`, if it has any.',
}

/**
 * The reasons why no answer came, by `error.networkCode`: the codes of Node and OpenSSL, and four of this
 * library, `timeout`, `too_large`, `bad_encoding` and `not_public`.
 */
export const NETWORK_ERRORS: ReadonlyMap<string, NetworkError> = new Map(
  Object.entries({
    timeout: {
      meaning:
        'No complete answer came within `timeoutMs`, or none of the `maximumConnections` was free in that time.',
      fix: 'Check the firewall, and whether connections have to go through a proxy. If the provider is only slow, raise `timeoutMs`.',
    },
    too_large: {
      meaning: 'The answer is larger than `responseLimitBytes`, compressed or decompressed.',
      fix: 'Check that the URL is the right one. If it is, raise `responseLimitBytes`.',
    },
    bad_encoding: {
      meaning:
        'The answer is compressed, and cannot be decompressed: it is damaged or cut off, or its `Content-Encoding` is another one than gzip, br and deflate.',
      fix: 'Look at the answer and its `Content-Encoding`. Often a proxy on the way compresses a second time, or removes the compression and keeps the header.',
    },
    not_public: {
      meaning:
        'The host has an address that is not on the public internet, such as a loopback or private one. `connectResources` connects to no such address.',
      fix: 'For a server on your own network while you develop, set `dangerouslyAllowPrivateNetwork`.',
    },
    ENOTFOUND: {
      meaning: 'There is no such host.',
      fix: 'Check the URL, and the DNS of this machine.',
    },
    EAI_AGAIN: {
      meaning: 'The DNS server did not answer.',
      fix: 'Check the DNS of this machine or container.',
    },
    ECONNREFUSED: {
      meaning: 'Nothing listens on that port.',
      fix: 'Check host and port of the URL.',
    },
    EHOSTUNREACH: {
      meaning: 'There is no route to the host.',
      fix: FIND_A_WAY,
    },
    ENETUNREACH: {
      meaning: 'There is no route to the host’s network.',
      fix: FIND_A_WAY,
    },
    ETIMEDOUT: {
      meaning: 'The host did not answer when the connection was made.',
      fix: FIND_A_WAY,
    },
    ECONNRESET: {
      meaning: 'The other side closed the connection before it answered.',
      fix: 'Try again. If it keeps happening, check for a firewall or proxy that closes connections.',
    },
    UND_ERR_SOCKET: {
      meaning: 'The other side closed the connection before it answered.',
      fix: 'Try again. If it keeps happening, check for a firewall or proxy that closes connections.',
    },
    CERT_HAS_EXPIRED: {
      meaning: 'The server’s certificate has expired.',
      fix: 'Tell the provider, and check that the clock of this machine is right.',
    },
    CERT_NOT_YET_VALID: {
      meaning: 'The server’s certificate is not valid yet.',
      fix: 'Check that the clock of this machine is right.',
    },
    ERR_TLS_CERT_ALTNAME_INVALID: {
      meaning: 'The server’s certificate is for another host.',
      fix: 'Check the host of the URL.',
    },
    DEPTH_ZERO_SELF_SIGNED_CERT: {
      meaning: 'The server’s certificate is self-signed.',
      fix: GIVE_THE_CA,
    },
    SELF_SIGNED_CERT_IN_CHAIN: {
      meaning:
        'The server’s certificate comes from a private CA, which may be that of a proxy in between.',
      fix: GIVE_THE_CA,
    },
    INVALID_CA: FOR_ANOTHER_PURPOSE,
    INVALID_PURPOSE: FOR_ANOTHER_PURPOSE,
    UNABLE_TO_GET_ISSUER_CERT: {
      meaning: 'A certificate of the server’s chain is missing, or its CA is private.',
      fix: GIVE_THE_CA,
    },
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: {
      meaning:
        'The server’s certificate comes from a CA that this machine does not know, such as a private one.',
      fix: GIVE_THE_CA,
    },
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: {
      meaning: 'The server does not send its whole certificate chain, or its CA is private.',
      fix: GIVE_THE_CA,
    },
  }),
)

/** What the developer can do about a connection that failed with this `networkCode`. */
export function fixForNetworkCode(code: string): string {
  return NETWORK_ERRORS.get(code)?.fix ?? 'Check the URL, and whether this server can reach it.'
}
